"""What the venue says about orders and accounts, made when it is received so that it carries that time."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from zombot.domain.events import (
    BalanceReported,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    PositionReported,
)
from zombot.domain.identifiers import Asset, ClientOrderId, InstrumentId, VenueId
from zombot.domain.order import Fill
from zombot.infrastructure.simulator.gateway import Make
from zombot.infrastructure.simulator.orders import VenueOrder


def accepted(order: VenueOrder, venue_ns: int) -> Make:
    """The venue has the order."""
    name, order_id = order.request.client_order_id, order.venue_order_id
    return lambda received_ns: OrderAccepted(
        client_order_id=name, venue_order_id=order_id, venue_ns=venue_ns, received_ns=received_ns
    )


def rejected(client_order_id: ClientOrderId, reason: str, venue_ns: int) -> Make:
    """The venue refuses the order."""
    return lambda received_ns: OrderRejected(
        client_order_id=client_order_id, reason=reason, venue_ns=venue_ns, received_ns=received_ns
    )


def filled(fill: Fill) -> Make:
    """One match."""
    return lambda received_ns: OrderFilled(
        fill=replace(fill, received_ns=received_ns), received_ns=received_ns
    )


def canceled(order: VenueOrder, venue_ns: int) -> Make:
    """The order is over, with this much filled."""
    name, amount, reason = order.request.client_order_id, order.filled, order.reason
    return lambda received_ns: OrderCanceled(
        client_order_id=name, filled=amount, reason=reason, venue_ns=venue_ns, received_ns=received_ns
    )


def not_found(client_order_id: ClientOrderId, venue_ns: int) -> Make:
    """The venue does not know the order."""
    return lambda received_ns: OrderNotFound(
        client_order_id=client_order_id, venue_ns=venue_ns, received_ns=received_ns
    )


def not_canceled(client_order_id: ClientOrderId, reason: str) -> Make:
    """There was nothing to cancel."""
    return lambda received_ns: CancelRejected(
        client_order_id=client_order_id, reason=reason, received_ns=received_ns
    )


def balance(venue: VenueId, asset: Asset, *, total: Decimal, available: Decimal, venue_ns: int) -> Make:
    """What the account owns of one asset."""
    return lambda received_ns: BalanceReported(
        venue=venue, asset=asset, total=total, available=available, venue_ns=venue_ns, received_ns=received_ns
    )


def position(
    instrument: InstrumentId,
    *,
    quantity: Decimal,
    average_price: Decimal,
    margin: Decimal,
    liquidation_price: Decimal | None,
    venue_ns: int,
) -> Make:
    """What the account holds of one perpetual."""
    return lambda received_ns: PositionReported(
        instrument=instrument,
        quantity=quantity,
        average_price=average_price,
        margin=margin,
        liquidation_price=liquidation_price,
        venue_ns=venue_ns,
        received_ns=received_ns,
    )

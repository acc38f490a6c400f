"""The checks that an order must pass before it exists: each returns the name of a refusal, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from zombot.domain.instrument import Instrument
from zombot.domain.money import ONE, ZERO, is_multiple
from zombot.domain.order import OrderRequest, OrderType, Side
from zombot.infrastructure.simulator import reasons
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.margin import initial_margin
from zombot.infrastructure.simulator.market import MarketState
from zombot.infrastructure.simulator.matching import Match
from zombot.infrastructure.simulator.orders import VenueOrder
from zombot.infrastructure.simulator.state import VenueState


class Limits(Struct, frozen=True, kw_only=True):
    """Rules that do not depend on the account."""

    price_band: Decimal
    """A fraction of the reference price; 0 for none."""


def refusal(
    request: OrderRequest, account: Account, market: MarketState, limits: Limits, *, now_ns: int
) -> str:
    """Everything that can be said before looking at positions and money."""
    if request.expire_ns and now_ns > request.expire_ns:
        return reasons.EXPIRED
    if request.client_order_id in account.pending:
        return reasons.DUPLICATE_CLIENT_ORDER_ID
    if not market.trading:
        return reasons.INSTRUMENT_SUSPENDED
    if now_ns < market.settling_until_ns:
        return reasons.FUNDING_SETTLING
    return _grid(request, market) or _band(request, market, limits)


def _grid(request: OrderRequest, market: MarketState) -> str:
    """Quantity and price against the instrument's grid."""
    instrument, quantity, price = market.instrument, request.quantity, request.price
    if not (quantity.is_finite() and quantity > 0):
        return reasons.INVALID_QUANTITY
    if not is_multiple(quantity, instrument.lot):
        return reasons.OFF_LOT
    if instrument.quantity_max is not None and quantity > instrument.quantity_max:
        return reasons.ABOVE_MAXIMUM
    if request.order_type is OrderType.LIMIT:
        if price is None or not price.is_finite():
            return reasons.PRICE_MISSING
        if price <= 0 or not is_multiple(price, instrument.tick):
            return reasons.OFF_TICK
    below = quantity < instrument.minimum or _notional(request, market) < instrument.notional_min
    return reasons.BELOW_MINIMUM if below else ""


def _notional(request: OrderRequest, market: MarketState) -> Decimal:
    if request.order_type is OrderType.LIMIT and request.price is not None:
        return request.quantity * request.price
    reference = market.reference()
    return request.quantity * Decimal(repr(reference)) if reference is not None else Decimal("Infinity")


def _band(request: OrderRequest, market: MarketState, limits: Limits) -> str:
    edge = band_edge(request.side, market, limits)
    if edge is None or request.order_type is OrderType.MARKET or request.price is None:
        return ""
    beyond = request.price > edge if request.side is Side.BUY else request.price < edge
    return reasons.PRICE_OUT_OF_BAND if beyond else ""


def band_edge(side: Side, market: MarketState, limits: Limits) -> Decimal | None:
    """The worst price that the venue lets an order of this side reach; None without a band."""
    reference = market.reference() if limits.price_band else None
    if reference is None:
        return None
    return Decimal(repr(reference)) * (ONE + side.sign * limits.price_band)


def position_refusal(order: VenueOrder, account: Account, market: MarketState, state: VenueState) -> str:
    """Reduce-only and position tiers; trims a reduce-only order to the position."""
    instrument, side = market.instrument, order.side
    if instrument.is_spot:
        return ""  # a spot sale reduces by itself, and the balance bounds it
    held = account.held(instrument.id)
    if order.request.reduce_only:
        reducible = max(ZERO, -side.sign * held)
        if not reducible:
            return reasons.REDUCE_ONLY_NO_POSITION
        order.quantity = min(order.quantity, reducible)
        return ""
    same = [o for o in market.resting(side) if o.account_id == account.id and not o.request.reduce_only]
    after = side.sign * held + order.quantity + sum((o.remaining for o in same), ZERO)
    largest = state.rules.quantity_max(instrument.id, account.leverage_of(instrument.id))
    return reasons.TIER_EXCEEDED if after > largest else ""


def money_refusal(order: VenueOrder, account: Account, matches: Sequence[Match], state: VenueState) -> str:
    """Whether the account can pay for the order, whatever part of it is filled."""
    instrument = order.instrument
    if instrument.is_spot and order.side is Side.SELL:
        return "" if account.available(instrument.base) >= order.quantity else reasons.INSUFFICIENT_BALANCE
    available = account.available(instrument.quote)
    if instrument.is_spot:
        rates = state.fees.rates(instrument)
        notional = _worst_notional(order, matches, ZERO)
        needed = notional if rates.buy_in_base else notional * (ONE + max(ZERO, rates.maker, rates.taker))
        return "" if available >= needed else reasons.INSUFFICIENT_BALANCE
    closing = max(ZERO, -order.side.sign * account.held(instrument.id))
    return (
        ""
        if available >= _margin_needed(order, account, instrument, state, matches, closing)
        else (reasons.INSUFFICIENT_MARGIN)
    )


def _margin_needed(
    order: VenueOrder,
    account: Account,
    instrument: Instrument,
    state: VenueState,
    matches: Sequence[Match],
    closing: Decimal,
) -> Decimal:
    if closing >= order.quantity:
        return ZERO  # what it frees pays for it
    rates = state.fees.rates(instrument)
    notional = _worst_notional(order, matches, closing)
    fee = notional * max(ZERO, rates.maker, rates.taker)
    return initial_margin(notional, account.leverage_of(instrument.id)) + fee


def _worst_notional(order: VenueOrder, matches: Sequence[Match], skip: Decimal) -> Decimal:
    """The most that the order can come to, leaving out the first ``skip`` base units of it.

    A buy may cost up to its limit. A sale may fetch more than its limit; a short's margin rises with that.
    """
    total, left = ZERO, order.quantity
    for match in matches:
        counted = max(ZERO, match.quantity - skip)
        skip = max(ZERO, skip - match.quantity)
        left -= match.quantity
        bounded = order.price is not None and order.side is Side.BUY
        total += counted * (order.price if bounded and order.price is not None else match.price)
    return total + max(ZERO, left - skip) * (order.price or ZERO)

"""Books what money does: fills, forced fills and funding, each once and into the profit it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.errors import InvariantViolation
from zombot.domain.events import ForcedFill, FundingPaid, OrderFilled
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.ledger import shares
from zombot.domain.money import ZERO, quotient
from zombot.domain.order import Order, OrderEvent, Purpose
from zombot.engine.durable import DurableState, Unclaimed

Instruments = Mapping[InstrumentId, Instrument]


def book_fill(durable: DurableState, instruments: Instruments, fact: OrderFilled) -> None:
    """One match of an order of ours: into the order, the ledger and the profit of its arbitrage."""
    fill = fact.fill
    order = durable.orders[fill.client_order_id]
    if fill.trade_id in order.trade_ids:
        raise InvariantViolation(f"fill {fill.trade_id} of order {fill.client_order_id} applied twice")
    instrument = instruments[fill.instrument]
    order.trade_ids[fill.trade_id] = None
    order.filled += fill.quantity
    order.cost += fill.quantity * fill.price
    base_fee = fill.fee if instrument.is_spot and fill.fee_asset == instrument.base else ZERO
    order.fee_base += base_fee
    complete = order.filled >= order.request.quantity
    order.advance(OrderEvent.COMPLETED if complete else OrderEvent.FILL)
    durable.counts.fills += 1
    durable.ledger.book_fill(fill, instrument)
    _attribute_fill(durable, order, fact, base_fee)


def _attribute_fill(durable: DurableState, order: Order, fact: OrderFilled, base_fee: Decimal) -> None:
    """Book a fill's part in the profit of its arbitrage."""
    fill, request = fact.fill, order.request
    arbitrage = durable.arbitrage(request.arbitrage)
    leg = arbitrage.legs[request.leg]
    signed = fill.signed_quantity
    repairs = request.purpose is Purpose.REPAIR
    _attribute(arbitrage, leg, signed, signed - base_fee, fill.price, request.decision_price, repairs=repairs)
    arbitrage.profit.fees += base_fee * request.decision_price if base_fee else fill.fee
    if fill.instrument in durable.unclaimed:
        _claim(durable, arbitrage, leg)
        _net_out(durable, fill.instrument, fill.price)


def _net_out(durable: DurableState, instrument: InstrumentId, price: Decimal) -> None:
    """Hand what overshot one arbitrage's leg to the leg that it closed in truth.

    Arbitrages of one pair share the venue's position. When the venue took part of it by force, an exit that
    was on its way closes more than its own leg still holds, and less is left for another's. The hand-over is
    at one price for both, so that profit as a whole does not change.
    """
    for arbitrage in (*durable.arbitrages.values(), *durable.retired.values()):
        for leg in arbitrage.legs:
            if leg.instrument != instrument or leg.net * leg.target >= 0:
                continue
            for other, their in _holders(durable, instrument, leg.net, besides=leg):
                part = -their.net if abs(their.net) <= abs(leg.net) else leg.net
                _attribute(other, their, part, part, price, their.decision_price, repairs=True)
                _attribute(arbitrage, leg, -part, -part, price, leg.decision_price, repairs=True)
                other.repaired = arbitrage.repaired = True
                if not leg.net:
                    break


def _holders(
    durable: DurableState, instrument: InstrumentId, signed: Decimal, *, besides: Leg | None = None
) -> list[tuple[Arbitrage, Leg]]:
    """Legs that a trade of this sign reduces, oldest arbitrage first, then the dust of ended ones."""
    return [
        (arbitrage, leg)
        for arbitrage in (*durable.arbitrages.values(), *durable.retired.values())
        for leg in arbitrage.legs
        if leg is not besides
        and leg.instrument == instrument
        and leg.net * signed < 0
        and leg.net * leg.target > 0
    ]


def _attribute(
    arbitrage: Arbitrage,
    leg: Leg,
    gross: Decimal,
    net: Decimal,
    price: Decimal,
    decided: Decimal,
    *,
    repairs: bool,
) -> None:
    """Put a signed quantity into a leg and its price difference into the profit (the split of I8).

    With n the net and s the gross signed quantity, d the decided and p the executed price: the leg gains n at
    d, slippage is s * (p - d), and a fee taken from the base asset costs it times d. Their sum is the cash
    flow. A repair's price difference is a loss of repair, not slippage.
    """
    leg.net += net
    leg.cost += gross * price
    leg.decided += net * decided
    if repairs:
        arbitrage.profit.repair -= gross * (price - decided)
    else:
        arbitrage.profit.slippage += gross * (price - decided)


def book_funding(durable: DurableState, instruments: Instruments, fact: FundingPaid) -> None:
    """A funding settlement: into the ledger, and shared by the arbitrages that hold the instrument."""
    instrument = instruments[fact.instrument]
    if not durable.ledger.first_time(f"{instrument.venue}/{fact.bill_id}"):
        raise InvariantViolation(f"funding bill {fact.bill_id} applied twice")
    durable.ledger.book_payment(instrument, fact.amount)
    holders = [
        (arbitrage, leg)
        for arbitrage in durable.arbitrages.values()
        for leg in arbitrage.legs
        if leg.instrument == fact.instrument and leg.net
    ]
    if not holders:
        durable.profit.funding += fact.amount
        return
    for (arbitrage, _), part in zip(
        holders, shares(fact.amount, [abs(leg.net) for _, leg in holders]), strict=True
    ):
        arbitrage.profit.funding += part


def book_forced(durable: DurableState, instruments: Instruments, fact: ForcedFill) -> None:
    """A liquidation or auto-deleveraging: taken from the legs that hold the position, oldest first."""
    instrument = instruments[fact.instrument]
    if not durable.ledger.first_time(f"{fact.instrument}/forced/{fact.trade_id}"):
        raise InvariantViolation(f"forced fill {fact.trade_id} applied twice")
    signed = fact.side.sign * fact.quantity
    durable.ledger.book_position(instrument, signed, fact.price, fact.realized)
    durable.ledger.book_payment(instrument, -fact.fee)
    left, fee_left = signed, fact.fee
    for arbitrage, leg in _holders(durable, fact.instrument, signed):
        part = -leg.net if abs(leg.net) <= abs(left) else left
        fee = fee_left if part == left else quotient(fact.fee * part, signed)
        _attribute(arbitrage, leg, part, part, fact.price, leg.decision_price, repairs=True)
        arbitrage.profit.fees += fee
        arbitrage.repaired = True
        left -= part
        fee_left -= fee
        if not left:
            break
    durable.profit.fees += fee_left
    # From here on this instrument's legs are matched with each other: see ``_net_out``.
    unclaimed = durable.unclaimed.setdefault(fact.instrument, [])
    if left:
        unclaimed.append(Unclaimed(quantity=left, price=fact.price))
    _net_out(durable, fact.instrument, fact.price)


def _claim(durable: DurableState, arbitrage: Arbitrage, leg: Leg) -> None:
    """A fill was late: the venue has already taken part of what it brought."""
    waiting = durable.unclaimed.get(leg.instrument, [])
    for forced in [lot for lot in waiting if lot.quantity * leg.net < 0]:
        part = -leg.net if abs(leg.net) <= abs(forced.quantity) else forced.quantity
        _attribute(arbitrage, leg, part, part, forced.price, leg.decision_price, repairs=True)
        arbitrage.repaired = True
        forced.quantity -= part
        if not forced.quantity:
            waiting.remove(forced)

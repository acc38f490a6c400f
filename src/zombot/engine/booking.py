"""Books what money does: fills, forced fills and funding, each once and into the profit it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from zombot.domain.errors import InvariantViolation
from zombot.domain.events import ForcedFill, FundingPaid, OrderFilled
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.ledger import shares
from zombot.domain.money import ZERO, quotient
from zombot.domain.order import Order, OrderEvent, Purpose
from zombot.engine.durable import DurableState, Remainder

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
    """Book a fill's part in the profit of its arbitrage (the split of I8).

    With n the net and s the gross signed quantity, d the decided and p the executed price: the leg gains
    n at d, slippage is s * (p - d), a fee taken from the base asset costs it times d. Their sum is the
    cash flow. A repair's price difference is a loss of repair, not slippage.
    """
    fill, request = fact.fill, order.request
    arbitrage = durable.arbitrage(request.arbitrage)
    leg = arbitrage.legs[request.leg]
    net = fill.signed_quantity - base_fee
    difference = fill.signed_quantity * (fill.price - request.decision_price)
    leg.net += net
    leg.cost += fill.signed_quantity * fill.price
    leg.decided += net * request.decision_price
    arbitrage.profit.fees += base_fee * request.decision_price if base_fee else fill.fee
    if request.purpose is Purpose.REPAIR:
        arbitrage.profit.repair -= difference
    else:
        arbitrage.profit.slippage += difference


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
    for arbitrage in durable.arbitrages.values():
        for leg in arbitrage.legs:
            if leg.instrument != fact.instrument or leg.net * left >= 0:
                continue
            part = -leg.net if abs(leg.net) <= abs(left) else left
            fee = fee_left if part == left else quotient(fact.fee * part, signed)
            leg.net += part
            leg.cost += part * fact.price
            leg.decided += part * leg.decision_price
            arbitrage.profit.repair -= part * (fact.price - leg.decision_price)
            arbitrage.profit.fees += fee
            arbitrage.repaired = True
            left -= part
            fee_left -= fee
    if left:
        remainder = durable.remainders.setdefault(fact.instrument, Remainder())
        remainder.net += left
        remainder.decided += left * fact.price
    durable.profit.fees += fee_left if left else ZERO

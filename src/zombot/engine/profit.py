"""Profit, explained: its parts add up to the change of equity to the last digit (I8)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from zombot.domain.arbitrage import Arbitrage, ProfitParts
from zombot.domain.identifiers import InstrumentId
from zombot.domain.money import ZERO
from zombot.engine.state import EngineState
from zombot.engine.view import Markets

Marks = Mapping[InstrumentId, Decimal]


def current_marks(state: EngineState, markets: Markets) -> dict[InstrumentId, Decimal]:
    """The mid of every instrument that was quoted; else the last price one of our legs was decided at."""
    marks = {i: market.mid_decimal if market.bid > 0.0 else ZERO for i, market in markets.items()}
    if all(marks.values()):
        return marks
    for arbitrage in (*state.durable.retired.values(), *state.durable.arbitrages.values()):
        for leg in arbitrage.legs:
            if not markets[leg.instrument].bid > 0.0:
                marks[leg.instrument] = leg.decision_price
    return marks


def arbitrage_profit(arbitrage: Arbitrage, marks: Marks) -> ProfitParts:
    """The parts of one arbitrage; what its legs still hold is valued at ``marks``.

    Basis is at decision prices: what the net quantities are worth now less what they would have cost as
    decided. Flat legs need no mark.
    """
    basis = ZERO
    for leg in arbitrage.legs:
        basis -= leg.decided
        if leg.net:
            basis += leg.net * marks[leg.instrument]
    parts = ProfitParts(basis=basis)
    parts.add(arbitrage.profit)
    return parts


def total_profit(state: EngineState, marks: Marks) -> ProfitParts:
    """The parts of everything since the journal began."""
    durable = state.durable
    total = ProfitParts()
    total.add(durable.profit)
    for instrument, remainder in durable.remainders.items():
        total.basis += remainder.net * marks[instrument] - remainder.decided
    for instrument, lots in durable.unclaimed.items():
        for lot in lots:
            total.repair += lot.quantity * (marks[instrument] - lot.price)
    for arbitrage in (*durable.retired.values(), *durable.arbitrages.values()):
        total.add(arbitrage_profit(arbitrage, marks))
    return total


def equity(state: EngineState, marks: Marks, opening_marks: Marks) -> Decimal:
    """Everything in the quote asset; see ``Ledger.equity`` for how an opening inventory counts."""
    return state.durable.ledger.equity(state.instruments, marks, opening_marks)

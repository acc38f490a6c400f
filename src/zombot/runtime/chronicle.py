"""Follows the facts of a session and keeps what reports and live views show; bounded, off the decision."""

from __future__ import annotations

import heapq
from collections import deque
from decimal import Decimal
from typing import Final

from zombot.domain.arbitrage import Arbitrage, ArbitrageState
from zombot.domain.effects import Alert
from zombot.domain.events import (
    ArbitrageAdvanced,
    ArbitragePlanned,
    BotStarted,
    Fact,
    FundingPaid,
    LinkChanged,
    ModeChanged,
    OpportunityRefused,
)
from zombot.domain.money import ZERO, text_of
from zombot.domain.order import Order
from zombot.engine.engine import Engine
from zombot.engine.profit import arbitrage_profit, current_marks
from zombot.engine.queries import EventRow
from zombot.runtime.report import FundingRow, RefusedRow, Trade, TradeLeg

TRADES_KEPT: Final = 20_000
FUNDING_KEPT: Final = 20_000
REFUSED_KEPT: Final = 50
EVENTS_KEPT: Final = 200
NO_EDGE: Final = frozenset({"quote_stale", "market_unusable", "warming_up"})
"""Refusals of what was no opportunity: prices of different times, a book with a gap, a mean not yet known."""
PARTS: Final = ("basis", "funding", "fees", "slippage", "interest", "repair")


class Chronicle:
    """A ``recorded`` watcher of the dispatcher and a ``Notifier`` in one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.events: deque[EventRow] = deque(maxlen=EVENTS_KEPT)
        self.trades: dict[int, Trade] = {}
        self.funding: deque[FundingRow] = deque(maxlen=FUNDING_KEPT)
        self._refused: list[tuple[float, int, RefusedRow]] = []
        self._count = 0

    def notify(self, alert: Alert, at_ns: int) -> None:
        """Keep an alert for the view."""
        self.events.append(EventRow(at_ns=at_ns, level=alert.level.value, text=alert.text))

    def watch(self, fact: Fact) -> None:
        """Take one recorded fact."""
        if type(fact) is OpportunityRefused:
            self._refuse(fact)
        elif type(fact) is ArbitrageAdvanced:
            self._advance(fact)
        elif type(fact) is FundingPaid:
            self._fund(fact)
        elif type(fact) is ArbitragePlanned:
            size = f"{text_of(fact.quantity)} at {fact.gross_bps:+.1f} bps, net {fact.net_bps:+.1f} bps"
            self._say(fact.received_ns, f"opening {fact.arbitrage} {fact.pair} {fact.direction} {size}")
        elif type(fact) is ModeChanged:
            self._say(fact.received_ns, f"trading mode {fact.mode.value}: {fact.reason}", "warning")
        elif type(fact) is LinkChanged:
            self._say(fact.received_ns, f"{fact.venue} link {'live' if fact.live else 'lost'}: {fact.reason}")
        elif type(fact) is BotStarted:
            self._say(fact.received_ns, f"bot {fact.bot} started")

    def refused(self) -> list[RefusedRow]:
        """The best that were refused, best first."""
        return [row for _, _, row in sorted(self._refused, reverse=True)]

    def open_trades(self) -> list[Trade]:
        """Rows of the arbitrages that are still under way."""
        return [self._trade(a) for a in self._engine.state.durable.arbitrages.values()]

    def _say(self, at_ns: int, text: str, level: str = "info") -> None:
        self.events.append(EventRow(at_ns=at_ns, level=level, text=text))

    def _refuse(self, fact: OpportunityRefused) -> None:
        if fact.reason in NO_EDGE:
            return
        self._count += 1
        row = RefusedRow(
            since_ns=fact.since_ns,
            until_ns=fact.received_ns,
            pair=fact.pair,
            direction=fact.direction,
            reason=fact.reason,
            count=fact.count,
            gross_bps=fact.gross_bps,
            net_bps=fact.net_bps,
        )
        heapq.heappush(self._refused, (fact.net_bps, -self._count, row))
        if len(self._refused) > REFUSED_KEPT:
            heapq.heappop(self._refused)

    def _fund(self, fact: FundingPaid) -> None:
        self.funding.append(
            FundingRow(
                time_ns=fact.venue_ns,
                instrument=fact.instrument,
                rate=text_of(fact.rate),
                mark=text_of(fact.mark),
                quantity=text_of(fact.quantity),
                amount=text_of(fact.amount),
            )
        )
        self._say(
            fact.received_ns,
            f"funding {fact.instrument} {fact.amount:+.4f} ({float(fact.rate) * 1e4:+.3f} bps)",
        )

    def _advance(self, fact: ArbitrageAdvanced) -> None:
        arbitrage = self._engine.state.durable.arbitrage(fact.arbitrage)
        if fact.state is ArbitrageState.OPEN and fact.event.value == "even":
            self._say(fact.received_ns, f"open {arbitrage.id} {arbitrage.pair}, both legs even")
            return
        if fact.state not in {ArbitrageState.CLOSED, ArbitrageState.ABORTED}:
            return
        trade = self._trade(arbitrage)
        self.trades[arbitrage.id] = trade
        if len(self.trades) > TRADES_KEPT:
            del self.trades[next(iter(self.trades))]
        if fact.state is ArbitrageState.ABORTED:
            self._say(fact.received_ns, f"aborted {trade.id} {trade.pair}: nothing filled")
            return
        earned = (
            f"{Decimal(trade.total):+.4f} ({trade.earned_bps:+.1f} bps), {trade.close_reason or 'unwound'}"
        )
        self._say(fact.received_ns, f"closed {trade.id} {trade.pair} {earned}")

    def _trade(self, arbitrage: Arbitrage) -> Trade:
        marks = current_marks(self._engine.state, self._engine.markets)
        parts = arbitrage_profit(arbitrage, marks)
        legs = tuple(self._leg(arbitrage, index) for index in range(len(arbitrage.legs)))
        first = arbitrage.legs[0]
        notional = abs(first.target) * first.decision_price
        naked_ns = self._engine.exposure.naked_ns_by_arbitrage.get(arbitrage.id, 0)
        return Trade(
            id=arbitrage.id,
            pair=arbitrage.pair,
            direction=arbitrage.direction,
            state=arbitrage.state.value,
            opened_ns=arbitrage.opened_ns,
            closed_ns=arbitrage.closed_ns,
            quantity=text_of(arbitrage.quantity),
            notional=text_of(notional),
            gross_bps=arbitrage.gross_bps,
            entry_bps=arbitrage.net_bps,
            earned_bps=float(parts.total / notional) * 1e4 if notional else 0.0,
            close_reason=arbitrage.close_reason,
            repaired=arbitrage.repaired,
            max_naked_ms=naked_ns / 1e6,
            legs=legs,
            realized={name: text_of(getattr(parts, name)) for name in PARTS},
            funding=[
                row
                for row in self.funding
                if row.time_ns >= arbitrage.opened_ns
                and row.instrument in {x.instrument for x in arbitrage.legs}
            ],
            total=text_of(parts.total),
        )

    def _leg(self, arbitrage: Arbitrage, index: int) -> TradeLeg:
        durable = self._engine.state.durable
        leg = arbitrage.legs[index]
        orders = [durable.orders[c] for c in durable.order_ids.get(arbitrage.id, [])]
        way_in = [o for o in orders if o.request.leg == index and o.request.side is leg.side]
        way_out = [o for o in orders if o.request.leg == index and o.request.side is not leg.side]
        return TradeLeg(
            instrument=leg.instrument,
            side=leg.side.value,
            quantity=text_of(sum((o.filled for o in way_in), ZERO)),
            entry_price=_average(way_in),
            exit_price=_average(way_out),
        )


def _average(orders: list[Order]) -> str:
    filled = sum((order.filled for order in orders), ZERO)
    if not filled:
        return ""
    cost = sum((order.cost for order in orders), ZERO)
    return text_of((cost / filled).quantize(Decimal("0.00000001")))

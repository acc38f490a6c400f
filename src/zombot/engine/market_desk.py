"""Market events other than the top of book; what is invalid is counted and not used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zombot.domain.effects import AlertLevel
from zombot.domain.identifiers import InstrumentId
from zombot.domain.margin import liquidation_distance_bps
from zombot.domain.market import BookLost, BookUpdate, FundingRate, InstrumentStatus, MarkPrice, PublicTrade
from zombot.domain.risk import Limits
from zombot.engine.execution import Saga
from zombot.engine.outbox import Outbox
from zombot.engine.state import EngineState
from zombot.engine.view import InstrumentMarket, Markets


class MarketDesk:
    """Writes the market view."""

    def __init__(
        self, markets: Markets, state: EngineState, saga: Saga, outbox: Outbox, limits: Limits
    ) -> None:
        self._markets = markets
        self._state = state
        self._saga = saga
        self._outbox = outbox
        self._limits = limits
        self.dropped: dict[str, int] = {}
        """Market events that could not be used, by reason."""
        self.handlers: dict[type, Callable[[Any, int], None]] = {
            BookUpdate: self._book,
            BookLost: self._book_lost,
            PublicTrade: lambda event, now_ns: None,
            MarkPrice: self._mark,
            FundingRate: self._funding_rate,
            InstrumentStatus: self._status,
        }

    def drop(self, reason: str) -> None:
        """Count an event that cannot be used."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def _market(self, instrument: InstrumentId) -> InstrumentMarket | None:
        market = self._markets.get(instrument)
        if market is None:
            self.drop("unknown_instrument")
        return market

    def _book(self, event: BookUpdate, now_ns: int) -> None:
        market = self._market(event.instrument)
        if market is not None and not market.apply_book(event):
            self.drop("book_gap")

    def _book_lost(self, event: BookLost, now_ns: int) -> None:
        market = self._market(event.instrument)
        if market is not None:
            market.lose_book()
            self.drop("book_lost")

    def _mark(self, event: MarkPrice, now_ns: int) -> None:
        market = self._market(event.instrument)
        if market is None:
            return
        if not event.mark > 0.0:
            self.drop("invalid_mark")
            return
        market.apply_mark(event)
        if event.instrument in self._state.durable.reported_positions:
            self._watch_liquidation(market, now_ns)

    def _funding_rate(self, event: FundingRate, now_ns: int) -> None:
        market = self._market(event.instrument)
        if market is None:
            return
        if not -1.0 < event.rate < 1.0 or event.funding_ns <= 0:
            self.drop("invalid_funding")
            return
        market.apply_funding(event)

    def _status(self, event: InstrumentStatus, now_ns: int) -> None:
        market = self._market(event.instrument)
        if market is not None:
            market.state = event.state
            market.usable = False
            market.quoted()

    def _watch_liquidation(self, market: InstrumentMarket, now_ns: int) -> None:
        """Close what comes too near to liquidation, while both legs can still be closed together."""
        report = self._state.durable.reported_positions[market.instrument.id]
        if not report.quantity or report.liquidation_price is None:
            return
        distance = liquidation_distance_bps(market.mark, float(report.liquidation_price))
        if distance > self._limits.liquidation_distance_min_bps:
            return
        for arbitrage in list(self._state.durable.arbitrages.values()):
            holds = any(leg.instrument == market.instrument.id and leg.net for leg in arbitrage.legs)
            if holds and not arbitrage.closing:
                self._outbox.alert(
                    AlertLevel.CRITICAL,
                    f"{market.instrument.id}: mark {market.mark} is {distance:.0f} bps from liquidation at "
                    f"{report.liquidation_price}; arbitrage {arbitrage.id} is closed",
                )
                self._saga.mark_closing(arbitrage, "liquidation_near", now_ns)

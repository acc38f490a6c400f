"""The port that strategies implement, and the read-only views they decide on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from zombot.domain.arbitrage import Arbitrage
from zombot.domain.identifiers import InstrumentId, StrategyId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.opportunity import Exit, Missed, Opportunity, Outlook


class InstrumentView(Protocol):
    """What is known of one instrument's market. Prices are floats; 0.0 where nothing was seen yet."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def fees(self) -> FeeRates: ...
    @property
    def bid(self) -> float: ...
    @property
    def bid_quantity(self) -> float: ...
    @property
    def ask(self) -> float: ...
    @property
    def ask_quantity(self) -> float: ...
    @property
    def mark(self) -> float: ...
    @property
    def funding_rate(self) -> float: ...
    @property
    def funding_ns(self) -> int:
        """The next settlement; 0 while unknown."""
        ...

    @property
    def next_funding_ns(self) -> int:
        """The settlement after the next."""
        ...

    @property
    def received_ns(self) -> int:
        """When the top of book was last received."""
        ...

    @property
    def linked(self) -> bool:
        """Whether the venue can be reached."""
        ...

    @property
    def usable(self) -> bool:
        """False while nothing may be decided on it: no quote yet, or its book has a gap."""
        ...


class MarketView(Protocol):
    """The market, read-only."""

    def __getitem__(self, instrument: InstrumentId) -> InstrumentView: ...


class PositionView(Protocol):
    """The strategy's own open arbitrages, read-only."""

    @property
    def open(self) -> Sequence[Arbitrage]:
        """Those that are not closed or aborted."""
        ...

    @property
    def ended_ns(self) -> int:
        """When the last one of this pair ended; 0 if none has. Survives a restart."""
        ...


class Strategy(Protocol):
    """Proposes entries and exits; knows nothing of orders, sizes, limits or execution.

    One object per set of instruments that belong together, so that a quote reaches only whom it concerns.
    """

    @property
    def id(self) -> StrategyId: ...

    @property
    def pair(self) -> str:
        """What people call this set of instruments, for instance ``BTC-USDT``."""
        ...

    def instruments(self) -> tuple[InstrumentId, ...]:
        """The instruments whose quotes it wants."""
        ...

    def decide(self, market: MarketView, positions: PositionView, now_ns: int) -> Opportunity | Missed | None:
        """Called on each quote of its instruments."""
        ...

    def decide_exit(self, arbitrage: Arbitrage, market: MarketView, now_ns: int) -> Exit | None:
        """Called on each quote for each of its arbitrages that is open and at rest."""
        ...

    def outlook(self, market: MarketView, positions: PositionView, now_ns: int) -> Outlook:
        """How far it is from an entry, for display; both sides of every instrument have been seen."""
        ...

    def exit_now(self, arbitrage: Arbitrage, market: MarketView, reason: str) -> Exit | None:
        """Prices for an exit decided elsewhere (operator, risk); None if the market is not usable."""
        ...


class StrategyBuild(Protocol):
    """What an entry point of the group ``zombot.strategies`` names."""

    def __call__(
        self,
        config: dict[str, object],
        instruments: Mapping[InstrumentId, Instrument],
        fees: Mapping[InstrumentId, FeeRates],
    ) -> Sequence[Strategy]:
        """Build one strategy object per pair.

        Raises:
            InvalidValue: the configuration is wrong; the message names key, value and what is allowed.
        """
        ...

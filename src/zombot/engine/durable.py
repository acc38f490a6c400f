"""The durable state: everything that a restart must bring back, market data not included."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from zombot.domain.arbitrage import Arbitrage, ProfitParts
from zombot.domain.errors import InvariantViolation
from zombot.domain.events import PositionReported, TradingMode
from zombot.domain.identifiers import ArbitrageId, ClientOrderId, InstrumentId
from zombot.domain.ledger import Ledger
from zombot.domain.money import ZERO
from zombot.domain.order import Order

RETIRED_KEPT: Final = 1_000
"""Arbitrages that are over but still listen for late fills; older ones are forgotten with their orders."""


class Counts(Struct, kw_only=True):
    """What happened so far."""

    opened: int = 0
    closed: int = 0
    aborted: int = 0
    repaired: int = 0
    orders: int = 0
    fills: int = 0


class Remainder(Struct, kw_only=True):
    """The dust ledger of one instrument: what closed arbitrages could not sell, and its decided cost."""

    net: Decimal = ZERO
    decided: Decimal = ZERO


class Unclaimed(Struct, kw_only=True):
    """Part of a forced fill that no leg held as far as we knew: a fill that we have not heard of yet will."""

    quantity: Decimal
    """Signed base units."""
    price: Decimal


class DurableState(Struct, kw_only=True):
    """Everything that a restart must bring back. Market data is not in it."""

    bot: str = ""
    epoch: int = 0
    starts: int = 0
    """Runs that the journal has seen."""
    mode: TradingMode = TradingMode.ENABLED
    mode_reason: str = ""
    ever_recovered: bool = False
    recovered: bool = False
    """False from start until recovery is done: nothing is entered meanwhile."""
    next_arbitrage: int = 1
    arbitrages: dict[ArbitrageId, Arbitrage] = field(default_factory=dict)
    """Under way, oldest first."""
    retired: dict[ArbitrageId, Arbitrage] = field(default_factory=dict)
    """Over, oldest first; at most ``RETIRED_KEPT``."""
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    """Of the arbitrages above."""
    order_ids: dict[ArbitrageId, list[ClientOrderId]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    reported_balances: dict[str, Decimal] = field(default_factory=dict)
    reported_positions: dict[InstrumentId, PositionReported] = field(default_factory=dict)
    links_down: dict[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    refusals: dict[str, int] = field(default_factory=dict)
    profit: ProfitParts = field(default_factory=ProfitParts)
    """Of arbitrages that were retired, and payments that belong to none."""
    remainders: dict[InstrumentId, Remainder] = field(default_factory=dict)
    unclaimed: dict[InstrumentId, list[Unclaimed]] = field(default_factory=dict)
    """Per instrument that the venue ever closed by force; mostly empty lists."""
    closed_ns: dict[str, int] = field(default_factory=dict)
    """Per pair, when an arbitrage last ended: the cool-down counts from here."""
    failures: int = 0
    """Arbitrages in a row that needed a repair or were aborted by a rejection."""
    failed_ns: int = 0
    day: int = 0
    """Days since 1970 of ``day_profit``."""
    day_profit: Decimal = ZERO
    """Of arbitrages that ended today."""
    ignored: int = 0

    def ignore(self) -> None:
        """Count something on the account that is not this bot's doing."""
        self.ignored += 1

    def arbitrage(self, identifier: ArbitrageId) -> Arbitrage:
        """An arbitrage under way or lately over."""
        found = self.arbitrages.get(identifier) or self.retired.get(identifier)
        if found is None:
            raise InvariantViolation(f"arbitrage {identifier} is not in the state")
        return found

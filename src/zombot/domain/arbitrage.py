"""An arbitrage: N legs with one target ratio, hedged when all stand at the same fraction of their targets."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from zombot.domain.errors import IllegalTransition
from zombot.domain.identifiers import ArbitrageId, ClientOrderId, InstrumentId, StrategyId
from zombot.domain.money import ZERO
from zombot.domain.opportunity import Style
from zombot.domain.order import Side


class ArbitrageState(enum.Enum):
    """Where an arbitrage stands in its life."""

    PLANNED = "planned"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    REPAIRING = "repairing"
    STUCK = "stuck"
    """Repair failed as often as allowed: nothing new begins, a human is called, repair is retried slowly."""
    CLOSED = "closed"
    ABORTED = "aborted"


class ArbitrageEvent(enum.Enum):
    """What can happen to an arbitrage; the saga derives each from the legs' net quantities."""

    SENT_OPEN = "sent-open"
    SENT_CLOSE = "sent-close"
    EVEN = "even"
    """All orders are final and all legs stand at one fraction above 0."""
    FLAT = "flat"
    """All orders are final and no leg holds anything that could be sold."""
    NOTHING_FILLED = "nothing-filled"
    UNEVEN = "uneven"
    """All orders are final and the legs stand apart by a lot of the coarser leg or more."""
    GIVEN_UP = "given-up"
    RETRIED = "retried"


_S, _E = ArbitrageState, ArbitrageEvent
# state x event -> state. A late or forced fill can unbalance any state, also a final one, so UNEVEN leads to
# REPAIRING from everywhere; EVEN and FLAT are what a repair or a step ends in.
TRANSITIONS: Final[dict[tuple[ArbitrageState, ArbitrageEvent], ArbitrageState]] = {
    (_S.PLANNED, _E.SENT_OPEN): _S.OPENING,
    (_S.OPENING, _E.EVEN): _S.OPEN,
    (_S.OPENING, _E.FLAT): _S.CLOSED,
    (_S.OPENING, _E.NOTHING_FILLED): _S.ABORTED,
    (_S.OPENING, _E.UNEVEN): _S.REPAIRING,
    (_S.OPEN, _E.SENT_CLOSE): _S.CLOSING,
    (_S.OPEN, _E.EVEN): _S.OPEN,
    (_S.OPEN, _E.FLAT): _S.CLOSED,
    (_S.OPEN, _E.UNEVEN): _S.REPAIRING,
    (_S.CLOSING, _E.EVEN): _S.OPEN,
    (_S.CLOSING, _E.FLAT): _S.CLOSED,
    (_S.CLOSING, _E.UNEVEN): _S.REPAIRING,
    (_S.REPAIRING, _E.EVEN): _S.OPEN,
    (_S.REPAIRING, _E.FLAT): _S.CLOSED,
    (_S.REPAIRING, _E.UNEVEN): _S.REPAIRING,
    (_S.REPAIRING, _E.GIVEN_UP): _S.STUCK,
    (_S.STUCK, _E.RETRIED): _S.REPAIRING,
    (_S.STUCK, _E.EVEN): _S.OPEN,
    (_S.STUCK, _E.FLAT): _S.CLOSED,
    (_S.STUCK, _E.UNEVEN): _S.STUCK,
    (_S.CLOSED, _E.UNEVEN): _S.REPAIRING,
    (_S.CLOSED, _E.EVEN): _S.OPEN,
    (_S.CLOSED, _E.FLAT): _S.CLOSED,
    (_S.ABORTED, _E.UNEVEN): _S.REPAIRING,
    (_S.ABORTED, _E.EVEN): _S.OPEN,
    (_S.ABORTED, _E.FLAT): _S.CLOSED,
    (_S.ABORTED, _E.NOTHING_FILLED): _S.ABORTED,
}
FINAL: Final = frozenset({_S.CLOSED, _S.ABORTED})


class Leg(Struct, kw_only=True):
    """One side of an arbitrage. Quantities are signed base units, after fees taken from the base asset."""

    instrument: InstrumentId
    side: Side
    target: Decimal
    """What this leg holds when the arbitrage is fully open: positive long, negative short."""
    decision_price: Decimal
    worst_price: Decimal
    net: Decimal = ZERO
    """What it holds now, from fills alone."""
    cost: Decimal = ZERO
    """Sum of signed quantity x price over all fills, quote units."""
    decided: Decimal = ZERO
    """Sum of net quantity x decision price over all fills: what ``net`` would have cost as decided."""
    exit_price: Decimal | None = None
    """The price the last decision to close counted on."""
    attempts: int = 0
    """Orders sent so far; numbers the next one."""

    @property
    def fraction(self) -> Decimal:
        """The share of the target that is held."""
        return self.net / self.target


class ProfitParts(Struct, kw_only=True):
    """Where profit came from, in the quote asset; costs are positive, repair is signed."""

    basis: Decimal = ZERO
    funding: Decimal = ZERO
    fees: Decimal = ZERO
    slippage: Decimal = ZERO
    interest: Decimal = ZERO
    repair: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """basis + funding - fees - slippage - interest + repair."""
        return self.basis + self.funding - self.fees - self.slippage - self.interest + self.repair

    def add(self, other: ProfitParts) -> None:
        """Add another's parts to this one's."""
        self.basis += other.basis
        self.funding += other.funding
        self.fees += other.fees
        self.slippage += other.slippage
        self.interest += other.interest
        self.repair += other.repair


class Arbitrage(Struct, kw_only=True):
    """One attempt to take one opportunity. Mutated only by ``EngineState.apply``."""

    id: ArbitrageId
    strategy: StrategyId
    pair: str
    direction: str
    style: Style
    legs: list[Leg]
    state: ArbitrageState = ArbitrageState.PLANNED
    closing: bool = False
    """The goal is to be flat: set when an exit was decided, never taken back."""
    close_reason: str = ""
    quantity: Decimal = ZERO
    """Units planned; a leg's target is its signed ratio times this."""
    gross_bps: float = 0.0
    net_bps: float = 0.0
    exit_spread_bps: float = 0.0
    opened_ns: int = 0
    """When it was planned."""
    closed_ns: int = 0
    working: list[ClientOrderId] = field(default_factory=list)
    """Orders of the step under way; empty at rest."""
    step: int = 0
    """Counts the batches of orders sent."""
    repairs: int = 0
    """Repair steps since the legs were last even."""
    stalled: int = 0
    """Exits in a row of which nothing was filled."""
    repaired: bool = False
    """Whether it ever needed a repair."""
    counted_repaired: bool = False
    """Whether the count of repaired arbitrages holds this one already; the two below likewise."""
    counted_failed: bool = False
    counted_profit: Decimal = ZERO
    retry_ns: int = 0
    """Before this time no further order is sent for it; 0 when none waits."""
    uneven_since_ns: int = 0
    """Since when the legs have stood apart; 0 while they do not."""
    profit: ProfitParts = field(default_factory=ProfitParts)

    def advance(self, event: ArbitrageEvent) -> ArbitrageState:
        """The state after ``event``; the caller journals it.

        Raises:
            IllegalTransition: the table has no cell.
        """
        try:
            return TRANSITIONS[self.state, event]
        except KeyError:
            raise IllegalTransition(f"arbitrage {self.id}: {event.value} while {self.state.value}") from None

    @property
    def final(self) -> bool:
        """Whether it is over (a late fill can still bring it back)."""
        return self.state in FINAL

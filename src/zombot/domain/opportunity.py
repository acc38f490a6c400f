"""What a strategy proposes, and what it reports as missed."""

from __future__ import annotations

import enum
from decimal import Decimal

from msgspec import Struct

from zombot.domain.identifiers import InstrumentId, StrategyId
from zombot.domain.order import Side


class Style(enum.Enum):
    """How the legs are opened."""

    TAKER_TAKER = "taker-taker"
    """All legs at once, marketable and immediate-or-cancel."""
    MAKER_TAKER = "maker-taker"
    """One leg rests post-only; the others follow each of its fills."""


class LegProposal(Struct, frozen=True, kw_only=True):
    """One leg at one unit of the arbitrage."""

    instrument: InstrumentId
    side: Side
    ratio: Decimal
    """Base units of this leg for one unit of the arbitrage, above 0."""
    decision_price: float
    """The executable price the edge was computed with."""
    worst_price: float
    """If all legs fill at their worst price the arbitrage still earns its minimum edge."""
    maker: bool = False
    """This leg rests post-only at its decision price (maker-taker only)."""


class Opportunity(Struct, frozen=True, kw_only=True):
    """A proposal: enter these legs for this edge until this time. All ``_bps`` are of the notional."""

    strategy: StrategyId
    pair: str
    direction: str
    style: Style
    legs: tuple[LegProposal, ...]
    notional_max: Decimal
    """Largest size the strategy wants, quote units on the first leg."""
    gross_bps: float
    """Executable spread, sell - buy."""
    cost_bps: float
    """Fees in and out and expected exit slippage."""
    funding_bps: float
    """Expected over the holding horizon; positive is received."""
    net_bps: float
    minimum_bps: float
    exit_spread_bps: float
    """Leave when the executable spread of the way out is at or below this."""
    expire_ns: int


class Missed(Struct, frozen=True, gc=False):
    """An opportunity that a bot without costs would take and this one refuses."""

    pair: str
    direction: str
    reason: str
    gross_bps: float
    net_bps: float


class Outlook(Struct, frozen=True, gc=False):
    """How far a pair is from an entry, for display."""

    direction: str
    gross_bps: float
    net_bps: float
    entry_bps: float


class Exit(Struct, frozen=True, kw_only=True):
    """A strategy wants to leave one of its arbitrages."""

    reason: str
    worst_prices: tuple[float, ...]
    """One a leg, in the order of the arbitrage's legs."""
    decision_prices: tuple[float, ...]

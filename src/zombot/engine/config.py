"""What the engine must know beyond instruments and strategies."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct, field

from zombot.domain.identifiers import InstrumentId
from zombot.domain.risk import Limits


class ExecutionConfig(Struct, frozen=True, kw_only=True):
    """How orders are sent and watched. Times are in ns."""

    order_ns: int = 500_000_000
    """A marketable order must be refused by the venue when it arrives later than this."""
    answer_ns: int = 2_000_000_000
    """Past the order's own deadline: without an end by then its outcome is unknown."""
    query_ns: int = 1_000_000_000
    """Between questions about an unknown order, doubled each time up to 16-fold."""
    retry_ns: int = 250_000_000
    """Between attempts to repair or to close."""
    stuck_ns: int = 10_000_000_000
    """Between attempts once a repair was given up and a human called."""
    repairs_max: int = 8
    repair_slippage_bps: float = 15.0
    """How far a repair may reach past the top of book; grows with each attempt."""
    naked_budget: Decimal = Decimal(2_000_000)
    """Residual notional x milliseconds; past it the residual is reduced at market."""
    maker_ns: int = 3_000_000_000
    """How long a maker order may rest."""
    hedge_slippage_bps: float = 5.0


class EngineConfig(Struct, frozen=True, kw_only=True):
    """Configuration of the engine."""

    bot: str = "bot1"
    limits: Limits = field(default_factory=Limits)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    margin_rates: dict[InstrumentId, Decimal] = field(default_factory=dict)
    """Per perpetual, 1 / leverage."""
    maintenance_rate: float = 0.004
    """Of the venue's first tier, for the distance to liquidation until the venue reports its own."""

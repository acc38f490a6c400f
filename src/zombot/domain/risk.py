"""Limits, and the types that make an unapproved entry impossible to write."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from zombot.domain.opportunity import Opportunity
from zombot.domain.sizing import Sized


class Limits(Struct, frozen=True, kw_only=True):
    """Configured maxima. Money is in the quote asset."""

    pair_notional_max: Decimal = Decimal(10_000)
    venue_notional_max: Decimal = Decimal(50_000)
    notional_max: Decimal = Decimal(50_000)
    arbitrages_max: int = 10
    orders_per_second_max: int = 20
    daily_loss_max: Decimal = Decimal(500)
    quote_age_max_ns: int = 2_000_000_000
    clock_skew_max_ns: int = 5_000_000_000
    mark_deviation_max_bps: float = 200.0
    funding_window_ns: int = 0
    """No entry this long before a settlement."""
    failures_max: int = 5
    """Repaired or rejected arbitrages in a row that open the circuit breaker."""
    breaker_ns: int = 60_000_000_000
    liquidation_distance_min_bps: float = 500.0
    balance_buffer: Decimal = Decimal("0.02")
    """Share of the quote balance that entries leave alone."""


class Refused(Struct, frozen=True, gc=False):
    """The gate said no, and why: one of the names in the documentation of limits."""

    reason: str


class Approved:
    """The gate said yes to this opportunity at this size. Only the risk gate can make one."""

    __slots__ = ("opportunity", "sized")

    def __init__(self, opportunity: Opportunity, sized: Sized, *, key: object) -> None:
        if key is not _KEY:
            raise TypeError("only the risk gate approves")
        self.opportunity = opportunity
        self.sized = sized


_KEY = object()


def gate_key() -> object:
    """The key to ``Approved``; an architecture test allows only ``engine.risk_gate`` to ask for it."""
    return _KEY

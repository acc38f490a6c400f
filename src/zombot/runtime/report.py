"""The report of a run or a back-test: the figures of the outward contract, and what the pictures need."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class TradeLeg(Struct, frozen=True, kw_only=True):
    """One leg of an arbitrage that is over. Decimals are strings."""

    instrument: str
    side: str
    quantity: str
    """Base units bought or sold on the way in, before fees."""
    entry_price: str
    exit_price: str
    """Empty when nothing was traded on the way out."""


class FundingRow(Struct, frozen=True, kw_only=True):
    """One funding settlement."""

    time_ns: int
    instrument: str
    rate: str
    mark: str
    quantity: str
    amount: str


class Trade(Struct, frozen=True, kw_only=True):
    """One arbitrage from plan to end."""

    id: int
    pair: str
    direction: str
    state: str
    opened_ns: int
    closed_ns: int
    """0 while it is open."""
    quantity: str
    notional: str
    gross_bps: float
    """Executable spread at the decision."""
    entry_bps: float
    """Net edge expected at the decision."""
    earned_bps: float
    """Total over notional."""
    close_reason: str
    repaired: bool
    max_naked_ms: float
    legs: tuple[TradeLeg, ...]
    realized: dict[str, str]
    """The parts of its profit."""
    total: str
    funding: list[FundingRow]
    """Settlements that fell into its life, of its instruments."""


class RefusedRow(Struct, frozen=True, kw_only=True):
    """One of the best opportunities that were refused."""

    since_ns: int
    until_ns: int
    pair: str
    direction: str
    reason: str
    count: int
    gross_bps: float
    net_bps: float


class RunReport(Struct, frozen=True, kw_only=True):
    """What ``report.json`` holds (design, section 15) and what the page is drawn from."""

    events: int
    seconds: float
    """Of computing for a back-test, of running for a run."""
    events_per_second: float
    arbitrages: dict[str, int]
    """opened, closed, aborted, repaired; open at the end."""
    orders: int
    fills: int
    refusals: dict[str, int]
    pnl: dict[str, str]
    equity_start: str
    equity_end: str
    max_residual_notional: str
    """The largest residual that stood with no order in flight."""
    max_naked_ms: float
    state_hash: str
    halted: bool
    """Whether it ended because of a risk halt or a failure."""
    failure: str
    mode: str
    simulated_seconds: float
    """From the first event to the last, by the engine's clock."""
    dropped: dict[str, int]
    """Market events that could not be used, by reason."""
    duplicates: int
    """Account reports that said nothing new."""
    differences: dict[str, tuple[str, str]]
    """Where the ledger and the venue's own books differ at the end: ours, theirs. Empty when I4 holds."""
    balances: dict[str, str]
    configuration: dict[str, Any]
    data: dict[str, Any]
    series: dict[str, list[Any]]
    """``time_ns``, ``equity``, ``drawdown``; for each pair ``PAIR:basis_bps``, ``PAIR:spread_bps`` and
    ``PAIR:entry_bps``, the executable spread at which it would enter. Thinned: their length is bounded."""
    trades: list[Trade]
    refused: list[RefusedRow]
    funding: list[FundingRow]

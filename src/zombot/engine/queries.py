"""Snapshots of the state for people: what CLI, API, dashboard and reports show."""

from __future__ import annotations

from msgspec import Struct


class LegRow(Struct, frozen=True, kw_only=True):
    """One leg. Decimals are strings without exponent."""

    instrument: str
    side: str
    target: str
    net: str
    average_price: str
    """Of what was filled net; empty when nothing was."""


class ArbitrageRow(Struct, frozen=True, kw_only=True):
    """One arbitrage with both legs."""

    id: int
    pair: str
    strategy: str
    direction: str
    state: str
    legs: tuple[LegRow, ...]
    residual: str
    """Largest difference between the legs, quote units at decision prices."""
    entry_bps: float
    """Net edge expected at entry."""
    spread_bps: float | None
    """Executable spread of the way out now; None while the market is not usable."""
    exit_spread_bps: float
    """The level at which it leaves."""
    realized: str
    """Basis + funding - fees - slippage + repair so far, open legs at the mid."""
    funding: str
    fees: str
    age_seconds: float
    close_reason: str


class PairRow(Struct, frozen=True, kw_only=True):
    """One pair as the strategy sees it."""

    pair: str
    strategy: str
    spot_bid: float
    spot_ask: float
    perpetual_bid: float
    perpetual_ask: float
    basis_bps: float | None
    """Mid to mid; None until both sides were seen."""
    spread_bps: float | None
    """Executable, sell - buy, of the direction nearer to entry."""
    funding_bps: float | None
    """Of the next settlement."""
    funding_in_seconds: float | None
    net_bps: float | None
    """Net edge now."""
    entry_bps: float
    distance_bps: float | None
    """What is missing to entry; 0 or below would enter."""
    open: int
    last_refusal: str
    quote_age_ms: float | None


class LimitRow(Struct, frozen=True, kw_only=True):
    """One limit and how much of it is used."""

    name: str
    used: float
    limit: float
    unit: str


class EventRow(Struct, frozen=True, kw_only=True):
    """One line of what happened."""

    at_ns: int
    level: str
    """info, warning or critical."""
    text: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """The whole picture at one instant."""

    bot: str
    mode: str
    mode_reason: str
    venue_links: dict[str, bool]
    now_ns: int
    started_ns: int
    events: int
    """Events processed in this run."""
    pairs: tuple[PairRow, ...]
    arbitrages: tuple[ArbitrageRow, ...]
    """Those that are not over."""
    counts: dict[str, int]
    """opened, closed, aborted, repaired, orders, fills."""
    refusals: dict[str, int]
    limits: tuple[LimitRow, ...]
    profit: dict[str, str]
    """The parts and their total, quote asset."""
    equity_start: str
    equity: str
    balances: dict[str, str]
    last_events: tuple[EventRow, ...]
    """Newest last, at most 50."""

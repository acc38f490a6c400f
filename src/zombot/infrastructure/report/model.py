"""A report as the page reads it: every part has a default, so that an idle run has a page too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, field


class ReportError(Exception):
    """What was handed over is not a report; the message names the field."""


class Settlement(Struct, frozen=True, kw_only=True):
    """One funding payment; a positive amount was received."""

    time_ns: int
    instrument: str
    rate: str
    mark: str
    quantity: str
    amount: str


class LegResult(Struct, frozen=True, kw_only=True):
    """One leg with its average prices; empty where nothing was filled."""

    instrument: str
    side: str
    entry_price: str = ""
    exit_price: str = ""


class ArbitrageResult(Struct, frozen=True, kw_only=True):
    """One arbitrage from its plan to its end."""

    id: int
    pair: str
    direction: str = ""
    opened_ns: int = 0
    closed_ns: int | None = None
    """None or 0 while it is open."""
    quantity: str = "0"
    notional: str = "0"
    entry_bps: float = 0.0
    """The net edge expected at entry."""
    realized: dict[str, str] = field(default_factory=dict)
    total: str = "0"
    close_reason: str = ""
    repaired: bool = False
    max_naked_ms: float = 0.0
    legs: list[LegResult] = field(default_factory=list)
    funding: list[Settlement] = field(default_factory=list)

    @property
    def got_bps(self) -> float:
        """What it earned on its notional."""
        notional = float(self.notional)
        return float(self.total) / notional * 10_000 if notional else 0.0


class Refused(Struct, frozen=True, kw_only=True):
    """An episode in which an opportunity stood and was refused."""

    pair: str
    direction: str = ""
    reason: str = ""
    count: int = 0
    gross_bps: float = 0.0
    net_bps: float = 0.0
    since_ns: int = 0
    until_ns: int = 0


class Report(Struct, frozen=True, kw_only=True):
    """Everything the page shows."""

    events: int
    seconds: float
    events_per_second: float
    arbitrages: dict[str, int]
    orders: int
    fills: int
    refusals: dict[str, int]
    pnl: dict[str, str]
    equity_start: str
    equity_end: str
    max_residual_notional: str
    max_naked_ms: float
    state_hash: str
    configuration: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    series: dict[str, list[float | int | str | None]] = field(default_factory=dict)
    """``time_ns``, ``equity``, ``drawdown``; per pair ``PAIR:basis_bps``, ``:spread_bps``, ``:entry_bps``."""
    trades: list[ArbitrageResult] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    funding: list[Settlement] = field(default_factory=list)
    halted: bool = False
    failure: str = ""
    dropped: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    differences: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Where our ledger and the venue's books differ at the end: ours, theirs."""
    balances: dict[str, str] = field(default_factory=dict)

    @property
    def closed(self) -> list[ArbitrageResult]:
        """The arbitrages that are over."""
        return [arbitrage for arbitrage in self.trades if arbitrage.closed_ns]

    def times(self) -> list[int]:
        """The common time axis of all series."""
        return [int(value) for value in self.series.get("time_ns", []) if value is not None]

    def line(self, name: str) -> list[float | None]:
        """One series as numbers; empty when it was not recorded."""
        return [None if value is None else float(value) for value in self.series.get(name, [])]

    def pairs(self) -> list[str]:
        """The pairs that have a series, an arbitrage or a refusal, in that order, each once."""
        return list(dict.fromkeys(self._pairs()))

    def _pairs(self) -> Iterable[str]:
        yield from (name.rpartition(":")[0] for name in self.series if ":" in name)
        yield from (arbitrage.pair for arbitrage in self.trades)
        yield from (refused.pair for refused in self.refused)


def report_of(plain: object) -> Report:
    """The report in what ``msgspec.to_builtins`` made of one.

    Raises:
        ReportError: a field is missing or of the wrong kind.
    """
    try:
        return msgspec.convert(plain, Report, strict=False)
    except msgspec.ValidationError as error:
        raise ReportError(f"not a report: {error}") from error

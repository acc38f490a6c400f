"""The stepping back-test beside nautilus_trader's: same quotes, same decision, same fills."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from benchmarks import market, terms
from benchmarks.children import Finding, backtest, peer_backtest
from benchmarks.measure import Figure, Outcome, Plan, Row, in_rounds, row

BENCH: Final = "backtest"
GOAL: Final = 2.0
PEER: Final = "nautilus 1.221"


def measure(plan: Plan) -> Outcome:
    """Quotes a second of both, and whether they did the same."""
    count = plan.count(250_000, 2_000)
    columns, recording = plan.scratch / "stepping.npz", plan.scratch / "stepping"
    quotes = market.make_columns(count)
    quotes.save(columns)
    market.record(quotes, recording)
    busy = _rounds(plan, recording, columns, terms.ENTRY_BPS, plan.turns(9))
    quiet = _rounds(plan, recording, columns, terms.OUT_OF_REACH_BPS, plan.turns(5))
    figures = [
        *_figures("zombot", busy.ours),
        *_figures(PEER, busy.theirs),
        *_figures("zombot, nothing near an entry", quiet.ours),
        *_figures(f"{PEER}, nothing near an entry", quiet.theirs),
    ]
    if not busy.theirs:
        return Outcome(rows=(), figures=tuple(figures), notes=(f"{PEER} is not installed: no comparison",))
    rows = (
        busy.ratio("quotes/s, stored columns to result", "cpu_all"),
        busy.ratio("quotes/s, the peer's quotes loaded beforehand", "cpu_run"),
        quiet.ratio("nothing near an entry, stored columns to result", "cpu_all"),
        quiet.ratio("nothing near an entry, the peer's quotes loaded beforehand", "cpu_run"),
    )
    return Outcome(rows=rows, figures=tuple(figures), notes=(agreement(busy.ours[0], busy.theirs[0]),))


class Rounds:
    """What both said, round by round."""

    def __init__(self) -> None:
        self.ours: list[Finding] = []
        self.theirs: list[Finding] = []

    def ratio(self, name: str, peer_clock: str) -> Row:
        """Their time by ours, which always runs from the stored columns to the result."""
        return row(
            BENCH,
            f"{name} ÷ {PEER}",
            [getattr(one, peer_clock) for one in self.theirs],
            [one.cpu_all for one in self.ours],
            goal=GOAL,
            at_least=True,
        )


def _rounds(plan: Plan, recording: Path, columns: Path, entry_bps: float, rounds: int) -> Rounds:
    found, peer = Rounds(), plan.peer
    variants: dict[str, Callable[[], float]] = {
        "ours": lambda: _kept(found.ours, backtest(recording, entry_bps))
    }
    if peer is not None:
        variants["theirs"] = lambda: _kept(found.theirs, peer_backtest(peer, columns, entry_bps))
    in_rounds(variants, rounds, warm_up=False)
    return found


def agreement(ours: Finding, theirs: Finding) -> str:
    """Whether both engines traded alike, in words."""
    if (ours.closed, ours.fills) == (theirs.closed, theirs.fills):
        trades = f"both closed {ours.closed} arbitrages with {ours.fills} fills"
    else:
        trades = f"closed: {ours.closed} here, {theirs.closed} there; fills: {ours.fills}, {theirs.fills}"
    mine, other = Decimal(ours.profit), Decimal(theirs.profit)
    if mine == other:
        return f"{trades}; profit of those closed is the same to the last digit: {mine.normalize():f} USDT"
    return f"{trades}; profit of those closed: {mine} here, {other} there, apart by {abs(mine - other)} USDT"


def _kept(findings: list[Finding], finding: Finding) -> float:
    findings.append(finding)
    return finding.cpu_all


def _figures(name: str, findings: list[Finding]) -> list[Figure]:
    if not findings:
        return []
    return [
        Figure(
            bench=BENCH,
            name=f"{name}: {what}",
            value=statistics.median(one.quotes / getattr(one, attribute) for one in findings),
            unit="quotes/s",
        )
        for attribute, what in (
            ("cpu_all", "columns to result, processor time"),
            ("wall_all", "columns to result, wall time"),
            ("cpu_run", "run alone, processor time"),
        )
    ]

"""The stepping back-test beside nautilus_trader's: same quotes, same decision, same fills."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from benchmarks import market
from benchmarks.children import Finding, backtest, peer_backtest
from benchmarks.measure import Figure, Outcome, Plan, in_rounds, row

BENCH: Final = "backtest"
GOAL: Final = 2.0
PEER: Final = "nautilus_trader 1.221.0"


def measure(plan: Plan) -> Outcome:
    """Quotes a second of both, and whether they did the same."""
    count = plan.count(250_000, 2_000)
    columns, recording = plan.scratch / "stepping.npz", plan.scratch / "stepping"
    quotes = market.make_columns(count)
    quotes.save(columns)
    market.record(quotes, recording)
    ours: list[Finding] = []
    theirs: list[Finding] = []
    variants: dict[str, Callable[[], float]] = {"ours": lambda: _kept(ours, backtest(recording))}
    peer = plan.peer
    if peer is not None:
        variants["theirs"] = lambda: _kept(theirs, peer_backtest(peer, columns))
    in_rounds(variants, plan.turns(9), warm_up=False)
    figures = [*_figures("zombot", ours), *_figures(PEER, theirs)]
    if not theirs:
        return Outcome(rows=(), figures=tuple(figures), notes=(f"{PEER} is not installed: no comparison",))
    rows = (
        row(
            BENCH,
            f"quotes/s from stored columns to result ÷ {PEER}",
            [one.cpu_all for one in theirs],
            [one.cpu_all for one in ours],
            goal=GOAL,
            at_least=True,
        ),
        row(
            BENCH,
            "the same, but the peer's quotes built and loaded beforehand, untimed",
            [one.cpu_run for one in theirs],
            [one.cpu_all for one in ours],
            goal=GOAL,
            at_least=True,
        ),
    )
    return Outcome(rows=rows, figures=tuple(figures), notes=(agreement(ours[0], theirs[0]),))


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

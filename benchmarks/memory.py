"""Peak memory of a back-test when its input grows fourfold."""

from __future__ import annotations

import statistics
from typing import Final

from benchmarks import market
from benchmarks.backtest import PEER
from benchmarks.children import Finding, backtest, peer_backtest
from benchmarks.measure import Figure, Outcome, Plan, in_rounds, row

BENCH: Final = "memory"
GOAL: Final = 1.05
FACTOR: Final = 4
KB: Final = 1024.0
MILLION: Final = 1_000_000


def measure(plan: Plan) -> Outcome:
    """Peaks at N and 4N quotes."""
    count = plan.count(250_000, 1_000)
    small, large = plan.scratch / "memory", plan.scratch / "memory-large"
    market.record(market.make_columns(count), small)
    market.record(market.make_columns(count * FACTOR), large)
    smalls: list[Finding] = []
    larges: list[Finding] = []
    found = in_rounds(
        {"small": lambda: _kept(smalls, backtest(small)), "large": lambda: _kept(larges, backtest(large))},
        plan.turns(2),
        warm_up=False,
    )
    few, many = statistics.median(found["small"]), statistics.median(found["large"])
    closed = max(larges[0].closed - smalls[0].closed, 1)
    figures = [
        *_figures("zombot", count, few, many),
        Figure(
            bench=BENCH,
            name=f"zombot: growth for each of {closed} more arbitrages",
            value=(many - few) * KB / closed,
            unit="kB",
        ),
    ]
    if plan.peer is not None:
        peaks = []
        for number in (count // FACTOR, count):
            columns = plan.scratch / f"memory-{number}.npz"
            market.make_columns(number).save(columns)
            peaks.append(peer_backtest(plan.peer, columns).peak_mb)
        figures += _figures(PEER, count // FACTOR, *peaks)
    return Outcome(
        rows=(
            row(
                BENCH,
                f"peak memory at {FACTOR * count:,} quotes ÷ at {count:,}",
                found["large"],
                found["small"],
                goal=GOAL,
            ),
        ),
        figures=tuple(figures),
    )


def _kept(findings: list[Finding], finding: Finding) -> float:
    findings.append(finding)
    return finding.peak_mb


def _figures(name: str, count: int, small: float, large: float) -> list[Figure]:
    slope = (large - small) / ((FACTOR - 1) * count) * MILLION
    return [
        Figure(bench=BENCH, name=f"{name}: peak at {FACTOR * count:,} quotes", value=large, unit="MB"),
        Figure(bench=BENCH, name=f"{name}: for each further million quotes", value=slope, unit="MB"),
    ]

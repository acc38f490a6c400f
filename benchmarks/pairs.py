"""What one quote costs when more pairs are watched."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

from benchmarks.market import Ticker
from benchmarks.measure import Figure, Outcome, Plan, each, in_rounds, quiet_collector, row
from benchmarks.world import World

BENCH: Final = "pairs"
GOAL: Final = 1.3
PAIRS: Final = (2, 20, 200)
ENGINE: Final = "engine"
STEP: Final = "engine and venue, stepping"


class Watched:
    """A bot on so many pairs, and their quotes."""

    def __init__(self, pairs: int, count: int) -> None:
        self._world = World({}, pairs=pairs)
        self._ticker = Ticker(self._world.names)
        self._count = count

    def engine(self) -> float:
        """Nanoseconds for a quote in the engine alone."""
        return each(self._world.engine.process, self._ticker.take(self._count))

    def step(self) -> float:
        """Nanoseconds for a quote in venue and engine, as a back-test steps."""
        quotes = self._ticker.take(self._count)
        with quiet_collector():
            began = time.thread_time_ns()
            self._world.step(quotes)
            return (time.thread_time_ns() - began) / len(quotes)


def measure(plan: Plan) -> Outcome:
    """Per quote at 2, 20 and 200 pairs."""
    count = plan.count(40_000, 2 * PAIRS[-1])
    variants: dict[str, Callable[[], float]] = {}
    for pairs in PAIRS:
        watched = Watched(pairs, count)
        variants[f"{ENGINE}: {pairs}"] = watched.engine
        variants[f"{STEP}: {pairs}"] = watched.step
    found = in_rounds(variants, plan.turns(11))
    few = PAIRS[0]
    rows = tuple(
        row(
            BENCH,
            f"{part}: a quote among {pairs} pairs ÷ among {few}",
            found[f"{part}: {pairs}"],
            found[f"{part}: {few}"],
            goal=GOAL,
        )
        for part in (ENGINE, STEP)
        for pairs in PAIRS[1:]
    )
    figures = tuple(
        Figure(
            bench=BENCH,
            name=f"{part}: a quote among {pairs} pairs",
            value=statistics.median(found[f"{part}: {pairs}"]),
            unit="ns",
        )
        for part in (ENGINE, STEP)
        for pairs in PAIRS
    )
    return Outcome(rows=rows, figures=figures)

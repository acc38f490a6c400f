"""A back-test: the live engine over a recording, in simulated time, memory bounded whatever its length."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

from zombot.domain.events import Draining
from zombot.runtime.bot import SECOND_NS, Bot
from zombot.runtime.report import RunReport
from zombot.runtime.simulation import Simulation

YOUNG_MAX: Final = 500_000
"""New objects before the collector looks: a batch of events is no garbage, and looking at it takes time."""
SETTLE_NS: Final = 30 * SECOND_NS
"""After the last event, how long reports in flight and timers may still come in."""


class BacktestRun:
    """Implements what ``zombot backtest`` asks of a back-test."""

    def __init__(
        self,
        *,
        bot: Bot,
        simulation: Simulation,
        start: Callable[[], None],
        begin_ns: int,
        end_ns: int,
    ) -> None:
        self._bot = bot
        self._simulation = simulation
        self._start = start
        self._begin_ns = begin_ns
        self._end_ns = end_ns

    def run(self, progress: Callable[[float, int], None]) -> RunReport:
        """Feed everything; ``progress`` gets the fraction done and the events so far."""
        bot, simulation = self._bot, self._simulation
        span_ns = max(self._end_ns - self._begin_ns, 1)
        began = shown = time.perf_counter()

        def report_progress() -> bool:
            nonlocal shown
            if time.perf_counter() - shown > 0.2:
                shown = time.perf_counter()
                done = (bot.scheduler.now_ns - self._begin_ns) / span_ns
                progress(min(max(done, 0.0), 1.0), simulation.delivered)
            return False

        # What exists now lives to the end: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        thresholds = gc.get_threshold()
        gc.set_threshold(YOUNG_MAX, *thresholds[1:])
        try:
            self._start()
            bot.scheduler.call_at(self._begin_ns + 1, bot.note_opening_marks)
            simulation.run(stop=report_progress)
            bot.note_opening_marks()
            if not bot.session.failure:
                bot.session.feed(Draining(received_ns=bot.scheduler.now_ns))
                simulation.run(bot.scheduler.now_ns + SETTLE_NS)
        finally:
            gc.set_threshold(*thresholds)
            gc.unfreeze()
        progress(1.0, simulation.delivered)
        report = bot.report(time.perf_counter() - began)
        bot.stop("end of data")
        return report

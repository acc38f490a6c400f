"""Runs a bot on the embedded venue against the clock: paced market, snapshots, commands, an orderly stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final, Protocol

from zombot.domain.events import Draining
from zombot.engine.queries import Snapshot
from zombot.runtime.bot import SECOND_NS, Bot
from zombot.runtime.report import RunReport
from zombot.runtime.simulation import Simulation

STEP_S: Final = 0.002
"""The pace of the loop: how far simulated time may lag behind the clock."""
FAST_STEP_NS: Final = 100_000_000
"""Simulated time a loop advances when it runs as fast as possible."""
DRAIN_NS: Final = 10 * SECOND_NS
"""How long an orderly stop waits for what is in flight."""


class Service(Protocol):
    """Something that runs beside the bot: control socket, read model."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End and release everything."""
        ...


class LiveRun:
    """Implements what ``zombot run`` asks of a bot."""

    def __init__(
        self,
        *,
        bot: Bot,
        simulation: Simulation,
        start: Callable[[], None],
        services: Sequence[Service],
        speed: float,
        seconds: float | None,
    ) -> None:
        self._bot = bot
        self._simulation = simulation
        self._start = start
        self._services = services
        self._speed = speed
        self._seconds = seconds
        self._stop_reason = ""

    def request_stop(self, reason: str) -> None:
        """Begin an orderly stop; ``run`` returns when it is done."""
        self._stop_reason = self._stop_reason or reason

    async def run(self, on_snapshot: Callable[[Snapshot], None] | None, interval_s: float) -> RunReport:
        """Trade until the time is over, a stop is asked for or something fails."""
        began = time.perf_counter()
        async with AsyncExitStack() as stack:
            stack.callback(self._bot.close)
            self._start()
            for service in self._services:
                await service.start()
                stack.push_async_callback(service.stop)
            await self._loop(on_snapshot, interval_s)
            self._drain()
            if on_snapshot is not None:
                on_snapshot(self._bot.snapshot())
            report = self._bot.report(time.perf_counter() - began)
            self._bot.stop(self._stop_reason or "done")
        return report

    async def _loop(self, on_snapshot: Callable[[Snapshot], None] | None, interval_s: float) -> None:
        bot, simulation = self._bot, self._simulation
        start_ns, began_ns = bot.scheduler.now_ns, time.monotonic_ns()
        end_ns = start_ns + int(self._seconds * SECOND_NS) if self._seconds is not None else None
        shown_s = 0.0
        while not self._stop_reason and not bot.session.failure:
            if self._speed > 0:
                target_ns = start_ns + int((time.monotonic_ns() - began_ns) * self._speed)
            else:
                target_ns = bot.scheduler.now_ns + FAST_STEP_NS
            if end_ns is not None:
                target_ns = min(target_ns, end_ns)
            simulation.run(target_ns)
            bot.note_opening_marks()
            if simulation.next_ns is None or (end_ns is not None and target_ns >= end_ns):
                return
            if on_snapshot is not None and time.monotonic() - shown_s >= interval_s:
                shown_s = time.monotonic()
                on_snapshot(bot.snapshot())
            await asyncio.sleep(STEP_S if self._speed > 0 else 0)

    def _drain(self) -> None:
        """Let what is in flight end; nothing new is opened meanwhile."""
        bot = self._bot
        if not bot.session.failure:
            self._drain_to_rest(bot)

    def _drain_to_rest(self, bot: Bot) -> None:
        bot.session.feed(Draining(received_ns=bot.scheduler.now_ns))
        deadline_ns = bot.scheduler.now_ns + DRAIN_NS
        while not bot.session.failure and not bot.engine.at_rest() and bot.scheduler.now_ns < deadline_ns:
            self._simulation.run(bot.scheduler.now_ns + FAST_STEP_NS // 10)
        bot.unfinished = not bot.engine.at_rest()

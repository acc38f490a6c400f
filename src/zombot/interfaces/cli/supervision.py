"""A running bot under watch: the event loop, the signals, and an output that may go away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from zombot.engine.queries import Snapshot
from zombot.interfaces.cli.errors import CliError
from zombot.interfaces.cli.plain import Output
from zombot.interfaces.cli.wiring import Report, RunApplication

SNAPSHOT_SECONDS: Final = 0.25
STOP_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def supervise(application: RunApplication, output: Output) -> Report:
    """Run to the end with the view on; signals and a closed output ask for an orderly stop.

    Raises:
        CliError: it was interrupted again while it was stopping.
    """
    try:
        with output, asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_run(application, output))
    except KeyboardInterrupt:
        raise CliError("interrupted before the orderly stop was done; the next start recovers") from None


async def _run(application: RunApplication, output: Output) -> Report:
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        application.request_stop(number.name)
        with suppress(OSError):
            output.say(f"stopping in good order ({number.name}); Ctrl-C again ends at once")
        # From here on Ctrl-C does what it does to any program: the journal makes that safe.
        loop.remove_signal_handler(signal.SIGINT)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    return await application.run(_forgiving(application, output), SNAPSHOT_SECONDS)


def _forgiving(application: RunApplication, output: Output) -> Callable[[Snapshot], None]:
    """Shows snapshots while somebody reads; when nobody does, asks for an orderly stop instead of failing."""
    closed = False

    def show(snapshot: Snapshot) -> None:
        nonlocal closed
        if closed:
            return
        try:
            output.show(snapshot)
        except OSError:
            closed = True
            # Leaves the descriptor open and harmless: what is still buffered must not raise again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            application.request_stop("the output was closed")

    return show


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this system; the loop of the standard library does the same, slower
        return None
    return uvloop.new_event_loop

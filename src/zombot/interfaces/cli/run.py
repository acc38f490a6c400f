"""``zombot run``: the bot itself, with its live view, its signals and its orderly stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from zombot.interfaces.cli.errors import HALTED, USAGE, CliError, configuring
from zombot.interfaces.cli.options import ConfigOption, ForOption, JsonOption, PairOption, SeedOption

if TYPE_CHECKING:
    from zombot.engine.queries import Snapshot
    from zombot.interfaces.cli.plain import Output
    from zombot.interfaces.cli.wiring import Report, RunApplication

SNAPSHOT_SECONDS: Final = 0.25
STOP_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run(
    config: ConfigOption = None,
    pair: PairOption = None,
    seconds: ForOption = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE.json", help="Write the figures of the run there when it ends."
        ),
    ] = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the bot.

    Without options it trades a simulated exchange with a synthetic market: no account, no keys, no money.
    In a terminal it shows a live view, elsewhere plain lines. Stop it with Ctrl-C: it finishes what is in
    flight, keeps its journal, and goes on from there at the next start.
    """
    from zombot.interfaces.cli.wiring import container, load_settings

    if report is not None:
        check_writable(report)
    with configuring():
        settings = load_settings(config, pairs=pair, seed=seed)
        application = container().build_run(settings, seconds=seconds)
    result = supervise(application, choose_output(as_json))
    if report is not None:
        container().write_report_json(result, report)
    _last_words(result, as_json)
    if result.halted:
        raise CliError("stopped by a risk halt; `zombot journal show` says what led to it", HALTED)


def supervise(application: RunApplication, output: Output) -> Report:
    """Run to the end with the view on; signals and a closed output ask for an orderly stop."""
    with output, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run(application, output))


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


def choose_output(as_json: bool) -> Output:
    """The live view in a terminal, lines elsewhere."""
    from zombot.interfaces.cli.plain import LineOutput

    if as_json or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return LineOutput(sys.stdout, as_json=as_json)
    from zombot.interfaces.cli.view import LiveView

    return LiveView()


def check_writable(path: Path) -> None:
    """Find out before the run, not after it, that its report has no place to go."""
    folder = path.parent
    if path.is_dir():
        raise CliError(f"{path} is a folder: a file is wanted for the report", USAGE)
    if not folder.is_dir():
        raise CliError(f"{folder} is not there: the report needs an existing folder", USAGE)
    if not os.access(folder, os.W_OK):
        raise CliError(f"{folder} cannot be written to: the report has no place to go", USAGE)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this system; the loop of the standard library does the same, slower
        return None
    return uvloop.new_event_loop


def _last_words(report: Report, as_json: bool) -> None:
    import msgspec

    from zombot.interfaces.cli import summary

    if as_json:
        fields = msgspec.to_builtins(report)
        typer.echo(msgspec.json.encode({"kind": "report", **fields}).decode())
    else:
        typer.echo(summary.of_report(report))

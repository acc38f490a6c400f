"""``zombot run``: the bot itself, with its live view, its signals and its orderly stop."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zombot.interfaces.cli.errors import HALTED, USAGE, CliError
from zombot.interfaces.cli.options import ConfigOption, ForOption, JsonOption, PairOption, SeedOption

if TYPE_CHECKING:
    from zombot.interfaces.cli.plain import Output
    from zombot.interfaces.cli.wiring import Report


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
    from zombot.interfaces.cli.supervision import supervise
    from zombot.interfaces.cli.wiring import container, load_settings

    if report is not None:
        check_writable(report)
    settings = load_settings(config, pairs=pair, seed=seed)
    application = container().build_run(settings, seconds=seconds)
    result = supervise(application, choose_output(as_json))
    if report is not None:
        container().write_report_json(result, report)
    _last_words(result, as_json)
    if result.halted:
        raise CliError("stopped by a risk halt; `zombot journal show` says what led to it", HALTED)


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


def _last_words(report: Report, as_json: bool) -> None:
    import msgspec

    from zombot.interfaces.cli import summary

    if as_json:
        fields = msgspec.to_builtins(report)
        typer.echo(msgspec.json.encode({"kind": "report", **fields}).decode())
    else:
        typer.echo(summary.of_report(report))

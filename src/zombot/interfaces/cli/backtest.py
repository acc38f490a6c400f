"""``zombot backtest``: the same engine over a recording."""

from __future__ import annotations

import enum
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from zombot.interfaces.cli.errors import HALTED, USAGE, CliError
from zombot.interfaces.cli.options import ConfigOption, JsonOption, PairOption, SeedOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zombot.interfaces.cli.wiring import Progress

REPORT_FILES: Final = ("report.html", "report.json")


class Speed(enum.StrEnum):
    """How events reach the engine; the result is the same."""

    AUTO = "auto"
    STEP = "step"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(backtest)


def backtest(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", help="Folder of recordings, as `zombot import` makes them."),
    ],
    config: ConfigOption = None,
    pair: PairOption = None,
    speed: Annotated[
        Speed,
        typer.Option("--speed", help="step hands over every event; auto skips those that cannot matter."),
    ] = Speed.AUTO,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Write report.html and report.json into this folder."),
    ] = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the strategies over recorded market data.

    The engine, the risk gate and the accounting are those of `zombot run`; the venue is simulated, with the
    fees and latencies of the settings. The same recording, settings and seed give the same result.
    """
    from zombot.interfaces.cli.wiring import container, load_settings

    if not data.is_dir():
        raise CliError(
            f"{data} is not a folder of recordings; `zombot import --help` says how to make one", USAGE
        )
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
    settings = load_settings(config, pairs=pair, seed=seed)
    application = container().build_backtest(settings, data, pair or (), speed.value)
    with progress_bar("back-test", "events") as progress:
        result = application.run(progress)
    if report is not None:
        container().write_report(result, report)
    _last_words(result, report, as_json)
    if result.halted:
        raise CliError("stopped by a risk halt; the report says when and why", HALTED)


@contextmanager
def progress_bar(job: str, unit: str) -> Iterator[Progress]:
    """A bar on a terminal's stderr, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda fraction, number: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[number]:,} " + unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(job, total=1.0, number=0)

        def advance(fraction: float, number: int) -> None:
            bars.update(task, completed=fraction, number=number)

        yield advance


def _last_words(result: object, directory: Path | None, as_json: bool) -> None:
    import msgspec

    from zombot.interfaces.cli import summary

    if as_json:
        typer.echo(msgspec.json.encode(result).decode())
        return
    typer.echo(summary.of_report(result))  # type: ignore[arg-type] # any struct goes to JSON, a report to text
    for name in REPORT_FILES if directory is not None else ():
        typer.echo(f"wrote {Path(directory or '.') / name}")

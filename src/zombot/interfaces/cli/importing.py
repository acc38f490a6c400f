"""``zombot import``: other people's recordings in, recordings of ours out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zombot.interfaces.cli.errors import USAGE, CliError
from zombot.interfaces.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SourcesArgument = Annotated[list[Path], typer.Argument(metavar="SRC...", help="Files to read, in any order.")]
IntoOption = Annotated[
    Path, typer.Option("--into", metavar="DIR", help="Folder for the recording; made if it is not there.")
]


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="import",
        help="Turn market data of other formats into recordings that `zombot backtest` reads.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("binance-raw")(binance_raw)
    group.command("bars")(bars)
    app.add_typer(group)


def binance_raw(sources: SourcesArgument, into: IntoOption, as_json: JsonOption = False) -> None:
    """Raw frames of Binance's WebSocket, spot and perpetual.

    Each line of a file (.gz or not) is the receive time in nanoseconds and the frame as it came: top of book,
    depth changes with their snapshot, trades. Both clocks are kept, and the difference is reported.
    """
    _import("binance-raw", sources, into, {}, as_json)


def bars(
    sources: SourcesArgument,
    into: IntoOption,
    exchange: Annotated[str, typer.Option("--exchange", help="Take the rows of this exchange only.")] = "okx",
    as_json: JsonOption = False,
) -> None:
    """Bars of spot and perpetual with funding rates, as CSV.

    Columns: time, exchange, crypto, pair, contract, open, high, low, close, volume, funding rate. For tests
    of the carry over months: bars are too coarse to judge fills by.
    """
    _import("bars", sources, into, {"exchange": exchange}, as_json)


def _import(
    format_name: str, sources: Sequence[Path], into: Path, options: Mapping[str, str], as_json: bool
) -> None:
    from zombot.interfaces.cli import summary
    from zombot.interfaces.cli.backtest import progress_bar
    from zombot.interfaces.cli.wiring import container

    for source in sources:
        if not source.is_file():
            raise CliError(f"{source} is not a file", USAGE)
    if into.exists() and not into.is_dir():
        raise CliError(f"{into} is a file: --into wants a folder", USAGE)
    with progress_bar("import", "rows") as progress:
        result = container().import_recording(format_name, sources, into, options=options, progress=progress)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(dict(result)).decode())
    else:
        typer.echo(summary.of_job(result))

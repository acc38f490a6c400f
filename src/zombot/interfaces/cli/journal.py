"""``zombot journal``: read, prove and re-project the bot's own record."""

from __future__ import annotations

import sys
from collections import deque
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zombot.interfaces.cli.errors import FAILED, CliError
from zombot.interfaces.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zombot.interfaces.cli.wiring import Summary
    from zombot.ports.journal import JournalEntry

FolderOption = Annotated[
    Path | None,
    typer.Option("--journal", metavar="DIR", help="Folder of the journal. Default: the one of the settings."),
]


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="journal",
        help="Read the bot's own record: what it was told, what it decided, what became of it.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("show")(show)
    group.command("verify")(verify)
    group.command("rebuild")(rebuild)
    app.add_typer(group)


def show(
    config: ConfigOption = None,
    journal: FolderOption = None,
    after: Annotated[int, typer.Option("--after", min=0, help="Begin behind this entry's number.")] = 0,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help="Only this many of the newest entries.")
    ] = None,
    first: Annotated[
        int | None, typer.Option("--first", min=1, help="Only this many of the oldest entries.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="NAME", help="Only entries of this type, for instance OrderFilled."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the entries of the journal, oldest first, one per line."""
    from zombot.interfaces.cli import facts
    from zombot.interfaces.cli.wiring import container, load_settings

    wanted = facts.check_kinds(kind or [])
    settings = load_settings(config)
    entries = container().journal_entries(settings, _existing(journal), after)
    chosen = (entry for entry in entries if not wanted or type(entry.fact) in wanted)
    line = facts.json_line if as_json else facts.line
    for entry in _cut(chosen, first, last):
        sys.stdout.write(line(entry) + "\n")


def verify(config: ConfigOption = None, journal: FolderOption = None, as_json: JsonOption = False) -> None:
    """Prove that the journal is complete and unchanged: every record's checksum and the chain of hashes."""
    from zombot.interfaces.cli.wiring import container, load_settings

    settings = load_settings(config)
    result = container().journal_verify(settings, _existing(journal))
    sound = result.get("ok") is not False
    if sound and not as_json:  # where the damage is, when there is none, is of no use to people
        result = {name: value for name, value in result.items() if not name.startswith("damage")}
    _print(result, as_json)
    if not sound:
        raise CliError("the journal is damaged", FAILED)


def rebuild(
    config: ConfigOption = None,
    journal: FolderOption = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="FILE", help="The database to write. Default: the one of the settings."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the database of orders, fills and arbitrages anew from the journal."""
    from zombot.interfaces.cli.wiring import container, load_settings

    settings = load_settings(config)
    _print(container().journal_rebuild(settings, _existing(journal), into), as_json)


def _existing(folder: Path | None) -> Path | None:
    if folder is not None and not folder.is_dir():
        raise CliError(f"{folder} is not a folder: --journal wants the folder of a journal")
    return folder


def _cut(entries: Iterable[JournalEntry], first: int | None, last: int | None) -> Iterator[JournalEntry]:
    """The first, then of these the last; memory is bounded by what is printed."""
    chosen = islice(entries, first)
    return iter(deque(chosen, maxlen=last)) if last is not None else chosen


def _print(result: Summary, as_json: bool) -> None:
    import msgspec

    from zombot.interfaces.cli.summary import of_job

    typer.echo(msgspec.json.encode(dict(result)).decode() if as_json else of_job(result))

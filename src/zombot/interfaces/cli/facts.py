"""Facts of the journal as lines for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from zombot.domain import events
from zombot.domain.wording import describe
from zombot.interfaces.cli import texts
from zombot.interfaces.cli.errors import USAGE, CliError
from zombot.ports.journal import JournalEntry

KINDS: Final = {kind.__name__: kind for kind in get_args(events.Fact)}


def check_kinds(names: Sequence[str]) -> frozenset[type]:
    """The fact types of these names, capitals aside."""
    by_name = {name.lower(): kind for name, kind in KINDS.items()}
    for name in names:
        if name.lower() not in by_name:
            raise CliError(f"--type {name}: one of {', '.join(sorted(KINDS))} is allowed", USAGE)
    return frozenset(by_name[name.lower()] for name in names)


def line(entry: JournalEntry) -> str:
    """Number, time, type and what it says."""
    fact = entry.fact
    words = texts.clean(describe(fact))
    return f"{entry.sequence:>8} {texts.timestamp(fact.received_ns)} {type(fact).__name__:<19} {words}"


def json_line(entry: JournalEntry) -> str:
    """The entry as one JSON object."""
    return msgspec.json.encode({"sequence": entry.sequence, "fact": entry.fact}).decode()

"""The read model after any facts."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.infrastructure.journal.facts import batches
from zombot.domain.events import Fact
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.infrastructure.readmodel.sqlite import SqliteReadModel


def dump(path: Path) -> list[str]:
    """The whole content of the file as statements."""
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


@settings(max_examples=40)
@given(written=batches(), stops=st.lists(st.integers(0, 18), max_size=4))
def test_any_journal_is_projected_once_however_often_one_begins(
    written: list[list[Fact]], stops: list[int]
) -> None:
    """Facts in any order, also senseless ones, are projected; going on from any earlier point, in pieces,
    gives the tables of one run from the beginning.
    """
    journal = MemoryJournal()
    for batch in written:
        journal.append(batch)
    with TemporaryDirectory() as name:
        whole, pieces = (SqliteReadModel(Path(name) / part) for part in ("whole", "pieces"))
        whole.project(journal.replay())
        for stop in stops:
            reached = pieces.last_sequence
            pieces.project(e for e in journal.replay(min(stop, reached)) if e.sequence <= stop)
        assert pieces.catch_up(journal) == whole.last_sequence == journal.last_sequence
        whole.close()
        pieces.close()
        assert dump(Path(name) / "whole") == dump(Path(name) / "pieces")

"""The thread that follows the journal."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.infrastructure.journal.facts import T0, balance, life
from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.reader import open_reader
from zombot.infrastructure.readmodel import projector as module
from zombot.infrastructure.readmodel.projector import Projector
from zombot.infrastructure.readmodel.sqlite import ReadModelError, SqliteReadModel
from zombot.ports.journal import JournalEntry, JournalError


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when it holds; fail after ten seconds."""
    for _ in range(2_000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("waited ten seconds in vain")


def test_the_projector_follows_and_ends_with_everything(tmp_path: Path) -> None:
    """While the bot writes, the model follows; after stop it holds every fact that was written."""
    journal = FileJournal(tmp_path / "journal", segment_bytes=4096)
    projector = Projector(tmp_path / "read.sqlite", open_reader(tmp_path / "journal"), interval=0.005)
    projector.start()
    for number in range(1, 11):
        for batch in life(number, T0 + number * 10**12):
            journal.append(batch)
    wait_for(lambda: projector.last_sequence == journal.last_sequence)
    journal.append([balance(T0)] * 5)
    assert projector.stop() == journal.last_sequence
    journal.close()
    model = SqliteReadModel(tmp_path / "read.sqlite")
    assert model.last_sequence == journal.last_sequence
    model.close()


def test_a_stop_right_after_the_start_projects_everything(tmp_path: Path) -> None:
    """Also what was written before the projector began."""
    journal = FileJournal(tmp_path / "journal", segment_bytes=4096)
    journal.append([balance(T0)] * 10)
    projector = Projector(tmp_path / "read.sqlite", open_reader(tmp_path / "journal"))
    projector.start()
    assert projector.stop() == 10
    journal.close()


def test_a_locked_model_does_not_stop_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody holds the database the journal goes on; once it is free the model catches up."""
    monkeypatch.setattr("zombot.infrastructure.readmodel.sqlite.BUSY_SECONDS", 0.05)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    journal = FileJournal(tmp_path / "journal", segment_bytes=4096)
    projector = Projector(tmp_path / "read.sqlite", open_reader(tmp_path / "journal"), interval=0.005)
    projector.start()
    journal.append([balance(T0)])
    wait_for(lambda: projector.last_sequence == 1)
    holder = sqlite3.connect(tmp_path / "read.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    for number in range(50):
        journal.append([balance(T0 + number)])
    wait_for(lambda: "locked" in projector.trouble)
    holder.execute("ROLLBACK")
    holder.close()
    wait_for(lambda: projector.last_sequence == 51)
    assert projector.stop() == 51
    journal.close()


def test_a_failure_that_lasts_is_told_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop raises what kept the last attempt from succeeding."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)

    class Damaged:
        """A journal that cannot be read."""

        def replay(self, after: int = 0) -> Iterator[JournalEntry]:
            """Fail."""
            raise JournalError(f"damaged behind {after}")

    projector = Projector(tmp_path / "read.sqlite", Damaged())
    projector.start()
    wait_for(lambda: bool(projector.trouble))
    with pytest.raises(ReadModelError, match="damaged behind 0"):
        projector.stop()

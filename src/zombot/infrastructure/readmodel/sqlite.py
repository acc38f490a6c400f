"""The read model in an SQLite file: projected from the journal exactly once, and rebuilt when in doubt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from zombot.infrastructure.readmodel.projection import Projection, json_of
from zombot.infrastructure.readmodel.schema import TABLES, VERSION
from zombot.ports.journal import JournalEntry

BATCH: Final = 500
"""Entries in one transaction: a reader waits for no writer in WAL mode, and a crash repeats at most these."""
BUSY_SECONDS: Final = 10.0


class ReadModelError(Exception):
    """The read model cannot be opened or written. The journal and trading do not depend on it."""


class Source(Protocol):
    """The part of a journal that a projection needs."""

    def replay(self, after: int = 0) -> Iterator[JournalEntry]:
        """The facts behind sequence ``after``, oldest first."""
        ...


class SqliteReadModel:
    """Writes the tables of ``schema``. One thread owns it; any number of others may read the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _errors(f"open {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What a power failure takes from here is projected again.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._projection = Projection(self._connection)
            if self._version() != VERSION:
                self.clear()

    @property
    def last_sequence(self) -> int:
        """The newest fact that is projected, 0 when none is."""
        with _errors(f"read {self.path}"):
            row = self._connection.execute("SELECT last_sequence FROM progress").fetchone()
        return int(row[0])

    def project(self, entries: Iterable[JournalEntry]) -> int:
        """Apply what is new in ``entries``, which may begin anywhere at or before the first new one.

        Returns the last sequence that is projected now.

        Raises:
            ReadModelError: facts between the last projected one and these are missing, or the file cannot be
                written; what was committed before stays.
        """
        stream = iter(entries)
        while batch := list(islice(stream, BATCH)):
            with _errors(f"write {self.path}"), self._transaction():
                self._apply(batch)
        return self.last_sequence

    def catch_up(self, source: Source) -> int:
        """Project what ``source`` has beyond this model; anew if the model is not of this journal.

        It is not when its last fact is not there, or is another one: the journal was replaced, or a power
        failure took its unsynced end.
        """
        last = self.last_sequence
        entries = source.replay(max(last - 1, 0))
        if last:
            newest = next(entries, None)
            if newest is None or json_of(newest.fact) != self._event(last):
                return self.rebuild(source)
        return self.project(entries)

    def rebuild(self, source: Source) -> int:
        """Drop everything and project the whole journal."""
        with _errors(f"clear {self.path}"):
            self.clear()
        return self.project(source.replay(0))

    def clear(self) -> None:
        """Drop all tables and make them anew, empty."""
        with self._transaction():
            names = self._connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            for (name,) in names:
                self._connection.execute(f'DROP TABLE "{name}"')
            for statement in TABLES:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO progress VALUES (1, ?, 0)", (VERSION,))

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _version(self) -> int:
        known = self._connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'progress'"
        ).fetchone()[0]
        if not known:
            return 0
        row = self._connection.execute("SELECT version FROM progress").fetchone()
        return int(row[0]) if row else 0

    def _event(self, sequence: int) -> str:
        with _errors(f"read {self.path}"):
            row = self._connection.execute(
                "SELECT data FROM events WHERE sequence = ?", (sequence,)
            ).fetchone()
        return str(row[0]) if row else ""

    def _apply(self, batch: list[JournalEntry]) -> None:
        # Read inside the transaction: whoever projected meanwhile is seen, so nothing is applied twice.
        last = self.last_sequence
        for entry in batch:
            if entry.sequence <= last:
                continue
            if entry.sequence != last + 1:
                raise ReadModelError(
                    f"read model {self.path} stands at {last} and was given {entry.sequence}: rebuild it "
                    f"with `zombot journal rebuild`"
                )
            self._projection.apply(entry)
            last = entry.sequence
        self._connection.execute("UPDATE progress SET last_sequence = ?", (last,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        done = False
        try:
            yield
            done = True
        finally:
            self._connection.execute("COMMIT" if done else "ROLLBACK")


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """SQLite's and the file system's errors as ours."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise ReadModelError(f"read model: cannot {what}: {error}") from error

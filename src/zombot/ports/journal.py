"""The port to the journal: the bot's own record of account events, commands and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from zombot.domain.events import Fact


class JournalError(Exception):
    """The journal cannot be written or read; nothing that depends on it may happen."""


class JournalEntry(Struct, frozen=True):
    """One fact and its place."""

    sequence: int
    """Counts facts from 1 without a hole."""
    fact: Fact


class Journal(Protocol):
    """Append-only. What ``append`` returned from survives the death of the process."""

    @property
    def last_sequence(self) -> int:
        """The sequence of the newest fact, 0 when empty."""
        ...

    def append(self, facts: Sequence[Fact]) -> int:
        """Write all facts as one batch, all or nothing; returns the last one's sequence.

        Raises:
            JournalError: nothing of the batch counts as written.
        """
        ...

    def replay(self, after: int = 0) -> Iterator[JournalEntry]:
        """The facts behind sequence ``after``, oldest first.

        Raises:
            JournalError: a record in the middle is damaged; the message names it.
        """
        ...

    def close(self) -> None:
        """Make everything durable and release the files."""
        ...

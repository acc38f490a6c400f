"""A journal in memory, for tests and back-tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zombot.domain.events import Fact
from zombot.infrastructure.journal.codec import encode_into
from zombot.infrastructure.journal.layout import FIRST_CHAIN, chain_of
from zombot.ports.journal import JournalEntry, JournalError


class MemoryJournal:
    """Keeps every fact; with ``keep=False`` it counts and hashes them only, for back-tests of any length.

    Its chain hash is the one that a file journal has after the same batches.
    """

    def __init__(self, *, keep: bool = True) -> None:
        self._keep = keep
        self._facts: list[Fact] = []
        self._buffer = bytearray(1)
        self._closed = False
        self.last_sequence = 0
        self.chain = FIRST_CHAIN

    def append(self, facts: Sequence[Fact]) -> int:
        """Take the batch; see the port."""
        if self._closed:
            raise JournalError("the journal is closed")
        if facts:
            encode_into(facts, self._buffer)
            self.chain = chain_of(self.chain, self._buffer)
            self.last_sequence += len(facts)
            if self._keep:
                self._facts.extend(facts)
        return self.last_sequence

    def replay(self, after: int = 0) -> Iterator[JournalEntry]:
        """The facts behind ``after`` that are here now."""
        if not self._keep:
            raise JournalError("this journal counts and hashes facts and keeps none: nothing to replay")
        last = self.last_sequence
        return (
            JournalEntry(number, self._facts[number - 1]) for number in range(max(after, 0) + 1, last + 1)
        )

    def close(self) -> None:
        """Accept nothing more."""
        self._closed = True

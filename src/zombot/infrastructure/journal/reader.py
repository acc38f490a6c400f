"""Reading a journal without its lock, also while a bot is writing it: whole batches only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zombot.infrastructure.journal.codec import CodecError, decode
from zombot.infrastructure.journal.layout import (
    SEGMENT_HEADER_BYTES,
    parse_segment_header,
    segment_indices,
    segment_path,
)
from zombot.infrastructure.journal.scan import START, Damage, Frame, Position, Scanner, mapped
from zombot.ports.journal import JournalEntry, JournalError


def open_reader(directory: Path) -> JournalReader:
    """A reader of the journal in ``directory``.

    Raises:
        JournalError: there is none.
    """
    if not segment_indices(directory):
        raise JournalError(
            f"no journal in {directory}: a directory with files like 00000001.journal is needed"
        )
    return JournalReader(directory)


class JournalReader:
    """Streams facts, one batch in memory at a time; it knows its place, so following a writer is cheap."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place = START

    def replay(self, after: int = 0) -> Iterator[JournalEntry]:
        """The facts behind sequence ``after`` that are there now, oldest first.

        Raises:
            JournalError: a record in the middle is damaged, or was written by another version.
        """
        scanner = Scanner(self._directory, self._start(after))
        try:
            for frame in scanner.frames():
                if frame.end.sequence > after:
                    for entry in entries_of(self._directory, frame):
                        if entry.sequence > after:
                            yield entry
                self._place = frame.end
        except Damage as damage:
            if not damage.torn:
                raise
            # A batch that is being written, or the torn one of a bot that was killed: not there (yet).

    def _start(self, after: int) -> Position:
        """The last known place that is not behind ``after``."""
        if START.sequence < self._place.sequence <= after:
            return self._place
        for index in reversed(segment_indices(self._directory)):
            with mapped(segment_path(self._directory, index)) as data:
                header = parse_segment_header(data or b"")
            if header is not None and header.first_sequence <= after + 1:
                return Position(index, SEGMENT_HEADER_BYTES, header.first_sequence - 1, header.chain)
        return START


def entries_of(directory: Path, frame: Frame) -> Iterator[JournalEntry]:
    """The facts of one batch with their sequences.

    Raises:
        JournalError: the batch is whole, but this version does not know what is in it.
    """
    try:
        facts = decode(frame.payload)
    except CodecError as error:
        raise CodecError(f"journal {directory}, sequence {frame.first_sequence}: {error}") from error
    if len(facts) != frame.count:
        raise CodecError(
            f"journal {directory}, sequence {frame.first_sequence}: {len(facts)} facts of {frame.count}"
        )
    for number, fact in enumerate(facts, start=frame.first_sequence):
        yield JournalEntry(number, fact)

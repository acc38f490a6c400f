"""Walking the frames of a journal with every check, and telling a torn tail from damage."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zlib import crc32

from msgspec import Struct

from zombot.infrastructure.journal.layout import (
    EMPTY_FRAME_HEADER,
    FIRST_CHAIN,
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    Data,
    SegmentHeader,
    chain_of,
    is_zero,
    newest_mark_behind,
    parse_frame_header,
    parse_segment_header,
    segment_indices,
    segment_path,
)
from zombot.ports.journal import JournalError


class Position(Struct, frozen=True):
    """A place between two frames."""

    segment: int
    offset: int
    """0 in front of the segment's header."""
    sequence: int
    """Of the last fact before this place."""
    chain: bytes


START: Final = Position(1, 0, 0, FIRST_CHAIN)


class Frame(Struct, frozen=True):
    """One batch as found."""

    first_sequence: int
    count: int
    payload: bytes
    end: Position


class Damage(JournalError):
    """The journal cannot be read from ``position`` on."""

    def __init__(
        self, directory: Path, position: Position, reason: str, *, torn: bool, mark: int | None
    ) -> None:
        self.position = position
        self.reason = reason
        self.torn = torn
        """An append that never ended explains it: nothing valid is behind it."""
        self.mark = mark
        """The newest fact that the frames behind it say was on the disk; None without such frames."""
        place = f"{segment_path(directory, position.segment)} at byte {position.offset}"
        super().__init__(
            f"journal damaged: {place}, sequence {position.sequence + 1}: {reason}. Nothing was changed. "
            f"Run `zombot journal verify {directory}`, then restore this file from a copy"
        )


@contextmanager
def mapped(path: Path) -> Iterator[Data | None]:
    """The bytes of a file for reading, following what a writer adds; None when it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise JournalError(f"cannot read {path}: {error}") from error
    try:
        size = os.fstat(descriptor).st_size
        data: Data = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) if size else b""
    finally:
        os.close(descriptor)
    try:
        yield data
    finally:
        if isinstance(data, mmap.mmap):
            data.close()


class Scanner:
    """Walks a journal from ``position`` to its end; call ``frames`` again for what was added since.

    ``thorough`` also proves that nothing stands in the unused rest of a segment, which takes a few
    milliseconds for each: for opening and verifying, not for following a writer.
    """

    def __init__(self, directory: Path, position: Position = START, *, thorough: bool = False) -> None:
        self.position = position
        """Behind the last frame that was taken."""
        self._directory = directory
        self._thorough = thorough

    def frames(self) -> Iterator[Frame]:
        """The frames from here on.

        Raises:
            Damage: a frame is not what was written there.
        """
        while True:
            with mapped(segment_path(self._directory, self.position.segment)) as data:
                if data is None:
                    self._refuse_a_hole()
                    return
                if self.position.offset == 0 and not self._enter(data):
                    return
                while (frame := self._next(data)) is not None:
                    yield frame
                    self.position = frame.end
                if not self._rolled():
                    return

    def _refuse_a_hole(self) -> None:
        missing = self.position.segment
        if any(index > missing for index in segment_indices(self._directory)):
            raise self._damage("this segment is missing, later ones are there")

    def _enter(self, data: Data) -> bool:
        """Read the segment's header; False when the segment is not in use yet."""
        header = parse_segment_header(data)
        if header is None:
            if self._thorough and not is_zero(data, 0):
                raise self._flaw(data, "the segment's header is damaged")
            return False
        place = self.position
        if header != SegmentHeader(place.segment, place.sequence + 1, place.chain):
            raise self._damage("the segment does not continue the one before it")
        self.position = Position(place.segment, SEGMENT_HEADER_BYTES, place.sequence, place.chain)
        return True

    def _next(self, data: Data) -> Frame | None:
        """The frame here; None at the end of what this segment holds."""
        frame = self._parse(data)
        if not isinstance(frame, str):
            return frame
        flaw = self._flaw(data, frame)
        # A writer may have finished this frame while we looked behind it.
        frame = self._parse(data)
        if isinstance(frame, str):
            raise flaw
        return frame

    def _parse(self, data: Data) -> Frame | str | None:
        """The frame here, what is wrong with it, or None where nothing was written."""
        place = self.position
        start = place.offset + FRAME_HEADER_BYTES
        header = parse_frame_header(data, place.offset)
        if header is None:
            packed = data[place.offset : start]
            if packed != EMPTY_FRAME_HEADER[: len(packed)]:
                return "the record's header is damaged or incomplete"
            if self._thorough and not is_zero(data, place.offset):
                return "there is a record without a header"
            return None
        payload = data[start : start + header.length]
        if len(payload) < header.length:
            return "the record is cut off"
        if crc32(payload) != header.payload_check:
            return "the record does not match its checksum"
        chain = chain_of(place.chain, payload)
        if chain != header.chain or header.first_sequence != place.sequence + 1:
            raise self._damage(
                "the record is whole, but does not continue the chain: it was exchanged or moved"
            )
        end = Position(place.segment, start + header.length, place.sequence + header.count, chain)
        return Frame(header.first_sequence, header.count, payload, end)

    def _rolled(self) -> bool:
        """Whether the next segment goes on from here; the position is then in front of it."""
        place = self.position
        with mapped(segment_path(self._directory, place.segment + 1)) as following:
            header = None if following is None else parse_segment_header(following)
        if header is None:
            return self._end_of_journal()
        if header.first_sequence > place.sequence + 1:
            # Either a live writer added frames here before it rolled, or they are gone.
            with mapped(segment_path(self._directory, place.segment)) as fresh:
                if fresh is None or self._next(fresh) is None:
                    raise self._damage(
                        f"facts are missing: the next segment begins at {header.first_sequence}"
                    )
            return True
        self.position = Position(place.segment + 1, 0, place.sequence, place.chain)
        return True

    def _end_of_journal(self) -> bool:
        """False, unless the next segment lost its header or itself, but frames are there."""
        if self._thorough:
            place = self.position
            following = Position(place.segment + 1, 0, place.sequence, place.chain)
            flaw = self._flaw(b"", "the segment's header is damaged or the segment is missing", following)
            if not flaw.torn:
                raise flaw
        return False

    def _flaw(self, data: Data, reason: str, place: Position | None = None) -> Damage:
        """Damage that may be a torn append, if nothing whole stands behind it."""
        mark = newest_mark_behind(data, self.position.offset)
        for index in segment_indices(self._directory):
            if index > self.position.segment:
                with mapped(segment_path(self._directory, index)) as later:
                    found = newest_mark_behind(later or b"", 0)
                mark = found if mark is None else max(mark, found or 0)
        if mark is not None:
            reason += ", and whole records stand behind it"
        return Damage(self._directory, place or self.position, reason, torn=mark is None, mark=mark)

    def _damage(self, reason: str) -> Damage:
        return Damage(self._directory, self.position, reason, torn=False, mark=self.position.sequence + 1)

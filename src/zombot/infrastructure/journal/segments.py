"""Segment files of the writer: allocated before they are needed, mapped, synced, cut."""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from zombot.infrastructure.journal.layout import (
    SegmentHeader,
    pack_segment_header,
    segment_indices,
    segment_path,
    used_until,
)
from zombot.infrastructure.journal.scan import Position, mapped

_BLOCK: Final = bytes(1 << 20)
_POPULATE_WRITE: Final = 23
"""``MADV_POPULATE_WRITE`` of Linux 5.14 and later, which Python does not name."""
ARMED_PAGES: Final = 2
"""The page in use and the next; arming one costs about 10 µs in which no other thread runs Python."""


class Segment:
    """One file that is being written, or will be: its blocks are on the disk before the first append."""

    __slots__ = ("_descriptor", "data", "index", "size")

    def __init__(self, directory: Path, index: int) -> None:
        self.index = index
        self._descriptor = os.open(segment_path(directory, index), os.O_RDWR)
        self.size = os.fstat(self._descriptor).st_size
        try:
            self.data = mmap.mmap(self._descriptor, self.size)
        except OSError:
            os.close(self._descriptor)
            raise

    def begin(self, first_sequence: int, chain: bytes) -> int:
        """Take it into use; returns the offset of the first frame."""
        header = pack_segment_header(SegmentHeader(self.index, first_sequence, chain))
        self.data[: len(header)] = header
        return len(header)

    def sync(self) -> None:
        """Return when all that was copied into the mapping is on the disk; other threads run meanwhile."""
        os.fdatasync(self._descriptor)

    def arm(self, offset: int) -> None:
        """Make the pages from ``offset`` on writable without a page fault.

        A sync makes every page read-only again, and the append after it would pay the fault, about 30 µs on
        ext4; so the worker pays it.
        """
        start = offset - offset % mmap.PAGESIZE
        length = min(ARMED_PAGES * mmap.PAGESIZE, self.size - start)
        if length > 0:
            with suppress(OSError):  # an older kernel: slower, not wrong
                self.data.madvise(_POPULATE_WRITE, start, length)

    def close(self) -> None:
        """Release the file; the caller has synced it."""
        self.data.close()
        os.close(self._descriptor)


def prepare(directory: Path, index: int, size: int) -> Segment:
    """A new, empty segment, so allocated that a full disk shows here and not in the middle of a batch.

    Zeros are written, too: a file system would otherwise have to note for each sync which blocks are now in
    use. On a file system that never overwrites in place (btrfs, ZFS) allocation promises nothing; there a
    full disk ends the process at an append, and the batch is not written.
    """
    path = segment_path(directory, index)
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    draft = directory / "next.tmp"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            _fill(descriptor, 0, size)
        finally:
            os.close(descriptor)
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(directory)
    return Segment(directory, index)


def extend(directory: Path, index: int, size: int) -> None:
    """Bring a segment that was cut short (by a copy, say) back to at least ``size``."""
    descriptor = os.open(segment_path(directory, index), os.O_RDWR)
    try:
        _fill(descriptor, os.fstat(descriptor).st_size, size)
    finally:
        os.close(descriptor)


def cut(directory: Path, place: Position) -> int:
    """Remove everything behind ``place``; returns how many bytes that were not zero it reached over."""
    removed = 0
    for index in segment_indices(directory):
        if index > place.segment:
            removed += used_bytes(directory, index, 0)
            segment_path(directory, index).unlink()
    path = segment_path(directory, place.segment)
    if path.exists():
        used = used_bytes(directory, place.segment, place.offset)
        removed += used
        descriptor = os.open(path, os.O_RDWR)
        try:
            _write_zeros(descriptor, place.offset, place.offset + used)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_directory(directory)
    return removed


def used_bytes(directory: Path, index: int, offset: int) -> int:
    """From ``offset`` to the last byte that is not zero."""
    with mapped(segment_path(directory, index)) as data:
        return used_until(data or b"", offset) - offset if data else 0


def sync_directory(directory: Path) -> None:
    """Make new names survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(descriptor: int, start: int, end: int) -> None:
    if end > start:
        os.posix_fallocate(descriptor, start, end - start)
        _write_zeros(descriptor, start, end)
        os.fsync(descriptor)


def _write_zeros(descriptor: int, start: int, end: int) -> None:
    while start < end:
        start += os.pwrite(descriptor, _BLOCK[: end - start], start)

"""The bytes of a journal: segment headers and frames, packed, parsed and checked.

A segment is a file ``00000001.journal`` of fixed size: a segment header, frames without gaps between them,
zeros to its end. A frame is one batch: a header, then the payload. Everything is little-endian.

Every byte before the zeros is under a checksum, and the chain hash of a frame covers all payloads up to it,
so a frame that was exchanged, left out or put in shows, too.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from mmap import mmap
from pathlib import Path
from typing import Final
from zlib import crc32

from msgspec import Struct

SUFFIX: Final = ".journal"
CHAIN_BYTES: Final = 16
FIRST_CHAIN: Final = bytes(CHAIN_BYTES)

SEGMENT_MAGIC: Final = b"ZBS1"
_SEGMENT: Final = struct.Struct("<4sIQ16s")
SEGMENT_HEADER_BYTES: Final = _SEGMENT.size + 4

FRAME_MAGIC: Final = b"ZBF1"
_FRAME: Final = struct.Struct("<4sIQIIQ16s")
FRAME_HEADER_BYTES: Final = _FRAME.size + 4
_CHECK: Final = struct.Struct("<I")

_ZEROS: Final = bytes(1 << 20)
EMPTY_FRAME_HEADER: Final = bytes(FRAME_HEADER_BYTES)

Data = bytes | mmap


class SegmentHeader(Struct, frozen=True):
    """How a segment continues the one before it."""

    index: int
    first_sequence: int
    chain: bytes
    """The chain hash of the last frame before this segment."""


class FrameHeader(Struct, frozen=True):
    """What stands in front of a batch."""

    length: int
    """Bytes of the payload."""
    first_sequence: int
    count: int
    """Facts in the batch."""
    payload_check: int
    synced_sequence: int
    """The newest fact that was known to be on the disk when this frame was written: what is behind it may be
    missing after a power failure, what is before it may not."""
    chain: bytes


def segment_path(directory: Path, index: int) -> Path:
    """Where segment ``index``, counted from 1, stands."""
    return directory / f"{index:08d}{SUFFIX}"


def segment_indices(directory: Path) -> list[int]:
    """The segments that are there, oldest first."""
    return sorted(int(path.stem) for path in directory.glob(f"*{SUFFIX}") if path.stem.isdigit())


def pack_segment_header(header: SegmentHeader) -> bytes:
    """A segment's first bytes."""
    packed = _SEGMENT.pack(SEGMENT_MAGIC, header.index, header.first_sequence, header.chain)
    return packed + _CHECK.pack(crc32(packed))


def parse_segment_header(data: Data) -> SegmentHeader | None:
    """The header that a segment opens with; None when it is damaged or not there."""
    packed = data[:SEGMENT_HEADER_BYTES]
    if len(packed) < SEGMENT_HEADER_BYTES or _CHECK.pack(crc32(packed[:-4])) != packed[-4:]:
        return None
    magic, index, first_sequence, chain = _SEGMENT.unpack(packed[:-4])
    return SegmentHeader(index, first_sequence, chain) if magic == SEGMENT_MAGIC else None


def pack_frame_header(
    *, length: int, first_sequence: int, count: int, payload_check: int, synced_sequence: int, chain: bytes
) -> bytes:
    """A frame's header. It is written after the payload: until it is whole there is no frame."""
    packed = _FRAME.pack(FRAME_MAGIC, length, first_sequence, count, payload_check, synced_sequence, chain)
    return packed + _CHECK.pack(crc32(packed))


def parse_frame_header(data: Data, offset: int) -> FrameHeader | None:
    """The frame header at ``offset``; None when it is damaged or not there."""
    packed = data[offset : offset + FRAME_HEADER_BYTES]
    if len(packed) < FRAME_HEADER_BYTES or _CHECK.pack(crc32(packed[:-4])) != packed[-4:]:
        return None
    magic, *fields = _FRAME.unpack(packed[:-4])
    return FrameHeader(*fields) if magic == FRAME_MAGIC else None


def chain_of(previous: bytes, payload: bytes | bytearray) -> bytes:
    """The chain hash of a batch that follows ``previous``."""
    digest = blake2b(previous, digest_size=CHAIN_BYTES)
    digest.update(payload)
    return digest.digest()


def is_zero(data: Data, offset: int) -> bool:
    """Whether nothing but zeros stands from ``offset`` on."""
    return used_until(data, offset) == offset


def used_until(data: Data, offset: int) -> int:
    """Behind the last byte from ``offset`` on that is not zero; ``offset`` when all are."""
    end = offset
    for start in range(offset, len(data), len(_ZEROS)):
        block = data[start : start + len(_ZEROS)]
        if block != _ZEROS[: len(block)]:
            end = start + len(block.rstrip(b"\0"))
    return end


def newest_mark_behind(data: Data, offset: int) -> int | None:
    """The highest ``synced_sequence`` of the whole frames anywhere behind ``offset``; None without any.

    Frames are looked for at every byte, because damage may have hit the length that leads to the next one.
    """
    newest: int | None = None
    found = data.find(FRAME_MAGIC, offset)
    while found >= 0:
        header = parse_frame_header(data, found)
        step = 1
        if header is not None:
            payload = data[found + FRAME_HEADER_BYTES : found + FRAME_HEADER_BYTES + header.length]
            if len(payload) == header.length and crc32(payload) == header.payload_check:
                newest = max(newest or 0, header.synced_sequence)
                step = FRAME_HEADER_BYTES + header.length
        found = data.find(FRAME_MAGIC, found + step)
    return newest

"""Reading text files line by line, packed with gzip or not, whole or torn."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from zombot.infrastructure.history.errors import RecordingError

_CHUNK: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_OR_ZLIB: Final = 47
_SLICE: Final = 1 << 12
"""Where a gzip stream is damaged, what was decompressed of one slice is lost with it."""
LINE_LENGTH_MAX: Final = 64 << 20
"""No line of market data is longer; a file with a longer one is no text."""


class LineReader:
    """The lines of one file; a torn end is left off and told of, never raised.

    `torn`, `sha256` and `lines` are final once the lines are used up. A last line without a line end counts
    as a line unless the gzip stream itself is torn: then nobody knows what it would have been.
    """

    def __init__(self, path: Path, advance: Callable[[int], None] | None = None) -> None:
        self.path = path
        self.torn: str | None = None
        """What is wrong with the file's end, if anything."""
        self.lines = 0
        self._advance = advance
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of the decompressed content read so far."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._content():
            self._hash.update(chunk)
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            if len(rest) > LINE_LENGTH_MAX:
                raise RecordingError(f"{self.path} is no text: a line has more than {LINE_LENGTH_MAX} bytes")
            for line in lines:
                self.lines += 1
                yield line
        if rest and self.torn is None:
            self.lines += 1
            yield rest

    def _content(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                packed = file.read(2) == _GZIP_MAGIC
                file.seek(0)
                chunks = iter(lambda: self._read(file.read(_CHUNK)), b"")
                yield from self._unpacked(chunks) if packed else chunks
        except OSError as error:
            raise RecordingError(f"{self.path} cannot be read: {error.strerror}") from error

    def _read(self, chunk: bytes) -> bytes:
        if self._advance is not None:
            self._advance(len(chunk))
        return chunk

    def _unpacked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            for data in _sliced(chunks):
                while data:
                    if stream.eof:  # a file may hold several gzip streams in a row
                        stream = zlib.decompressobj(_GZIP_OR_ZLIB)
                    yield stream.decompress(data, _CHUNK)
                    while stream.unconsumed_tail:
                        yield stream.decompress(stream.unconsumed_tail, _CHUNK)
                    data = stream.unused_data  # noqa: PLW2901
        except zlib.error as error:
            self.torn = f"the gzip stream is damaged: {error}"
            return
        if not stream.eof:
            self.torn = "the gzip stream ends before its end"


def _sliced(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]

"""A recording: a folder of Parquet files and the manifest that says which of them count.

Layout::

    manifest.json
    venue=binance/instrument=BTC-USDT/kind=top/day=2024-08-08/part-00000001.parquet

The manifest is replaced last and in one step, and a file that it does not list does not exist for a reader:
an interrupted import leaves either the recording of before or a folder that is no recording.

Order: by ``received_ns``, then by ``ordinal``, which counts the events in the order in which their sources
were imported. Within one source that is the order of receipt.
"""

from __future__ import annotations

import enum
from datetime import date
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import msgspec
from msgspec import Struct

from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import Instrument
from zombot.infrastructure.history.errors import RecordingError

SCHEMA_VERSION: Final = 1
MANIFEST_NAME: Final = "manifest.json"
STAGING_NAME: Final = ".importing"
"""Files under construction; a killed import leaves this folder and the next import removes it."""

_DAY_NS: Final = 86_400_000_000_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class Kind(enum.Enum):
    """What a file holds; one kind of market event each."""

    TOP = "top"
    BOOK = "book"
    TRADE = "trade"
    MARK = "mark"
    FUNDING = "funding"
    LOST = "lost"
    STATUS = "status"


class Part(Struct, frozen=True, kw_only=True):
    """One Parquet file, its rows in order."""

    path: str
    """Relative to the recording, with forward slashes."""
    instrument: InstrumentId
    kind: Kind
    rows: int
    start_ns: int
    """Receipt of the first row."""
    end_ns: int
    """Receipt of the last row."""
    file_bytes: int


class Source(Struct, frozen=True, kw_only=True):
    """A file that was imported, known again by its content."""

    name: str
    sha256: str
    """Of the content after decompression, so that a file packed again is the same file."""
    format: str
    lines: int
    imported: int
    start_ns: int
    end_ns: int
    covers: tuple[str, ...] = ()
    """Which streams of which instruments it holds: no other source may hold them at the same time."""


class Skew(Struct, frozen=True, kw_only=True):
    """The exchange's clock minus ours over one stream, transport included, in ns."""

    instrument: InstrumentId
    stream: str
    count: int
    lowest_ns: int
    median_ns: int
    highest_ns: int


class Gap(Struct, frozen=True, kw_only=True):
    """A stretch in which the depth of an instrument is unknown."""

    instrument: InstrumentId
    start_ns: int
    end_ns: int | None
    """Receipt of the snapshot that ended it; None when the recording ends first."""
    reason: str


class Chain(Struct, frozen=True):
    """Where the depth of an instrument stands at the end of its last source."""

    sequence: int
    received_ns: int


class InstrumentEntry(Struct, frozen=True, kw_only=True):
    """An instrument, and which of its fields were guessed from the data instead of read from the venue."""

    instrument: Instrument
    inferred: tuple[str, ...] = ()


class Manifest(Struct, frozen=True, kw_only=True):
    """What a recording holds and where it came from."""

    schema_version: int = SCHEMA_VERSION
    instruments: tuple[InstrumentEntry, ...] = ()
    sources: tuple[Source, ...] = ()
    counts: dict[str, int] = {}
    """Events by kind."""
    start_ns: int = 0
    end_ns: int = 0
    ordinal_next: int = 0
    part_next: int = 1
    chains: dict[str, Chain] = {}
    """By instrument, so that the next day's file can follow the last one."""
    skews: tuple[Skew, ...] = ()
    gaps: tuple[Gap, ...] = ()
    parts: tuple[Part, ...] = ()


class Recording(Struct, frozen=True):
    """A recording that was found whole: every file is there with the size that it was written with."""

    directory: Path
    manifest: Manifest

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Check a recording and read its manifest.

        Raises:
            RecordingError: it is no recording, a newer one, or a file of it is missing or torn.
        """
        manifest = read_manifest(directory)
        if not manifest.parts:
            raise RecordingError(f"recording {directory} is empty: no event was ever imported into it")
        for part in manifest.parts:
            _check_part(directory, part)
        return cls(directory, manifest)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Ordered by id."""
        return tuple(entry.instrument for entry in self.manifest.instruments)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a recording.

    Raises:
        RecordingError: there is none, or it cannot be understood.
    """
    path = directory / MANIFEST_NAME
    if not directory.exists():
        raise RecordingError(f"no recording at {directory}: there is no such folder")
    if not directory.is_dir():
        raise RecordingError(f"{directory} is not a recording: it is a file, a recording is a folder")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        hint = " (an import into it was interrupted: import again)" if _was_interrupted(directory) else ""
        raise RecordingError(f"{directory} is not a recording: it has no {MANIFEST_NAME}{hint}") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from error
    return _decode_manifest(path, content)


def part_path(instrument: Instrument, kind: Kind, day: int, number: int) -> str:
    """Where a part lies: partitions that DuckDB and Polars recognise."""
    symbol = quote(instrument.symbol, safe="")
    venue = quote(instrument.venue, safe="")
    name = f"part-{number:08d}.parquet"
    return f"venue={venue}/instrument={symbol}/kind={kind.value}/day={_day_text(day)}/{name}"


def day_of(time_ns: int) -> int:
    """Days since 1970, UTC."""
    return time_ns // _DAY_NS


def _day_text(day: int) -> str:
    return date.fromordinal(_EPOCH_DAY + day).isoformat()


def _decode_manifest(path: Path, content: bytes) -> Manifest:
    class Version(Struct):
        schema_version: int

    try:
        version = msgspec.json.decode(content, type=Version).schema_version
        if version == SCHEMA_VERSION:
            return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path} is damaged: {error}") from error
    raise RecordingError(f"{path}: schema version {version} is unknown, {SCHEMA_VERSION} is understood")


def _check_part(directory: Path, part: Part) -> None:
    path = directory / part.path
    if ".." in Path(part.path).parts or Path(part.path).is_absolute():
        raise RecordingError(
            f"{directory / MANIFEST_NAME} names {part.path}, which lies outside the recording"
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecordingError(f"{path} is missing: {error.strerror}") from error
    if size != part.file_bytes:
        raise RecordingError(f"{path} is torn: it has {size} bytes, {part.file_bytes} were written")


def _was_interrupted(directory: Path) -> bool:
    return (directory / STAGING_NAME).exists()

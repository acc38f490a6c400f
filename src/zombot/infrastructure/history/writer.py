"""Writing a recording: all of it or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import msgspec

from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.market import MarketEvent
from zombot.infrastructure.history.columns import KIND_OF, schema_of, table_of
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.recording import (
    MANIFEST_NAME,
    STAGING_NAME,
    Chain,
    Gap,
    InstrumentEntry,
    Kind,
    Manifest,
    Part,
    Skew,
    Source,
    day_of,
    part_path,
    read_manifest,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq

ROW_GROUP_ROWS: Final = 16_384
"""The reader holds one row group of each file that is due, so this bounds its memory."""
COMPRESSION: Final = "zstd"
_MANIFEST_NEW: Final = f".{MANIFEST_NAME}.new"
_DAY_NS: Final = 86_400_000_000_000


class RecordingWriter:
    """Takes events into a staging folder and makes them count in one step at `commit`.

    Used as a context manager: without a commit everything written is removed again. Events of one instrument
    and kind come in the order of receipt; where time goes back (another source begins) a new file begins.
    """

    def __init__(self, into: Path) -> None:
        self._into = into
        self._staging = into / STAGING_NAME
        self._created = not into.exists()
        self._lock = _lock(into)
        try:
            self.manifest = _manifest_in(into)
            _sweep(into, self.manifest)
            self._staging.mkdir()
        except (RecordingError, OSError):
            self._unlock()
            raise
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._open: dict[tuple[InstrumentId, type], _OpenPart] = {}
        self._parts: list[Part] = []
        self._ordinal = self.manifest.ordinal_next
        self._part_next = self.manifest.part_next

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in self._open.values():
            part.abandon()
        _sweep(self._into, self.manifest)
        self._unlock()

    @property
    def written(self) -> int:
        """Events taken since the writer was opened."""
        return self._ordinal - self.manifest.ordinal_next

    def declare(self, instruments: Iterable[Instrument]) -> None:
        """Make instruments known before their first event."""
        self._instruments.update((instrument.id, instrument) for instrument in instruments)

    def add(self, event: MarketEvent) -> None:
        """Take one event."""
        key = (event.instrument, type(event))
        part = self._open.get(key)
        received_ns = event.received_ns
        if (
            part is None
            or not part.start_of_day_ns <= received_ns < part.end_of_day_ns
            or received_ns < part.end_ns
        ):
            part = self._next_part(key, received_ns)
        part.events.append(event)
        part.ordinals.append(self._ordinal)
        part.end_ns = received_ns
        self._ordinal += 1
        if len(part.events) == ROW_GROUP_ROWS:
            part.flush()

    def commit(
        self,
        *,
        instruments: Iterable[InstrumentEntry],
        sources: Iterable[Source] = (),
        skews: Iterable[Skew] = (),
        gaps: Iterable[Gap] = (),
        chains: Mapping[str, Chain] | None = None,
    ) -> Manifest:
        """Move the files to their places, then replace the manifest: from here on they count."""
        for key in tuple(self._open):
            self._finish(key)
        for part in self._parts:
            target = self._into / part.path
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._staging / Path(part.path).name).replace(target)
        before = self.manifest
        parts = (*before.parts, *self._parts)
        counts: Counter[str] = Counter()
        for part in parts:
            counts[part.kind.value] += part.rows
        manifest = Manifest(
            instruments=merge_entries(before.instruments, instruments),
            sources=(*before.sources, *sources),
            counts=dict(sorted(counts.items())),
            start_ns=min((part.start_ns for part in parts), default=0),
            end_ns=max((part.end_ns for part in parts), default=0),
            ordinal_next=self._ordinal,
            part_next=self._part_next,
            chains={**before.chains, **(chains or {})},
            skews=(*before.skews, *skews),
            gaps=(*before.gaps, *gaps),
            parts=parts,
        )
        _replace(self._into / MANIFEST_NAME, msgspec.json.format(msgspec.json.encode(manifest)))
        self.manifest = manifest
        self._parts = []
        return manifest

    def _next_part(self, key: tuple[InstrumentId, type], received_ns: int) -> _OpenPart:
        if key in self._open:
            self._finish(key)
        instrument = self._instruments.get(key[0])
        if instrument is None:
            raise RecordingError(f"an event of {key[0]} was to be written, which was not declared")
        kind = KIND_OF[key[1]]
        path = part_path(instrument, kind, day_of(received_ns), self._part_next)
        self._part_next += 1
        part = _OpenPart(self._staging / Path(path).name, path, key[0], kind, received_ns)
        self._open[key] = part
        return part

    def _finish(self, key: tuple[InstrumentId, type]) -> None:
        self._parts.append(self._open.pop(key).finish())

    def _unlock(self) -> None:
        if self._created:
            # Only an empty folder can be removed: one that became a recording stays.
            with contextlib.suppress(OSError):
                self._into.rmdir()
        os.close(self._lock)


class _OpenPart:
    """A Parquet file under construction."""

    __slots__ = (
        "_file",
        "_instrument",
        "_kind",
        "_path",
        "_relative",
        "_rows",
        "_start_ns",
        "end_ns",
        "end_of_day_ns",
        "events",
        "ordinals",
        "start_of_day_ns",
    )

    def __init__(
        self, path: Path, relative: str, instrument: InstrumentId, kind: Kind, start_ns: int
    ) -> None:
        self._path = path
        self._relative = relative
        self._instrument = instrument
        self._kind = kind
        self._start_ns = start_ns
        self._rows = 0
        self._file: pq.ParquetWriter | None = None
        self.events: list[MarketEvent] = []
        self.ordinals: list[int] = []
        self.end_ns = start_ns
        self.start_of_day_ns = start_ns - start_ns % _DAY_NS
        self.end_of_day_ns = self.start_of_day_ns + _DAY_NS

    def flush(self) -> None:
        """Write what is buffered as one row group."""
        import pyarrow.parquet as pq

        if self._file is None:
            self._file = pq.ParquetWriter(self._path, schema_of(self._kind), compression=COMPRESSION)
        self._file.write_table(table_of(self._kind, self.events, self.ordinals))
        self._rows += len(self.events)
        self.events.clear()
        self.ordinals.clear()

    def finish(self) -> Part:
        """Close the file, on disk for good."""
        if self.events:
            self.flush()
        self.abandon()
        _sync(self._path)
        return Part(
            path=self._relative,
            instrument=self._instrument,
            kind=self._kind,
            rows=self._rows,
            start_ns=self._start_ns,
            end_ns=self.end_ns,
            file_bytes=self._path.stat().st_size,
        )

    def abandon(self) -> None:
        """Close the file without looking at what is in it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def merge_entries(
    before: Iterable[InstrumentEntry], added: Iterable[InstrumentEntry]
) -> tuple[InstrumentEntry, ...]:
    """One entry per instrument, ordered by id: what was read from a venue wins over what was guessed.

    Raises:
        RecordingError: two sources state different facts of one instrument.
    """
    entries = {entry.instrument.id: entry for entry in before}
    for entry in added:
        known = entries.get(entry.instrument.id)
        entries[entry.instrument.id] = entry if known is None else _merge_entry(known, entry)
    return tuple(entries[key] for key in sorted(entries))


def _merge_entry(known: InstrumentEntry, added: InstrumentEntry) -> InstrumentEntry:
    values: dict[str, object] = {}
    for name in Instrument.__struct_fields__:
        old, new = getattr(known.instrument, name), getattr(added.instrument, name)
        if old == new:
            values[name] = old
        elif name in known.inferred and name in added.inferred:
            values[name] = min(old, new)  # a finer grid was seen later, or before
        elif name in known.inferred:
            values[name] = new
        elif name in added.inferred:
            values[name] = old
        else:
            raise RecordingError(
                f"instrument {known.instrument.id}: {name} is {old} in the recording, {new} in the new source"
            )
    inferred = tuple(name for name in known.inferred if name in added.inferred)
    return InstrumentEntry(instrument=Instrument(**values), inferred=inferred)  # type: ignore[arg-type]


def _manifest_in(into: Path) -> Manifest:
    if (into / MANIFEST_NAME).exists():
        return read_manifest(into)
    for entry in sorted(into.iterdir()):
        if entry.name not in (STAGING_NAME, _MANIFEST_NEW) and not entry.name.startswith("venue="):
            raise RecordingError(
                f"{into} is neither empty nor a recording: it holds {entry.name}; name another folder"
            )
    return Manifest()


def _sweep(into: Path, manifest: Manifest) -> None:
    """Remove what does not count: files in our layout that no manifest lists."""
    shutil.rmtree(into / STAGING_NAME, ignore_errors=True)
    (into / _MANIFEST_NEW).unlink(missing_ok=True)
    listed = {part.path for part in manifest.parts}
    for path in into.glob("venue=*/instrument=*/kind=*/day=*/part-*.parquet"):
        relative = path.relative_to(into)
        if relative.as_posix() not in listed:
            path.unlink()
            with contextlib.suppress(OSError):  # a folder that still holds something stays
                for folder in relative.parents[:-1]:
                    (into / folder).rmdir()


def _lock(into: Path) -> int:
    try:
        into.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(into, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise RecordingError(f"cannot write a recording into {into}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise RecordingError(f"another import is writing into {into}: wait until it is done") from None
    return descriptor


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(_MANIFEST_NEW)
    temporary.write_bytes(content)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

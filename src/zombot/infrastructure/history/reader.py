"""Reading a recording as one stream of events, in order and in bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.market import MarketEvent
from zombot.infrastructure.history.columns import Rows, schema_of
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.recording import Part, Recording

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from zombot.infrastructure.history.columns import Keys

_END_NS: Final = 2**63 - 1


class RecordingSource:
    """A recording, or a window of it, as a `MarketSource`.

    Events come by (``received_ns``, ``ordinal``). Of each file that is due one row group is in memory. A
    window that begins in the middle has no depth until the next snapshot in it.

    Args:
        directory: the recording.
        instruments: only these; None for all.
        start_ns: receipt of the first event, inclusive; None for the beginning.
        end_ns: receipt of the last event, exclusive; None for the end.

    Raises:
        RecordingError: the recording is not whole, or does not hold an instrument or any event asked for.
    """

    def __init__(
        self,
        directory: Path,
        *,
        instruments: Collection[InstrumentId] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> None:
        self.recording = Recording.open(directory)
        known = {instrument.id: instrument for instrument in self.recording.instruments}
        for wanted in instruments or ():
            if wanted not in known:
                raise RecordingError(f"{directory} holds nothing of {wanted}: it holds {', '.join(known)}")
        self._start_ns = 0 if start_ns is None else start_ns
        self._end_ns = _END_NS if end_ns is None else end_ns
        chosen = known if instruments is None else {name: known[name] for name in sorted(instruments)}
        self._instruments = tuple(chosen.values())
        self._parts = sorted(
            (
                part
                for part in self.recording.manifest.parts
                if part.instrument in chosen
                and part.start_ns < self._end_ns
                and part.end_ns >= self._start_ns
            ),
            key=lambda part: (part.start_ns, part.path),
        )

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Those asked for, ordered by id."""
        return self._instruments

    def events(self) -> Iterator[MarketEvent]:
        """A fresh pass from the beginning."""
        waiting = self._parts[::-1]
        active: list[_Cursor] = []
        while waiting or active:
            horizon_ns = min((cursor.horizon_ns for cursor in active), default=_END_NS)
            while waiting and (not active or waiting[-1].start_ns < horizon_ns):
                cursor = self._cursor(waiting.pop())
                if not cursor.exhausted:
                    active.append(cursor)
                    horizon_ns = min(horizon_ns, cursor.horizon_ns)
            window = [taken for cursor in active if (taken := cursor.take(horizon_ns)) is not None]
            if window:
                yield from _merged(window)
            else:
                _widen(active, horizon_ns)
            active = [cursor for cursor in active if not cursor.exhausted]

    def _cursor(self, part: Part) -> _Cursor:
        return _Cursor(self.recording.directory, part, self._start_ns, self._end_ns)


class _Cursor:
    """A place in one file: the row groups from here on, one of them loaded."""

    __slots__ = (
        "_blocks",
        "_end_ns",
        "_group",
        "_groups",
        "_metadata",
        "_part",
        "_path",
        "_position",
        "_start_ns",
    )

    def __init__(self, directory: Path, part: Part, start_ns: int, end_ns: int) -> None:
        self._part = part
        self._path = directory / part.path
        self._start_ns = start_ns
        self._end_ns = end_ns
        self._metadata = _metadata(self._path, part)
        self._groups = self._metadata.num_row_groups
        self._group = 0
        # More than one block only where a tie spans row groups.
        self._blocks: list[Rows] = []
        self._position = 0
        self.load()

    @property
    def horizon_ns(self) -> int:
        """Everything received before this is loaded."""
        if self._group == self._groups:
            return _END_NS if not self._blocks else int(self._blocks[-1].received[-1]) + 1
        return int(self._blocks[-1].received[-1])

    @property
    def exhausted(self) -> bool:
        """Whether every row was taken."""
        return not self._blocks and self._group == self._groups

    def load(self) -> None:
        """Load the next row group that holds rows of the window."""
        while self._group < self._groups:
            if _last_received(self._metadata, self._part, self._group) < self._start_ns:
                self._group += 1
                continue
            rows = _read_group(self._path, self._metadata, self._part, self._group)
            self._group += 1
            first = int(rows.received.searchsorted(self._start_ns))
            stop = int(rows.received.searchsorted(self._end_ns))
            if stop < len(rows.received):
                self._group = self._groups
            if first < stop:
                rows.clip(first, stop)
                self._blocks.append(rows)
                return

    def take(self, horizon_ns: int) -> _Window | None:
        """The rows received before the horizon, or None; loads on when a block is used up."""
        keys: list[tuple[Keys, Keys]] = []
        events: list[MarketEvent] = []
        while self._blocks:
            rows = self._blocks[0]
            stop = int(rows.received.searchsorted(horizon_ns))
            if stop > self._position:
                events += rows.events(self._position, stop)
                keys.append((rows.received[self._position : stop], rows.ordinals[self._position : stop]))
            self._position = stop
            if stop < len(rows.received):
                break
            del self._blocks[0]
            self._position = 0
            if not self._blocks:
                self.load()
        return _Window(keys, events) if events else None


class _Window:
    """Rows of one cursor that are due, with the keys to sort them by."""

    __slots__ = ("events", "keys")

    def __init__(self, keys: list[tuple[Keys, Keys]], events: list[MarketEvent]) -> None:
        self.keys = keys
        self.events = events


def _merged(windows: list[_Window]) -> Iterator[MarketEvent] | list[MarketEvent]:
    import numpy as np

    if len(windows) == 1:
        return windows[0].events
    received = np.concatenate([key[0] for window in windows for key in window.keys])
    ordinals = np.concatenate([key[1] for window in windows for key in window.keys])
    events = [event for window in windows for event in window.events]
    order = np.lexsort((ordinals, received)).tolist()
    return list(itemgetter(*order)(events))


def _widen(active: list[_Cursor], horizon_ns: int) -> None:
    """Load on where a whole block has one time: only then does no row lie before the horizon."""
    for cursor in active:
        if cursor.horizon_ns == horizon_ns:
            cursor.load()


def _metadata(path: Path, part: Part) -> pq.FileMetaData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise RecordingError(f"{path} is damaged: {error}") from error
    if metadata.num_rows != part.rows:
        raise RecordingError(f"{path} is damaged: it has {metadata.num_rows} rows, {part.rows} were written")
    return metadata


def _last_received(metadata: pq.FileMetaData, part: Part, group: int) -> int:
    column = schema_of(part.kind).get_field_index("received_ns")
    statistics = metadata.row_group(group).column(column).statistics
    return _END_NS if statistics is None else int(statistics.max)


def _read_group(path: Path, metadata: pq.FileMetaData, part: Part, group: int) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Opened for each row group: hundreds of instruments have more files than a process may keep open.
        with pq.ParquetFile(path, metadata=metadata) as file:
            table = file.read_row_group(group, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise RecordingError(f"{path} is damaged: {error}") from error
    if table.schema.names != schema_of(part.kind).names:
        raise RecordingError(f"{path} is damaged: its columns are not those of kind {part.kind.value}")
    return Rows(part.kind, part.instrument, table)

"""The importers' front: files in, a recording and a report out; prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from zombot.domain.identifiers import InstrumentId
from zombot.infrastructure.history.bars import FORMAT as BARS
from zombot.infrastructure.history.bars import BarsFile, BarsOptions
from zombot.infrastructure.history.binance_probe import Probe, probe
from zombot.infrastructure.history.binance_raw import BinanceImport
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.grid import NO_GRIDS, Grid
from zombot.infrastructure.history.recording import Manifest, Source
from zombot.infrastructure.history.report import FileReport, ImportReport, Progress, Skipped
from zombot.infrastructure.history.tally import Drops
from zombot.infrastructure.history.writer import RecordingWriter


def import_binance_raw(
    paths: Iterable[Path],
    into: Path,
    *,
    grids: Mapping[InstrumentId, Grid] = NO_GRIDS,
    progress: Progress | None = None,
) -> ImportReport:
    """Import raw frames of Binance into a new or an existing recording: all of them or nothing.

    A file whose content is already there is skipped, and so is one that holds a stream over a time that
    another source already covers.

    Raises:
        RecordingError: a file cannot be used, or ``into`` cannot be written; nothing was changed.
    """
    files = _existing(paths)
    meter = _Meter(files, progress)
    probes = [probe(path, meter.advance) for path in files]
    probes.sort(key=lambda found: (found.market.value, found.start_ns, found.path.name))
    try:
        with RecordingWriter(into) as writer:
            return _import(probes, writer, into, grids, meter)
    except OSError as error:
        raise RecordingError(f"cannot write the recording {into}: {error.strerror or error}") from error


def import_bars(
    path: Path,
    into: Path,
    *,
    options: BarsOptions | None = None,
    grids: Mapping[InstrumentId, Grid] = NO_GRIDS,
    progress: Progress | None = None,
) -> ImportReport:
    """Import bars with funding rates of one exchange into a new or an existing recording: all or nothing.

    Raises:
        RecordingError: the file cannot be used, or ``into`` cannot be written; nothing was changed.
    """
    meter = _Meter(_existing([path]), progress)
    drops = Drops()
    file = BarsFile(path, options or BarsOptions(), drops)
    reader = file.read(meter.advance)
    entries, events = file.events(grids)
    covers = tuple(f"{entry.instrument.id} bars" for entry in entries)
    source = Source(
        name=path.name,
        # The same file may be imported again for other pairs: they are sources of their own.
        sha256=sha256(f"{reader.sha256} {covers}".encode()).hexdigest(),
        format=BARS,
        lines=reader.lines,
        imported=reader.lines - file.ignored - drops.total,
        start_ns=events[0].received_ns,
        end_ns=events[-1].received_ns,
        covers=covers,
    )
    try:
        with RecordingWriter(into) as writer:
            before = writer.manifest
            reason = _reason_to_skip(source, before.sources)
            if reason is not None:
                return ImportReport(
                    into=into, skipped=(Skipped(str(path), reason),), instruments=before.instruments
                )
            writer.declare(entry.instrument for entry in entries)
            for event in events:
                writer.add(event)
            after = writer.commit(instruments=entries, sources=[source])
    except OSError as error:
        raise RecordingError(f"cannot write the recording {into}: {error.strerror or error}") from error
    report = FileReport(
        name=str(path),
        lines=source.lines,
        imported=source.imported,
        dropped=drops.total,
        ignored=file.ignored,
        start_ns=source.start_ns,
        end_ns=source.end_ns,
        torn=reader.torn,
    )
    return ImportReport(
        into=into,
        files=(report,),
        events=_added(before, after),
        drops=drops.summary(),
        instruments=after.instruments,
        start_ns=source.start_ns,
        end_ns=source.end_ns,
    )


def _import(
    probes: Sequence[Probe],
    writer: RecordingWriter,
    into: Path,
    grids: Mapping[InstrumentId, Grid],
    meter: _Meter,
) -> ImportReport:
    before = writer.manifest
    run = BinanceImport(writer, grids)
    files, skipped = [], []
    for found in probes:
        reason = _reason_to_skip(found, (*before.sources, *run.sources))
        if reason is None:
            files.append(run.take(found, meter.advance))
        else:
            skipped.append(Skipped(str(found.path), reason))
            meter.advance(found.path.stat().st_size)
    for feed in run.feeds.values():
        feed.end()
    gaps = tuple(gap for feed in run.feeds.values() for gap in feed.gaps)
    skews = run.skews.summary()
    after = before
    if files:
        if writer.written == 0:
            raise RecordingError(f"{files[0].name} and the other files given hold no event that can be used")
        after = writer.commit(
            instruments=run.entries(), sources=run.sources, skews=skews, gaps=gaps, chains=run.chains()
        )
    return ImportReport(
        into=into,
        files=tuple(files),
        skipped=tuple(skipped),
        events=_added(before, after),
        drops=run.drops.summary(),
        skews=skews,
        gaps=gaps,
        instruments=after.instruments,
        start_ns=min((file.start_ns for file in files), default=0),
        end_ns=max((file.end_ns for file in files), default=0),
        estimated_venue_times=sum(feed.estimated_venue_times for feed in run.feeds.values()),
        unknown_venue_times=sum(feed.unknown_venue_times for feed in run.feeds.values()),
        overtaken_levels=sum(feed.overtaken_levels for feed in run.feeds.values()),
    )


class _Meter:
    """Bytes done of bytes to do: each file is read twice, once to look and once to take."""

    def __init__(self, files: Sequence[Path], progress: Progress | None) -> None:
        self._done = 0
        self._total = 2 * sum(path.stat().st_size for path in files)
        self._progress = progress

    def advance(self, size: int) -> None:
        """Tell of bytes done."""
        self._done += size
        if self._progress is not None and size:
            self._progress(self._done, self._total)


def _existing(paths: Iterable[Path]) -> list[Path]:
    files = list(paths)
    if not files:
        raise RecordingError("no file was given to import")
    for path in files:
        if not path.is_file():
            what = "is a folder, name the files in it" if path.is_dir() else "does not exist"
            raise RecordingError(f"{path} {what}")
    return files


def _reason_to_skip(found: Probe | Source, sources: Sequence[Source]) -> str | None:
    for source in sources:
        if source.sha256 == found.sha256:
            return f"the same content as {source.name}, which is already imported"
    for source in sources:
        shared = set(source.covers).intersection(found.covers)
        if shared and source.start_ns <= found.end_ns and found.start_ns <= source.end_ns:
            return f"overlaps {source.name}, which is already imported, in {sorted(shared)[0]}"
    return None


def _added(before: Manifest, after: Manifest) -> dict[str, int]:
    added = {kind: count - before.counts.get(kind, 0) for kind, count in after.counts.items()}
    return {kind: count for kind, count in added.items() if count}

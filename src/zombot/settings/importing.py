"""Imports market data: finds the importer of a format and puts its report into words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from zombot.domain.errors import InvalidValue
from zombot.infrastructure.history.bars import BarsOptions
from zombot.infrastructure.history.importing import import_bars, import_binance_raw
from zombot.infrastructure.history.report import ImportReport
from zombot.infrastructure.history.tally import Example

EXAMPLES = 5


def import_recording(
    format_name: str,
    sources: Sequence[Path],
    into: Path,
    *,
    options: Mapping[str, str],
    progress: Callable[[float, int], None],
) -> dict[str, object]:
    """Import, and return a name and a value per line of what was done.

    Raises:
        RecordingError: a file cannot be used; nothing was changed.
        InvalidValue: there is no such format.
    """

    def advance(done: int, whole: int) -> None:
        progress(done / whole if whole else 1.0, done)

    if format_name == "binance-raw":
        return summary(import_binance_raw(sources, into, progress=advance))
    if format_name == "bars":
        if len(sources) != 1:
            raise InvalidValue(f"import bars: {len(sources)} files; one CSV file at a time is allowed")
        chosen = msgspec.convert(dict(options), BarsOptions)
        return summary(import_bars(sources[0], into, options=chosen, progress=advance))
    raise InvalidValue(f"import {format_name}: no such format; binance-raw and bars are allowed")


def _examples(examples: Sequence[Example]) -> str:
    return "; ".join(f"{example.file}:{example.line} {example.text}" for example in examples[:EXAMPLES])


def summary(report: ImportReport) -> dict[str, object]:
    """The report as lines: files, events, drops with examples, clocks, gaps."""
    lines: dict[str, object] = {"recording": str(report.into)}
    for file in report.files:
        torn = f"; TORN: {file.torn}" if file.torn else ""
        lines[file.name] = f"{file.lines:,} lines: {file.imported:,} imported, {file.dropped:,} dropped{torn}"
        if file.backwards:
            lines[f"{file.name} clock"] = (
                f"went back {file.backwards} times, by {file.backwards_ns_max / 1e6:.3f} ms at most"
            )
    for skipped in report.skipped:
        lines[skipped.name] = f"skipped: {skipped.reason}"
    lines["events"] = ", ".join(f"{count:,} {kind}" for kind, count in report.events.items()) or "none"
    for drop in report.drops:
        lines[f"dropped {drop.reason}"] = f"{drop.count:,}, first: {_examples(drop.examples)}"
    for skew in report.skews:
        lines[f"clock skew {skew.instrument} {skew.stream}"] = (
            f"venue - receipt: {skew.median_ns / 1e6:+.1f} ms median, "
            f"{skew.lowest_ns / 1e6:+.1f} to {skew.highest_ns / 1e6:+.1f}"
        )
    lines["gaps"] = len(report.gaps)
    for entry in report.instruments:
        if entry.inferred:
            lines[f"guessed for {entry.instrument.id}"] = ", ".join(
                f"{name} {getattr(entry.instrument, name)}" for name in entry.inferred
            )
    return lines

"""Recording any market source, such as the synthetic market: examples and tests need no one else's data."""

from __future__ import annotations

from pathlib import Path

from zombot.domain.errors import InvalidValue
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.recording import MANIFEST_NAME, InstrumentEntry
from zombot.infrastructure.history.report import ImportReport
from zombot.infrastructure.history.writer import RecordingWriter
from zombot.ports.market_data import MarketSource


def record(
    source: MarketSource, into: Path, *, events_max: int | None = None, until_ns: int | None = None
) -> ImportReport:
    """Write a source's events into a new recording: all of them up to the limit, or nothing.

    A source may be endless, so one of the limits is needed.

    Args:
        source: where the events come from; they keep their order.
        into: a folder that is not there yet or is empty.
        events_max: so many events at most.
        until_ns: only what was received before.

    Raises:
        InvalidValue: no limit was given.
        RecordingError: ``into`` cannot be written, or the source breaks its order or is empty.
    """
    if events_max is None and until_ns is None:
        raise InvalidValue("recording a source needs events_max or until_ns: the source may be endless")
    if events_max is not None and events_max < 1:
        raise InvalidValue(f"events_max is {events_max}: 1 or more is allowed")
    if (into / MANIFEST_NAME).exists():
        raise RecordingError(f"{into} is already a recording: name another folder")
    try:
        with RecordingWriter(into) as writer:
            writer.declare(source.instruments)
            _copy(source, writer, events_max, until_ns)
            if writer.written == 0:
                raise RecordingError("the source has no event within the limits")
            manifest = writer.commit(
                instruments=[InstrumentEntry(instrument=instrument) for instrument in source.instruments]
            )
    except OSError as error:
        raise RecordingError(f"cannot write the recording {into}: {error.strerror or error}") from error
    return ImportReport(
        into=into,
        events=manifest.counts,
        instruments=manifest.instruments,
        start_ns=manifest.start_ns,
        end_ns=manifest.end_ns,
    )


def _copy(
    source: MarketSource, writer: RecordingWriter, events_max: int | None, until_ns: int | None
) -> None:
    last_ns = 0
    for count, event in enumerate(source.events()):
        if count == events_max or (until_ns is not None and event.received_ns >= until_ns):
            return
        if event.received_ns < last_ns:
            raise RecordingError(
                f"the source's event {count + 1} was received at {event.received_ns}, "
                f"before the one in front of it ({last_ns})"
            )
        last_ns = event.received_ns
        writer.add(event)

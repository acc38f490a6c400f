"""Recording any market source, such as the synthetic market: examples and tests need no one else's data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from pathlib import Path
from typing import Final

from zombot.domain.errors import InvalidValue
from zombot.domain.market import MarketEvent
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.recording import MANIFEST_NAME, InstrumentEntry
from zombot.infrastructure.history.report import ImportReport
from zombot.infrastructure.history.writer import RecordingWriter
from zombot.ports.market_data import MarketSource

REORDER_NS: Final = 2_000_000_000
"""A made market with jitter tells events in the venue's order; receipt differs by less than this."""


def record(
    source: MarketSource, into: Path, *, events_max: int | None = None, until_ns: int | None = None
) -> ImportReport:
    """Write a source's events into a new recording: all of them up to the limit, or nothing.

    A source may be endless, so one of the limits is needed.

    Args:
        source: where the events come from; they are written in the order of receipt.
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
    for count, event in enumerate(_by_receipt(source.events())):
        if count == events_max or (until_ns is not None and event.received_ns >= until_ns):
            return
        writer.add(event)


def _by_receipt(events: Iterable[MarketEvent]) -> Iterator[MarketEvent]:
    """The events by time of receipt; those of one time keep their order."""
    waiting: list[tuple[int, int, MarketEvent]] = []
    latest_ns = released_ns = 0
    for count, event in enumerate(events):
        received_ns = event.received_ns
        if received_ns < released_ns:
            raise RecordingError(
                f"the source's event {count + 1} was received at {received_ns}, "
                f"more than {REORDER_NS // 1_000_000_000} s before one in front of it ({latest_ns})"
            )
        heappush(waiting, (received_ns, count, event))
        latest_ns = max(latest_ns, received_ns)
        while waiting[0][0] < latest_ns - REORDER_NS:
            released_ns = waiting[0][0]
            yield heappop(waiting)[2]
    while waiting:
        yield heappop(waiting)[2]

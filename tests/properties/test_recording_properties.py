"""What holds for any events that are recorded."""

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.infrastructure.history.samples import INSTRUMENTS, SECOND, T0, Given, streams
from zombot.domain.market import MarketEvent
from zombot.infrastructure.history import writer
from zombot.infrastructure.history.copying import record
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.history.recording import InstrumentEntry
from zombot.infrastructure.history.writer import RecordingWriter

GROUP_ROWS = 2
"""Row groups so small that a few events already span several, and a tie does too."""


def write(directory: Path, batches: list[list[MarketEvent]]) -> None:
    """A recording to which these batches were added one after another."""
    with patch.object(writer, "ROW_GROUP_ROWS", GROUP_ROWS):
        for batch in batches:
            with RecordingWriter(directory) as recording:
                recording.declare(INSTRUMENTS)
                for event in batch:
                    recording.add(event)
                recording.commit(instruments=[InstrumentEntry(instrument=each) for each in INSTRUMENTS])


@given(streams().filter(bool))
def test_what_is_recorded_comes_back(events: list[MarketEvent]) -> None:
    """Every event returns, bit for bit and in its order, ties included; a second pass gives the same."""
    with TemporaryDirectory() as folder:
        into = Path(folder) / "recording"
        with patch.object(writer, "ROW_GROUP_ROWS", GROUP_ROWS):
            report = record(Given(events), into, events_max=len(events))
        source = RecordingSource(into)
        assert list(source.events()) == events
        assert list(source.events()) == events
        assert source.instruments == tuple(sorted(INSTRUMENTS, key=lambda each: each.id))
        assert sum(report.events.values()) == len(events)
        assert (report.start_ns, report.end_ns) == (events[0].received_ns, events[-1].received_ns)


@given(
    streams().filter(bool),
    st.sets(st.sampled_from([each.id for each in INSTRUMENTS])),
    st.integers(0, 60 * SECOND),
    st.integers(0, 60 * SECOND),
)
def test_a_window_is_what_a_filter_gives(
    events: list[MarketEvent], names: set[str], first: int, last: int
) -> None:
    """Reading some instruments from a beginning to an end gives what filtering all events gives."""
    start_ns, end_ns = T0 + first, T0 + last
    chosen = [each.id for each in INSTRUMENTS if each.id in names]
    with TemporaryDirectory() as folder:
        into = Path(folder) / "recording"
        write(into, [events])
        source = RecordingSource(into, instruments=chosen, start_ns=start_ns, end_ns=end_ns)
        assert list(source.events()) == [
            event for event in events if event.instrument in names and start_ns <= event.received_ns < end_ns
        ]
        assert [each.id for each in source.instruments] == sorted(chosen)


@given(st.lists(streams().filter(bool), min_size=1, max_size=3))
def test_sources_added_one_after_another_are_merged(batches: list[list[MarketEvent]]) -> None:
    """Events of several imports come by time of receipt; at one time, those imported first come first."""
    everything = [event for batch in batches for event in batch]
    with TemporaryDirectory() as folder:
        into = Path(folder) / "recording"
        write(into, batches)
        merged = list(RecordingSource(into).events())
    assert merged == sorted(everything, key=lambda event: event.received_ns)

"""What every market source must do, recorded or made."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.unit.infrastructure.history.samples import (
    T0,
    Given,
    bar_rows,
    bars_file,
    raw_depth,
    raw_file,
    raw_snapshot,
    raw_top,
    raw_trade,
    tops,
)
from zombot.domain.identifiers import VenueId
from zombot.infrastructure.history.copying import record
from zombot.infrastructure.history.importing import import_bars, import_binance_raw
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.market import SyntheticMarket
from zombot.ports.market_data import MarketSource

MANY = 20_000


def recorded(folder: Path) -> MarketSource:
    """A recording of a source."""
    record(Given(tops(500)), folder / "recording", events_max=500)
    return RecordingSource(folder / "recording")


def imported_frames(folder: Path) -> MarketSource:
    """A recording of raw frames."""
    lines = [raw_snapshot(0, 999), raw_depth(1, 1000, 1001, asks=[["100.30", "2"]])]
    lines += [line for n in range(2, 100, 2) for line in (raw_top(n), raw_trade(n + 1))]
    import_binance_raw([raw_file(folder / "spot.gz", lines)], folder / "recording")
    return RecordingSource(folder / "recording")


def imported_bars(folder: Path) -> MarketSource:
    """A recording of bars."""
    rows = [row for day in range(1, 10) for row in bar_rows(f"2023-01-0{day} 08:00:00")]
    path = bars_file(folder / "bars.csv", rows + [row.replace("BTC", "ETH") for row in rows])
    import_bars(path, folder / "recording")
    return RecordingSource(folder / "recording")


def synthetic(folder: Path) -> MarketSource:
    """The synthetic market, recorded: it comes with jitter."""
    made = SyntheticMarket(SyntheticConfig(duration_s=5), VenueId("okx"), T0, 1)
    record(made, folder / "recording", events_max=MANY)
    return RecordingSource(folder / "recording")


@pytest.fixture(params=[recorded, synthetic, imported_frames, imported_bars], ids=lambda make: make.__name__)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> MarketSource:
    """Each kind of source."""
    make: Callable[[Path], MarketSource] = request.param
    return make(tmp_path)


def test_events_come_in_the_order_of_receipt(source: MarketSource) -> None:
    """Receive times never go back."""
    times = [event.received_ns for event in islice(source.events(), MANY)]
    assert times == sorted(times)
    assert len(times) > 10


def test_every_event_is_of_a_declared_instrument(source: MarketSource) -> None:
    """Whoever reads the events knows all their instruments beforehand."""
    declared = {instrument.id for instrument in source.instruments}
    assert {event.instrument for event in islice(source.events(), MANY)} <= declared


def test_a_second_pass_gives_the_same(source: MarketSource) -> None:
    """Each pass begins anew, also while another one is under way."""
    under_way = source.events()
    next(under_way)
    assert list(islice(source.events(), MANY)) == list(islice(source.events(), MANY))
    assert next(under_way) == list(islice(source.events(), 2))[1]


def test_instruments_are_told_apart(source: MarketSource) -> None:
    """No instrument is declared twice."""
    names = [instrument.id for instrument in source.instruments]
    assert len(names) == len(set(names))

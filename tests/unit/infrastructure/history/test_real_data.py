"""The real recordings beside the project: every line is accounted for, and depth agrees with tops."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.laying import lay_top
from zombot.domain.identifiers import InstrumentId
from zombot.domain.market import BookLost, BookUpdate, FundingRate, TopOfBook
from zombot.domain.orderbook import OrderBook
from zombot.infrastructure.history.importing import import_bars, import_binance_raw
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.history.report import ImportReport

SPOT = InstrumentId("binance:BTC-USDT")
PERPETUAL = InstrumentId("binance:BTC-USDT-SWAP")


@pytest.fixture(scope="module")
def ticks(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportReport, Path]:
    """The ticks, imported."""
    into = tmp_path_factory.mktemp("ticks") / "recording"
    return import_binance_raw(sorted((shared_data / "ticks-binance").glob("*.gz")), into), into


@pytest.fixture(scope="module")
def bars(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """OKX's bars, imported; the file and the recording."""
    into = tmp_path_factory.mktemp("bars") / "recording"
    path = shared_data / "bars-8h" / "spot-perp-funding-8h.csv"
    import_bars(path, into)
    return path, into


@pytest.mark.needs_shared
def test_every_line_of_the_ticks_is_accounted_for(ticks: tuple[ImportReport, Path]) -> None:
    """All tops and trades come in; of the depth only what is older than the snapshots stays out."""
    report, into = ticks
    assert report.events == {
        "book": 13_042,
        "top": 28_040 + 45_134 + 66_089,
        "trade": 9_757 + 10_147 + 21_313,
    }
    assert {drop.reason: drop.count for drop in report.drops} == {"depth update older than the book": 6}
    assert report.lines == report.imported + report.dropped == 193_528
    assert sum(report.events.values()) == report.imported
    counted = Counter((event.instrument, type(event)) for event in RecordingSource(into).events())
    assert counted[SPOT, TopOfBook] == 28_040 + 45_134
    assert counted[PERPETUAL, TopOfBook] == 66_089
    assert (SPOT, BookLost) not in counted
    assert all(file.backwards == 0 and file.torn is None for file in report.files)


@pytest.mark.needs_shared
def test_the_clock_skew_of_the_ticks_is_reported(ticks: tuple[ImportReport, Path]) -> None:
    """The local clock ran about 1.27 s behind the exchange's."""
    report, _ = ticks
    for skew in report.skews:
        if skew.stream != "snapshot":
            assert 1.26e9 < skew.median_ns < 1.28e9
            assert skew.lowest_ns <= skew.median_ns <= skew.highest_ns


@pytest.mark.needs_shared
def test_the_grids_of_the_ticks_are_found(ticks: tuple[ImportReport, Path]) -> None:
    """Ticks and lots are those that Binance had for these instruments."""
    grids = {
        entry.instrument.id: (str(entry.instrument.tick), str(entry.instrument.lot))
        for entry in ticks[0].instruments
    }
    assert grids == {SPOT: ("0.01", "0.00001"), PERPETUAL: ("0.1", "0.001")}


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", [SPOT, PERPETUAL])
def test_depth_with_tops_laid_over_it_agrees_with_the_tops(
    ticks: tuple[ImportReport, Path], name: InstrumentId
) -> None:
    """The book is never lost, and where depth has caught up with the tops its best levels are the top's.

    The stream of tops tells of every change of the best levels, so the top that is true at a depth update's
    sequence number is the last one at or before it, whenever it was received.
    """
    events = list(RecordingSource(ticks[1], instruments=[name]).events())
    tops = [event for event in events if isinstance(event, TopOfBook)]
    book = OrderBook()
    newest, place, compared = 0, 0, 0
    for event in events:
        if isinstance(event, TopOfBook):
            newest = event.sequence
            if book.usable:
                lay_top(book, event.bid, event.bid_quantity, event.ask, event.ask_quantity)
        elif isinstance(event, BookUpdate):
            book.apply(event)
            if event.snapshot or event.sequence < newest:
                continue
            while place + 1 < len(tops) and tops[place + 1].sequence <= event.sequence:
                place += 1
            true = tops[place]
            if true.sequence > event.sequence:
                continue
            bid, ask = book.bid_prices[-1], book.ask_prices[0]
            assert (bid, book.bids[bid]) == (true.bid, true.bid_quantity)
            assert (ask, book.asks[ask]) == (true.ask, true.ask_quantity)
            compared += 1
    assert book.usable
    assert book.gaps == 0
    assert compared > 6_000


@pytest.mark.needs_shared
def test_every_settlement_of_the_bars_has_its_rate(bars: tuple[Path, Path]) -> None:
    """Each row's rate stands 1 ns before its settlement, and settlements are eight hours apart."""
    path, into = bars
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["exchange"] == "okx"]
    for asset in ("BTC", "ETH"):
        rates = [float(row["funding rate"]) for row in rows if row["pair"] == f"{asset}USDT"]
        source = RecordingSource(into, instruments=[InstrumentId(f"okx:{asset}-USDT-SWAP")])
        settled = [
            event
            for event in source.events()
            if isinstance(event, FundingRate) and event.received_ns == event.funding_ns - 1
        ]
        assert [event.rate for event in settled] == rates
        times = [event.funding_ns for event in settled]
        assert {b - a for a, b in pairwise(times)} == {8 * 3_600_000_000_000}

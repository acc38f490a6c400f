"""Importing raw frames: every line becomes an event or is counted with its reason."""

from pathlib import Path

import pytest

from tests.fakes.laying import lay_top
from tests.unit.infrastructure.history.samples import (
    MS,
    T0,
    raw_depth,
    raw_file,
    raw_line,
    raw_snapshot,
    raw_top,
    raw_trade,
)
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import InstrumentKind
from zombot.domain.market import BookLost, BookUpdate, MarketEvent, PublicTrade, TopOfBook
from zombot.domain.orderbook import OrderBook
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.grid import Grid
from zombot.infrastructure.history.importing import import_binance_raw
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.history.recording import Recording
from zombot.infrastructure.history.report import ImportReport

SPOT = InstrumentId("binance:BTC-USDT")
PERPETUAL = InstrumentId("binance:BTC-USDT-SWAP")


def taken(folder: Path, lines: list[str], name: str = "spot.gz") -> tuple[ImportReport, list[MarketEvent]]:
    """Import one file: the report, and the events of the recording."""
    report = import_binance_raw([raw_file(folder / name, lines)], folder / "recording")
    assert report.lines == report.imported + report.dropped
    return report, list(RecordingSource(folder / "recording").events())


def reasons(report: ImportReport) -> dict[str, int]:
    """How many lines were left out, by reason."""
    return {drop.reason: drop.count for drop in report.drops}


def test_frames_become_events_in_the_order_of_receipt(tmp_path: Path) -> None:
    """Tops, trades and depth keep their numbers; a top without a time gets receipt plus the last skew."""
    lines = [
        raw_trade(0),
        raw_top(1),
        raw_snapshot(2, 1001),
        raw_depth(3, 1002, 1003, bids=[["100.05", "3"]]),
    ]
    report, events = taken(tmp_path, lines)
    skew = 40 * MS
    assert events[:2] == [
        PublicTrade(SPOT, 100.15, 0.5, True, T0 + skew, T0, 1),
        TopOfBook(SPOT, 100.1, 1.5, 100.2, 1.5, T0 + MS + skew, T0 + MS, 1001),
    ]
    snapshot, update = events[2:]
    assert isinstance(snapshot, BookUpdate)
    assert snapshot.snapshot
    assert snapshot.sequence == 1001
    assert update == BookUpdate(
        SPOT, ((100.05, 3.0),), (), False, T0 + 3 * MS + skew, T0 + 3 * MS, 1003, 1001
    )
    assert report.events == {"book": 2, "top": 1, "trade": 1}
    assert report.dropped == 0
    assert (report.estimated_venue_times, report.unknown_venue_times) == (2, 0)
    assert [(skew.stream, skew.median_ns) for skew in report.skews] == [
        ("depth@100ms", 40 * MS),
        ("trade", 40 * MS),
    ]


def test_a_top_before_any_exchange_time_carries_the_receive_time(tmp_path: Path) -> None:
    """Without a skew nothing is made up, and the report counts it."""
    report, events = taken(tmp_path, [raw_top(0)])
    assert [event.venue_ns for event in events] == [T0]
    assert report.unknown_venue_times == 1


def test_bad_values_are_left_out_and_counted(tmp_path: Path) -> None:
    """Negative prices, crossed tops, zero quantities and stale tops never become events."""
    lines = [
        raw_top(0),
        raw_top(1, bid="-100"),
        raw_top(2, bid="0"),
        raw_top(3, bid="100.30"),
        raw_top(4, bid="100.20"),
        raw_top(5, quantity="0"),
        raw_top(6, quantity="-1"),
        raw_top(7, bid="nan"),
        raw_top(8, u=1000),
        raw_trade(9, price="-1"),
        raw_trade(10, quantity="0"),
        raw_depth(11, 1, 2, bids=[["-5", "1"]]),
        raw_depth(12, 4, 3),
    ]
    report, events = taken(tmp_path, lines)
    assert len(events) == 1
    assert reasons(report) == {
        "price not above 0": 5,
        "crossed top": 2,
        "zero quantity": 2,
        "quantity below 0": 1,
        "top not newer than the one before": 1,
        "depth update that ends before it begins": 1,
    }


def test_malformed_lines_are_counted_with_the_first_examples(tmp_path: Path) -> None:
    """Lines that are no frame are shown by number, five of them at most."""
    bad = [
        "",
        "no number {}",
        f"{T0}",
        f"{T0} not json",
        f"{T0} []",
        '5 {"stream":"btcusdt@trade","data":{}}',
        raw_line(T0, "trade", E="x"),
        raw_line(T0, "bookTicker", u=10**30, b="1", B="1", a="2", A="1"),
    ]
    report, events = taken(tmp_path, [raw_top(0), *bad, raw_top(9)])
    assert len(events) == 2
    (drop,) = report.drops
    assert (drop.reason, drop.count) == ("malformed line", len(bad))
    assert [example.line for example in drop.examples] == [2, 3, 4, 5, 6]


def test_unknown_streams_are_counted(tmp_path: Path) -> None:
    """A stream that is not read is no error."""
    report, _ = taken(tmp_path, [raw_top(0), raw_line(T0, "kline_1m", k={})])
    assert reasons(report) == {"frame of an unknown kind": 1}


def test_insurance_fund_rows_are_no_trades(tmp_path: Path) -> None:
    """usdm publishes prints that were not made on the book; they are left out."""
    lines = [raw_trade(0, X="MARKET"), raw_trade(1, X="INSURANCE_FUND"), raw_trade(2, X="NA", price="0")]
    report, events = taken(tmp_path, lines, "anything.gz")
    assert [event.instrument for event in events] == [PERPETUAL]
    assert report.instruments[0].instrument.kind is InstrumentKind.PERPETUAL
    assert report.dropped == 2


def test_receive_times_that_go_back_keep_the_order_of_receipt(tmp_path: Path) -> None:
    """A clock that was set back is counted; its events get the time of the line above."""
    report, events = taken(tmp_path, [raw_top(5), raw_top(2, u=2000), raw_top(7, u=2001)])
    assert [event.received_ns - T0 for event in events] == [5 * MS, 5 * MS, 7 * MS]
    assert [getattr(event, "sequence", 0) for event in events] == [1005, 2000, 2001]
    assert (report.files[0].backwards, report.files[0].backwards_ns_max) == (1, 3 * MS)


def test_depth_is_held_until_its_snapshot(tmp_path: Path) -> None:
    """Updates before the snapshot: older ones are left out, the one that straddles it and the rest count."""
    lines = [
        raw_depth(0, 1, 5),
        raw_depth(1, 6, 12, bids=[["99.50", "1"]]),
        raw_depth(2, 13, 14),
        raw_snapshot(3, 10),
        raw_depth(4, 15, 16),
    ]
    report, events = taken(tmp_path, lines)
    assert [(event.sequence, event.previous) for event in events if isinstance(event, BookUpdate)] == [
        (10, 0),
        (12, 10),
        (14, 12),
        (16, 14),
    ]
    assert [event.received_ns - T0 for event in events] == [3 * MS, 3 * MS, 3 * MS, 4 * MS]
    assert reasons(report) == {"depth update older than the book": 1}
    (gap,) = report.gaps
    assert (gap.start_ns, gap.end_ns, gap.reason) == (T0, T0 + 3 * MS, "no snapshot yet")


def test_a_broken_chain_is_a_gap_until_the_next_snapshot(tmp_path: Path) -> None:
    """A missed update loses the depth, the updates behind it are counted, and a snapshot heals it."""
    lines = [
        raw_snapshot(0, 10),
        raw_depth(1, 11, 12),
        raw_depth(2, 14, 15),
        raw_depth(3, 16, 17),
        raw_snapshot(4, 16),
        raw_depth(5, 18, 19),
        raw_depth(6, 21, 22),
    ]
    report, events = taken(tmp_path, lines)
    kinds = [type(event).__name__ for event in events]
    assert kinds == [
        "BookUpdate",
        "BookUpdate",
        "BookLost",
        "BookUpdate",
        "BookUpdate",
        "BookUpdate",
        "BookLost",
    ]
    assert reasons(report) == {
        "depth update older than the book": 1,
        "depth update without a snapshot": 1,
    }
    assert [(gap.start_ns - T0, gap.end_ns and gap.end_ns - T0) for gap in report.gaps] == [
        (2 * MS, 4 * MS),
        (6 * MS, None),
    ]
    book = OrderBook()
    for event in events:
        if isinstance(event, BookLost):
            book.invalidate()
        elif isinstance(event, BookUpdate):
            book.apply(event)
    assert book.gaps == 2


def test_an_update_that_does_not_straddle_the_snapshot_is_a_gap(tmp_path: Path) -> None:
    """The first update behind a snapshot must begin at most right behind it."""
    _, events = taken(tmp_path, [raw_snapshot(0, 10), raw_depth(1, 12, 13)])
    assert [type(event).__name__ for event in events] == ["BookUpdate", "BookLost"]


def test_crossed_depth_is_a_gap(tmp_path: Path) -> None:
    """An update that would cross the book loses it, a crossed snapshot is none."""
    lines = [
        raw_snapshot(0, 10),
        raw_depth(1, 11, 12, bids=[["100.50", "1"]]),
        raw_snapshot(2, 20, bid="101", ask="100"),
    ]
    report, events = taken(tmp_path, lines)
    assert [type(event).__name__ for event in events] == ["BookUpdate", "BookLost"]
    assert reasons(report) == {"depth update that crosses the book": 1, "crossed depth snapshot": 1}


def test_depth_overtaken_by_a_top_does_not_cross_it(tmp_path: Path) -> None:
    """Levels that a newer top already removed are left out, so that tops can be laid over depth."""
    lines = [
        raw_snapshot(0, 10),
        raw_top(1, bid="100.30", ask="100.40", u=30),
        raw_depth(2, 11, 20, bids=[["99.90", "2"]], asks=[["100.20", "4"], ["100.25", "0"]]),
        raw_depth(3, 21, 30, bids=[["100.30", "1.5"]], asks=[["100.20", "0"], ["100.40", "1.5"]]),
    ]
    report, events = taken(tmp_path, lines)
    assert report.overtaken_levels == 1
    book = OrderBook()
    for event in events:
        if isinstance(event, BookUpdate):
            book.apply(event)
        elif isinstance(event, TopOfBook):
            lay_top(book, event.bid, event.bid_quantity, event.ask, event.ask_quantity)
        assert book.usable
    assert (book.bid_prices[-1], book.ask_prices[0]) == (100.3, 100.4)


def test_the_next_day_goes_on_with_the_chain(tmp_path: Path) -> None:
    """A file without a snapshot follows the file before it, in one import or in two."""
    first = raw_file(tmp_path / "spot-1.gz", [raw_snapshot(0, 10), raw_depth(1, 11, 12)])
    second = raw_file(tmp_path / "spot-2.gz", [raw_depth(20_000, 13, 14), raw_depth(20_100, 15, 16)])
    together, apart = tmp_path / "together", tmp_path / "apart"
    import_binance_raw([second, first], together)
    import_binance_raw([first], apart)
    report = import_binance_raw([second], apart)
    assert report.dropped == 0
    assert list(RecordingSource(together).events()) == list(RecordingSource(apart).events())
    assert Recording.open(apart).manifest.counts == {"book": 4}


def test_an_earlier_day_imported_later_has_its_own_chain(tmp_path: Path) -> None:
    """The chain of a later day does not make the snapshot of an earlier one look old."""
    late = raw_file(tmp_path / "spot-2.gz", [raw_snapshot(20_000, 90), raw_depth(20_001, 91, 92)])
    early = raw_file(tmp_path / "spot-1.gz", [raw_snapshot(0, 10), raw_depth(1, 11, 12)])
    import_binance_raw([late], tmp_path / "recording")
    report = import_binance_raw([early], tmp_path / "recording")
    assert report.dropped == 0
    assert Recording.open(tmp_path / "recording").manifest.chains[SPOT].sequence == 92
    sequences = [getattr(event, "sequence", 0) for event in RecordingSource(tmp_path / "recording").events()]
    assert sequences == [10, 12, 90, 92]


def test_grids_are_inferred_or_given(tmp_path: Path) -> None:
    """Tick and lot are the finest decimals seen and marked as inferred, unless they are given."""
    path = raw_file(tmp_path / "spot.gz", [raw_top(0, bid="100.10000", ask="100.250", quantity="1.500")])
    entry = import_binance_raw([path], tmp_path / "inferred").instruments[0]
    assert (str(entry.instrument.tick), str(entry.instrument.lot)) == ("0.01", "0.1")
    assert entry.inferred == ("tick", "lot", "minimum")
    grid = Grid(tick=Recording.open(tmp_path / "inferred").instruments[0].tick / 10)
    entry = import_binance_raw([path], tmp_path / "given", grids={SPOT: grid}).instruments[0]
    assert (str(entry.instrument.tick), entry.inferred) == ("0.001", ("lot", "minimum"))


def test_mixed_markets_are_refused(tmp_path: Path) -> None:
    """Frames of both markets under one name cannot be told apart."""
    path = raw_file(tmp_path / "x.gz", [raw_trade(0, X="MARKET"), raw_top(1)])
    with pytest.raises(RecordingError, match="mixes frames of spot and of usdm"):
        import_binance_raw([path], tmp_path / "recording")


def test_progress_reaches_the_whole(tmp_path: Path) -> None:
    """Progress only grows and ends at the total."""
    path = raw_file(tmp_path / "spot.gz", [raw_top(n) for n in range(100)])
    seen: list[tuple[int, int]] = []
    import_binance_raw([path], tmp_path / "r", progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]

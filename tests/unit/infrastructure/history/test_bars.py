"""Importing bars: nothing is known before its time, and each settlement has the rate of its row."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.infrastructure.history.samples import BARS_HEADING, bar_rows, bars_file
from zombot.domain.errors import InvalidValue
from zombot.domain.market import FundingRate, MarketEvent, MarkPrice, TopOfBook
from zombot.infrastructure.history.bars import SETTLEMENT_NS, BarsOptions
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.importing import import_bars
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.history.report import ImportReport

BTC = BarsOptions(assets=("BTC",), spread_bps=Decimal(20), notional=Decimal(1000))
T = 1_672_531_200_000_000_000  # 2023-01-01 00:00 UTC
HOUR = 3_600_000_000_000
THREE = [
    *bar_rows("2023-01-01 00:00:00", "100", "101", "0.0001"),
    *bar_rows("2023-01-01 08:00:00", "102", "103", "0.0002"),
    *bar_rows("2023-01-01 16:00:00", "104", "105", "-0.0003"),
]


def taken(
    folder: Path, rows: list[str], options: BarsOptions = BTC
) -> tuple[ImportReport, list[MarketEvent]]:
    """Import one file: the report, and the events of the recording."""
    report = import_bars(bars_file(folder / "bars.csv", rows), folder / "recording", options=options)
    file = report.files[0]
    assert file.lines == file.imported + file.dropped + file.ignored
    return report, list(RecordingSource(folder / "recording").events())


def test_a_row_becomes_prices_at_both_ends_and_a_rate_at_its_settlement(tmp_path: Path) -> None:
    """OKX's bar opens four hours before its settlement; the spread lies around its price, on the tick."""
    _, events = taken(tmp_path, THREE[:2])
    spot, perpetual = "okx:BTC-USDT", "okx:BTC-USDT-SWAP"
    opens, closes = T - 4 * HOUR, T + 4 * HOUR - 1
    prices = {
        type(event).__name__ + event.instrument: event for event in events if event.received_ns == opens
    }
    assert prices.keys() == {f"TopOfBook{spot}", f"TopOfBook{perpetual}", f"MarkPrice{perpetual}"}
    assert prices[f"TopOfBook{spot}"] == TopOfBook(spot, 99.9, 10.0, 100.1, 10.0, opens, opens)  # type: ignore[arg-type]
    assert prices[f"MarkPrice{perpetual}"] == MarkPrice(perpetual, 100.0, 100.0, opens, opens)  # type: ignore[arg-type]
    assert {event.received_ns for event in events} == {opens, T - 1, T + 1, closes}


def test_no_rate_is_known_before_its_settlement(tmp_path: Path) -> None:
    """Until 1 ns before a settlement the estimate is the rate settled last; then it is the row's own."""
    _, events = taken(tmp_path, THREE)
    rates = [event for event in events if isinstance(event, FundingRate)]
    own = {T: 0.0001, T + SETTLEMENT_NS: 0.0002, T + 2 * SETTLEMENT_NS: -0.0003}
    for event in rates:
        if event.received_ns == event.funding_ns - 1:
            assert event.rate == own[event.funding_ns]
        else:
            assert event.rate == own[event.funding_ns - SETTLEMENT_NS]
            assert event.received_ns == event.funding_ns - SETTLEMENT_NS + 1
        assert event.next_funding_ns - event.funding_ns == SETTLEMENT_NS
    assert len(rates) == 6


def test_changing_a_later_row_changes_nothing_earlier(tmp_path: Path) -> None:
    """No look-ahead: what was received before a row's bar opens does not depend on the row."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    _, events = taken(tmp_path / "a", THREE)
    _, others = taken(tmp_path / "b", THREE[:4] + bar_rows("2023-01-01 16:00:00", "1", "9999", "0.5"))
    opens = T + 2 * SETTLEMENT_NS - 4 * HOUR
    assert [event for event in events if event.received_ns < opens] == [
        event for event in others if event.received_ns < opens
    ]


def test_summer_labels_mean_the_settlement_an_hour_before(tmp_path: Path) -> None:
    """Labels in London's summer time stand an hour past the settlement."""
    rows = bar_rows("2023-03-26 00:00:00") + bar_rows("2023-03-26 09:00:00")
    _, events = taken(tmp_path, rows)
    settlements = sorted({event.funding_ns for event in events if isinstance(event, FundingRate)})
    assert [b - a for a, b in pairwise(settlements)] == [SETTLEMENT_NS] * 2
    assert settlements[0] % SETTLEMENT_NS == 0


def test_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    """Each reason is counted, with the line; other exchanges are not asked for."""
    good = THREE[:2]
    spot, perpetual = bar_rows("2023-01-01 08:00:00")
    bad = {
        good[0]: "second row of one time",
        spot.replace("08:00", "11:30"): "time is not within an hour of a settlement",
        spot.replace("2023-01-01", "2022-01-01"): "time before that of the row above",
        spot.replace("100,101", "-100,101"): "price not above 0 or not below 1e12",
        spot.replace("100,101", "NaN,101"): "price not above 0 or not below 1e12",
        spot.replace("100,101", "300,101"): "open or close outside low and high",
        perpetual.replace("0.0001", "7"): "funding rate is no fraction between -1 and 1",
        perpetual.replace("0.0001", ""): "malformed line",
        spot.replace("2023", "Monday"): "malformed line",
        "a,b": "malformed line",
    }
    other = spot.replace("okx", "bybit")
    report, events = taken(tmp_path, [*good, *bad, other])
    expected: dict[str, int] = {}
    for reason in bad.values():
        expected[reason] = expected.get(reason, 0) + 1
    assert {drop.reason: drop.count for drop in report.drops} == expected
    assert report.files[0].ignored == 2
    assert sum(isinstance(event, TopOfBook) for event in events) == 4


def test_unusable_files_are_named(tmp_path: Path) -> None:
    """Empty, without the columns, or without the series: the message says what is there."""
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(RecordingError, match=r"empty\.csv is empty"):
        import_bars(tmp_path / "empty.csv", tmp_path / "r")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RecordingError, match="has no column 'time': it has a, b"):
        import_bars(tmp_path / "other.csv", tmp_path / "r")
    path = bars_file(tmp_path / "bars.csv", THREE)
    with pytest.raises(
        RecordingError, match="no usable bar of okx:ETH-USDT; series in it: okx BTC/USDT spot"
    ):
        import_bars(path, tmp_path / "r")
    with pytest.raises(InvalidValue, match="spread_bps is -1"):
        BarsOptions(spread_bps=Decimal(-1))
    assert not (tmp_path / "r").exists()
    assert BARS_HEADING.startswith("time,exchange")


def test_the_same_bars_again_are_skipped(tmp_path: Path) -> None:
    """The same series twice is skipped; another one of the same file is added."""
    rows = THREE + [row.replace("BTC", "ETH") for row in THREE]
    path = bars_file(tmp_path / "bars.csv", rows)
    import_bars(path, tmp_path / "r", options=BTC)
    assert len(import_bars(path, tmp_path / "r", options=BTC).skipped) == 1
    report = import_bars(path, tmp_path / "r", options=BarsOptions(assets=("ETH",)))
    assert len(report.instruments) == 4
    assert report.events == {"funding": 6, "mark": 6, "top": 12}

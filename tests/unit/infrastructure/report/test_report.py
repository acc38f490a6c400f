"""The report: one page that stands alone and shows every figure, and a JSON file that loses nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.infrastructure.report.sample import HOUR_NS, START_NS, sample_report
from zombot.infrastructure.report import numbers
from zombot.infrastructure.report.model import ReportError
from zombot.infrastructure.report.writer import write_json, write_report

VOID = {"meta"}
HOSTILE = "<script>alert('x')</script>&\"'\x00\x1b]0;<b>"


class Reader(HTMLParser):
    """Checks that every element is closed in order, and collects what a browser would show."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.words: list[str] = []
        self.titles: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


def page_of(report: Any, folder: Path) -> tuple[str, Reader]:
    """The page as text and as a browser reads it."""
    write_report(report, folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return page, reader


def idle_report() -> dict[str, Any]:
    """A run in which nothing happened, with nothing but the fields that every report has."""
    return {
        "events": 0,
        "seconds": 0.0,
        "events_per_second": 0.0,
        "arbitrages": {"opened": 0, "closed": 0, "aborted": 0, "repaired": 0, "open": 0},
        "orders": 0,
        "fills": 0,
        "refusals": {},
        "pnl": {"total": "0"},
        "equity_start": "0",
        "equity_end": "0",
        "max_residual_notional": "0",
        "max_naked_ms": 0.0,
        "state_hash": "0" * 64,
    }


def test_the_page_is_well_formed_and_needs_nothing_but_itself(tmp_path: Path) -> None:
    """No script, no address, no file beside it."""
    page, reader = page_of(sample_report(), tmp_path)
    assert page.startswith("<!doctype html>")
    assert not reader.elements & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"https?:|//|url\(|@import", page)
    assert not [name for name, _ in reader.attributes if name in {"src", "href"} or name.startswith("on")]
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_every_figure_is_on_the_page(tmp_path: Path) -> None:
    """Key figures, profit parts to the last digit, every arbitrage, settlement, reason and setting."""
    report = sample_report()
    _, reader = page_of(report, tmp_path)
    text = "\n".join(reader.words)
    titles = {value for name, value in reader.attributes if name == "title"}
    shown = {word.strip() for word in reader.words} | titles
    for name, value in report["pnl"].items():
        cost = name in {"fees", "slippage", "interest"} and value.strip("0.")
        assert numbers.exact(f"-{value}" if cost else value) in shown, name
    assert report["state_hash"] in text
    for figure in ("2,481,332", "1,840.12", "412 ms", numbers.amount(report["equity_end"])):
        assert figure in text
    for reason, count in report["refusals"].items():
        assert reason in shown
        assert f"{count:,}" in shown
    for arbitrage in report["trades"]:
        assert numbers.exact(arbitrage["total"]) in shown
        assert arbitrage["quantity"] in shown
        for leg in arbitrage["legs"]:
            assert leg["entry_price"] in text
            assert leg["exit_price"] in text
    for settlement in report["funding"]:
        assert numbers.moment(settlement["time_ns"]) in shown
        assert numbers.exact(settlement["amount"]) in titles
    best = max(report["refused"], key=lambda refused: refused["net_bps"])
    assert f"+{best['net_bps']:.2f}" in shown
    for words in (
        "strategies.intra.entry_bps",
        "risk.daily_loss_max",
        "recording made-up-2024-03-01",
        "−1,270.000 ms",
    ):
        assert words in text


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    """Whatever a venue, a file or a configuration says, it can neither add elements nor break any."""
    report = sample_report(points=50)
    report["data"] = {"source": HOSTILE, HOSTILE: HOSTILE}
    report["configuration"] = {HOSTILE: {"deep": HOSTILE}}
    report["refusals"] = {HOSTILE: 3}
    report["state_hash"] = HOSTILE
    report["series"][f"{HOSTILE}:basis_bps"] = [1.0] * 50
    report["trades"] = sample_report()["trades"]
    report["trades"][0] |= {"pair": HOSTILE, "direction": HOSTILE, "close_reason": HOSTILE}
    report["trades"][0]["legs"][0] |= {"instrument": HOSTILE, "side": HOSTILE, "entry_price": HOSTILE}
    report["refused"][0] |= {"pair": HOSTILE, "reason": HOSTILE}
    page, reader = page_of(report, tmp_path)
    assert "script" not in reader.elements
    assert "<script" not in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", page)
    assert json.loads((tmp_path / "report.json").read_bytes())["state_hash"] == HOSTILE


def test_json_keeps_everything(tmp_path: Path) -> None:
    """What a program reads is what the run reported, fields unknown to the page included."""
    report = sample_report(points=200) | {"added_later": [1, "2"]}
    write_report(report, tmp_path)
    assert json.loads((tmp_path / "report.json").read_bytes()) == report
    write_json(report, tmp_path / "alone.json")
    assert (tmp_path / "alone.json").read_bytes() == (tmp_path / "report.json").read_bytes()
    loaded = json.loads((tmp_path / "report.json").read_bytes())
    again = tmp_path / "again"
    write_report(loaded, again)
    assert (again / "report.html").read_bytes() == (tmp_path / "report.html").read_bytes()


def test_a_struct_is_as_good_as_a_mapping(tmp_path: Path) -> None:
    """The runtime's own struct goes in as it is."""
    kind = msgspec.defstruct("RunReport", [(name, Any) for name in idle_report()])
    _, reader = page_of(kind(**idle_report()), tmp_path)
    assert "No arbitrage was opened." in reader.words


def test_an_idle_run_has_a_page_that_says_so(tmp_path: Path) -> None:
    """Nothing to draw is said in words, not drawn as nothing."""
    _, reader = page_of(idle_report(), tmp_path)
    text = "\n".join(reader.words)
    for words in ("No pairs", "Too little was recorded", "Nothing was refused.", "No funding was settled"):
        assert words in text


def test_a_halted_run_says_so_at_the_top(tmp_path: Path) -> None:
    """Nobody reads the figures of a halted run as those of a whole one."""
    _, reader = page_of(idle_report() | {"halted": True}, tmp_path)
    assert any("risk halt" in words for words in reader.words)
    failed = idle_report() | {"failure": "journal: disk full", "differences": {"USDT": ["5", "6"]}}
    _, reader = page_of(failed, tmp_path)
    assert any("journal: disk full" in words for words in reader.words)
    assert any("USDT: 5 here, 6 there" in words for words in reader.words)


def test_profit_that_is_not_explained_is_an_alarm(tmp_path: Path) -> None:
    """The page does the sum itself."""
    explained = sample_report(points=40)
    _, reader = page_of(explained, tmp_path)
    assert any("to the last digit" in words for words in reader.words)
    explained["equity_end"] = "100000.00000001"
    explained["pnl"]["total"] = "0"
    _, reader = page_of(explained, tmp_path)
    assert any("0.00000001" in words and "unexplained" in words for words in reader.words)


def test_a_year_of_settlements_and_thousands_of_arbitrages_stay_readable(tmp_path: Path) -> None:
    """Long tables fold away, beyond all measure they are counted, and the page stays small enough to send."""
    report = sample_report()
    one = report["trades"][0]
    report["trades"] = [
        one | {"id": number, "opened_ns": START_NS + number * HOUR_NS // 500} for number in range(12_000)
    ]
    settlement = {
        "instrument": "okx:X-SWAP",
        "rate": "0.0001",
        "mark": "1",
        "quantity": "-1",
        "amount": "0.1",
    }
    report["funding"] = [settlement | {"time_ns": START_NS + n * 8 * HOUR_NS} for n in range(1_642)]
    page, reader = page_of(report, tmp_path)
    text = "\n".join(reader.words)
    assert "10,000 further arbitrages stand in report.json." in text
    assert "1,612 more settlements" in text
    assert numbers.moment(report["funding"][-1]["time_ns"]) in text
    assert len(page) < 6_000_000


def test_long_series_are_thinned_but_keep_their_extremes(tmp_path: Path) -> None:
    """A spike of one sample among a hundred thousand is still drawn."""
    report = idle_report()
    count = 100_000
    values = [0.0] * count
    values[54_321] = 77.0
    report["series"] = {
        "time_ns": [START_NS + index * 1_000_000 for index in range(count)],
        "equity": values,
        "drawdown": [0.0] * count,
    }
    page, _ = page_of(report, tmp_path)
    assert len(page) < 120_000
    highest = min(float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", page))
    assert highest < 40


@pytest.mark.parametrize("broken", ["events", "pnl", "state_hash"])
def test_what_is_no_report_is_named_and_nothing_is_written(tmp_path: Path, broken: str) -> None:
    """The message says which field; the folder stays as it was."""
    report = idle_report()
    del report[broken]
    with pytest.raises(ReportError, match=broken):
        write_report(report, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_failed_write_leaves_the_old_report_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old page stays readable until the new one is complete."""
    write_report(idle_report(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(sample_report(points=40), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

"""The live view and its plain sibling: they fit any terminal and repeat nothing."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tests.unit.interfaces.cli.fakes import START_NS, a_snapshot
from zombot.engine.queries import EventRow, Snapshot
from zombot.interfaces.cli import panels, texts
from zombot.interfaces.cli.columns import Column, Table, fitted
from zombot.interfaces.cli.plain import LineOutput, fresh, status_line
from zombot.interfaces.cli.view import LiveView, Page

SIZES = [(20, 5), (40, 10), (60, 12), (80, 24), (100, 30), (132, 43), (160, 50), (250, 80)]


def lines_of(snapshot: Snapshot, width: int, height: int) -> list[str]:
    """The page as plain lines."""
    return [line.plain for line in Page(snapshot, 100.0).lines(width, height)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("pairs", [0, 1, 2, 12, 200])
@pytest.mark.parametrize("arbitrages", [0, 1, 30])
def test_the_page_fits_every_terminal(width: int, height: int, pairs: int, arbitrages: int) -> None:
    """No line is wider and no page is higher than the terminal."""
    lines = lines_of(a_snapshot(pairs=pairs, arbitrages=arbitrages, events=50), width, height)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_is_drawn_is_what_was_laid_out(width: int, height: int) -> None:
    """Rich neither wraps nor stretches the page."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, force_terminal=False)
    console.print(Page(a_snapshot(pairs=12), 100.0))
    drawn = [line.rstrip() for line in stream.getvalue().rstrip("\n").split("\n")]
    assert drawn == [line.rstrip() for line in lines_of(a_snapshot(pairs=12), width, height)]
    assert max(map(cell_len, drawn)) <= width


def test_eighty_columns_show_what_a_trader_asks_first() -> None:
    """Mode, worth, each pair's spread to refusal, both legs, parts of profit, limits and the last event."""
    page = "\n".join(lines_of(a_snapshot(), 80, 24))
    for words in ("ENABLED", "equity 100,022.81", "P&L +22.81", "simulator ● live", "up 1h02m"):
        assert words in page
    for title in ("spread", "basis", "funding in", "net", "to entry", "age", "last refusal", "residual"):
        assert title in page
    for words in (
        "BTC-USDT",
        "3h12m",
        "repairing",
        "2,771.53",
        "+3.2 → -1.5",
        "BTC-USDT-SWAP -0.166 of -0.166",
    ):
        assert words in page
    for words in (
        "profit  +22.81",
        "basis +64.18",
        "fees -41.20",
        "daily loss",
        "950.1/1000",
        "converged, +12.90",
    ):
        assert words in page


def test_a_halt_and_a_lost_link_are_seen_at_once() -> None:
    """Both stand in the first line."""
    first = lines_of(a_snapshot(mode="halted"), 100, 24)[0]
    assert "HALTED  daily loss" in first
    assert "○ lost" in first


def test_with_too_many_pairs_those_that_matter_are_shown() -> None:
    """What is open and what is near entry stays; the rest is counted."""
    snapshot = a_snapshot(pairs=200)
    page = lines_of(snapshot, 120, 24)
    shown = [line for line in page if "-USDT  " in line and "#" not in line]
    assert any(line.startswith("BTC-USDT") for line in shown)
    assert any(f"and {200 - len(shown)} more pairs" in line for line in page)


def test_unknown_figures_are_dashes_not_zeros() -> None:
    """Before both sides were seen there is nothing to read."""
    row = msgspec.structs.replace(
        a_snapshot(pairs=7).pairs[6], pair="NEW-USDT", last_refusal="", funding_bps=None
    )
    line = panels.pairs([row], 80, 5)[1].plain
    assert line.split() == ["NEW-USDT", *["–"] * 6]


def test_a_venues_words_cannot_touch_the_terminal() -> None:
    """Escape sequences and line breaks from outside are shown as blanks, live and plain."""
    evil = EventRow(at_ns=START_NS, level="info", text="a\x1b[2Jb\nc\u202ed")
    snapshot = msgspec.structs.replace(a_snapshot(), last_events=(evil,), bot="x\x1b]0;y\x07")
    assert not any("\x1b" in line or "\n" in line for line in lines_of(snapshot, 80, 24))
    stream = io.StringIO()
    LineOutput(stream).show(snapshot)
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2


@given(st.text(max_size=30), st.integers(1, 20))
def test_fitted_text_has_exactly_its_width(words: str, width: int) -> None:
    """Also with characters that take two cells or none."""
    assert cell_len(fitted(texts.clean(words), width)) == width


@given(st.integers(1, 200))
def test_a_table_keeps_its_most_needed_column_and_its_width(width: int) -> None:
    """Whatever is dropped, the line fits; the first column is the last to go."""
    table = Table(panels.PAIR_COLUMNS, max(width, panels.PAIR_COLUMNS[0].width))
    heading = table.heading().plain
    assert heading.startswith("pair")
    assert cell_len(heading) <= max(width, panels.PAIR_COLUMNS[0].width)
    narrow = Table([Column("only", 10, 1)], 4)
    assert narrow.row([("x", "")]).plain == "         x"


def test_figures_read_well() -> None:
    """Rounded for reading, never minus zero, never wider than planned."""
    assert texts.money("-0.004", signed=True) == "0.00"
    assert texts.money("1234567.891") == "1,234,567.89"
    assert texts.money("NaN") == "NaN"
    assert texts.money("soon") == "soon"
    assert (texts.bps(None), texts.bps(-3.04), texts.bps(12345.6)) == ("–", "-3.0", "+12346")
    assert [texts.duration(s) for s in (0, 61, 3_700, 90_000, None)] == ["0s", "1m01s", "1h01m", "1d01h", "–"]
    assert [texts.milliseconds(v) for v in (3.2, 1_500, 250_000)] == ["3ms", "1.5s", "4m10s"]
    assert [texts.count(v) for v in (999, 12_345, 4_500_000, 10**10)] == ["999", "12.3k", "4.5M", "10.0G"]
    assert texts.timestamp(START_NS + 7_000_000) == "2026-01-01T00:00:00.007Z"


@given(st.floats(-2, 3), st.integers(1, 30))
def test_a_bar_has_its_width_and_grows(fraction: float, width: int) -> None:
    """Full at one, empty at zero, one width always."""
    assert len(texts.bar(fraction, width)) == width
    assert texts.bar(1, width) == "█" * width
    assert texts.bar(0, width).strip() == ""


def rows(*numbers: int) -> tuple[EventRow, ...]:
    """Events with these numbers."""
    return tuple(EventRow(at_ns=START_NS + n, level="info", text=f"event {n}") for n in numbers)


@given(st.lists(st.integers(0, 8), max_size=9))
def test_each_event_is_written_once(batches: list[int]) -> None:
    """However many events come between two snapshots, each appears once and in order."""
    total, seen = 0, rows()
    written: list[EventRow] = []
    for batch in batches:
        total += batch
        now = rows(*range(max(0, total - 12), total))
        written += fresh(seen, now)
        seen = now
    assert written == list(rows(*range(total)))


def test_equal_events_are_all_written() -> None:
    """Two events that read the same are two events."""
    assert fresh(rows(1, 1), rows(1, 1, 1)) == rows(1)


def test_plain_lines_and_a_status_now_and_then() -> None:
    """Events as they come, the status every ten seconds and at the end, no colours."""
    now = [100.0]
    stream = io.StringIO()
    with LineOutput(stream, clock=lambda: now[0]) as output:
        for step in range(5):
            output.show(a_snapshot(step=step, events=step + 1))
            now[0] += 4.0
        output.say("stopping")
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert sum(" status " in line for line in lines) == 3
    assert sum("arbitrage 12 opened" in line for line in lines) == 1
    assert lines[0].startswith("2026-01-01T01:00:00.000Z info     arbitrage 12 opened")
    assert any(line.endswith("info     stopping") for line in lines)
    assert "mode=enabled" in lines[-1]
    assert "opened=14 closed=12 aborted=0 repaired=1" in lines[-1]


def test_json_lines_are_objects() -> None:
    """One object per line, each says what it is; a snapshot is whole."""
    stream = io.StringIO()
    with LineOutput(stream, as_json=True) as output:
        output.show(a_snapshot(events=2))
    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["kind"] for one in objects] == ["event", "event", "snapshot", "snapshot"]
    del objects[2]["kind"]
    assert msgspec.convert(objects[2], Snapshot) == a_snapshot(events=2)


def test_the_status_names_what_is_lost() -> None:
    """A lost venue is in the line that a log is searched for."""
    assert status_line(a_snapshot(mode="halted")).endswith("lost=simulator")
    assert "lost" not in status_line(a_snapshot())


def test_the_live_view_costs_the_loop_next_to_nothing() -> None:
    """Showing keeps a reference; drawing happens elsewhere."""
    view = LiveView(Console(file=io.StringIO(), force_terminal=True, width=80, height=24))
    snapshots = [a_snapshot(pairs=200, step=step) for step in range(50)]
    start = time.perf_counter()
    for snapshot in snapshots:
        view.show(snapshot)
    assert (time.perf_counter() - start) / len(snapshots) < 0.001


def test_the_terminal_is_given_back_after_a_failure() -> None:
    """The alternate screen is left and the cursor shown, also when the run ends in an error."""
    stream = io.StringIO()
    with (
        pytest.raises(OSError, match="gone"),
        LiveView(Console(file=stream, force_terminal=True, width=80, height=24)) as view,
    ):
        view.show(a_snapshot())
        view.say("stopping in good order (SIGINT)")
        time.sleep(0.6)
        raise OSError("gone")
    written = stream.getvalue()
    assert written.count("\x1b[?1049h") == 1
    assert written.rindex("\x1b[?1049l") > written.rindex("\x1b[?1049h")
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert "stopping in good order" in written
    assert "BTC-USDT" in written


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_in_a_real_terminal_a_signal_ends_it_in_good_order(signal_name: str, tmp_path: Path) -> None:
    """View on, signal, orderly stop, terminal given back, last words below, exit code 0."""
    import signal

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.interfaces.cli.fake_container", "forever", "--", "run"],
        stdin=follower,
        stdout=follower,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(follower)
    seen = _read_until(leader, b"BTC-USDT")
    process.send_signal(getattr(signal, signal_name))
    seen += _read_until(leader, b"state hash")
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert f"stop requested: {signal_name}" in process.stderr.read().decode()
    process.stderr.close()
    os.close(leader)
    assert seen.rindex(b"\x1b[?1049l") < seen.rindex(b"state hash")
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")


def _read_until(descriptor: int, words: bytes) -> bytes:
    seen = b""
    deadline = time.monotonic() + 20
    while words not in seen:
        ready, _, _ = select.select([descriptor], [], [], deadline - time.monotonic())
        assert ready, f"waited in vain for {words!r}, got {seen!r}"
        seen += os.read(descriptor, 65_536)
    return seen

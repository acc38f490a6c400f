"""Every bench runs at a tiny size and finds finite positive numbers; nothing here asserts how fast."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import answer, backtest, market, table
from benchmarks.children import Finding
from benchmarks.measure import Figure, Outcome, Plan, Row, in_rounds, percentile, row

TINY = 0.002


@pytest.mark.parametrize("name", command.BENCHES)
def test_each_bench_finds_finite_positive_numbers(name: str, tmp_path: Path) -> None:
    """A bench that breaks is noticed here and not by who wants to measure."""
    outcome = command.BENCHES[name](Plan(scratch=tmp_path, size=TINY, rounds=1))

    assert outcome.figures
    assert outcome.rows or name == backtest.BENCH, "only the comparison with the peer may be left out"
    for one in outcome.rows:
        assert all(math.isfinite(value) and value > 0 for value in (one.ratio, one.low, one.high)), one
    for figure in outcome.figures:
        # Growth of memory is a difference, and at this size it may well be none.
        assert math.isfinite(figure.value), figure
        assert figure.value > 0 or name == "memory", figure


def test_the_command_prints_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--json`` holds what the table shows."""
    target = tmp_path / "bench.json"

    code = command.main(["--only", "pairs", "--size", str(TINY), "--rounds", "1", "--json", str(target)])

    printed = capsys.readouterr().out
    found = json.loads(target.read_text())
    assert code == 0
    assert "engine: a quote among 200 pairs ÷ among 2" in printed
    assert {one["verdict"] for one in found["ratios"]} <= {"pass", "miss"}
    assert found["figures"]


def test_a_missed_goal_is_told_and_breaks_nothing() -> None:
    """Pass and miss depend on which side the goal lies; a row without one has no verdict."""
    slow, fast = [4.0, 4.0, 4.0], [2.0, 2.0, 2.0]

    assert row("b", "r", slow, fast, goal=1.9).verdict == "miss"
    assert row("b", "r", slow, fast, goal=2.0).verdict == "pass"
    assert row("b", "r", slow, fast, goal=2.1, at_least=True).verdict == "miss"
    assert row("b", "r", slow, fast).verdict == ""


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that is twice as slow in one round changes nothing: both variants were."""
    found = row("b", "r", [3.0, 6.0, 3.0], [1.0, 2.0, 1.0])

    assert (found.low, found.ratio, found.high) == (3.0, 3.0, 3.0)


def test_variants_take_turns() -> None:
    """Every other round runs backwards, so that neither variant is always the first."""
    calls: list[str] = []

    def variant(name: str) -> float:
        calls.append(name)
        return 1.0

    in_rounds({"a": lambda: variant("a"), "b": lambda: variant("b")}, 2, warm_up=False)

    assert calls == ["a", "b", "b", "a"]


def test_percentiles_are_samples() -> None:
    """No interpolation."""
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0.25, 0.5, 0.99)] == [1.0, 2.0, 4.0]


def test_the_frame_is_the_quote() -> None:
    """What is decoded for comparison is the very quote that the engine answers."""
    quote = market.Ticker([market.instruments()[0].id]).take(1)[0]

    text = answer.frame(quote)
    event = answer.event_of(answer.DECODER.decode(text).data[0], quote.instrument)

    assert len(text) == 182
    assert (event.bid, event.ask, event.bid_quantity, event.ask_quantity) == (
        quote.bid,
        quote.ask,
        quote.bid_quantity,
        quote.ask_quantity,
    )


@pytest.mark.parametrize(
    ("profit", "expected"), [("10.50", "the same to the last digit"), ("10.6", "apart by 0.1 USDT")]
)
def test_agreement_with_the_peer_is_told(profit: str, expected: str) -> None:
    """A comparison of two engines that trade differently would be no comparison."""

    def finding(total: str) -> Finding:
        return Finding(
            quotes=1, wall_run=1, wall_all=1, cpu_run=1, cpu_all=1, closed=2, fills=8, profit=total, peak_mb=1
        )

    assert expected in backtest.agreement(finding("10.5"), finding(profit))


def test_the_table_shows_goal_and_verdict() -> None:
    """One line per ratio, then the absolute figures under their own heading."""
    outcome = Outcome(
        rows=(Row(bench="b", name="r", ratio=1.5, low=1.0, high=2.0, rounds=3, goal=2.0, at_least=True),),
        figures=(Figure(bench="b", name="f", value=1234.5, unit="ns"),),
        notes=("a note",),
    )

    text = table.whole([outcome])

    assert "b: r   1.50        1.00 to 2.00   ≥ 2  miss" in text
    assert text.index("a note") < text.index("Absolute figures")
    assert "1,234  ns" in text

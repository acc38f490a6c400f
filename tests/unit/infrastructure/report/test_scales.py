"""Ticks and thinning: what a reader sees at the axes, and what may be left out of a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zombot.infrastructure.report import numbers
from zombot.infrastructure.report.scales import SECOND_NS, nice_range, number_ticks, thinned, time_ticks

START_NS = 1_700_000_000 * SECOND_NS
figures = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


@given(st.lists(figures, min_size=1, max_size=30), st.integers(2, 12))
def test_number_ticks_lie_in_the_range_and_are_few(values: list[float], wanted: int) -> None:
    """All values fit in the range; ticks rise, stay inside and are not many more than asked for."""
    low, high = nice_range(values)
    assert low < high
    assert low <= min(values) <= max(values) <= high
    ticks = number_ticks(low, high, wanted)
    assert len(ticks) <= wanted + 1
    assert ticks == sorted(ticks)
    slack = (high - low) * 1e-6
    assert all(low - slack <= tick.value <= high + slack for tick in ticks)


@given(st.integers(1, 40_000_000), st.integers(2, 10))
def test_time_ticks_lie_in_the_range_and_are_few(seconds: int, wanted: int) -> None:
    """From a second to a year: inside, rising, not many more than asked for."""
    end = START_NS + seconds * SECOND_NS
    ticks = time_ticks(START_NS, end, wanted)
    assert len(ticks) <= wanted + 2
    assert ticks == sorted(ticks)
    assert all(START_NS <= tick.value <= end for tick in ticks)


def test_time_labels_suit_the_length() -> None:
    """Seconds for minutes, hours for a day, days for weeks, months for a year."""
    hour, day = 3_600 * SECOND_NS, 86_400 * SECOND_NS
    assert time_ticks(START_NS, START_NS + 60 * SECOND_NS, 4)[0].label == "22:13:30"
    assert "00:00" not in [tick.label for tick in time_ticks(START_NS, START_NS + 24 * hour, 6)]
    assert "15 Nov" in [tick.label for tick in time_ticks(START_NS, START_NS + 24 * hour, 6)]
    assert time_ticks(START_NS, START_NS + 400 * day, 6)[0].label.endswith(("2023", "2024"))


@given(st.lists(st.none() | figures, max_size=600), st.integers(1, 20))
def test_thinning_keeps_extremes_and_ends(values: list[float | None], buckets: int) -> None:
    """The thinned line has the same highest, lowest, first and last value, in the same order of time."""
    times = list(range(len(values)))
    kept = thinned(times, values, buckets)
    assert len(kept) <= max(buckets * 4, 4)
    assert [time for time, _ in kept] == sorted({time for time, _ in kept})
    known = [value for value in values if value is not None]
    left = [value for _, value in kept if value is not None]
    assert bool(known) == bool(left)
    if known:
        assert (min(left), max(left)) == (min(known), max(known))
    if values:
        assert kept[0] == (0, values[0])
        assert kept[-1] == (len(values) - 1, values[-1])


def test_amounts_read_well() -> None:
    """Signs, thousands, small amounts and what is not a number."""
    assert numbers.amount("-1234.567", signed=True) == "−1,234.57"
    assert numbers.amount("0.00012345", signed=True) == "+0.000123"
    assert numbers.amount("-0.000", signed=True) == "0.00"
    assert numbers.amount("NaN") == "NaN"
    assert numbers.amount("none") == "none"
    assert numbers.percent("5", "0") == ""
    assert numbers.percent("-1", "400") == "−0.25 %"
    assert numbers.duration(90_000 * SECOND_NS) == "1 d 1 h"

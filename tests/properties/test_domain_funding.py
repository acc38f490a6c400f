"""Funding is counted only where something settles, against a walk through time."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.domain.samples import HOUR
from zombot.domain.funding import expected_funding_bps, settlements_within

times = st.integers(1, 60)


def walk(now: int, horizon: int, funding: int, interval: int) -> int:
    """Count settlements one by one from the given one on."""
    found, at = 0, funding
    while at <= now + horizon:
        found += at >= now
        at += interval
    return found


@given(now=times, horizon=st.integers(0, 100), funding=times, interval=st.integers(1, 9))
@example(now=10, horizon=20, funding=9, interval=8)
def test_settlements_are_those_of_a_walk(now: int, horizon: int, funding: int, interval: int) -> None:
    """Every settlement from now to the horizon counts once, also while the one last announced is over.

    A venue announces the next one seconds or minutes after a settlement; meanwhile its time is known.
    """
    counted = settlements_within(now * HOUR, horizon * HOUR, funding * HOUR, (funding + interval) * HOUR)
    assert counted == walk(now, horizon, funding, interval)


@given(now=times, horizon=st.integers(0, 100), funding=times, back=st.integers(0, 5))
def test_without_an_interval_only_the_announced_settlement_counts(
    now: int, horizon: int, funding: int, back: int
) -> None:
    """While the settlement after the next is unknown, nothing is made up."""
    counted = settlements_within(now, horizon, funding, funding - back)
    assert counted == (now <= funding <= now + horizon)


@given(now=times, horizon=st.integers(0, 100))
def test_an_unknown_settlement_counts_nothing(now: int, horizon: int) -> None:
    """Before the venue has named a settlement there is none."""
    assert settlements_within(now, horizon, 0, 0) == 0


@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.integers(0, 30), st.sampled_from([-1, 1]))
def test_what_one_side_pays_the_other_receives(rate: float, later: float, count: int, sign: int) -> None:
    """Long and short are opposite to the bit, and no settlement is no funding."""
    mine = expected_funding_bps(rate, later, count, sign)
    assert mine == -expected_funding_bps(rate, later, count, -sign)
    if count == 0:
        assert mine == 0.0


def test_longs_pay_a_positive_rate() -> None:
    """At +1 bp a settlement, and 2 bps for the later ones, a short expects 5 bps from three."""
    assert expected_funding_bps(0.0001, 0.0002, 3, -1) == pytest.approx(5.0)
    assert expected_funding_bps(0.0001, 0.0002, 3, 1) == pytest.approx(-5.0)

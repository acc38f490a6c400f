"""Funding of a perpetual: how many settlements a holding will meet and what they are expected to pay."""

from __future__ import annotations


def settlements_within(now_ns: int, horizon_ns: int, funding_ns: int, next_funding_ns: int) -> int:
    """Settlements at or after ``now_ns`` and within the horizon, at the instrument's present interval.

    Nothing is paid between settlements, so a horizon that ends before the next one counts 0.
    """
    end_ns = now_ns + horizon_ns
    if funding_ns <= 0 or funding_ns < now_ns or funding_ns > end_ns:
        return 0
    interval_ns = next_funding_ns - funding_ns
    if interval_ns <= 0:
        return 1
    return 1 + (end_ns - funding_ns) // interval_ns


def expected_funding_bps(rate: float, later_rate: float, settlements: int, position_sign: int) -> float:
    """What a position of this sign expects to receive, in bps of its notional; a cost is negative.

    The next settlement is expected at the running ``rate``, the ones behind it at ``later_rate``: the best
    known guesses, stated as such.
    """
    if settlements == 0:
        return 0.0
    return -position_sign * (rate + later_rate * (settlements - 1)) * 10_000.0

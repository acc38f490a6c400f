"""Funding of a perpetual: how many settlements a holding will meet and what they are expected to pay."""

from __future__ import annotations


def settlements_within(now_ns: int, horizon_ns: int, funding_ns: int, next_funding_ns: int) -> int:
    """Settlements at or after ``now_ns`` and within the horizon, at the instrument's present interval.

    Nothing is paid between settlements, so a horizon that ends before the next one counts 0. A settlement
    that is over is followed by the next one of its interval, also before the venue has announced it.
    """
    interval_ns = next_funding_ns - funding_ns
    if funding_ns <= 0:
        return 0
    first_ns = funding_ns
    if funding_ns < now_ns:
        if interval_ns <= 0:
            return 0
        first_ns += -((funding_ns - now_ns) // interval_ns) * interval_ns
    if first_ns > now_ns + horizon_ns:
        return 0
    return 1 + (now_ns + horizon_ns - first_ns) // interval_ns if interval_ns > 0 else 1


def expected_funding_bps(rate: float, later_rate: float, settlements: int, position_sign: int) -> float:
    """What a position of this sign expects to receive, in bps of its notional; a cost is negative.

    The next settlement is expected at the running ``rate``, the ones behind it at ``later_rate``: the best
    known guesses, stated as such.
    """
    if settlements == 0:
        return 0.0
    return -position_sign * (rate + later_rate * (settlements - 1)) * 10_000.0

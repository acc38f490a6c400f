"""The two hidden processes of a pair: its efficient price and the basis of its perpetual.

The efficient price is a geometric random walk. The basis is an Ornstein–Uhlenbeck process with jumps,
dx = −κ (x − mean) dt + s √(2κ) dW + dJ, with κ = ln 2 ÷ half-life and s its long-run standard deviation. Both
are drawn at the very times that are asked for, exactly: there is no time step and no error of one.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from zombot.infrastructure.synthetic.config import Jumps, SyntheticConfig
from zombot.infrastructure.synthetic.grid import Floats, Integers

NS: Final = 1_000_000_000
YEAR_S: Final = 365.25 * 86_400
EXPONENT_MAX: Final = 200.0
"""Reversion speed × window: e to twice this must be a float."""


class Path:
    """Price and basis of one pair, window after window."""

    def __init__(
        self, pair: str, price: float, config: SyntheticConfig, generator: np.random.Generator
    ) -> None:
        self.price = price
        self._generator = generator
        self._sigma = config.volatility / math.sqrt(YEAR_S)
        self._speed = math.log(2) / config.basis_half_life_s
        self._mean = config.basis_mean_bps
        self._deviation = config.basis_deviation_bps
        self._away = self._deviation * generator.standard_normal()
        """Basis less its mean, bps."""
        self._jumps = heapq.merge(*self._sources(pair, config))
        self._next = next(self._jumps, None)

    def advance(self, start_ns: int, end_ns: int, times: Integers) -> tuple[Floats, Floats]:
        """Efficient prices (quote per base) and bases (bps) at these sorted times of the window."""
        seconds = (np.append(times, end_ns) - start_ns) / NS
        noise = self._generator.standard_normal((2, len(seconds)))
        steps = np.sqrt(np.diff(seconds, prepend=0.0))
        prices = self.price * np.cumprod(1.0 + self._sigma * steps * noise[0])
        self.price = float(prices[-1])
        # With E = e^(κt), x·E is a sum: of its start, of the noise, whose variance from one time to the next
        # is s²·(E'² − E²), and of the jumps before it, each times its own E.
        growth = np.exp(self._speed * seconds)
        shocks = np.sqrt(np.diff(growth * growth, prepend=1.0)) * noise[1]
        away = self._away + self._deviation * np.cumsum(shocks)
        for at_ns, bps in self._jumps_before(end_ns):
            since = (at_ns - start_ns) / NS
            away[seconds >= since] += bps * math.exp(self._speed * since)
        away /= growth
        self._away = float(away[-1])
        return prices[:-1], self._mean + away[:-1]

    def _jumps_before(self, end_ns: int) -> Iterator[tuple[int, float]]:
        while self._next is not None and self._next[0] < end_ns:
            yield self._next
            self._next = next(self._jumps, None)

    def _sources(self, pair: str, config: SyntheticConfig) -> Iterator[Iterator[tuple[int, float]]]:
        planted = [(round(shock.at_s * NS), shock.bps) for shock in config.shocks if shock.pair == pair]
        yield iter(sorted(planted))
        for jumps in (config.premiums, config.discounts):
            if jumps is not None:
                # A stream of its own each: in what order the two are asked must not matter to either.
                yield _arrivals(jumps, self._generator.spawn(1)[0])


def _arrivals(jumps: Jumps, generator: np.random.Generator) -> Iterator[tuple[int, float]]:
    """Endless times (ns since the start) and sizes (bps) of jumps."""
    longest = math.inf if jumps.gap_max_s is None else jumps.gap_max_s - jumps.gap_min_s
    share = -math.expm1(-longest / jumps.gap_s)
    at_s = -jumps.gap_min_s  # nothing has to fade before the first
    while True:
        # The inverse of the exponential distribution, cut at the longest gap.
        at_s += jumps.gap_min_s - jumps.gap_s * math.log1p(-share * generator.random())
        size = jumps.bps_min + (jumps.bps_max - jumps.bps_min) * generator.random()
        yield round(at_s * NS), size

"""The perpetual's reference prices: premium, funding rate and mark price, as OKX computes them.

premium = (max(0, impact bid − index) − max(0, index − impact ask)) ÷ index, where an impact price is what an
order of the impact notional gets on average. With A = mean premium of the last interval and N its hours,
funding rate = clamp((A + clamp(interest − A, ±0.05 %)) ÷ (8 ÷ N), ±cap); with 8 hours, what OKX has always
done. (Source: OKX's help pages on funding, "Revision of the funding rate formula" for the factor 8 ÷ N, "OKX
to optimize funding rate calculation" for the window, which ends now and not at the interval's start.)
mark = index + moving average of (mid − index). The index is the spot mid.
"""

from __future__ import annotations

from itertools import repeat
from typing import Final

import numpy as np

from zombot.domain.identifiers import InstrumentId
from zombot.domain.market import FundingRate, MarketEvent, MarkPrice
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.depth import Depth
from zombot.infrastructure.synthetic.flow import Batch, Build
from zombot.infrastructure.synthetic.grid import Booleans, Floats, Grid, Integers
from zombot.infrastructure.synthetic.path import NS

INTEREST_CLAMP: Final = 0.0005
STANDARD_INTERVAL_S: Final = 28_800
"""OKX's eight hours, which interest is quoted for."""
PREMIUM_SCALE: Final = 10**12
"""Premiums are summed as integers of this fraction, so that no rounding builds up over the months."""
RATE_DIGITS: Final = 12


def funding_rate(average_premium: float, config: SyntheticConfig) -> float:
    """The rate for a whole interval, a fraction of the notional; above 0 longs pay shorts."""
    pull = config.interest_rate - average_premium
    pull = max(-INTEREST_CLAMP, min(INTEREST_CLAMP, pull))
    rate = (average_premium + pull) * config.funding_interval_s / STANDARD_INTERVAL_S
    return round(max(-config.funding_cap, min(config.funding_cap, rate)), RATE_DIGITS)


def impact_prices(prices: Floats, quantities: Floats, notional: float) -> Floats:
    """Average price of taking ``notional`` from each row of levels; of the whole row where it holds less."""
    worth = prices * quantities
    before = np.cumsum(worth, axis=-1) - worth
    taken = np.clip(notional - before, 0.0, worth)
    average: Floats = taken.sum(axis=-1) / (taken / prices).sum(axis=-1)
    return average


def premiums(impact_bid: Floats, impact_ask: Floats, index: Floats) -> Integers:
    """Premium index in units of 1 / ``PREMIUM_SCALE``."""
    premium = (np.maximum(0.0, impact_bid - index) - np.maximum(0.0, index - impact_ask)) / index
    return np.rint(premium * PREMIUM_SCALE).astype(np.int64)


class Reference:
    """Mark prices and funding rates of one perpetual, told at instants of its depth updates."""

    def __init__(self, instrument: InstrumentId, grid: Grid, config: SyntheticConfig) -> None:
        self._id = instrument
        self._grid = grid
        self._config = config
        self._interval_ns = round(config.funding_interval_s * NS)
        self._mark_every = steps(config.mark_interval_s, config)
        self._average = steps(config.mark_average_s, config)
        self._publish_every = steps(config.funding_publish_s, config)
        self._sample_every = steps(config.funding_interval_s / config.funding_samples, config)
        self._samples = max(
            1, round(config.funding_interval_s / config.depth_interval_s / self._sample_every)
        )
        self._slots = np.zeros((2, 1, config.levels - 1), np.int64)
        """Lots behind the top, as told last."""
        self._count = 0
        """Depth updates so far."""
        self._bases = np.empty(0)
        """Mid less index, as far back as the moving average reaches."""
        self._window = np.empty(0, np.int64)
        """Premium samples of the last interval."""

    def advance(self, times: Integers, depth: Depth, index: Floats) -> list[Batch]:
        """Mark prices and funding rates of a window, from the perpetual's book and the index in it."""
        number = self._count + np.arange(len(times))
        self._count += len(times)
        marks = self._marks(depth.tops.mids(self._grid), index)
        told = number % self._mark_every == 0
        batches = [Batch(times[told], self._mark_events(marks[told], index[told]))]
        sampled = number % self._sample_every == 0
        impact = self._impact(depth, sampled)
        sample = premiums(impact[0], impact[1], index[sampled])
        published = number % self._publish_every == 0
        averages = self._averages(sample, np.cumsum(sampled)[published])
        rates = [funding_rate(average, self._config) for average in averages]
        batches.append(Batch(times[published], self._funding_events(rates)))
        return batches

    def _impact(self, depth: Depth, sampled: Booleans) -> Floats:
        """Impact bids and impact asks at these updates."""
        # A slot holds what was told of it last: which of the new quantities that is, counted from 1.
        number = np.cumsum(depth.told).reshape(depth.told.shape)
        latest = np.maximum.accumulate(np.where(depth.told, number, 0), axis=1)
        known = np.concatenate(([0], depth.lots))[latest]
        known = np.where(latest > 0, known, self._slots)
        self._slots = known[:, -1:]
        places = np.concatenate((depth.tops.places[:, sampled, None], depth.places[:, sampled]), axis=2)
        lots = np.concatenate((depth.tops.lots[:, sampled, None], known[:, sampled]), axis=2)
        order = np.argsort(places, axis=2)
        prices = self._grid.prices(np.abs(np.take_along_axis(places, order, axis=2)))
        quantities = self._grid.quantities(np.take_along_axis(lots, order, axis=2))
        return impact_prices(prices, quantities, self._config.impact_notional)

    def _marks(self, mids: Floats, index: Floats) -> Floats:
        """Marks on the tick."""
        bases = np.concatenate((self._bases, mids - index))
        sums = np.concatenate(([0.0], np.cumsum(bases)))
        end = np.arange(len(self._bases) + 1, len(bases) + 1)
        start = np.maximum(0, end - self._average)
        self._bases = bases[-self._average :]
        average = (sums[end] - sums[start]) / (end - start)
        return self._grid.prices(np.rint((index + average) / self._grid.tick).astype(np.int64))

    def _averages(self, sample: Integers, published: Integers) -> list[float]:
        """Mean premium over the last interval, after so many of the new samples."""
        known = np.concatenate((self._window, sample))
        sums = np.concatenate(([0], np.cumsum(known)))
        end = len(self._window) + published
        start = np.maximum(0, end - self._samples)
        self._window = known[-self._samples :]
        means: list[float] = ((sums[end] - sums[start]) / ((end - start) * PREMIUM_SCALE)).tolist()
        return means

    def _mark_events(self, marks: Floats, index: Floats) -> Build:
        columns = (marks.tolist(), index.tolist())

        def build(venue: list[int], received: list[int]) -> list[MarketEvent]:
            return list(map(MarkPrice, repeat(self._id), *columns, venue, received))

        return build

    def _funding_events(self, rates: list[float]) -> Build:
        interval = self._interval_ns

        def build(venue: list[int], received: list[int]) -> list[MarketEvent]:
            # At the instant of a settlement the next one is announced.
            settled = [(at // interval + 1) * interval for at in venue]
            following = [at + interval for at in settled]
            return list(map(FundingRate, repeat(self._id), rates, settled, following, venue, received))

        return build


def steps(seconds: float, config: SyntheticConfig) -> int:
    """How many depth intervals make up this time, one at least."""
    return max(1, round(seconds / config.depth_interval_s))

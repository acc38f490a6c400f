"""One pair of a synthetic market: spot, perpetual and what ties them, generated window by window."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from zombot.domain.identifiers import VenueId
from zombot.domain.market import MarketEvent
from zombot.infrastructure.synthetic.coins import coin_of, instruments_of, number_of
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.feed import Feed
from zombot.infrastructure.synthetic.funding import Reference
from zombot.infrastructure.synthetic.grid import Integers
from zombot.infrastructure.synthetic.path import EXPONENT_MAX, NS, Path

WINDOW_EVENTS: Final = 1_000
"""Events generated at once: enough to share the fixed cost of array operations, few enough to keep."""
WINDOW_S_MAX: Final = 600.0


class PairStream:
    """The events of one pair in order. Its chance is its own: other pairs change nothing in it.

    Times are ns after the market's start.
    """

    def __init__(self, pair: str, config: SyntheticConfig, venue: VenueId, start_ns: int, seed: int) -> None:
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number_of(pair)])))
        spot, perpetual = instruments_of(pair, venue)
        price = config.prices.get(pair, float(coin_of(pair).price))
        self._start_ns = start_ns
        self._path = Path(pair, price, config, generator)
        self._spot = Feed(spot, price, config, generator)
        self._perpetual = Feed(perpetual, price, config, generator)
        self._reference = Reference(perpetual.id, self._perpetual.flow.grid, config)
        self._window_ns = window_ns(config)
        # Pairs start out of step, so that 200 of them do not all generate at the same moment.
        self._first_ns = math.ceil(self._window_ns * (0.2 + 0.8 * generator.random()))
        self._until = 0
        """End of what is generated."""
        self._times = np.empty(0, np.int64)
        self._events: list[MarketEvent] = []
        self._taken = 0

    def take(self, until: int) -> tuple[Integers, list[MarketEvent]]:
        """All events before this time that were not taken yet, and their times."""
        times: list[Integers] = []
        events: list[MarketEvent] = []
        while True:
            cut = int(np.searchsorted(self._times, until))
            times.append(self._times[self._taken : cut])
            events += self._events[self._taken : cut]
            self._taken = cut
            if self._until >= until:
                return np.concatenate(times), events
            self._generate()

    def _generate(self) -> None:
        """Replace the window, which is used up, by the next one."""
        start = self._until
        end = self._until = start + (self._window_ns if start else self._first_ns)
        spot, perpetual = self._spot, self._perpetual
        spot_quotes = spot.quote_times(start, end)
        perpetual_quotes = perpetual.quote_times(start, end)
        moments = np.unique(np.concatenate((spot_quotes, perpetual_quotes)))
        prices, bases = self._path.advance(start, end, moments)
        spot_prices = prices[np.searchsorted(moments, spot_quotes)]
        at = np.searchsorted(moments, perpetual_quotes)
        perpetual_prices = prices[at] * (1.0 + bases[at] * 1e-4)

        spot_batches, _ = spot.advance(start, end, spot_quotes, spot_prices, spot.depth_times(end))
        depths = perpetual.depth_times(end)
        batches, depth = perpetual.advance(start, end, perpetual_quotes, perpetual_prices, depths)
        index = spot.flow.tops_at(depths).mids(spot.flow.grid)
        batches += self._reference.advance(depths, depth, index)

        spot_times, spot_events = spot.stamp(spot_batches, self._start_ns)
        times, events = perpetual.stamp(batches, self._start_ns)
        times = np.concatenate((spot_times, times))
        events = spot_events + events
        order = np.argsort(times, kind="stable")
        self._times = times[order]
        self._events = [events[index] for index in order.tolist()]
        self._taken = 0


def events_per_second(config: SyntheticConfig) -> float:
    """Mean rate of one pair."""
    instrument_hz = config.quote_rate_hz + config.trade_rate_hz + 1 / config.depth_interval_s
    reference_hz = 1 / config.mark_interval_s + 1 / config.funding_publish_s
    return 2 * instrument_hz + reference_hz


def window_ns(config: SyntheticConfig) -> int:
    """How much of a pair is generated at once: a bounded number of events, one depth update at least."""
    reversion_hz = math.log(2) / config.basis_half_life_s
    seconds = min(WINDOW_EVENTS / events_per_second(config), WINDOW_S_MAX, EXPONENT_MAX / reversion_hz)
    return round(max(seconds, config.depth_interval_s) * NS)

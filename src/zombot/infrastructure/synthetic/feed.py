"""One instrument's clocks: when it quotes, trades and tells its depth, and when we receive that."""

from __future__ import annotations

import numpy as np

from zombot.domain.instrument import Instrument
from zombot.domain.market import MarketEvent
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.depth import Depth
from zombot.infrastructure.synthetic.flow import Batch, Flow
from zombot.infrastructure.synthetic.grid import Floats, Integers
from zombot.infrastructure.synthetic.path import NS


class Feed:
    """The clocks around a ``Flow``; times are ns after the market's start."""

    def __init__(
        self, instrument: Instrument, price: float, config: SyntheticConfig, generator: np.random.Generator
    ) -> None:
        self.flow = Flow(instrument, price, config, generator)
        self._generator = generator
        self._quote_rate_hz = config.quote_rate_hz
        self._trade_rate_hz = config.trade_rate_hz
        self._depth_ns = round(config.depth_interval_s * NS)
        self._phase_ns = 1 + int(generator.random() * self._depth_ns)
        """Depth is told at the start, at this time, and from then on once in each interval."""
        self._depths = 0
        self._latency_ns = round(config.feed_latency_us * 1_000)
        self._jitter_ns = config.feed_jitter_us * 1_000
        self._received = 0

    def quote_times(self, start: int, end: int) -> Integers:
        """When the top of book changes in this window; the first time of all is the market's start."""
        times = self._arrivals(self._quote_rate_hz, start, end)
        return np.concatenate((np.zeros(1, np.int64), times)) if start == 0 else times

    def depth_times(self, end: int) -> Integers:
        """When depth is told from the end of the previous window to this one's."""
        count = 1 + max(0, (end - 1 - self._phase_ns) // self._depth_ns + 1)
        number = np.arange(self._depths, count)
        self._depths = count
        return np.where(number == 0, 0, self._phase_ns + (number - 1) * self._depth_ns)

    def advance(
        self, start: int, end: int, quotes: Integers, efficient: Floats, depths: Integers
    ) -> tuple[list[Batch], Depth]:
        """The window's events and books, as ``Flow.advance`` makes them."""
        return self.flow.advance(quotes, efficient, depths, self._arrivals(self._trade_rate_hz, start, end))

    def stamp(self, batches: list[Batch], start_ns: int) -> tuple[Integers, list[MarketEvent]]:
        """Give all of the window's events their receipt and make them, batch after batch."""
        times = np.concatenate([batch.times for batch in batches])
        received = (self._receipts(times) + start_ns).tolist()
        venue = (times + start_ns).tolist()
        events: list[MarketEvent] = []
        for batch in batches:
            part = slice(len(events), len(events) + len(batch.times))
            events += batch.build(venue[part], received[part])
        return times, events

    def _receipts(self, times: Integers) -> Integers:
        received = times + self._latency_ns
        if self._jitter_ns == 0:
            return received
        # One connection: what the venue sent later cannot arrive earlier.
        order = np.argsort(times, kind="stable")
        delay = self._jitter_ns * self._generator.standard_exponential(len(times))
        queue = np.concatenate(([self._received], received[order] + delay.astype(np.int64)))
        queue = np.maximum.accumulate(queue)
        self._received = int(queue[-1])
        received[order] = queue[1:]
        return received

    def _arrivals(self, rate_hz: float, start: int, end: int) -> Integers:
        """A Poisson process: so many in all, anywhere in the window."""
        count = self._generator.poisson(rate_hz * (end - start) / NS)
        return np.sort(self._generator.integers(start, end, count))

"""A synthetic market as a source of market events: many pairs in one stream, in time order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import VenueId
from zombot.domain.instrument import Instrument
from zombot.domain.market import MarketEvent
from zombot.infrastructure.synthetic.coins import instruments_of
from zombot.infrastructure.synthetic.config import SyntheticConfig

MERGED_EVENTS: Final = 2_000
"""Events put in order at once; what they are does not depend on it."""
NS: Final = 1_000_000_000
START_NS_MAX: Final = 8 * 10**18
"""Nanoseconds are kept in 64 bits; this is the year 2223."""


class SyntheticMarket:
    """A ``MarketSource`` whose every pass is the same for the same config, venue, start and seed.

    Events come in the order of ``venue_ns`` over all instruments. With a constant feed latency that is the
    order of their receipt as well; with jitter it is so within each instrument only.
    """

    def __init__(self, config: SyntheticConfig, venue: VenueId, start_ns: int, seed: int) -> None:
        if seed < 0:
            raise InvalidValue(f"synthetic market: seed is {seed}, 0 or more is allowed")
        if not 0 <= start_ns <= START_NS_MAX:
            raise InvalidValue(
                f"synthetic market: start_ns is {start_ns}, 0 to {START_NS_MAX} (ns since 1970) is allowed"
            )
        self._config = config
        self._venue = venue
        self._start_ns = start_ns
        self._seed = seed
        self._instruments = tuple(
            instrument for pair in config.pairs for instrument in instruments_of(pair, venue)
        )

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Spot and perpetual of each pair, in the order of the configuration."""
        return self._instruments

    def events(self) -> Iterator[MarketEvent]:
        """A fresh pass from the start, to the configured duration or without end, in bounded memory."""
        # numpy comes in with these: a process that only reads the configuration does not load it.
        import numpy as np

        from zombot.infrastructure.synthetic.pair import PairStream, events_per_second

        config = self._config
        streams = [PairStream(pair, config, self._venue, self._start_ns, self._seed) for pair in config.pairs]
        step = max(1, round(MERGED_EVENTS / events_per_second(config) / len(streams) * NS))
        end = None if config.duration_s is None else round(config.duration_s * NS)
        at = 0
        while end is None or at < end:
            at = at + step if end is None else min(end, at + step)
            taken = [stream.take(at) for stream in streams]
            events = list(chain.from_iterable(part for _, part in taken))
            # Stable: events of one instant keep the order of their pair, and pairs that of the configuration.
            order = np.argsort(np.concatenate([times for times, _ in taken]), kind="stable")
            yield from map(events.__getitem__, order.tolist())

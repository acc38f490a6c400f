"""The public feed of one instrument: its top of book, its depth and its trades."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Final

import numpy as np
from msgspec import Struct

from zombot.domain.instrument import Instrument
from zombot.domain.market import BookUpdate, MarketEvent, PublicTrade, TopOfBook
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.depth import Book, Depth, Tops
from zombot.infrastructure.synthetic.grid import Floats, Grid, Integers

SPREAD_BPS_MAX: Final = 2.0
"""Where a tick is worth more than this, the bid–ask spread is one tick."""

Build = Callable[[list[int], list[int]], list[MarketEvent]]
"""Makes a batch of events from their ``venue_ns`` and ``received_ns``."""


class Batch(Struct, frozen=True):
    """Events of one kind: when they happen, and how to make them once their receipt is known."""

    times: Integers
    build: Build


class Flow:
    """One instrument's feed, window after window."""

    def __init__(
        self, instrument: Instrument, price: float, config: SyntheticConfig, generator: np.random.Generator
    ) -> None:
        self.grid = Grid.of(instrument)
        self._id = instrument.id
        self._generator = generator
        tick_bps = self.grid.tick / price * 1e4
        self._spread_max = max(1, min(config.spread_ticks_max, int(SPREAD_BPS_MAX / tick_bps)))
        gap = max(1, round(config.level_gap_bps / tick_bps))
        self._bid_min = gap * (config.levels + 1)
        """The best bid never falls below this many ticks: all levels behind it stay above zero."""
        self._trade_notional = config.trade_notional
        self._book = Book(self.grid, gap, config, generator)
        self._tops = Tops(np.empty((2, 0), np.int64), np.empty((2, 0), np.int64))
        """From the last one that a depth update has told, to the end of the window."""
        self._earlier = 0
        """How many of them are of earlier windows."""
        self._quote_times = np.empty(0, np.int64)
        self._told = 0
        """Index in ``_tops`` of the last one that a depth update has told."""
        self._sequence = 0
        self._book_sequence = 0
        self._trades = 0

    def tops_at(self, times: Integers) -> Tops:
        """The top of book as of these times of the current window."""
        return self._tops[self._rows_at(times)]

    def advance(
        self, quotes: Integers, efficient: Floats, depths: Integers, trades: Integers
    ) -> tuple[list[Batch], Depth]:
        """The next window's events, and the book at its depth updates.

        Args:
            quotes: when the top of book is set anew, ns.
            efficient: the instrument's efficient price then.
            depths: when depth is told; not empty.
            trades: when somebody trades.
        """
        fresh = self._quote(efficient)
        carried = self._tops[slice(self._told, None)]
        self._tops = carried + fresh
        self._earlier = len(carried)
        self._quote_times = quotes
        opening = self._sequence == 0
        at = self._rows_at(depths)
        self._told = int(at[-1])
        price = int(self._tops.places[1, -1]) * self.grid.tick
        depth = self._book.advance(self._tops, at, price)
        # The feed counts quotes and depth updates together; a depth update follows quotes of its own instant.
        quote_sequence = self._sequence + 1 + np.arange(len(quotes)) + np.searchsorted(depths, quotes)
        book_sequence = self._sequence + 1 + np.arange(len(depths)) + np.searchsorted(quotes, depths, "right")
        self._sequence += len(quotes) + len(depths)
        batches = [
            Batch(quotes, self._quote_events(fresh, quote_sequence)),
            Batch(depths, self._depth_events(depth, book_sequence, opening=opening)),
            Batch(trades, self._trade_events(self._tops[self._rows_at(trades)])),
        ]
        return batches, depth

    def _rows_at(self, times: Integers) -> Integers:
        return self._earlier - 1 + np.searchsorted(self._quote_times, times, side="right")

    def _quote(self, efficient: Floats) -> Tops:
        """A bid and an ask around each efficient price, one to a few ticks apart."""
        count = len(efficient)
        # The cube makes one tick the most frequent spread by far.
        spread = 1 + (self._spread_max * self._generator.random(count) ** 3).astype(np.int64)
        ticks = np.floor(efficient / self.grid.tick - (spread - 1) / 2).astype(np.int64)
        bids = np.maximum(ticks, self._bid_min)
        lots = self._book.random_lots((2, count), efficient)
        return Tops(np.stack((-bids, bids + spread)), lots)

    def _quote_events(self, tops: Tops, sequence: Integers) -> Build:
        bids, asks = self.grid.prices(np.abs(tops.places)).tolist()
        bid_quantities, ask_quantities = self.grid.quantities(tops.lots).tolist()
        columns = (bids, bid_quantities, asks, ask_quantities)

        def build(venue: list[int], received: list[int]) -> list[MarketEvent]:
            return list(map(TopOfBook, repeat(self._id), *columns, venue, received, sequence.tolist()))

        return build

    def _depth_events(self, depth: Depth, sequence: Integers, *, opening: bool) -> Build:
        previous = np.concatenate(([self._book_sequence], sequence[:-1])).tolist()
        self._book_sequence = int(sequence[-1])
        snapshot = [False] * len(sequence)
        snapshot[0] = opening

        def build(venue: list[int], received: list[int]) -> list[MarketEvent]:
            columns = (depth.bids, depth.asks, snapshot, venue, received, sequence.tolist(), previous)
            return list(map(BookUpdate, repeat(self._id), *columns))

        return build

    def _trade_events(self, tops: Tops) -> Build:
        count = len(tops)
        buyer = self._generator.integers(0, 2, count)
        side = (buyer, np.arange(count))
        prices = self.grid.prices(np.abs(tops.places[side]))
        notional = self._trade_notional * self._generator.standard_exponential(count)
        lots = np.minimum(self.grid.nearest_lots(notional, prices), tops.lots[side])
        sequence = range(self._trades + 1, self._trades + 1 + count)
        self._trades += count
        columns = (prices.tolist(), self.grid.quantities(lots).tolist(), (buyer == 1).tolist())

        def build(venue: list[int], received: list[int]) -> list[MarketEvent]:
            return list(map(PublicTrade, repeat(self._id), *columns, venue, received, sequence))

        return build

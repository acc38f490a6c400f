"""An order book, many updates at a time, told so that every way of following it is right.

A side is its top and, behind it, ``levels - 1`` levels on a grid of prices some ticks apart, each with a
quantity that changes now and then. An update says what is different from the previous one. It also says what
tops in between have touched: a consumer that lays each top of book over its book has
dropped all that stood in front of a worse top, and has added tops that are gone again. So that consumer and
one that reads the updates alone hold the same book after each.

Prices are *places* here: ticks counted outward, up for asks and down (negated) for bids. A smaller place is a
better price, and both sides follow one arithmetic. Levels of the grid are counted from place 0, and those in
the book live in *slots*, level number modulo the number of slots: while a level stays in the book it stays in
its slot, so a slot whose level has changed tells one level that came and one that went. Axis 0 of the arrays
is the side (0 bids, 1 asks), axis 1 the update, axis 2 the slot.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from msgspec import Struct

from zombot.domain.market import Levels
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.grid import Booleans, Floats, Grid, Integers


class Tops(Struct, frozen=True):
    """Successive tops of book in places and lots: bids in row 0, asks in row 1."""

    places: Integers
    lots: Integers

    def __getitem__(self, index: Integers | slice) -> Tops:
        return Tops(self.places[:, index], self.lots[:, index])

    def __add__(self, later: Tops) -> Tops:
        return Tops(
            np.concatenate((self.places, later.places), axis=1),
            np.concatenate((self.lots, later.lots), axis=1),
        )

    def __len__(self) -> int:
        return int(self.lots.shape[1])

    def mids(self, grid: Grid) -> Floats:
        """Mid prices, quote per base."""
        return grid.mids(self.places[1] - self.places[0])


class Depth(Struct, frozen=True):
    """The book at each of many updates: what is told, and what stands behind the top."""

    bids: list[Levels]
    asks: list[Levels]
    tops: Tops
    places: Integers
    """Of the level in each slot."""
    told: Booleans
    """Whether its quantity is a new one."""
    lots: Integers
    """The new quantities only, in the order of ``told``."""


class Book:
    """Both sides of one instrument's book, continued from update to update."""

    def __init__(self, grid: Grid, gap: int, config: SyntheticConfig, generator: np.random.Generator) -> None:
        self._grid = grid
        self._gap = gap
        self._slots = np.arange(config.levels - 1)
        self._turnover = config.level_turnover
        self._notional_min = config.level_notional_min
        self._notional_range = config.level_notional_max - config.level_notional_min
        self._generator = generator
        self._places = np.empty((2, 0, len(self._slots)), np.int64)
        """Of the levels that were told last; nothing before the opening."""

    def random_lots(self, shape: int | tuple[int, int], price: Floats | float) -> Integers:
        """Quantities as they stand on a level; the square makes small ones more frequent."""
        share = self._generator.random(shape)
        return self._grid.nearest_lots(self._notional_min + self._notional_range * share * share, price)

    def advance(self, tops: Tops, at: Integers, price: float) -> Depth:
        """The book at the next updates.

        Args:
            tops: all tops from the last told one on; on the first call, from the first top on.
            at: for each update, the index in ``tops`` of the top at that time; not empty.
            price: what a base unit is worth about now, to size quantities.
        """
        now = tops[at]
        since = np.concatenate(([0], at[:-1]))
        # The worst top since the previous update, the one told there included: what stands at it or in front
        # of it was overwritten.
        worst = np.maximum(np.maximum.reduceat(tops.places[:, : at[-1] + 1], since, axis=1), now.places)
        places = self._levels(now.places)
        opening = self._places.shape[1] == 0
        # At the opening every level is new: one gap off is none of them.
        earlier = places[:, :1] + self._gap if opening else self._places
        before = np.concatenate((earlier, places[:, :-1]), axis=1)
        self._places = places[:, -1:]

        moved = places != before
        told = moved | (places <= worst[:, :, None])
        told |= self._generator.random(told.shape) < self._turnover
        gone = moved & (before != now.places[:, :, None])
        gone[:, 0] &= not opening
        quoted = np.broadcast_to(at != since, worst.shape).copy()
        quoted[:, 0] |= opening
        lots = self.random_lots(int(np.count_nonzero(told)), price)
        changed = np.concatenate((quoted[:, :, None], told, gone), axis=2)
        quantities = np.zeros(changed.shape, np.int64)
        quantities[:, :, 0] = now.lots
        quantities[:, :, 1 : 1 + len(self._slots)][told] = lots
        changes = self._tell(
            np.count_nonzero(changed, axis=2).ravel(),
            np.concatenate((now.places[:, :, None], places, before), axis=2)[changed],
            quantities[changed],
            *self._passed(tops.places[:, : at[-1]], at, places, before, now.places),
        )
        bids, asks = changes[: len(at)], changes[len(at) :]
        if opening:
            bids[0], asks[0] = tuple(sorted(bids[0], reverse=True)), tuple(sorted(asks[0]))
        return Depth(bids, asks, now, places, told, lots)

    def _levels(self, top: Integers) -> Integers:
        """Places of the levels behind the top, slot by slot."""
        best = (top // self._gap + 1)[:, :, None]
        return self._gap * (best + (self._slots - best) % max(1, len(self._slots)))

    def _passed(
        self, passed: Integers, at: Integers, places: Integers, before: Integers, top: Integers
    ) -> tuple[Integers, Integers]:
        """Tops before the current one that nothing else tells of: updates (over both sides) and places."""
        update = np.searchsorted(at, np.arange(passed.shape[1]), side="right")
        dead = passed != top[:, update]
        if len(self._slots):
            side = np.array([[0], [1]])
            slot = passed // self._gap % len(self._slots)
            # Still a level of the book, or told as one that is gone.
            dead &= (places[side, update, slot] != passed) & (before[side, update, slot] != passed)
        row = (update + np.array([[0], [len(at)]]))[dead]
        place = passed[dead]
        low = int(place.min(initial=0))
        span = int(place.max(initial=0)) - low + 1
        keys = np.sort(row * span + (place - low))
        once = keys[np.diff(keys, prepend=-1) > 0]
        return once // span, once % span + low

    def _tell(
        self, counts: Integers, places: Integers, lots: Integers, late_row: Integers, late_place: Integers
    ) -> list[Levels]:
        """So many changes for each update, with removals of places put in at the end of theirs."""
        ends = np.cumsum(counts)
        at = ends[late_row]
        ends += np.cumsum(np.bincount(late_row, minlength=len(ends)))
        prices = self._grid.prices(np.abs(np.insert(places, at, late_place))).tolist()
        quantities = self._grid.quantities(np.insert(lots, at, 0)).tolist()
        levels = list(zip(prices, quantities, strict=True))
        return [tuple(levels[start:end]) for start, end in pairwise([0, *ends.tolist()])]

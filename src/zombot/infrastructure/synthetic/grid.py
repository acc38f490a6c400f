"""Whole ticks and lots as arrays of integers, and the floats that they stand for."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from zombot.domain.instrument import Instrument

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


class Grid(Struct, frozen=True):
    """An instrument's tick and lot, each as whole units over a power of ten.

    One division of two integers that a float holds exactly is correctly rounded, so a price or quantity made
    here is the very float that its decimal string would be decoded to.
    """

    tick_units: int
    tick_scale: int
    lot_units: int
    lot_scale: int
    lots_min: int
    """Lots in the smallest order."""

    @classmethod
    def of(cls, instrument: Instrument) -> Grid:
        """The grid of an instrument."""
        lots_min = (instrument.minimum / instrument.lot).to_integral_value(ROUND_CEILING)
        return cls(*_fraction(instrument.tick), *_fraction(instrument.lot), int(lots_min))

    @property
    def tick(self) -> float:
        return self.tick_units / self.tick_scale

    @property
    def lot(self) -> float:
        return self.lot_units / self.lot_scale

    def prices(self, ticks: Integers) -> Floats:
        return ticks * self.tick_units / self.tick_scale

    def mids(self, sums: Integers) -> Floats:
        """Mid prices from bid + ask in ticks."""
        return sums * self.tick_units / (2 * self.tick_scale)

    def quantities(self, lots: Integers) -> Floats:
        return lots * self.lot_units / self.lot_scale

    def nearest_lots(self, notional: Floats, price: Floats | float) -> Integers:
        """Lots worth about ``notional`` at ``price``, never less than the smallest order."""
        lots = np.rint(notional / (price * self.lot)).astype(np.int64)
        return np.maximum(lots, self.lots_min)


def _fraction(step: Decimal) -> tuple[int, int]:
    exponent = step.as_tuple().exponent
    assert isinstance(exponent, int), "an instrument's steps are finite"
    scale = 10 ** max(0, -exponent)
    return int(step * scale), scale

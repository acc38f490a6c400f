"""On which grid an instrument trades: known beforehand, or inferred from the numbers seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from zombot.domain.identifiers import InstrumentId
from zombot.domain.money import ZERO


class Grid(Struct, frozen=True, kw_only=True):
    """What is known of an instrument beforehand; what is None is inferred from the data."""

    tick: Decimal | None = None
    lot: Decimal | None = None
    minimum: Decimal | None = None
    """The lot where it is not given."""
    notional_min: Decimal = ZERO


NO_GRIDS: Final[Mapping[InstrumentId, Grid]] = {}


def step_of(places: int) -> Decimal:
    """The step of numbers with so many decimals."""
    return Decimal(1).scaleb(-places)

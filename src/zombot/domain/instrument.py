"""Instruments: what can be traded at a venue, on which grid and at which fee."""

from __future__ import annotations

import enum
from decimal import Decimal

from msgspec import Struct

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import Asset, InstrumentId, VenueId
from zombot.domain.money import ZERO


class InstrumentKind(enum.Enum):
    """What is exchanged."""

    SPOT = "spot"
    PERPETUAL = "perpetual"


class InstrumentState(enum.Enum):
    """Whether the venue trades it now."""

    LIVE = "live"
    SUSPENDED = "suspended"
    DELISTING = "delisting"


class Instrument(Struct, frozen=True, kw_only=True):
    """One tradable line at one venue.

    Quantities are in base units everywhere: a venue adapter converts contracts at its own border, so ``lot``
    and ``minimum`` of a perpetual are in base units too. Prices are quote per base unit.
    """

    id: InstrumentId
    venue: VenueId
    symbol: str
    kind: InstrumentKind
    base: Asset
    quote: Asset
    tick: Decimal
    lot: Decimal
    minimum: Decimal
    """Smallest order quantity, base units."""
    notional_min: Decimal = ZERO
    """Smallest order value, quote units; 0 where the venue has no such rule."""
    quantity_max: Decimal | None = None
    """Largest order quantity, base units."""
    state: InstrumentState = InstrumentState.LIVE

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "minimum"):
            value = getattr(self, name)
            if not (value.is_finite() and value > 0):
                raise InvalidValue(f"instrument {self.id}: {name} is {value}, it must be above 0")
        if self.notional_min < 0:
            raise InvalidValue(
                f"instrument {self.id}: notional_min is {self.notional_min}, 0 or more is allowed"
            )

    @property
    def is_spot(self) -> bool:
        """Whether buying it brings the asset itself into the account."""
        return self.kind is InstrumentKind.SPOT


class FeeRates(Struct, frozen=True, kw_only=True):
    """What the account pays on one instrument: fractions of the notional, negative for a rebate."""

    maker: Decimal
    taker: Decimal
    buy_in_base: bool = False
    """A buy's fee is taken from the bought asset (OKX spot by default); otherwise from the quote asset."""

    def __post_init__(self) -> None:
        for name in ("maker", "taker"):
            value = getattr(self, name)
            if not (value.is_finite() and -1 < value < 1):
                raise InvalidValue(f"fee rate {name} is {value}: a fraction between -1 and 1 is allowed")

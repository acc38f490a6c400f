"""The fee model: which fee a fill costs and from which asset it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Protocol

from zombot.domain.identifiers import Asset, InstrumentId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.order import Side

OKX_SPOT: Final = FeeRates(maker=Decimal("0.0008"), taker=Decimal("0.0010"), buy_in_base=True)
OKX_PERPETUAL: Final = FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
"""Level 1 of the public table, as of 2026."""


class FeeModel(Protocol):
    """What the venue charges."""

    def rates(self, instrument: Instrument) -> FeeRates:
        """The rates of an instrument."""
        ...

    def fee(
        self, instrument: Instrument, side: Side, *, quantity: Decimal, price: Decimal, maker: bool
    ) -> tuple[Decimal, Asset]:
        """A fill's fee, unrounded and negative for a rebate, and the asset it is taken from."""
        ...


class FixedFees:
    """Rates per instrument, with a default per kind."""

    __slots__ = ("_perpetual", "_rates", "_spot")

    def __init__(
        self,
        rates: Mapping[InstrumentId, FeeRates] | None = None,
        *,
        spot: FeeRates = OKX_SPOT,
        perpetual: FeeRates = OKX_PERPETUAL,
    ) -> None:
        self._rates = dict(rates or {})
        self._spot = spot
        self._perpetual = perpetual

    def rates(self, instrument: Instrument) -> FeeRates:
        """The rates of an instrument."""
        default = self._spot if instrument.is_spot else self._perpetual
        return self._rates.get(instrument.id, default)

    def fee(
        self, instrument: Instrument, side: Side, *, quantity: Decimal, price: Decimal, maker: bool
    ) -> tuple[Decimal, Asset]:
        """A fill's fee, unrounded and negative for a rebate, and the asset it is taken from."""
        rates = self.rates(instrument)
        rate = rates.maker if maker else rates.taker
        if instrument.is_spot and side is Side.BUY and rates.buy_in_base:
            return quantity * rate, instrument.base
        return quantity * price * rate, instrument.quote

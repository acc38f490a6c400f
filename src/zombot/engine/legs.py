"""How the legs of an arbitrage stand to each other: pure functions of its net quantities."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.money import ZERO, floor_to

Instruments = Mapping[InstrumentId, Instrument]


def units(arbitrage: Arbitrage) -> list[Decimal]:
    """What each leg holds in units of the arbitrage: equal when hedged, ``quantity`` when full."""
    return [leg.net * arbitrage.quantity / leg.target for leg in arbitrage.legs]


def ratio(arbitrage: Arbitrage, leg: Leg) -> Decimal:
    """Base units of this leg for one unit of the arbitrage."""
    return abs(leg.target) / arbitrage.quantity


def tolerance(arbitrage: Arbitrage, instruments: Instruments) -> Decimal:
    """Units below which legs count as even: one lot of the coarser leg."""
    lots = [instruments[leg.instrument].lot / ratio(arbitrage, leg) for leg in arbitrage.legs]
    return max(lots)


def residual(arbitrage: Arbitrage) -> Decimal:
    """The largest difference between two legs, in units."""
    held = units(arbitrage)
    return max(held) - min(held)


def residual_notional(arbitrage: Arbitrage) -> Decimal:
    """The residual in quote units, at the first leg's decision price."""
    leg = arbitrage.legs[0]
    return residual(arbitrage) * ratio(arbitrage, leg) * leg.decision_price


def is_even(arbitrage: Arbitrage, instruments: Instruments) -> bool:
    """Whether the legs stand at the same fraction of their targets, but for less than a lot."""
    return residual(arbitrage) < tolerance(arbitrage, instruments)


def orderable(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """``quantity`` floored to the lot; 0 if the venue would refuse it as too small."""
    floored = floor_to(quantity, instrument.lot)
    too_small = floored < instrument.minimum or floored * price < instrument.notional_min
    return ZERO if too_small else floored


def is_flat(arbitrage: Arbitrage, instruments: Instruments) -> bool:
    """Whether no leg holds anything that could still be sold; less than that is dust."""
    return not any(
        orderable(instruments[leg.instrument], abs(leg.net), leg.decision_price) for leg in arbitrage.legs
    )

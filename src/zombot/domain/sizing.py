"""The largest size that every leg allows, planned together: otherwise nothing is sent."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.money import ONE, ZERO, ceil_to, floor_to
from zombot.domain.order import Side


class LegTerms(Struct, frozen=True, kw_only=True):
    """What bounds one leg. Prices and quantities are exact and in the instrument's units."""

    instrument: Instrument
    fees: FeeRates
    side: Side
    ratio: Decimal
    worst_price: Decimal
    depth: Decimal
    """Base units to be had at the worst price or better."""
    margin_rate: Decimal = ONE
    """Share of the notional that a perpetual locks (1 / leverage); spot pays in full."""
    maker: bool = False


class Sized(Struct, frozen=True, kw_only=True):
    """The result: units of the arbitrage, and base units to order for each leg."""

    quantity: Decimal
    orders: tuple[Decimal, ...]


class NotSized(Struct, frozen=True):
    """Nothing fits; the reason names the bound."""

    reason: str


def common_step(legs: tuple[LegTerms, ...]) -> Decimal:
    """The smallest size of which every leg's quantity is a whole number of lots.

    The least common multiple of the fractions lot / ratio: that of their numerators over the greatest common
    divisor of their denominators.
    """
    steps = [Fraction(leg.instrument.lot) / Fraction(leg.ratio) for leg in legs]
    numerator = math.lcm(*(step.numerator for step in steps))
    denominator = math.gcd(*(step.denominator for step in steps))
    return Decimal(numerator) / Decimal(denominator)


def _base_fee_rate(leg: LegTerms) -> Decimal:
    """The share of a bought quantity that the venue keeps as its fee; 0 where the fee is taken in quote."""
    rate = leg.fees.maker if leg.maker else leg.fees.taker
    taken_from_base = leg.instrument.is_spot and leg.side is Side.BUY and leg.fees.buy_in_base
    return max(rate, ZERO) if taken_from_base else ZERO


def order_quantity(leg: LegTerms, base_quantity: Decimal) -> Decimal:
    """What to order so that ``base_quantity`` is left after a fee that is taken from the base asset.

    Without the gross-up the hedge would be short by the fee.
    """
    return ceil_to(base_quantity / (ONE - _base_fee_rate(leg)), leg.instrument.lot)


def cost_per_unit(leg: LegTerms) -> Decimal:
    """Quote units that one unit of the arbitrage takes from the account for this leg, fees included."""
    fee = max(leg.fees.maker if leg.maker else leg.fees.taker, ZERO)
    notional = leg.ratio * leg.worst_price
    if not leg.instrument.is_spot:
        return notional * (leg.margin_rate + fee)
    if leg.side is Side.SELL:
        return ZERO
    base_fee = _base_fee_rate(leg)
    return notional / (ONE - base_fee) if base_fee else notional * (ONE + fee)


def size_jointly(
    legs: tuple[LegTerms, ...],
    *,
    notional_max: Decimal,
    quote_available: Decimal,
    base_available: Decimal,
) -> Sized | NotSized:
    """The largest quantity that depth, lots, minimums, balances and the limit of all legs allow.

    Args:
        legs: all legs of the arbitrage.
        notional_max: in quote units, measured on the first leg.
        quote_available: free quote asset, shared by all legs.
        base_available: free base asset, for a spot leg that sells from inventory.
    """
    bounds = [("notional", notional_max / (legs[0].worst_price * legs[0].ratio))]
    for leg in legs:
        kept = (ONE - _base_fee_rate(leg)) / leg.ratio
        bounds.append(("depth", floor_to(leg.depth, leg.instrument.lot) * kept))
        if leg.instrument.quantity_max is not None:
            bounds.append(("maximum", floor_to(leg.instrument.quantity_max, leg.instrument.lot) * kept))
        if leg.instrument.is_spot and leg.side is Side.SELL:
            bounds.append(("inventory", base_available / leg.ratio))
    unit_cost = sum((cost_per_unit(leg) for leg in legs), ZERO)
    if unit_cost > 0:
        # Grossing up ends on a whole lot, which may be one lot more than the share says.
        rounding = sum((leg.instrument.lot * leg.worst_price for leg in legs if _base_fee_rate(leg)), ZERO)
        bounds.append(("balance", max(quote_available - rounding, ZERO) / unit_cost))
    reason, bound = min(bounds, key=lambda item: item[1])
    quantity = floor_to(bound, common_step(legs))
    for leg in legs:
        base_quantity = quantity * leg.ratio
        if base_quantity <= 0 or base_quantity < leg.instrument.minimum:
            return NotSized(f"{reason}_below_minimum")
        if base_quantity * leg.worst_price < leg.instrument.notional_min:
            return NotSized(f"{reason}_below_minimum")
    return Sized(quantity=quantity, orders=tuple(order_quantity(leg, quantity * leg.ratio) for leg in legs))

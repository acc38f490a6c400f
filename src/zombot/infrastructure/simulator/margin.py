"""Isolated margin of linear perpetuals: what a position ties up, and when it is taken over.

All formulas are those that were recomputed from OKX's own samples (maintenance on mark price, liquidation fee
at the taker rate). Quantities and costs are signed like the position: above 0 is long.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from msgspec import Struct

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import InstrumentId
from zombot.domain.money import DIVISION_STEP, ONE, ZERO, ceil_to, floor_to, quotient


class MarginTier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The larger a position, the more margin it must keep and the less leverage it may have."""

    quantity_max: Decimal
    """Base units, the tier's upper end."""
    maintenance: Decimal
    """Margin to keep, a fraction of the notional at mark price."""
    leverage_max: Decimal

    def __post_init__(self) -> None:
        if not (self.quantity_max > 0 and 0 < self.maintenance < 1 and self.leverage_max >= 1):
            raise InvalidValue(
                f"margin tier {self.quantity_max}/{self.maintenance}/{self.leverage_max}: "
                "quantity_max above 0, maintenance between 0 and 1 and leverage_max of at least 1 are allowed"
            )


Tiers = tuple[MarginTier, ...]

DEFAULT_TIERS: Final[Tiers] = (
    MarginTier(quantity_max=Decimal("1e12"), maintenance=Decimal("0.004"), leverage_max=Decimal(100)),
)


class Position(Struct, kw_only=True):
    """One account's holding of one perpetual."""

    quantity: Decimal = ZERO
    """Signed base units."""
    cost: Decimal = ZERO
    """Quantity times entry price, signed like the quantity and exact: no average is ever rounded into it."""
    margin: Decimal = ZERO
    """Isolated for this position, in the quote asset."""
    trigger: float = 0.0
    """The mark price around which an exact check for liquidation is due; 0 for none."""

    @property
    def average_price(self) -> Decimal:
        """For display; bookings use ``cost``."""
        return quotient(self.cost, self.quantity) if self.quantity else ZERO

    def unrealized(self, mark: Decimal) -> Decimal:
        """Profit that stands on paper at ``mark``."""
        return self.quantity * mark - self.cost

    def release(self, quantity: Decimal) -> tuple[Decimal, Decimal]:
        """Take ``quantity`` (unsigned) out and return the cost and the margin that go with it.

        What a division cuts off stays behind, and the last part takes all that is left: sums are exact.
        """
        held = abs(self.quantity)
        if quantity == held:
            released = (self.cost, self.margin)
            self.quantity = self.cost = self.margin = ZERO
            return released
        cost = quotient(self.cost * quantity, held)
        margin = floor_quotient(self.margin * quantity, held)
        self.cost -= cost
        self.margin -= margin
        self.quantity -= quantity if self.quantity > 0 else -quantity
        return cost, margin


def floor_quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient rounded down: the parts of an order never need more than the whole had reserved."""
    return (numerator / denominator).quantize(DIVISION_STEP, ROUND_FLOOR)


def initial_margin(notional: Decimal, leverage: Decimal) -> Decimal:
    """What opening ``notional`` ties up."""
    return floor_quotient(notional, leverage)


def liquidation_price(position: Position, rate: Decimal) -> Decimal | None:
    """The mark price at which the margin ratio is 1; None if there is none above 0.

    Args:
        position: the holding.
        rate: maintenance rate of its tier plus the liquidation fee rate.
    """
    if not position.quantity:
        return None
    held, cost = abs(position.quantity), abs(position.cost)
    if position.quantity > 0:
        price = quotient(cost - position.margin, held * (ONE - rate))
    else:
        price = quotient(cost + position.margin, held * (ONE + rate))
    return price if price > 0 else None


def bankruptcy_price(position: Position, tick: Decimal) -> Decimal:
    """The price on the grid at which the loss eats the margin, rounded so that it never eats more."""
    held, cost = abs(position.quantity), abs(position.cost)
    if position.quantity > 0:
        return max(tick, ceil_to((cost - position.margin) / held, tick))
    return max(tick, floor_to((cost + position.margin) / held, tick))


def must_liquidate(position: Position, mark: Decimal, rate: Decimal) -> bool:
    """Whether the margin ratio is 1 or less."""
    return position.margin + position.unrealized(mark) <= abs(position.quantity) * mark * rate


class MarginRules:
    """Tiers per instrument."""

    __slots__ = ("_tiers",)

    def __init__(self, tiers: Mapping[InstrumentId, Tiers] | None = None) -> None:
        self._tiers = dict(tiers or {})
        for instrument, rows in self._tiers.items():
            ends = [row.quantity_max for row in rows]
            if not ends or ends != sorted(set(ends)):
                raise InvalidValue(
                    f"margin tiers of {instrument}: one or more with rising quantity_max are allowed"
                )

    def maintenance(self, instrument: InstrumentId, quantity: Decimal) -> Decimal:
        """The maintenance rate of the tier that a position of this size is in."""
        tiers = self._tiers.get(instrument, DEFAULT_TIERS)
        for tier in tiers:
            if abs(quantity) <= tier.quantity_max:
                return tier.maintenance
        return tiers[-1].maintenance

    def quantity_max(self, instrument: InstrumentId, leverage: Decimal) -> Decimal:
        """The largest position that this leverage allows; 0 if none."""
        tiers = self._tiers.get(instrument, DEFAULT_TIERS)
        return max((tier.quantity_max for tier in tiers if tier.leverage_max >= leverage), default=ZERO)

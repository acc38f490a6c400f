"""Exact decimal arithmetic: rounding to tick and lot, always against ourselves."""

from __future__ import annotations

import decimal
import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

from zombot.domain.errors import InvalidValue

# Sums and products in the ledger must keep every digit. A funding amount has up to 24 decimals and a balance
# up to 12 digits before the point, which is more than the 28 digits that Python's default context keeps.
PRECISION: Final = 60
decimal.DefaultContext.prec = PRECISION
decimal.getcontext().prec = PRECISION

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
BPS: Final = Decimal("0.0001")
DIVISION_STEP: Final = Decimal("1e-12")
"""Quotients (released cost, a share of a payment) are cut to this step; the rest stays in the remainder."""


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of ``step`` that is not above ``value``."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of ``step`` that is not below ``value``."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


GRID_SLACK: Final = Decimal("1e-6")
"""In steps: a float this near to the grid was on it before it became a float."""


def floor_float(value: float, step: Decimal) -> Decimal:
    """The largest multiple of ``step`` that is not above a float, which stands for a decimal near it."""
    count = Decimal(value) / step
    nearest = count.to_integral_value(ROUND_HALF_EVEN)
    return (nearest if abs(count - nearest) <= GRID_SLACK else count.to_integral_value(ROUND_FLOOR)) * step


def ceil_float(value: float, step: Decimal) -> Decimal:
    """The smallest multiple of ``step`` that is not below a float, which stands for a decimal near it."""
    count = Decimal(value) / step
    nearest = count.to_integral_value(ROUND_HALF_EVEN)
    return (nearest if abs(count - nearest) <= GRID_SLACK else count.to_integral_value(ROUND_CEILING)) * step


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` lies on the grid of ``step``."""
    return value % step == 0


def quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient with a bounded number of digits, half to even; use it only where the remainder is kept."""
    return (numerator / denominator).quantize(DIVISION_STEP, ROUND_HALF_EVEN)


def decimal_of(value: float, step: Decimal) -> Decimal:
    """The multiple of ``step`` nearest to a float that came from a decimal string on that grid.

    Exact for up to 15 significant digits (perf.md, section 2); beyond that it refuses.
    """
    if not math.isfinite(value):
        raise InvalidValue(f"{value!r} is no number on a grid of {step}")
    count = round(Decimal(value) / step)
    if abs(count) >= 10**15:
        raise InvalidValue(f"{value!r} is {count} steps of {step}: at most 10^15 can be told apart")
    return count * step


def text_of(value: Decimal) -> str:
    """A decimal as people and JSON read it: no exponent, no trailing zeros."""
    text = format(value or ZERO, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text

"""Isolated margin of a linear perpetual: where the venue would liquidate.

Formulas of OKX's position page, solved for a margin ratio of 1: (margin + unrealised) =
quantity x mark x (maintenance rate + liquidation fee rate).
"""

from __future__ import annotations


def liquidation_price(
    *, quantity: float, average_price: float, margin: float, maintenance_rate: float, fee_rate: float
) -> float:
    """The mark price at which a position is liquidated; 0.0 if no price can do it.

    ``quantity`` is signed base units, ``margin`` what is locked with the position in quote units.
    """
    size = abs(quantity)
    if size == 0:
        return 0.0
    rates = maintenance_rate + fee_rate
    if quantity > 0:
        return max(0.0, (size * average_price - margin) / (size * (1.0 - rates)))
    return (size * average_price + margin) / (size * (1.0 + rates))


def liquidation_distance_bps(mark: float, liquidation: float) -> float:
    """How far the mark may move before liquidation, in bps of the mark."""
    return abs(liquidation / mark - 1.0) * 10_000.0

"""Prices as floats: what can be executed now, through the depth of a book."""

from __future__ import annotations

from collections.abc import Iterable


def basis_bps(spot_mid: float, perpetual_mid: float) -> float:
    """Perpetual minus spot, in bps of spot."""
    return (perpetual_mid / spot_mid - 1.0) * 10_000.0


def spread_bps(buy_price: float, sell_price: float) -> float:
    """What selling at one and buying at the other earns, in bps of the price paid."""
    return (sell_price / buy_price - 1.0) * 10_000.0


def average_price(levels: Iterable[tuple[float, float]], quantity: float) -> float:
    """Volume-weighted price of taking ``quantity`` base units from ``levels``, best first.

    Where the levels end first, the average over what they hold; 0.0 for no level at all.
    """
    taken = cost = 0.0
    for price, available in levels:
        step = min(available, quantity - taken)
        taken += step
        cost += step * price
        if taken >= quantity:
            break
    return cost / taken if taken else 0.0

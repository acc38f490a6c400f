"""Spreads as floats, for decisions and for display."""

from __future__ import annotations


def basis_bps(spot_mid: float, perpetual_mid: float) -> float:
    """Perpetual minus spot, in bps of spot."""
    return (perpetual_mid / spot_mid - 1.0) * 10_000.0


def spread_bps(buy_price: float, sell_price: float) -> float:
    """What selling at one and buying at the other earns, in bps of the price paid."""
    return (sell_price / buy_price - 1.0) * 10_000.0

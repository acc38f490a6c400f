"""Spreads in basis points."""

import pytest

from zombot.domain.pricing import basis_bps, spread_bps


def test_spreads_are_in_bps_of_what_is_paid() -> None:
    """Basis is perpetual over spot, a spread is what selling one and buying the other earns."""
    assert basis_bps(100.0, 100.5) == pytest.approx(50.0)
    assert spread_bps(100.0, 99.0) == pytest.approx(-100.0)
    assert basis_bps(200.0, 200.0) == spread_bps(5.0, 5.0) == 0.0

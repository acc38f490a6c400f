"""How the legs of an arbitrage stand to each other."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.samples import PERPETUAL, SPOT, D, perpetual, spot
from tests.unit.engine.bench import arbitrage_of
from zombot.engine.legs import (
    is_even,
    is_flat,
    orderable,
    ratio,
    residual,
    residual_notional,
    tolerance,
    units,
)

GRID = {SPOT: spot(lot="0.001"), PERPETUAL: perpetual(lot="0.01", minimum="0.05")}
nets = st.decimals(-3, 3, places=3)


@given(nets, nets, st.decimals("0.01", 5, places=2))
def test_legs_are_even_when_they_stand_within_a_lot_of_the_coarser(
    bought: Decimal, sold: Decimal, target: Decimal
) -> None:
    """The residual is the distance of the legs in units, and even means less than the coarser lot."""
    taken = arbitrage_of(str(bought), str(-sold), targets=(str(target), str(-target)), quantity=str(target))
    assert abs(residual(taken) - abs(bought - sold)) < D("1e-50")
    assert tolerance(taken, GRID) == D("0.01")
    assert is_even(taken, GRID) == (abs(bought - sold) < D("0.01"))
    assert abs(residual_notional(taken) - abs(bought - sold) * 100) < D("1e-45")


@given(nets, nets, st.sampled_from(["0.5", "2", "10"]))
def test_a_ratio_scales_a_leg_to_units(bought: Decimal, sold: Decimal, share: str) -> None:
    """A leg of two base units a unit counts half: the same fraction of both targets is even."""
    taken = arbitrage_of(str(bought), str(-sold * D(share)), targets=("1", str(-D(share))))
    assert ratio(taken, taken.legs[1]) == D(share)
    assert units(taken) == [bought, sold]
    assert [leg.fraction for leg in taken.legs] == [bought, sold]


@given(nets, st.decimals("0.1", 1_000, places=1), st.sampled_from(["0", "5", "50"]))
def test_what_is_orderable_is_taken_by_the_venue(quantity: Decimal, price: Decimal, least: str) -> None:
    """On the lot, not more than asked, at least the minimum in size and value; else nothing."""
    grid = perpetual(lot="0.01", minimum="0.05", notional_min=least)
    ordered = orderable(grid, quantity, price)
    floored = quantity - quantity % D("0.01") if quantity > 0 else D(0)
    takes = floored >= D("0.05") and floored * price >= D(least)
    assert ordered == (floored if takes else 0)


@pytest.mark.parametrize(
    ("bought", "sold", "flat"),
    [
        ("0", "0", True),
        ("0.0009", "-0.04", True),
        ("0.001", "0", False),
        ("0", "-0.05", False),
        ("-1", "0", False),
    ],
)
def test_flat_means_that_nothing_could_be_sold(bought: str, sold: str, flat: bool) -> None:
    """Less than an order that the venue takes is dust; a leg that stands the wrong way round is not."""
    assert is_flat(arbitrage_of(bought, sold), GRID) == flat

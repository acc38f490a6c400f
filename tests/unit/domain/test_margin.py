"""Liquidation prices by the venue's own definition: the margin ratio there is exactly 1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zombot.domain.margin import liquidation_distance_bps, liquidation_price

rates = st.floats(0.0, 0.05)


@given(
    size=st.floats(0.001, 1_000), average=st.floats(1, 100_000), share=st.floats(0.005, 1.5),
    maintenance=rates, fee=rates, long=st.booleans(),
)  # fmt: skip
def test_the_margin_ratio_is_one_at_the_liquidation_price(
    size: float, average: float, share: float, maintenance: float, fee: float, long: bool
) -> None:
    """(margin + unrealised) / (quantity x mark x rates) is 1 there, or no price can liquidate."""
    quantity = size if long else -size
    margin = size * average * share
    price = liquidation_price(
        quantity=quantity, average_price=average, margin=margin, maintenance_rate=maintenance, fee_rate=fee
    )
    if price == 0.0:
        assert long
        assert margin >= size * average * (1 - 1e-12)
        return
    unrealised = quantity * (price - average)
    assert margin + unrealised == pytest.approx(size * price * (maintenance + fee), abs=size * average * 1e-9)


def test_the_venues_sample_of_a_short_position() -> None:
    """The sample position of the venue's page (1 contract of 0.01 BTC short at 60000, 200 margin) agrees."""
    # mmr 2.404 at mark 60100 is a rate of 0.004; liquidation fee 0.0005; the page shows 79641.6, a tick more.
    price = liquidation_price(
        quantity=-0.01, average_price=60_000.0, margin=200.0, maintenance_rate=0.004, fee_rate=0.0005
    )
    assert price == pytest.approx(79_641.6, abs=0.11)


@pytest.mark.parametrize(
    ("quantity", "expected"), [(1.0, (100.0 - 10.0) / 0.995), (-1.0, (100.0 + 10.0) / 1.005), (0.0, 0.0)]
)
def test_worked_examples(quantity: float, expected: float) -> None:
    """One unit at 100 with 10 of margin and 0.5 % of rates: long, short and nothing."""
    price = liquidation_price(
        quantity=quantity, average_price=100.0, margin=10.0, maintenance_rate=0.004, fee_rate=0.001
    )
    assert price == pytest.approx(expected, rel=1e-12)


def test_a_fully_paid_long_cannot_be_liquidated() -> None:
    """With its whole notional as margin no price above 0 liquidates a long position."""
    price = liquidation_price(
        quantity=2.0, average_price=50.0, margin=100.0, maintenance_rate=0.004, fee_rate=0.0005
    )
    assert price == 0.0


def test_the_distance_is_of_the_mark_and_has_no_sign() -> None:
    """5 % away is 500 bps on either side."""
    assert liquidation_distance_bps(100.0, 95.0) == pytest.approx(500.0)
    assert liquidation_distance_bps(100.0, 105.0) == pytest.approx(500.0)

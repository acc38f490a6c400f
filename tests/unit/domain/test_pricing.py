"""Prices through the depth of a book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zombot.domain.pricing import average_price, basis_bps, spread_bps

levels = st.lists(
    st.tuples(st.floats(1, 1_000), st.floats(0.01, 100)), min_size=1, max_size=10
).map(sorted)  # fmt: skip


@given(levels, st.floats(0.01, 500))
def test_the_average_lies_between_the_best_level_and_the_worst_one_taken(
    book: list[tuple[float, float]], quantity: float
) -> None:
    """Taking more never makes a buy cheaper, and the average stays within the levels that it takes."""
    average = average_price(book, quantity)
    assert book[0][0] * (1 - 1e-12) <= average <= book[-1][0] * (1 + 1e-12)
    assert average_price(book, quantity * 2) >= average * (1 - 1e-12)


@given(levels)
def test_no_more_than_the_top_costs_the_top(book: list[tuple[float, float]]) -> None:
    """Within the first level the average is that level's price."""
    assert average_price(book, book[0][1]) == pytest.approx(book[0][0])


def test_an_empty_book_has_no_price() -> None:
    """Without a level there is nothing to take."""
    assert average_price([], 1.0) == 0.0


def test_spreads_are_in_bps_of_what_is_paid() -> None:
    """Buying at 100 and selling at 101 is 100 bps; a perpetual at 99 has a basis of -100."""
    assert spread_bps(100.0, 101.0) == pytest.approx(100.0)
    assert basis_bps(100.0, 99.0) == pytest.approx(-100.0)

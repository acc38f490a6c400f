"""Decimals lose nothing: rounding is against ourselves, and what a quotient cuts off is kept."""

import threading
from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from zombot.domain.errors import InvalidValue
from zombot.domain.money import (
    DIVISION_STEP,
    PRECISION,
    ceil_to,
    decimal_of,
    floor_to,
    is_multiple,
    quotient,
    text_of,
)

steps = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent),
    st.sampled_from([1, 2, 5, 25]),
    st.integers(-8, 2),
)
amounts = st.decimals(-(10**9), 10**9, places=10)


@given(amounts, steps)
def test_floor_and_ceil_enclose_a_value_between_two_neighbours_of_the_grid(
    value: Decimal, step: Decimal
) -> None:
    """Both results lie on the grid, less than a step from the value, and meet only on the grid."""
    low, high = floor_to(value, step), ceil_to(value, step)
    assert is_multiple(low, step)
    assert is_multiple(high, step)
    assert low <= value <= high
    assert value - low < step
    assert high - value < step
    assert (low == high) == is_multiple(value, step)


@given(amounts, steps)
def test_rounding_twice_is_rounding_once(value: Decimal, step: Decimal) -> None:
    """What lies on the grid stays where it is."""
    assert floor_to(floor_to(value, step), step) == floor_to(value, step)
    assert ceil_to(floor_to(value, step), step) == floor_to(value, step)
    assert floor_to(value, step) == -ceil_to(-value, step)


@given(amounts, st.decimals("0.000001", 10**6, places=6))
def test_a_quotient_and_its_remainder_are_the_whole(numerator: Decimal, denominator: Decimal) -> None:
    """quotient * denominator + remainder is the numerator, the remainder at most half a step's worth."""
    part = quotient(numerator, denominator)
    remainder = numerator - part * denominator
    assert part * denominator + remainder == numerator
    assert abs(remainder) <= denominator * DIVISION_STEP / 2
    assert is_multiple(part, DIVISION_STEP)


@given(st.integers(0, 10**15 - 1), st.integers(-8, 0))
@example(3, -1)
@example(600_001, -1)
@example(10**15 - 1, -8)
def test_a_float_from_a_string_of_15_digits_gives_that_decimal_back(count: int, exponent: int) -> None:
    """decimal_of undoes float() for every value of up to 15 significant digits on its grid."""
    exact = Decimal(count).scaleb(exponent)
    step = Decimal(1).scaleb(exponent)
    assert decimal_of(float(str(exact)), step) == exact
    assert decimal_of(-float(str(exact)), step) == -exact


@given(st.integers(10**15, 10**18), st.integers(-8, 0))
def test_more_than_15_digits_are_refused(count: int, exponent: int) -> None:
    """Where a float cannot tell two steps apart, decimal_of says so instead of guessing."""
    exact = Decimal(count).scaleb(exponent)
    with pytest.raises(InvalidValue, match="10\\^15"):
        decimal_of(float(exact), Decimal(1).scaleb(exponent))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_is_refused(value: float) -> None:
    """decimal_of answers not-a-number and infinity with the error of the domain."""
    with pytest.raises(InvalidValue):
        decimal_of(value, Decimal("0.1"))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_text_round_trips_without_an_exponent(value: Decimal) -> None:
    """text_of keeps the value, and writes no exponent and no trailing zero."""
    assume(abs(value.adjusted()) < 200)
    text = text_of(value)
    assert Decimal(text) == value
    assert "E" not in text.upper()
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize("zero", ["0", "-0", "0.00", "-0.00", "0E+3", "-0E-9"])
def test_zero_has_one_spelling(zero: str) -> None:
    """However it came about, nothing is written as 0; people do not read -0."""
    assert text_of(Decimal(zero)) == "0"


def test_every_thread_computes_with_the_same_precision() -> None:
    """A thread begun after the import, and one of its own contexts, keeps 60 digits."""
    seen: list[int] = []

    def look() -> None:
        seen.append(getcontext().prec)
        with localcontext():
            seen.append(getcontext().prec)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [PRECISION] * 6
    assert getcontext().prec == PRECISION == 60


@given(st.lists(st.tuples(amounts, st.decimals("0.00000001", 10**5, places=8)), max_size=20))
def test_a_sum_of_products_does_not_depend_on_its_order(terms: list[tuple[Decimal, Decimal]]) -> None:
    """Sums of price x quantity are exact: forwards, backwards and as fractions of integers they agree."""
    total = sum((a * b for a, b in terms), Decimal(0))
    assert total == sum((a * b for a, b in reversed(terms)), Decimal(0))
    assert total == Decimal(sum(int(a * 10**10) * int(b * 10**8) for a, b in terms)).scaleb(-18)

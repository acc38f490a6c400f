"""Client order ids are derived, and no two orders ever share one (I2)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import ArbitrageId, ClientOrderId, derive_client_order_id

Order = tuple[str, int, int, int, int]

bots = st.text("0123456789abcdefghijklmnopqrstuvwxy", min_size=1, max_size=6)
# Small numbers, so that ids made of the same digits with other borders are tried as well.
orders: st.SearchStrategy[Order] = st.tuples(
    bots,
    st.integers(0, 40) | st.integers(1_600_000_000, 4_000_000_000),
    st.integers(1, 1300) | st.integers(1, 10**7),
    st.integers(0, 34),
    st.integers(0, 40) | st.integers(0, 10**6),
)


def derived(order: Order) -> ClientOrderId:
    """The id of one order."""
    bot, epoch, arbitrage, leg, attempt = order
    return derive_client_order_id(
        bot=bot, epoch=epoch, arbitrage=ArbitrageId(arbitrage), leg=leg, attempt=attempt
    )


@given(st.lists(orders, min_size=2, max_size=50, unique=True))
def test_different_orders_have_different_ids(many: list[Order]) -> None:
    """The derivation is injective over bot, epoch, arbitrage, leg and attempt."""
    assert len({derived(order) for order in many}) == len(many)


@given(orders)
def test_an_id_is_what_every_venue_takes(order: Order) -> None:
    """At most 32 lower-case letters and digits, the same on every derivation."""
    assert re.fullmatch("[0-9a-z]{1,32}", derived(order))
    assert derived(order) == derived(order)


@given(orders)
def test_an_id_can_be_read_back(order: Order) -> None:
    """The five fields stand in the id, separated, each in base 35: nothing of them is lost."""
    bot, *numbers = derived(order).split("z")
    digits = "0123456789abcdefghijklmnopqrstuvwxy"
    values = []
    for text in numbers:
        value = 0
        for letter in text:
            value = value * 35 + digits.index(letter)
        values.append(value)
    assert (bot, *values) == order


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (("", 1, 1, 0, 0), "bot name ''"),
        (("toolong", 1, 1, 0, 0), "'toolong'"),
        (("fizz", 1, 1, 0, 0), "'fizz'"),
        (("Bot", 1, 1, 0, 0), "'Bot'"),
        (("b-1", 1, 1, 0, 0), "'b-1'"),
        (("bot", 1, 1, 35, 0), "leg 35"),
        (("bot", 1, 1, -1, 0), "leg -1"),
        (("bot", -1, 1, 0, 0), "-1"),
        (("bot", 1, 1, 0, -1), "-1"),
        (("bot", 35**25, 1, 0, 0), "characters"),
    ],
)
def test_what_has_no_id_is_refused(order: Order, named: str) -> None:
    """A field outside its range is an error that names the value, never a shortened id."""
    with pytest.raises(InvalidValue, match=named):
        derived(order)

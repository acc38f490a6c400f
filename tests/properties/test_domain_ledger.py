"""The ledger equals an independent sum of the same bookings, to the last digit (I4)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.samples import BTC, PERPETUAL, SPOT, USDT, VENUE, D, perpetual, spot
from zombot.domain import ledger as ledger_module
from zombot.domain.identifiers import ClientOrderId
from zombot.domain.ledger import Ledger, account_key, shares
from zombot.domain.order import Fill, Side

INSTRUMENTS = {SPOT: spot(), PERPETUAL: perpetual()}
prices = st.decimals("0.1", 100_000, places=1)
sizes = st.decimals("0.001", 100, places=3)
money = st.decimals(-1_000, 1_000, places=12)


@st.composite
def fills(draw: st.DrawFn) -> Fill:
    """Any fill of the two instruments, its fee in base or quote, a rebate too."""
    identifier = draw(st.sampled_from([SPOT, PERPETUAL]))
    in_base = identifier == SPOT and draw(st.booleans())
    return Fill(
        client_order_id=ClientOrderId("x"),
        instrument=identifier,
        side=draw(st.sampled_from(Side)),
        price=draw(prices),
        quantity=draw(sizes),
        fee=draw(st.decimals("-0.01", 1, places=10)),
        fee_asset=BTC if in_base else USDT,
        trade_id="1",
        maker=draw(st.booleans()),
        realized=D(0) if identifier == SPOT else draw(money),
        venue_ns=0,
        received_ns=0,
    )


bookings = st.lists(fills() | money, max_size=30)


def booked(many: list[Fill | Decimal]) -> Ledger:
    """A ledger that began with an inventory and took these fills and payments."""
    ledger = Ledger()
    ledger.open_balance(VENUE, BTC, D(3))
    ledger.open_balance(VENUE, USDT, D(10_000))
    for item in many:
        if isinstance(item, Fill):
            ledger.book_fill(item, INSTRUMENTS[item.instrument])
        else:
            ledger.book_payment(INSTRUMENTS[PERPETUAL], item)
    return ledger


@given(bookings)
def test_balances_and_positions_are_the_sum_of_what_was_booked(many: list[Fill | Decimal]) -> None:
    """Base, quote and position equal sums taken apart from the ledger, fee by fee."""
    ledger = booked(many)
    filled = [item for item in many if isinstance(item, Fill)]
    bought = [f for f in filled if f.instrument == SPOT]
    base = D(3) + sum((f.side.sign * f.quantity for f in bought), D(0))
    base -= sum((f.fee for f in filled if f.fee_asset == BTC), D(0))
    quote = D(10_000) - sum((f.side.sign * f.quantity * f.price for f in bought), D(0))
    quote -= sum((f.fee for f in filled if f.fee_asset == USDT), D(0))
    quote += sum((f.realized for f in filled), D(0))
    quote += sum((item for item in many if not isinstance(item, Fill)), D(0))
    position = sum((f.side.sign * f.quantity for f in filled if f.instrument == PERPETUAL), D(0))
    assert ledger.balance(VENUE, BTC) == base
    assert ledger.balance(VENUE, USDT) == quote
    held = ledger.holdings.get(PERPETUAL)
    assert (held.quantity if held else D(0)) == position


@given(bookings, prices, prices, prices)
def test_equity_changes_by_cash_flows_and_what_is_held(
    many: list[Fill | Decimal], spot_mark: Decimal, perpetual_mark: Decimal, opening_mark: Decimal
) -> None:
    """Equity is the opening at its own mark plus, fill by fill, quantity x (mark - price) less the fee.

    What the venue has paid out of a position's profit already is not counted a second time.
    """
    marks = {SPOT: spot_mark, PERPETUAL: perpetual_mark}
    expected = D(10_000) + 3 * opening_mark
    for item in many:
        if isinstance(item, Fill):
            expected += item.side.sign * item.quantity * (marks[item.instrument] - item.price)
            expected -= item.fee * (spot_mark if item.fee_asset == BTC else 1)
        else:
            expected += item
    assert booked(many).equity(INSTRUMENTS, marks, {SPOT: opening_mark}) == expected


@given(bookings, st.randoms())
def test_the_order_of_bookings_does_not_matter(many: list[Fill | Decimal], chance: Any) -> None:
    """Duplicates aside, late and early bookings end in the same balances and positions."""
    shuffled = list(many)
    chance.shuffle(shuffled)
    first, second = booked(many), booked(shuffled)
    assert first.balances == second.balances
    assert first.holdings == second.holdings


@given(st.lists(sizes, min_size=1, max_size=10), prices, prices)
def test_a_position_that_is_flat_again_leaves_no_cost(
    parts: list[Decimal], entry: Decimal, leave: Decimal
) -> None:
    """With what the venue realises for each closed part, cost is exactly 0 when nothing is held."""
    ledger = Ledger()
    ledger.book_position(INSTRUMENTS[PERPETUAL], sum(parts, D(0)), entry, D(0))
    for part in parts:
        ledger.book_position(INSTRUMENTS[PERPETUAL], -part, leave, part * (leave - entry))
    assert ledger.holdings[PERPETUAL].quantity == 0
    assert ledger.holdings[PERPETUAL].cost == 0


@given(st.lists(st.integers(0, 12), max_size=80), st.integers(3, 40))
def test_a_bill_is_new_once(numbers: list[int], kept: int) -> None:
    """first_time says yes once per id while it is remembered, and remembers no more than it may."""
    before = ledger_module.BILLS_KEPT
    ledger_module.BILLS_KEPT = kept  # type: ignore[misc]
    try:
        ledger, order = Ledger(), list[int]()
        for number in numbers:
            assert ledger.first_time(str(number)) == (number not in order)
            if number not in order:
                order = [*order, number][-kept:]
        assert list(ledger.bills) == [str(number) for number in order]
    finally:
        ledger_module.BILLS_KEPT = before  # type: ignore[misc]


@given(money, st.lists(st.decimals(0, 1_000, places=5), min_size=1, max_size=12))
def test_shares_add_up_exactly(amount: Decimal, weights: list[Decimal]) -> None:
    """The parts of a split are the whole, each within a step a part of its exact share."""
    if not any(weights):
        return
    parts = shares(amount, weights)
    assert sum(parts, D(0)) == amount
    assert len(parts) == len(weights)
    total = sum(weights, D(0))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - amount * weight) <= total * D("1e-12") * len(weights)


def test_an_opening_balance_is_taken_once() -> None:
    """Later reports of the venue are compared with the ledger, they do not overwrite it."""
    ledger = booked([])
    ledger.open_balance(VENUE, USDT, D(1))
    assert ledger.opening[account_key(VENUE, USDT)] == ledger.balance(VENUE, USDT) == D(10_000)


def test_shares_of_one_holder_are_everything() -> None:
    """A single holder gets the whole amount with every digit."""
    amount = D("0.123456789012345678901234")
    assert shares(amount, [D(7)]) == [amount]


def test_no_weight_is_no_split() -> None:
    """Weights that are all 0 are an error of the caller, not a silent loss."""
    with pytest.raises(ArithmeticError):
        shares(D(1), [D(0), D(0)])

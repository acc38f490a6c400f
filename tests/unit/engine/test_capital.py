"""What is free to use: reserved for all legs at once, and never spent twice."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.samples import BTC, PERPETUAL, SECOND, SPOT, USDT, VENUE, D
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_risk_gate import reversed_legs
from zombot.domain.opportunity import Style
from zombot.domain.order import OrderRequest
from zombot.domain.risk import Limits
from zombot.engine.config import EngineConfig


def config(margin_rate: str = "0.5", buffer: str = "0") -> EngineConfig:
    """No limit but the money."""
    limits = Limits(
        pair_notional_max=D(10**9), venue_notional_max=D(10**9), notional_max=D(10**9), arbitrages_max=10**6,
        orders_per_second_max=10**6, balance_buffer=D(buffer),
    )  # fmt: skip
    return EngineConfig(bot="bot1", limits=limits, margin_rates={PERPETUAL: D(margin_rate)})


def free(bench: Bench) -> Decimal:
    """Free quote asset."""
    return bench.engine.capital.free_quote(VENUE, USDT)


def needs(order: OrderRequest, margin_rate: str = "0.5") -> Decimal:
    """What an order locks at its own price; a perpetual's fee is taken in quote, the coin's from the coin."""
    assert order.price is not None
    return order.quantity * order.price * (1 if order.instrument == SPOT else D(margin_rate) + D("0.0005"))


def test_both_legs_are_reserved_from_the_moment_they_leave() -> None:
    """In flight, the cost of the coin and the margin of the perpetual are not free any more."""
    bench = Bench(config())
    before = free(bench)
    orders = bench.open()
    assert len(orders) == 2
    assert before - free(bench) == sum((needs(order) for order in orders), D(0))


def test_a_fill_at_the_limit_moves_a_reservation_into_the_ledger() -> None:
    """Reserved or spent is the same to what is free, fees included."""
    bench = Bench(config())
    orders = bench.open()
    reserved = free(bench)
    for order in orders:
        bench.fill(order)
    assert free(bench) == reserved


def test_what_was_not_filled_is_free_again() -> None:
    """Cancelled without a fill, an arbitrage gives everything back."""
    bench = Bench(config())
    before = free(bench)
    for order in bench.open():
        bench.cancel(order)
    assert free(bench) == before


def test_a_maker_order_reserves_for_the_hedge_that_will_follow() -> None:
    """While one leg rests, the money of the other leg is reserved as well: balances are for all legs."""
    bench = Bench(config())
    before = free(bench)
    (resting,) = bench.open(style=Style.MAKER_TAKER)
    hedge = resting.quantity * D("100.0")
    assert before - free(bench) >= needs(resting) + hedge


@given(
    quote=st.integers(100, 20_000), rate=st.sampled_from(["1", "0.5", "0.2"]),
    wanted=st.lists(st.tuples(st.integers(50, 8_000), st.integers(0, 3)), min_size=1, max_size=8),
)  # fmt: skip
def test_entries_never_commit_more_than_there_is(
    quote: int, rate: str, wanted: list[tuple[int, int]]
) -> None:
    """Whatever fills and whatever is still in flight, what is free stays at or above 0, fees paid."""
    bench = Bench(config(rate), quote=str(quote))
    for notional, answer in wanted:
        orders = bench.open(notional=str(notional))
        for order in orders:
            if answer == 1:
                bench.fill(order)
            elif answer == 2:
                bench.cancel(order)
        committed = sum(
            (needs(o.request, rate) for o in bench.state.durable.orders.values() if not o.final), D(0)
        )
        assert committed <= bench.state.durable.ledger.balance(VENUE, USDT)
        assert free(bench) >= 0
        bench.wait(SECOND)
        bench.quotes()


def test_the_buffer_is_left_alone() -> None:
    """A share of the balance is not offered to entries."""
    assert free(Bench(config(buffer="0.02"), quote="1000")) == 980


def test_inventory_that_is_being_sold_is_not_sold_twice() -> None:
    """A discount sells coins from inventory: in flight they are gone for the next one."""
    bench = Bench(config(), base="8")
    capital = bench.engine.capital
    assert capital.free_base(VENUE, BTC) == 8
    (sell, _) = bench.open(legs=reversed_legs(), direction="discount")
    assert sell.instrument == SPOT
    assert sell.quantity == 8
    assert capital.free_base(VENUE, BTC) == 0
    assert bench.verdict(legs=reversed_legs()) == "inventory_below_minimum"


def test_coins_of_an_open_arbitrage_are_not_inventory() -> None:
    """What a premium bought is its own hedge, not for sale to a discount."""
    bench = Bench(config(), base="3")
    for order in bench.open():
        bench.fill(order)
    assert bench.engine.capital.free_base(VENUE, BTC) == 3


@pytest.mark.parametrize("answered", [False, True])
def test_the_proceeds_of_inventory_buy_it_back(answered: bool) -> None:
    """Selling 8 coins from inventory frees no money: it is owed for buying them back."""
    bench = Bench(config(), base="8")
    before = free(bench)
    orders = bench.open(legs=reversed_legs(), direction="discount")
    if answered:
        for order in orders:
            bench.fill(order)
    assert free(bench) <= before

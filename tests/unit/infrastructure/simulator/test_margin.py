"""Isolated margin: what a position ties up, pays and loses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.infrastructure.simulator.bench import BTC, SPOT, SWAP, USDT, Bench, D, account
from zombot.domain.errors import InvalidValue
from zombot.domain.events import BalanceReported, ForcedFill, PositionReported
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import FeeRates
from zombot.domain.order import Side, TimeInForce
from zombot.infrastructure.simulator.config import AccountConfig, SeedPosition
from zombot.infrastructure.simulator.margin import (
    MarginRules,
    MarginTier,
    Position,
    bankruptcy_price,
    liquidation_price,
    must_liquidate,
)

GTC = TimeInForce.GTC
FREE = FeeRates(maker=D(0), taker=D(0))


def quoted(*accounts: AccountConfig, **config: Any) -> Bench:
    """The perpetual quoted at 99.9 / 100.0, ten units each; no fees unless told otherwise."""
    bench = Bench(*accounts, **{"perpetual_fees": FREE, **config})
    bench.quote(SWAP, 99.9, 100.0, bid_quantity=10.0, ask_quantity=10.0)
    return bench


def test_opening_ties_up_notional_over_leverage() -> None:
    """The total stays, what is free falls by the margin; the position report says so."""
    bench = quoted()
    bench.buy(SWAP, "2", "100")
    assert bench.total(USDT) == 100_000
    assert bench.available(USDT) == 100_000 - 40
    report = bench.of(PositionReported)[-1]
    assert (report.quantity, report.average_price, report.margin) == (2, 100, 40)


def test_a_round_trip_leaves_nothing_tied_up() -> None:
    """After closing, everything is free again and the total moved by profit less fees, to the last digit."""
    bench = Bench()
    bench.quote(SWAP, 99.9, 100.0, ask_quantity=10.0)
    bench.buy(SWAP, "3", "100")
    for bid in (101.3, 102.7, 99.1):
        bench.quote(SWAP, bid, bid + 0.1, bid_quantity=1.0)
        bench.sell(SWAP, "1", str(bid), reduce_only=True)
    fees = sum((fill.fee for fill in bench.venue.account("main").fills), D(0))
    assert bench.held() == 0
    assert bench.total(USDT) == bench.available(USDT) == 100_000 + D("3.1") - fees
    assert fees == (300 + D("303.1")) * D("0.0005")


def test_one_order_may_close_and_open() -> None:
    """A sale beyond a long closes it, pays its profit out and opens a short with margin of its own."""
    bench = quoted()
    bench.buy(SWAP, "1", "100")
    bench.quote(SWAP, 110.0, 110.1, bid_quantity=3.0)
    name = bench.sell(SWAP, "3", "110")
    assert bench.about(name)[1].fill.realized == 10
    assert bench.held() == -2
    assert bench.total(USDT) == 100_010
    assert bench.available(USDT) == 100_010 - 44


def test_a_falling_position_uncovers_resting_orders() -> None:
    """An order that would have closed needs margin once the position is gone; if there is none it ends."""
    bench = quoted(account(balances={USDT: D(210)}))
    bench.buy(SWAP, "10", "100")
    name = bench.sell(SWAP, "10", "105", time_in_force=GTC)
    assert bench.available(USDT) == 10
    bench.quote(SWAP, 99.8, 99.9, bid_quantity=10.0)
    bench.sell(SWAP, "6", "99.8")
    assert bench.told(name) == [
        "accepted"
    ]  # 4 of it still close, and what was freed pays for the 6 that open
    bench.sell(SWAP, "4", "99.8")
    assert bench.told(name)[-1] == "canceled 0 insufficient_margin"
    assert bench.available(USDT) == bench.total(USDT)


@pytest.mark.parametrize(
    ("quantity", "cost", "margin", "rate", "price"),
    [
        (D(2), D(200), D(40), D("0.0045"), D("80.361627322953")),
        (D(-2), D(-200), D(40), D("0.0045"), D("119.462419113987")),
        (D(1), D(100), D(100), D("0.0045"), None),
    ],
)
def test_liquidation_price_formula(
    quantity: Decimal, cost: Decimal, margin: Decimal, rate: Decimal, price: Decimal | None
) -> None:
    """OKX: (cost - margin) / (q (1 - r)) for a long, (cost + margin) / (q (1 + r)) for a short."""
    assert liquidation_price(Position(quantity=quantity, cost=cost, margin=margin), rate) == price


@given(
    quantity=st.integers(1, 10**6),
    average=st.integers(1, 10**7),
    share=st.integers(1, 99),
    long=st.booleans(),
)
def test_a_bankrupt_price_never_loses_more_than_the_margin(
    quantity: int, average: int, share: int, *, long: bool
) -> None:
    """Closing there costs the margin, less at most one tick, and it lies beyond the liquidation price."""
    size, price = D(quantity) / 100, D(average) / 10
    sign = 1 if long else -1
    position = Position(quantity=sign * size, cost=sign * size * price, margin=size * price * share / 100)
    tick = D("0.1")
    loss = -(position.quantity * bankruptcy_price(position, tick) - position.cost)
    assert loss <= position.margin
    if bankruptcy_price(position, tick) > tick:
        assert position.margin - loss < size * tick + D("1e-9")
    trigger = liquidation_price(position, D("0.0045"))
    if trigger is not None:
        assert must_liquidate(position, trigger * (1 - sign * D("1e-6")), D("0.0045"))
        assert not must_liquidate(position, trigger * (1 + sign * D("1e-3")), D("0.0045"))


@given(
    parts=st.lists(st.integers(1, 50), min_size=1, max_size=10),
    cost=st.integers(1, 10**12),
    margin=st.integers(0, 10**12),
)
def test_releasing_in_parts_gives_everything_back(parts: list[int], cost: int, margin: int) -> None:
    """Whatever the divisions cut off, the parts sum to the whole, exactly."""
    position = Position(quantity=D(sum(parts)), cost=D(cost) / 7, margin=D(margin) / 7)
    before = (position.cost, position.margin)
    released = [position.release(D(part)) for part in parts]
    assert (sum(r[0] for r in released), sum(r[1] for r in released)) == before
    assert not any((position.quantity, position.cost, position.margin))


def test_liquidation_costs_the_margin_and_nothing_else() -> None:
    """The instrument's orders end, the position and its margin are gone, all other money stays."""
    bench = quoted(perpetual_fees=FeeRates(maker=D(0), taker=D("0.0005")))
    bench.buy(SWAP, "1", "100")
    before = bench.total(USDT)
    order = bench.buy(SWAP, "1", "95", time_in_force=GTC)
    other = bench.buy(SPOT, "1", "95", time_in_force=GTC)
    bench.mark(80.4)
    assert bench.held() == 1
    bench.mark(80.3)
    assert bench.held() == 0
    assert bench.total(USDT) == before - 20
    assert bench.told(order)[-1] == "canceled 0 liquidation"
    assert bench.told(other) == ["accepted"]
    (forced,) = bench.of(ForcedFill)
    assert (forced.kind, forced.side, forced.quantity, forced.price) == ("liquidation", Side.SELL, 1, 80)
    assert forced.realized - forced.fee == -20
    assert bench.of(PositionReported)[-1].quantity == 0
    assert bench.of(BalanceReported)[-1].total == before - 20


def test_a_gap_through_the_bankruptcy_price_still_costs_the_margin_only() -> None:
    """Isolated margin bounds the loss, also when the mark jumps far beyond."""
    bench = quoted()
    bench.sell(SWAP, "1", "99.9")
    bench.mark(500.0)
    assert bench.held() == 0
    assert bench.total(USDT) == 100_000 - D("19.98")


def test_without_a_mark_the_mid_decides() -> None:
    """A venue whose mark price is not fed is watched at the mid."""
    bench = quoted()
    bench.buy(SWAP, "1", "100")
    bench.quote(SWAP, 70.0, 70.1)
    assert bench.held() == 0


def test_with_a_mark_the_mid_does_not_decide() -> None:
    """A spike of the quotes alone liquidates nobody."""
    bench = quoted()
    bench.mark(100.0)
    bench.buy(SWAP, "1", "100")
    bench.quote(SWAP, 70.0, 70.1)
    assert bench.held() == 1


def test_losses_beyond_everything_leave_zero_not_less() -> None:
    """Closing far through the bankruptcy price takes what there is; the insurance fund bears the rest."""
    bench = quoted(account(balances={USDT: D(25)}), price_band=D(0))
    bench.mark(100.0)
    bench.buy(SWAP, "1", "100")
    bench.quote(SWAP, 50.0, 50.1)
    name = bench.sell(SWAP, "1", "50", reduce_only=True)
    assert bench.about(name)[1].fill.realized == -25
    assert bench.total(USDT) == bench.available(USDT) == 0
    assert bench.venue.account("main").insured == 25


def test_deleveraging_closes_at_mark_without_a_fee() -> None:
    """ADL takes a part of the position at the mark price, and its profit is paid out."""
    bench = quoted()
    bench.buy(SWAP, "2", "100")
    bench.mark(110.0)
    bench.venue.force_adl("main", SWAP, D(1))
    bench.run(0)
    (forced,) = bench.of(ForcedFill)
    assert (forced.kind, forced.quantity, forced.price) == ("adl", 1, 110)
    assert (forced.fee, forced.realized) == (0, 10)
    assert bench.held() == 1
    assert bench.total(USDT) == 100_010
    bench.venue.force_adl("main", SWAP, D(5))
    assert bench.held() == 0


def test_more_margin_moves_the_liquidation_price_away() -> None:
    """Free money can be moved into a position, up to what there is."""
    bench = quoted(account(balances={USDT: D(50)}))
    bench.buy(SWAP, "1", "100")
    near = bench.of(PositionReported)[-1].liquidation_price
    assert bench.venue.add_margin("main", SWAP, D(1_000)) == 30
    bench.run(0)
    assert bench.of(PositionReported)[-1].liquidation_price < near
    assert bench.available(USDT) == 0


def test_tiers_set_the_maintenance_rate() -> None:
    """The larger position must keep more."""
    rows = (
        MarginTier(quantity_max=D(1), maintenance=D("0.01"), leverage_max=D(50)),
        MarginTier(quantity_max=D(10), maintenance=D("0.05"), leverage_max=D(10)),
    )
    rules = MarginRules({SWAP: rows})
    assert rules.maintenance(SWAP, D(-1)) == D("0.01")
    assert rules.maintenance(SWAP, D("1.01")) == D("0.05")
    assert rules.maintenance(SWAP, D(100)) == D("0.05")
    assert [rules.quantity_max(SWAP, D(leverage)) for leverage in (10, 11, 51)] == [10, 1, 0]
    with pytest.raises(InvalidValue, match="rising"):
        MarginRules({SWAP: rows[::-1]})


def test_an_account_begins_with_positions() -> None:
    """A seeded position holds margin, is marked, closes with the right profit and is reported at once."""
    seed = SeedPosition(instrument=SWAP, quantity=D(-2), cost=D(210))
    bench = quoted(account(balances={USDT: D(100)}, positions=(seed,)))
    assert bench.available(USDT) == 58
    bench.connect("main")
    bench.run(0)
    assert bench.of(PositionReported)[-1].quantity == -2
    name = bench.buy(SWAP, "2", "100", reduce_only=True)
    assert bench.about(name)[1].fill.realized == 10
    assert bench.total(USDT) == bench.available(USDT) == 110


def test_a_seeded_position_can_be_liquidated() -> None:
    """It is watched from the start."""
    seed = SeedPosition(instrument=SWAP, quantity=D(1), cost=D(100), margin=D(5))
    bench = Bench(account(balances={USDT: D(50)}, positions=(seed,)))
    bench.mark(95.0)
    assert bench.held() == 0
    assert bench.total(USDT) == 45


@pytest.mark.parametrize(
    "changes",
    [
        {"positions": (SeedPosition(instrument=SPOT, quantity=D(1), cost=D(100)),)},
        {"positions": (SeedPosition(instrument=InstrumentId("x"), quantity=D(1), cost=D(100)),)},
        {"positions": (SeedPosition(instrument=SWAP, quantity=D(1), cost=D(10**9)),)},
        {"leverage": D(101)},
    ],
)
def test_an_impossible_account_is_refused(changes: dict[str, Any]) -> None:
    """A position that cannot be is an error that names it, not a negative balance."""
    with pytest.raises(InvalidValue, match="account main"):
        Bench(account(**changes))


@pytest.mark.parametrize(
    "values",
    [{"balances": {BTC: D(-1)}}, {"balances": {BTC: D("NaN")}}, {"leverage": D("0.5")}],
)
def test_an_impossible_configuration_is_refused(values: dict[str, Any]) -> None:
    """Negative balances and leverages below 1 do not exist."""
    with pytest.raises(InvalidValue, match="or more is allowed"):
        account(**values)

"""Fees, bills, queries, latency and what else a bot sees of its account."""

from __future__ import annotations

import pytest

from tests.unit.infrastructure.simulator.bench import (
    BTC,
    SECOND_NS,
    SPOT,
    SWAP,
    USDT,
    VENUE,
    Bench,
    D,
    account,
    spot,
    swap,
)
from zombot.domain.errors import InvalidValue
from zombot.domain.events import BalanceReported, CancelRejected, PositionReported
from zombot.domain.identifiers import ClientOrderId
from zombot.domain.instrument import FeeRates
from zombot.domain.order import Side, TimeInForce
from zombot.infrastructure.simulator import account as account_module
from zombot.infrastructure.simulator.config import SimulatorConfig
from zombot.infrastructure.simulator.latency import LatencyConfig, build_latency
from zombot.infrastructure.simulator.plugin import build
from zombot.runtime.agenda import Agenda

GTC = TimeInForce.GTC


@pytest.fixture
def bench() -> Bench:
    """Spot and perpetual quoted at 99.9 / 100.0, ten units each."""
    made = Bench()
    for instrument in (SPOT, SWAP):
        made.quote(instrument, 99.9, 100.0, bid_quantity=10.0, ask_quantity=10.0)
    return made


def test_a_spot_buy_pays_its_fee_from_the_coin(bench: Bench) -> None:
    """OKX's default: what arrives is less than what was bought."""
    fill = bench.about(bench.buy(SPOT, "1", "100"))[1].fill
    assert (fill.fee, fill.fee_asset) == (D("0.001"), BTC)
    assert bench.total(BTC) == D("10.999")
    assert bench.total(USDT) == 99_900


def test_a_spot_sale_pays_its_fee_from_the_proceeds(bench: Bench) -> None:
    """Taker rate in quote, unrounded."""
    fill = bench.about(bench.sell(SPOT, "0.123", "99.9"))[1].fill
    assert (fill.fee, fill.fee_asset) == (D("0.123") * D("99.9") * D("0.001"), USDT)


def test_a_maker_pays_the_maker_rate(bench: Bench) -> None:
    """A resting order that is met pays less, and a rebate is money received."""
    rebate = Bench(perpetual_fees=FeeRates(maker=D("-0.0001"), taker=D("0.0005")))
    for one, expected in ((bench, D("0.0002") * 99), (rebate, D("-0.0001") * 99)):
        one.quote(SWAP, 99.5, 100.0)
        name = one.buy(SWAP, "1", "99", time_in_force=GTC)
        one.quote(SWAP, 98.0, 98.5)
        fill = one.about(name)[1].fill
        assert (fill.maker, fill.fee) == (True, expected)
        assert one.total(USDT) == 100_000 - expected


def test_bills_replay_to_the_balances(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of all changes is the balance, also after old bills were summed up."""
    monkeypatch.setattr(account_module, "HISTORY_MAX", 5)
    for _ in range(5):
        bench.buy(SPOT, "0.1", "100")
        bench.sell(SPOT, "0.1", "99.9")
    books = bench.venue.account("main")
    assert len(books.bills) == 5
    for asset in (BTC, USDT):
        replayed = books.carried.get(asset, D(0)) + sum(b.change for b in books.bills if b.asset == asset)
        assert replayed == books.total(asset)
    assert [b.balance for b in books.bills if b.asset == USDT][-1] == books.total(USDT)


def test_bill_and_trade_ids_are_unique(bench: Bench) -> None:
    """Nothing is booked twice under one id, also by a venue that was built again later."""
    bench.buy(SPOT, "0.1", "100")
    later = Bench()
    later.agenda.now_ns += SECOND_NS
    again = build(
        SimulatorConfig(accounts=(account(),)), venue=VENUE, instruments=[spot()], scheduler=later.agenda
    )
    ids = [bill.id for bill in bench.venue.account("main").bills]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {bill.id for bill in again.account("main").bills}
    assert again.market(SPOT).trade_count > bench.venue.market(SPOT).trade_count


def test_balances_and_positions_are_reported_after_a_change(bench: Bench) -> None:
    """One report per asset and position, with the state after all fills of the order."""
    bench.buy(SPOT, "1", "100")
    assert [(e.asset, e.total) for e in bench.of(BalanceReported)] == [(USDT, 99_900), (BTC, D("10.999"))]
    bench.buy(SWAP, "1", "100")
    assert [e.quantity for e in bench.of(PositionReported)] == [1]


def test_a_new_bot_hears_balances_at_once_and_the_old_one_nothing_more() -> None:
    """Connecting again cuts the former connection off, with what was on its way."""
    bench = Bench(report_latency=LatencyConfig(ns=10))
    bench.run(10)
    old, bench.heard["main"] = bench.heard["main"], []
    old.clear()
    bench.brokers["main"].submit([bench.request(SPOT, Side.BUY, "1", "100")])
    bench.connect("main")
    bench.run()
    assert old == []
    assert {e.asset for e in bench.of(BalanceReported)} == {BTC, USDT}


def test_a_query_repeats_the_fills_and_states_the_end(bench: Bench) -> None:
    """The same trade ids again, then the state; a filled order is told by its fills."""
    partly = bench.buy(SPOT, "20", "100")
    whole = bench.sell(SPOT, "1", "99.9")
    live = bench.buy(SPOT, "1", "90", time_in_force=GTC)
    refused = bench.buy(SPOT, "0.0001", "90")
    told = {name: bench.about(name) for name in (partly, whole, live, refused)}
    bench.forget()
    for name in (partly, whole, live, refused, ClientOrderId("never")):
        bench.query(name)
    assert bench.told(partly) == ["filled 10@100", "canceled 10 ioc_remainder"]
    assert bench.about(partly)[0].fill.trade_id == told[partly][1].fill.trade_id
    assert bench.told(whole) == ["filled 1@99.9"]
    assert bench.told(live) == ["accepted"]
    assert bench.told(refused) == ["rejected off_lot"]
    assert bench.told(ClientOrderId("never")) == ["notfound"]


def test_a_refused_reuse_of_an_id_does_not_hide_its_fills(bench: Bench) -> None:
    """Asked for, the venue still tells of the order that was executed."""
    name = bench.buy(SPOT, "1", "100")
    bench.buy(SPOT, "0.0001", "100", client_order_id=name)
    bench.forget()
    bench.query(name)
    assert bench.told(name) == ["filled 1@100"]


def test_the_venue_forgets_the_oldest_orders(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory is bounded: the oldest done orders are not found any more."""
    monkeypatch.setattr(account_module, "HISTORY_MAX", 2)
    names = [bench.buy(SPOT, "0.1", "100") for _ in range(3)]
    bench.forget()
    for name in names:
        bench.query(name)
    assert [bench.told(name)[0] for name in names] == ["notfound", "filled 0.1@100", "filled 0.1@100"]


def test_a_cancel_that_comes_too_late_says_so(bench: Bench) -> None:
    """Neither a done nor an unknown order can be cancelled, and the reasons differ."""
    name = bench.buy(SPOT, "1", "100")
    bench.cancel(name)
    bench.cancel(ClientOrderId("never"))
    assert [e.reason for e in bench.of(CancelRejected)] == ["order_done", "order_not_found"]


def test_orders_and_reports_take_their_time() -> None:
    """An order meets the market as it is when it arrives; the answer comes later still."""
    bench = Bench(order_latency=LatencyConfig(ns=100), report_latency=LatencyConfig(ns=50))
    bench.quote(SPOT, 99.9, 100.0)
    name = bench.buy(SPOT, "1", "101")
    bench.run(60)
    bench.quote(SPOT, 100.5, 100.6)
    bench.run(40)
    bench.quote(SPOT, 99.9, 100.0)
    bench.run(49)
    assert bench.told(name) == []
    bench.run(1)
    assert bench.told(name) == ["accepted", "filled 1@100.6"]
    fill = bench.about(name)[1].fill
    assert fill.received_ns - fill.venue_ns == 50


def test_reports_never_overtake_each_other() -> None:
    """However the latency is drawn, an account hears things in the order in which they happened."""
    bench = Bench(
        order_latency=LatencyConfig(kind="uniform", ns=0, ns_max=1_000),
        report_latency=LatencyConfig(kind="lognormal", ns=1_000, sigma=2.0),
    )
    bench.run()
    for _ in range(30):
        bench.buy(SPOT, "1", "100")
    bench.run()
    orders = [e.venue_order_id for e in bench.heard["main"] if hasattr(e, "venue_order_id")]
    assert orders == sorted(orders)
    times = [e.received_ns for e in bench.heard["main"]]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "config",
    [
        LatencyConfig(ns=7),
        LatencyConfig(kind="uniform", ns=5, ns_max=9),
        LatencyConfig(kind="lognormal", ns=1_000, sigma=1.0),
    ],
)
def test_latency_is_seeded(config: LatencyConfig) -> None:
    """The same seed draws the same, and never below 0."""
    first, second = (build_latency(config, seed="s") for _ in range(2))
    drawn = [first.sample() for _ in range(50)]
    assert drawn == [second.sample() for _ in range(50)]
    assert min(drawn) >= 0


def test_equity_counts_coins_positions_and_money(bench: Bench) -> None:
    """Coins at the spot's mark, unrealised profit at the perpetual's, margin as money."""
    bench.sell(SWAP, "1", "99.9")
    marks = {SPOT: D(100), SWAP: D(90)}
    fee = D("99.9") * D("0.0005")
    assert bench.venue.equity("main", marks) == 100_000 - fee + 1_000 + D("9.9")
    with pytest.raises(InvalidValue, match="BTC"):
        bench.venue.equity("main", {SWAP: D(90)})


def test_an_unknown_account_is_refused() -> None:
    """The error names what there is."""
    with pytest.raises(InvalidValue, match="main"):
        Bench().venue.account("nobody")


@pytest.mark.parametrize(
    "values",
    [{"price_band": D(1)}, {"funding_window_ns": -1}, {"accounts": (account(), account())}],
)
def test_a_wrong_configuration_is_refused(values: dict[str, object]) -> None:
    """The error says what is allowed."""
    with pytest.raises(InvalidValue):
        SimulatorConfig(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [{"ns": -1}, {"kind": "uniform", "ns": 2, "ns_max": 1}, {"kind": "lognormal", "sigma": 9.0}],
)
def test_a_wrong_latency_is_refused(values: dict[str, object]) -> None:
    """The error says what is allowed."""
    with pytest.raises(InvalidValue, match="latency"):
        LatencyConfig(**values)  # type: ignore[arg-type]


def test_the_feed_has_a_latency_of_its_own() -> None:
    """Whoever drives the venue asks it when market data reaches the bot."""
    agenda = Agenda(0)
    config = SimulatorConfig(feed_latency=LatencyConfig(ns=5))
    venue = build(config, venue=VENUE, instruments=[swap()], scheduler=agenda)
    assert [venue.feed.arrival(now) for now in (10, 11)] == [15, 16]

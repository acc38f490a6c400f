"""Every refusal has its name, and a refused order changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infrastructure.simulator.bench import (
    BTC,
    SECOND_NS,
    SPOT,
    SWAP,
    USDT,
    Bench,
    D,
    account,
    spot,
    swap,
)
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import FeeRates
from zombot.domain.order import OrderType, Side, TimeInForce
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.infrastructure.simulator.margin import MarginTier

GTC = TimeInForce.GTC


def quoted(*accounts: Any, **config: Any) -> Bench:
    """Spot and perpetual quoted at 99.9 / 100.0, ten units each."""
    bench = Bench(*accounts, **config)
    for instrument in (SPOT, SWAP):
        bench.quote(instrument, 99.9, 100.0, bid_quantity=10.0, ask_quantity=10.0)
    return bench


@pytest.mark.parametrize(
    ("instrument", "side", "quantity", "price", "reason"),
    [
        (InstrumentId("sim:NO-SUCH"), Side.BUY, "1", "100", "unknown_instrument"),
        (SPOT, Side.BUY, "0", "100", "invalid_quantity"),
        (SPOT, Side.BUY, "-1", "100", "invalid_quantity"),
        (SPOT, Side.BUY, "NaN", "100", "invalid_quantity"),
        (SPOT, Side.BUY, "1.0005", "100", "off_lot"),
        (SPOT, Side.BUY, "0.001", "100", "below_minimum"),
        (SPOT, Side.BUY, "51", "100", "above_maximum"),
        (SPOT, Side.BUY, "1", "100.05", "off_tick"),
        (SPOT, Side.BUY, "1", "0", "off_tick"),
        (SPOT, Side.BUY, "1", "105.1", "price_out_of_band"),
        (SPOT, Side.SELL, "1", "94.9", "price_out_of_band"),
        (SPOT, Side.SELL, "10.001", "99.9", "insufficient_balance"),
        (SPOT, Side.BUY, "50", "100", "insufficient_balance"),
        (SWAP, Side.BUY, "300", "100", "insufficient_margin"),
        (SWAP, Side.SELL, "300", "99.9", "insufficient_margin"),
    ],
)
def test_a_refusal_has_its_name_and_no_effect(
    instrument: InstrumentId, side: Side, quantity: str, price: str, reason: str
) -> None:
    """The order is rejected with that reason, and balances and positions stay."""
    bench = quoted(
        account(balances={USDT: D(4_000), BTC: D(10)}),
        instruments=[spot(notional_min=D(1), quantity_max=D(50)), swap()],
    )
    name = bench.send(instrument, side, quantity, price)
    assert bench.told(name) == [f"rejected {reason}"]
    assert bench.total(USDT) == bench.available(USDT) == 4_000
    assert bench.total(BTC) == bench.available(BTC) == 10


def test_a_limit_order_without_a_price_is_refused() -> None:
    """A limit order has a limit."""
    bench = quoted()
    assert bench.told(bench.buy(SPOT, "1", None, order_type=OrderType.LIMIT)) == ["rejected price_missing"]


def test_an_expired_order_is_refused_at_arrival() -> None:
    """What counts is the time at the venue, after the way there."""
    bench = quoted(order_latency=LatencyConfig(ns=SECOND_NS))
    late = bench.buy(SPOT, "1", "100", expire_ns=bench.agenda.now_ns + SECOND_NS - 1)
    timely = bench.buy(SPOT, "1", "100", expire_ns=bench.agenda.now_ns + SECOND_NS)
    bench.run(2 * SECOND_NS)
    assert bench.told(late) == ["rejected expired"]
    assert bench.told(timely)[0] == "accepted"


def test_a_client_id_is_unique_among_pending_orders_only() -> None:
    """While the first lives its id is refused; when it is over the id is taken again, as OKX does."""
    bench = quoted()
    first = bench.buy(SPOT, "1", "99", time_in_force=GTC)
    bench.buy(SPOT, "1", "99", time_in_force=GTC, client_order_id=first)
    assert bench.told(first) == ["accepted", "rejected duplicate_client_order_id"]
    bench.cancel(first)
    bench.buy(SPOT, "1", "100", client_order_id=first)
    assert bench.told(first)[3:] == ["accepted", "filled 1@100"]


def test_nothing_is_traded_while_funding_settles() -> None:
    """The window after a settlement refuses orders of that perpetual and of nothing else."""
    bench = quoted(funding_window_ns=SECOND_NS)
    bench.funding(0.0001, in_s=1)
    bench.run(SECOND_NS)
    assert bench.told(bench.buy(SWAP, "1", "100")) == ["rejected funding_settling"]
    assert bench.told(bench.buy(SPOT, "1", "100"))[0] == "accepted"
    bench.run(SECOND_NS)
    assert bench.told(bench.buy(SWAP, "1", "100"))[0] == "accepted"


def test_a_position_tier_bounds_position_and_resting_orders() -> None:
    """Position, resting orders of the side and the new order together stay within the tier."""
    tiers = (
        MarginTier(quantity_max=D(2), maintenance=D("0.01"), leverage_max=D(10)),
        MarginTier(quantity_max=D(100), maintenance=D("0.02"), leverage_max=D(2)),
    )
    bench = quoted(tiers={SWAP: tiers})
    bench.buy(SWAP, "1", "100")
    bench.buy(SWAP, "0.5", "99", time_in_force=GTC)
    assert bench.told(bench.buy(SWAP, "0.51", "100")) == ["rejected tier_exceeded"]
    assert bench.told(bench.buy(SWAP, "0.5", "100"))[0] == "accepted"
    assert bench.told(bench.sell(SWAP, "3", "99.9"))[0] == "accepted"


def test_reduce_only_without_a_position_is_refused() -> None:
    """There must be something to reduce, and on the other side."""
    bench = quoted()
    assert bench.told(bench.sell(SWAP, "1", "99.9", reduce_only=True)) == ["rejected reduce_only_no_position"]
    bench.buy(SWAP, "1", "100")
    assert bench.told(bench.buy(SWAP, "1", "100", reduce_only=True)) == ["rejected reduce_only_no_position"]


def test_reduce_only_is_trimmed_to_the_position() -> None:
    """The position is closed, never flipped, and the cancel says what was filled."""
    bench = quoted()
    bench.buy(SWAP, "1", "100")
    name = bench.sell(SWAP, "3", "99.9", reduce_only=True)
    assert bench.told(name) == ["accepted", "filled 1@99.9", "canceled 1 reduce_only_trimmed"]
    assert bench.held() == 0


def test_resting_reduce_only_orders_shrink_with_the_position() -> None:
    """When the position is closed otherwise, what would have reduced it is cancelled."""
    bench = quoted()
    bench.buy(SWAP, "2", "100")
    first = bench.sell(SWAP, "1.5", "101", reduce_only=True, time_in_force=GTC)
    second = bench.sell(SWAP, "1.5", "102", reduce_only=True, time_in_force=GTC)
    bench.sell(SWAP, "1", "99.9")
    assert bench.told(first) == ["accepted"]
    assert bench.told(second)[-1] == "canceled 0 reduce_only_trimmed"
    bench.quote(SWAP, 103.0, 103.1)
    assert bench.told(first)[1:] == ["filled 1@101", "canceled 1 reduce_only_trimmed"]
    assert bench.held() == 0


def test_an_exit_needs_no_free_balance() -> None:
    """A position can be closed when nothing is free: what it frees pays for it."""
    bench = quoted(account(balances={USDT: D("210")}, leverage=D(5)))
    bench.buy(SWAP, "10", "100")
    assert bench.available(USDT) < 10
    name = bench.sell(SWAP, "10", "99.9", reduce_only=True)
    assert bench.told(name) == ["accepted", "filled 10@99.9"]


def test_resting_orders_reserve_and_give_back() -> None:
    """A buy ties up its quote, a sale its coin, a perpetual its margin and fee; a cancel frees it."""
    bench = quoted()
    buy = bench.buy(SPOT, "1", "90", time_in_force=GTC)
    sale = bench.sell(SPOT, "2", "110", time_in_force=GTC)
    long = bench.buy(SWAP, "1", "90", time_in_force=GTC)
    assert bench.available(BTC) == 8
    assert bench.available(USDT) == 100_000 - 90 - (18 + D("0.018"))
    for name, instrument in ((buy, SPOT), (sale, SPOT), (long, SWAP)):
        bench.cancel(name, instrument)
    assert bench.available(BTC) == 10
    assert bench.available(USDT) == 100_000


def test_a_fee_in_quote_is_reserved_too() -> None:
    """With fees always in quote, a buy for the whole balance is refused: the fee could not be paid."""
    rates = FeeRates(maker=D("0.001"), taker=D("0.001"))
    bench = quoted(account(balances={USDT: D(100)}), spot_fees=rates)
    assert bench.told(bench.buy(SPOT, "1", "100")) == ["rejected insufficient_balance"]
    assert bench.told(bench.buy(SPOT, "0.999", "100"))[0] == "accepted"
    assert bench.total(USDT) == D(100) - D("99.9") * D("1.001")

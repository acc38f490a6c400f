"""How orders meet the visible market and each other."""

from __future__ import annotations

import pytest

from tests.unit.infrastructure.simulator.bench import SPOT, SWAP, Bench, account, spot
from zombot.domain.instrument import InstrumentState
from zombot.domain.market import InstrumentStatus
from zombot.domain.order import Side, TimeInForce
from zombot.infrastructure.simulator.config import AccountConfig

GTC, FOK, POST_ONLY = TimeInForce.GTC, TimeInForce.FOK, TimeInForce.POST_ONLY


@pytest.fixture
def bench() -> Bench:
    """Spot with bids 99.9 x 1, 99.0 x 3 and asks 100.0 x 1, 100.5 x 2."""
    made = Bench()
    made.depth(SPOT, ((99.9, 1.0), (99.0, 3.0)), ((100.0, 1.0), (100.5, 2.0)))
    return made


def two() -> tuple[AccountConfig, AccountConfig]:
    """Two accounts, a and b."""
    return account("a"), account("b")


def test_a_taker_walks_the_depth_level_by_level(bench: Bench) -> None:
    """Each level touched gives one fill at that level's price, best first, and nothing more comes after."""
    name = bench.buy(SPOT, "2", "100.5")
    assert bench.told(name) == ["accepted", "filled 1@100", "filled 1@100.5"]


def test_an_ioc_never_goes_beyond_its_price(bench: Bench) -> None:
    """What cannot be filled within the limit is cancelled, and the cancel states the total filled."""
    name = bench.buy(SPOT, "2", "100.2")
    assert bench.told(name)[1:] == ["filled 1@100", "canceled 1 ioc_remainder"]


def test_a_fill_or_kill_that_fits_is_filled_whole(bench: Bench) -> None:
    """A FOK within the depth is like any taker."""
    name = bench.sell(SPOT, "4", "99", time_in_force=FOK)
    assert sum(e.fill.quantity for e in bench.about(name)[1:]) == 4


def test_a_fill_or_kill_that_does_not_fit_does_nothing(bench: Bench) -> None:
    """A FOK beyond the depth is accepted and cancelled, and the depth is untouched."""
    name = bench.sell(SPOT, "4.001", "99", time_in_force=FOK)
    assert bench.told(name) == ["accepted", "canceled 0 fok_unfilled"]
    assert len(bench.told(bench.sell(SPOT, "4", "99", time_in_force=FOK))) == 3


def test_a_market_order_takes_what_is_there_and_the_rest_is_canceled(bench: Bench) -> None:
    """A market order walks the whole visible depth; without more it ends."""
    name = bench.buy(SPOT, "5")
    assert bench.told(name)[-1] == "canceled 3 no_liquidity"


def test_a_market_order_stops_at_the_price_band() -> None:
    """The venue lets no market order walk beyond its band."""
    bench = Bench()
    bench.depth(SPOT, ((99.9, 1.0),), ((100.1, 1.0), (106.0, 1.0)))
    assert bench.told(bench.buy(SPOT, "2"))[1:] == ["filled 1@100.1", "canceled 1 no_liquidity"]


def test_without_a_market_nothing_is_filled() -> None:
    """An order for an instrument that was never quoted is accepted and ends unfilled."""
    bench = Bench()
    assert bench.told(bench.buy(SPOT, "1", "100")) == ["accepted", "canceled 0 ioc_remainder"]


def test_a_quote_lies_over_the_depth(bench: Bench) -> None:
    """A fresher quote hides older depth in front of it and replaces its own level."""
    bench.quote(SPOT, 100.0, 100.5, ask_quantity=0.5)
    assert bench.told(bench.buy(SPOT, "1", "101"))[1:] == [
        "filled 0.5@100.5",
        "canceled 0.5 ioc_remainder",
    ]


def test_without_depth_only_the_quote_counts() -> None:
    """A top of book alone leaves no trace of earlier tops behind it."""
    bench = Bench()
    bench.quote(SPOT, 100.0, 100.1)
    bench.quote(SPOT, 99.0, 99.1)
    assert bench.told(bench.buy(SPOT, "2", "101"))[1:] == [
        "filled 1@99.1",
        "canceled 1 ioc_remainder",
    ]


def test_newer_depth_replaces_an_older_quote(bench: Bench) -> None:
    """Depth that is younger than the quote shows the top itself."""
    bench.quote(SPOT, 99.9, 100.0)
    bench.run()
    bench.depth(SPOT, ((101.0, 1.0),), ((102.0, 2.0),))
    assert bench.told(bench.buy(SPOT, "1", "102"))[1] == "filled 1@102"


def test_a_crossed_update_leaves_only_the_quote(bench: Bench) -> None:
    """A book that crosses itself is not matched against until its next snapshot."""
    bench.run()
    bench.depth(SPOT, ((100.3, 1.0),), (), snapshot=False)
    assert bench.venue.market(SPOT).gaps == 1
    assert bench.told(bench.buy(SPOT, "1", "101"))[-1] == "canceled 0 ioc_remainder"


def test_public_quantities_are_cut_to_whole_lots() -> None:
    """A fraction of a lot on display cannot be bought."""
    bench = Bench()
    bench.quote(SPOT, 99.9, 100.0, ask_quantity=0.0019)
    assert bench.told(bench.buy(SPOT, "1", "100"))[1] == "filled 0.001@100"


def test_a_public_price_off_the_tick_keeps_its_digits() -> None:
    """A recorded level beside the grid is traded at exactly its own price."""
    bench = Bench()
    bench.quote(SPOT, 99.9, 100.03)
    assert bench.told(bench.buy(SPOT, "1", "100.1"))[1] == "filled 1@100.03"


def test_the_same_quantity_is_not_taken_twice(bench: Bench) -> None:
    """What we took stays taken until the market says something new about that level."""
    bench.buy(SPOT, "0.6", "100")
    assert bench.told(bench.buy(SPOT, "1", "100"))[1:] == [
        "filled 0.4@100",
        "canceled 0.4 ioc_remainder",
    ]
    bench.quote(SPOT, 99.9, 100.0, ask_quantity=1.0)
    assert bench.told(bench.buy(SPOT, "1", "100"))[-1] == "canceled 0 ioc_remainder"
    bench.quote(SPOT, 99.9, 100.0, ask_quantity=0.7)
    assert bench.told(bench.buy(SPOT, "1", "100"))[1] == "filled 0.7@100"


def test_a_level_that_was_left_and_comes_back_is_fresh(bench: Bench) -> None:
    """When the market has moved away over a level and returns, its quantity is new."""
    bench.quote(SPOT, 99.9, 100.0)
    bench.buy(SPOT, "1", "100")
    bench.quote(SPOT, 100.0, 100.5)
    bench.quote(SPOT, 99.9, 100.0)
    assert bench.told(bench.buy(SPOT, "1", "100"))[1] == "filled 1@100"


def test_an_update_of_a_deeper_level_refreshes_it(bench: Bench) -> None:
    """Depth changes give back what was taken from that level only."""
    bench.buy(SPOT, "3", "100.5")
    bench.depth(SPOT, (), ((100.5, 1.5),), snapshot=False)
    assert bench.told(bench.buy(SPOT, "3", "100.5"))[1:] == [
        "filled 1.5@100.5",
        "canceled 1.5 ioc_remainder",
    ]


def test_post_only_that_would_cross_is_accepted_then_canceled(bench: Bench) -> None:
    """As at OKX: no rejection, and never a taker fill."""
    name = bench.buy(SPOT, "1", "100", time_in_force=POST_ONLY)
    assert bench.told(name) == ["accepted", "canceled 0 post_only_would_cross"]


def test_post_only_behind_the_market_rests(bench: Bench) -> None:
    """It is accepted and nothing else, until it is cancelled."""
    name = bench.buy(SPOT, "1", "99.9", time_in_force=POST_ONLY)
    assert bench.told(name) == ["accepted"]
    bench.cancel(name)
    assert bench.told(name)[-1] == "canceled 0 canceled_by_user"


def test_a_resting_order_is_filled_when_the_market_goes_through_it(bench: Bench) -> None:
    """An ask below our bid has traded through us: all of it is ours, at our price, as maker."""
    name = bench.buy(SPOT, "3", "99.5", time_in_force=GTC)
    bench.quote(SPOT, 99.0, 99.4, ask_quantity=0.1)
    assert bench.told(name) == ["accepted", "filled 3@99.5"]
    assert bench.about(name)[1].fill.maker


def test_a_quote_at_our_price_fills_what_it_shows(bench: Bench) -> None:
    """An ask at our bid trades with us as far as it goes, once."""
    name = bench.buy(SPOT, "3", "99.5", time_in_force=GTC)
    bench.quote(SPOT, 99.0, 99.5, ask_quantity=1.0)
    bench.quote(SPOT, 99.0, 99.5, ask_quantity=1.0)
    assert bench.told(name) == ["accepted", "filled 1@99.5"]


def test_prints_move_the_queue_and_then_fill(bench: Bench) -> None:
    """We wait behind what stood at our price; only prints beyond it are ours."""
    name = bench.buy(SPOT, "1", "99.9", time_in_force=GTC)
    bench.trade(SPOT, 99.9, 0.8, buyer_taker=False)
    assert bench.told(name) == ["accepted"]
    bench.trade(SPOT, 99.9, 0.5, buyer_taker=False)
    assert bench.told(name) == ["accepted", "filled 0.3@99.9"]


def test_prints_of_the_other_side_do_not_reach_us(bench: Bench) -> None:
    """A buyer's print cannot fill our bid."""
    name = bench.buy(SPOT, "1", "99.9", time_in_force=GTC)
    bench.trade(SPOT, 99.9, 50.0, buyer_taker=True)
    assert bench.told(name) == ["accepted"]


def test_a_print_beyond_our_price_needs_no_queue(bench: Bench) -> None:
    """Whoever sold below our bid would have met us first, with that quantity."""
    name = bench.buy(SPOT, "1", "99.9", time_in_force=GTC)
    bench.trade(SPOT, 99.8, 0.4, buyer_taker=False)
    assert bench.told(name) == ["accepted", "filled 0.4@99.9"]


@pytest.mark.parametrize(("kind", "expected"), [("trades", 0.1), ("proportional", 0.35)])
def test_cancels_of_others_move_the_queue_by_the_model(kind: str, expected: float) -> None:
    """The cautious model moves us only when less is left than we had in front; the other in proportion."""
    bench = Bench(fills=kind)
    bench.quote(SPOT, 99.9, 100.0)
    name = bench.buy(SPOT, "1", "99.9", time_in_force=GTC)
    bench.quote(SPOT, 99.9, 100.0, bid_quantity=2.0)  # another joins behind us
    bench.quote(SPOT, 99.9, 100.0, bid_quantity=1.5)  # and somebody cancels
    bench.trade(SPOT, 99.9, 1.1, buyer_taker=False)
    assert float(sum(e.fill.quantity for e in bench.about(name)[1:])) == pytest.approx(expected, abs=1e-3)


def test_when_everybody_else_left_our_price_we_are_first(bench: Bench) -> None:
    """A best bid below ours means that nobody stands in front of us."""
    name = bench.buy(SPOT, "1", "99.9", time_in_force=GTC)
    bench.quote(SPOT, 99.8, 100.0)
    bench.trade(SPOT, 99.9, 0.2, buyer_taker=False)
    assert bench.told(name)[1:] == ["filled 0.2@99.9"]


def test_an_order_beyond_the_visible_depth_waits_behind_what_shows_up() -> None:
    """Where nothing could be seen when we joined, we do not assume that nothing was there."""
    bench = Bench()
    bench.quote(SPOT, 99.9, 100.0)
    name = bench.buy(SPOT, "1", "99.5", time_in_force=GTC)
    bench.quote(SPOT, 99.5, 99.6, bid_quantity=2.0)
    bench.trade(SPOT, 99.5, 2.5, buyer_taker=False)
    assert bench.told(name)[1:] == ["filled 0.5@99.5"]


def test_our_orders_keep_price_then_time_across_accounts() -> None:
    """The better price first, then the older order, whoever owns it."""
    bench = Bench(*two())
    bench.quote(SPOT, 99.0, 101.0)
    first = bench.buy(SPOT, "1", "99.5", by="a", time_in_force=GTC)
    second = bench.buy(SPOT, "1", "99.5", by="b", time_in_force=GTC)
    best = bench.buy(SPOT, "1", "99.6", by="b", time_in_force=GTC)
    bench.trade(SPOT, 99.5, 1.5, buyer_taker=False)
    assert bench.told(best, "b") == ["accepted", "filled 1@99.6"]
    assert bench.told(first, "a") == ["accepted", "filled 0.5@99.5"]
    assert bench.told(second, "b") == ["accepted"]


def test_two_accounts_trade_with_each_other() -> None:
    """An order of one account is liquidity for the other, at the resting price, with one trade id."""
    bench = Bench(*two())
    bench.quote(SPOT, 99.0, 101.0)
    maker = bench.sell(SPOT, "1", "100", by="a", time_in_force=GTC)
    taker = bench.buy(SPOT, "1.5", "100.5", by="b")
    assert bench.told(maker, "a") == ["accepted", "filled 1@100"]
    assert bench.told(taker, "b")[1:] == ["filled 1@100", "canceled 1 ioc_remainder"]
    fills = [bench.about(maker, "a")[1].fill, bench.about(taker, "b")[1].fill]
    assert [fill.maker for fill in fills] == [True, False]
    assert fills[0].trade_id == fills[1].trade_id


def test_public_quantity_in_front_of_a_resting_order_goes_first() -> None:
    """At one price, what stood there before our order is taken before it."""
    bench = Bench(*two())
    bench.quote(SPOT, 99.0, 101.0, ask_quantity=0.3)
    maker = bench.sell(SPOT, "1", "101", by="a", time_in_force=GTC)
    bench.buy(SPOT, "0.5", "101", by="b")
    assert bench.told(maker, "a")[1:] == ["filled 0.2@101"]


def test_an_account_does_not_trade_with_itself(bench: Bench) -> None:
    """Self-trade prevention cancels the resting order and the incoming one goes on."""
    resting = bench.buy(SPOT, "1", "99.9", time_in_force=GTC)
    taker = bench.sell(SPOT, "2", "99")
    assert bench.told(resting) == ["accepted", "canceled 0 self_trade_prevention"]
    assert bench.told(taker) == ["accepted", "filled 1@99.9", "filled 1@99"]


def test_a_gtc_remainder_rests(bench: Bench) -> None:
    """What a limit order cannot take at once waits at its price, as maker."""
    name = bench.buy(SPOT, "2", "100", time_in_force=GTC)
    assert bench.told(name) == ["accepted", "filled 1@100"]
    bench.trade(SPOT, 100.0, 0.5, buyer_taker=False)
    assert bench.told(name)[-1] == "filled 0.5@100"
    assert [e.fill.maker for e in bench.about(name)[1:]] == [False, True]


def test_a_suspended_instrument_matches_nothing(bench: Bench) -> None:
    """Resting orders stay, untouched, while the venue does not trade."""
    name = bench.buy(SPOT, "1", "99.5", time_in_force=GTC)
    now = bench.agenda.now_ns
    bench.venue.on_market(InstrumentStatus(SPOT, InstrumentState.SUSPENDED, now, now))
    bench.quote(SPOT, 98.0, 98.1)
    bench.trade(SPOT, 98.0, 5.0, buyer_taker=False)
    assert bench.told(name) == ["accepted"]
    assert bench.told(bench.buy(SPOT, "1", "98.1")) == ["rejected instrument_suspended"]


def test_events_of_unknown_instruments_are_ignored() -> None:
    """A feed may carry more than the venue trades."""
    bench = Bench(instruments=[spot()])
    bench.quote(SWAP, 99.0, 100.0)
    bench.trade(SWAP, 99.0, 1.0, buyer_taker=True)
    bench.mark(99.0)
    assert bench.heard["main"] == []
    assert bench.told(bench.send(SWAP, Side.BUY, "1", "100")) == ["rejected unknown_instrument"]

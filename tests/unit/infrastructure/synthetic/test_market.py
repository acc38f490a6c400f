"""The stream of events: the same for the same seed, in order, on the grid, and with books that hold."""

import hashlib
import itertools
import os
import subprocess
import sys
import tracemalloc
from decimal import Decimal

import numpy as np
import pytest

from tests.unit.infrastructure.synthetic.watching import NS, START_NS, VENUE, Watcher
from zombot.domain.instrument import InstrumentKind
from zombot.domain.market import BookUpdate, FundingRate, MarketEvent, MarkPrice, PublicTrade, TopOfBook
from zombot.infrastructure.synthetic.coins import COINS, coin_of, default_pairs
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.flow import Flow
from zombot.infrastructure.synthetic.market import SyntheticMarket
from zombot.ports.market_data import MarketSource


def market(config: SyntheticConfig, seed: int = 1) -> SyntheticMarket:
    """A market at the usual start."""
    return SyntheticMarket(config, VENUE, START_NS, seed)


def first(config: SyntheticConfig, count: int, seed: int = 1) -> list[MarketEvent]:
    """Its first events."""
    return list(itertools.islice(market(config, seed).events(), count))


def of_pair(events: list[MarketEvent], pair: str) -> list[MarketEvent]:
    """The events of one pair's two instruments."""
    return [event for event in events if event.instrument in (f"{VENUE}:{pair}", f"{VENUE}:{pair}-SWAP")]


def test_it_is_a_market_source() -> None:
    """The class fits the port, and its instruments are a spot and a perpetual per pair."""
    source: MarketSource = market(SyntheticConfig(pairs=("BTC-USDT", "SOL-USDT")))
    assert [(instrument.id, instrument.kind) for instrument in source.instruments] == [
        ("okx:BTC-USDT", InstrumentKind.SPOT),
        ("okx:BTC-USDT-SWAP", InstrumentKind.PERPETUAL),
        ("okx:SOL-USDT", InstrumentKind.SPOT),
        ("okx:SOL-USDT-SWAP", InstrumentKind.PERPETUAL),
    ]
    bitcoin = source.instruments[1]
    assert (bitcoin.tick, bitcoin.lot, bitcoin.minimum) == (
        Decimal("0.1"),
        Decimal("0.0001"),
        Decimal("0.0001"),
    )


def test_same_seed_same_events_in_every_process() -> None:
    """Neither the process nor its PYTHONHASHSEED changes an event; another seed does."""
    code = (
        "import hashlib, itertools\n"
        "from zombot.infrastructure.synthetic.coins import default_pairs\n"
        "from zombot.infrastructure.synthetic.config import SyntheticConfig\n"
        "from zombot.infrastructure.synthetic.market import SyntheticMarket\n"
        f"market = SyntheticMarket(SyntheticConfig(pairs=default_pairs(25)), {VENUE!r}, {START_NS}, 7)\n"
        "events = list(itertools.islice(market.events(), 20_000))\n"
        "print(hashlib.sha256(repr(events).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    here = first(SyntheticConfig(pairs=default_pairs(25)), 20_000, seed=7)
    assert digests == {hashlib.sha256(repr(here).encode()).hexdigest()}
    assert first(SyntheticConfig(), 1_000, seed=7) != first(SyntheticConfig(), 1_000, seed=8)


def test_every_pass_starts_again() -> None:
    """Two passes over one market, one of them abandoned half-way, are the same."""
    source = market(SyntheticConfig())
    abandoned = list(itertools.islice(source.events(), 500))
    assert list(itertools.islice(source.events(), 500)) == abandoned


def test_a_pair_does_not_notice_the_others() -> None:
    """Adding pairs changes neither an event of a pair nor their order."""
    alone = list(market(SyntheticConfig(pairs=("ETH-USDT",), duration_s=60.0)).events())
    crowd = list(market(SyntheticConfig(pairs=default_pairs(30), duration_s=60.0)).events())
    assert of_pair(crowd, "ETH-USDT") == alone


def test_pairs_do_not_move_together() -> None:
    """Two coins have chances of their own: their quotes come at different times."""
    events = first(SyntheticConfig(), 2_000)
    bitcoin, ether = (
        {event.venue_ns for event in of_pair(events, pair) if event.venue_ns > START_NS}
        for pair in ("BTC-USDT", "ETH-USDT")
    )
    assert not bitcoin & ether


def test_the_end_cuts_and_changes_nothing() -> None:
    """With a duration the stream is the beginning of the endless one, up to but not at its end."""
    ended = list(market(SyntheticConfig(duration_s=33.3)).events())
    endless = first(SyntheticConfig(), len(ended) + 1)
    assert ended == endless[:-1]
    assert ended[-1].venue_ns < START_NS + round(33.3 * NS) <= endless[-1].venue_ns


@pytest.mark.parametrize(
    "config",
    [
        SyntheticConfig(),
        SyntheticConfig(pairs=default_pairs(30)),
        SyntheticConfig(levels=1),
        SyntheticConfig(pairs=("XRP-USDT", "PEPE-USDT"), levels=40, level_gap_bps=0.0, quote_rate_hz=100.0),
        SyntheticConfig(levels=3, quote_rate_hz=0.5, depth_interval_s=0.02, volatility=5.0),
        SyntheticConfig(feed_latency_us=2_000.0, feed_jitter_us=50_000.0),
    ],
    ids=["default", "thirty pairs", "top only", "coarse ticks", "wild", "jitter"],
)
def test_every_event_is_right(config: SyntheticConfig) -> None:
    """In order, never crossed, on tick and lot, books without a gap whose top is the quoted one."""
    source = market(config)
    watcher = Watcher(source.instruments, config.levels)
    watcher.watch(itertools.islice(source.events(), 20_000))
    assert {name for _, name in watcher.seen} == set(watcher.instruments)


def test_events_come_at_the_configured_rates() -> None:
    """Quotes, depth, trades, marks and funding of an instrument come as often as the configuration says."""
    source = market(SyntheticConfig(duration_s=300.0))
    watcher = Watcher(source.instruments, 10)
    watcher.watch(source.events())
    name = source.instruments[1].id
    assert watcher.seen[TopOfBook, name] == pytest.approx(3_000, rel=0.08)
    assert watcher.seen[PublicTrade, name] == pytest.approx(600, rel=0.15)
    assert watcher.seen[BookUpdate, name] == pytest.approx(3_000, abs=2)
    assert watcher.seen[MarkPrice, name] == pytest.approx(600, abs=2)
    assert watcher.seen[FundingRate, name] == pytest.approx(300, abs=2)
    assert (MarkPrice, source.instruments[0].id) not in watcher.seen


def test_an_instrument_opens_with_its_top_and_a_snapshot() -> None:
    """At the start each instrument tells its top, then its whole book, best levels first."""
    config = SyntheticConfig(pairs=("BTC-USDT",), levels=5)
    opening = [event for event in first(config, 10) if event.venue_ns == START_NS]
    assert [type(event) for event in opening] == [TopOfBook, BookUpdate] * 2 + [MarkPrice, FundingRate]
    top, book = opening[0], opening[1]
    assert isinstance(top, TopOfBook)
    assert isinstance(book, BookUpdate)
    assert book.snapshot
    assert book.previous == 0
    assert book.bids == tuple(sorted(book.bids, reverse=True))
    assert book.asks == tuple(sorted(book.asks))
    assert (book.bids[0], book.asks[0]) == ((top.bid, top.bid_quantity), (top.ask, top.ask_quantity))


def test_levels_are_worth_what_the_configuration_says() -> None:
    """What stands in a snapshot is worth between the two notionals, but for rounding to a lot."""
    config = SyntheticConfig(levels=50)
    books = [event for event in first(config, 10) if isinstance(event, BookUpdate) and event.snapshot]
    assert len(books) == 4
    for book in books:
        for price, quantity in (*book.bids, *book.asks):
            assert 4_900 < price * quantity < 102_000


def test_a_market_goes_on_from_given_prices() -> None:
    """After a restart a pair opens where it was left, the others at their usual price."""
    opening = {
        event.instrument: event
        for event in first(SyntheticConfig(prices={"BTC-USDT": 61_234.5}), 20)
        if isinstance(event, TopOfBook) and event.venue_ns == START_NS
    }
    spot = opening[market(SyntheticConfig()).instruments[0].id]
    assert spot.bid <= 61_234.5 <= spot.ask
    assert opening[market(SyntheticConfig()).instruments[2].id].bid == pytest.approx(3_500, rel=1e-4)


def test_latency_is_added_to_the_venues_time() -> None:
    """With a constant latency each event is received that much later."""
    events = first(SyntheticConfig(feed_latency_us=250.0), 1_000)
    assert {event.received_ns - event.venue_ns for event in events} == {250_000}


def test_a_price_near_zero_leaves_room_for_the_book() -> None:
    """However far a price falls, the book keeps all its levels above zero and is not crossed."""
    config = SyntheticConfig(pairs=("BTC-USDT",), levels=5)
    spot = market(config).instruments[0]
    flow = Flow(spot, 100_000.0, config, np.random.Generator(np.random.PCG64(1)))
    times = np.arange(10) * NS
    batches, _ = flow.advance(times, np.full(10, 0.001), times, times)
    watcher = Watcher([spot], 5)
    for row in range(10):
        at = [START_NS + row * NS] * 10
        watcher.watch(batch.build(at, at)[row] for batch in batches)
    assert min(watcher.books[spot.id].bid_prices) > 0


def test_two_hundred_pairs() -> None:
    """The largest market: 200 pairs, known coins first, with distinct instruments that can be traded."""
    pairs = default_pairs(200)
    assert len(set(pairs)) == 200
    assert pairs[: len(COINS)] == tuple(f"{base}-USDT" for base in COINS)
    source = market(SyntheticConfig(pairs=pairs))
    watcher = Watcher(source.instruments, 10)
    watcher.watch(itertools.islice(source.events(), 15_000))
    assert len(watcher.instruments) == 400


@pytest.mark.parametrize("pair", [*default_pairs(200), "WBTC-ETH", "BTC-EUR"])
def test_a_coin_has_a_grid_that_fits_its_price(pair: str) -> None:
    """Known or made up: a thousand ticks at least in the price, and orders of a hundred are possible."""
    coin = coin_of(pair)
    for tick in (coin.spot_tick, coin.perpetual_tick):
        assert coin.price / tick >= 1_000
        assert coin.price % tick == 0
    assert coin.spot_minimum % coin.spot_lot == 0
    assert coin.price * max(coin.spot_minimum, coin.perpetual_lot) <= 400


def test_memory_does_not_grow() -> None:
    """Ten times the events need no more memory."""
    events = market(SyntheticConfig()).events()
    tracemalloc.start()
    try:
        for _ in itertools.islice(events, 10_000):
            pass
        _, early = tracemalloc.get_traced_memory()
        for _ in itertools.islice(events, 90_000):
            pass
        _, late = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert late < 1.3 * early

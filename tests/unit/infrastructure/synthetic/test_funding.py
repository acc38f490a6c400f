"""Funding and mark: what is published equals a recomputation from nothing but the other events."""

from collections.abc import Iterable

import msgspec
import numpy as np
import pytest

from tests.unit.infrastructure.synthetic.watching import NS, START_NS, VENUE
from zombot.domain.market import BookUpdate, FundingRate, MarkPrice, TopOfBook
from zombot.domain.orderbook import OrderBook
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.funding import funding_rate, impact_prices
from zombot.infrastructure.synthetic.market import SyntheticMarket

SPOT, PERPETUAL = f"{VENUE}:SOL-USDT", f"{VENUE}:SOL-USDT-SWAP"


def impact(levels: Iterable[tuple[float, float]], notional: float) -> float:
    """Average price of an order of this notional that walks the levels."""
    left, bought = notional, 0.0
    for price, quantity in levels:
        part = min(left, price * quantity)
        bought += part / price
        left -= part
    return (notional - left) / bought


def premium_of(book: OrderBook, index: float, notional: float) -> float:
    """OKX's premium index."""
    bid = impact([(price, book.bids[price]) for price in reversed(book.bid_prices)], notional)
    ask = impact([(price, book.asks[price]) for price in book.ask_prices], notional)
    return (max(0.0, bid - index) - max(0.0, index - ask)) / index


def expected_rate(samples: list[float], hours: float, config: SyntheticConfig) -> float:
    """OKX's formula, written down once more."""
    average = sum(samples) / len(samples)
    pull = min(0.0005, max(-0.0005, config.interest_rate - average))
    return min(config.funding_cap, max(-config.funding_cap, (average + pull) / (8 / hours)))


@pytest.mark.parametrize(
    ("config", "every", "window"),
    [
        # every: depth updates from one premium sample to the next; window: samples in one interval
        (SyntheticConfig(funding_interval_s=60.0, funding_samples=30, duration_s=200.0), 20, 30),
        (SyntheticConfig(funding_interval_s=20.0, funding_samples=480, duration_s=70.0), 1, 200),
        (SyntheticConfig(duration_s=150.0, impact_notional=200_000.0), 600, 480),
        (SyntheticConfig(funding_interval_s=3_600.0, funding_samples=3_600, duration_s=60.0), 10, 3_600),
    ],
    ids=["a minute", "every update", "eight hours", "an hour"],
)
def test_funding_equals_its_recomputation(config: SyntheticConfig, every: int, window: int) -> None:
    """Each rate follows from the premiums of the last interval, and those from the books and the spot mid."""
    config = msgspec.structs.replace(config, pairs=("SOL-USDT",))
    book, spot = OrderBook(), None
    samples: list[float] = []
    updates = published = 0
    for event in SyntheticMarket(config, VENUE, START_NS, 3).events():
        if isinstance(event, TopOfBook) and event.instrument == SPOT:
            spot = event
        elif isinstance(event, BookUpdate) and event.instrument == PERPETUAL:
            book.apply(event)
            assert spot is not None
            if updates % every == 0:
                samples.append(premium_of(book, (spot.bid + spot.ask) / 2, config.impact_notional))
            updates += 1
        elif isinstance(event, FundingRate):
            hours = (event.next_funding_ns - event.funding_ns) / (3_600 * NS)
            rate = expected_rate(samples[-window:], hours, config)
            assert event.rate == pytest.approx(rate, abs=1e-11)
            published += 1
    assert published >= (config.duration_s or 0.0) - 1
    assert len({round(sample, 9) for sample in samples}) > 1


def test_settlements_roll_on() -> None:
    """Settlements are at multiples of the interval; the rate to settle is published just before each."""
    config = SyntheticConfig(pairs=("SOL-USDT",), funding_interval_s=60.0, duration_s=300.0)
    rates = [
        event
        for event in SyntheticMarket(config, VENUE, START_NS, 1).events()
        if isinstance(event, FundingRate)
    ]
    for rate in rates:
        assert rate.funding_ns % (60 * NS) == 0
        assert rate.next_funding_ns == rate.funding_ns + 60 * NS
        assert rate.venue_ns < rate.funding_ns <= rate.venue_ns + 60 * NS
    last = {rate.funding_ns: rate for rate in rates}
    settled = [rate for rate in last.values() if rate.funding_ns < START_NS + 300 * NS]
    assert len(settled) == 5
    assert all(rate.funding_ns - rate.venue_ns <= 1.1 * NS for rate in settled)


def test_settlements_of_eight_hours_are_okxs() -> None:
    """With the default interval the next settlement is at 00:00, 08:00 or 16:00 UTC."""
    start_ns = 1_722_441_599 * NS  # 2024-07-31 15:59:59 UTC
    config = SyntheticConfig(pairs=("SOL-USDT",), duration_s=5.0)
    times = [
        event.funding_ns
        for event in SyntheticMarket(config, VENUE, start_ns, 1).events()
        if isinstance(event, FundingRate)
    ]
    four = 1_722_441_600 * NS
    assert set(times) == {four, four + 28_800 * NS}


@pytest.mark.parametrize(
    ("premium", "interval_s", "rate"),
    [
        (0.0, 28_800.0, 0.0001),  # interest only
        (0.0004, 28_800.0, 0.0001),  # the pull reaches interest
        (0.001, 28_800.0, 0.0005),
        (-0.001, 28_800.0, -0.0005),
        (0.001, 3_600.0, 0.0000625),  # the worked example of OKX's announcement
        (0.1, 28_800.0, 0.015),
        (-0.1, 28_800.0, -0.015),
    ],
)
def test_funding_formula(premium: float, interval_s: float, rate: float) -> None:
    """The formula at its corners: interest inside the clamp, premium beyond it, cap at the end."""
    config = SyntheticConfig(funding_interval_s=interval_s)
    assert funding_rate(premium, config) == pytest.approx(rate, abs=1e-12)


def test_impact_price_walks_the_levels() -> None:
    """An order gets each level's price for what it takes there; a thin book gives all it has."""
    prices, quantities = np.array([[100.0, 101.0]]), np.array([[1.0, 1.0]])
    assert impact_prices(prices, quantities, 50.0)[0] == pytest.approx(100.0)
    assert impact_prices(prices, quantities, 150.5)[0] == pytest.approx(150.5 / 1.5)
    assert impact_prices(prices, quantities, 1e6)[0] == pytest.approx(100.5)


def test_mark_is_index_plus_average_basis() -> None:
    """The mark is the spot mid plus the mean of (perpetual mid − spot mid) over the window, on the tick."""
    config = SyntheticConfig(pairs=("SOL-USDT",), mark_average_s=2.0, duration_s=60.0)
    tops: dict[str, TopOfBook] = {}
    bases: list[float] = []
    marks = 0
    for event in SyntheticMarket(config, VENUE, START_NS, 6).events():
        if isinstance(event, TopOfBook):
            tops[event.instrument] = event
        elif isinstance(event, BookUpdate) and event.instrument == PERPETUAL:
            mids = {name: (top.bid + top.ask) / 2 for name, top in tops.items()}
            bases.append(mids[PERPETUAL] - mids[SPOT])
        elif isinstance(event, MarkPrice):
            index = (tops[SPOT].bid + tops[SPOT].ask) / 2
            window = bases[-20:]
            assert event.index == pytest.approx(index, rel=1e-12)
            assert event.mark == pytest.approx(index + sum(window) / len(window), abs=0.00501)
            marks += 1
    assert marks >= 119

"""The market as the engine knows it: nothing is decided on a book with a gap (I10), and depth is exact."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.domain.samples import PERPETUAL_FEES, SPOT, T0, D, spot
from tests.unit.engine.bench import Bench
from zombot.domain.instrument import InstrumentState
from zombot.domain.market import BookLost, BookUpdate, InstrumentStatus, Levels, TopOfBook
from zombot.domain.order import Side
from zombot.engine.view import InstrumentMarket

DEEP: Levels = ((99.0, 1.0), (98.0, 2.0))
HIGH: Levels = ((101.0, 1.0), (102.0, 2.0))


def update(
    sequence: int, previous: int, bids: Levels = (), asks: Levels = (), *, snapshot: bool = False
) -> BookUpdate:
    """One update of the spot book."""
    return BookUpdate(SPOT, bids, asks, snapshot, T0, T0, sequence, previous)


class MarketMachine(RuleBasedStateMachine):
    """Quotes, snapshots, updates, gaps, lost messages, lost links and suspensions, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.market = self.bench.engine.markets[SPOT]
        self.whole = True
        """No snapshot was needed yet, or the last one has not been followed by a gap."""
        self.booked = False
        self.sequence = 0
        self.linked = True
        self.live = True

    @rule(up=st.booleans())
    def quote(self, up: bool) -> None:
        """A top of book cannot mend a book."""
        self.bench.feed(TopOfBook(SPOT, 99.5 + up, 1.0, 100.5 + up, 1.0, T0, T0))

    @rule()
    def snapshot(self) -> None:
        """Brings the book back."""
        self.sequence += 10
        self.bench.feed(update(self.sequence, 0, DEEP, HIGH, snapshot=True))
        self.whole = self.booked = True

    @rule()
    def follow(self) -> None:
        """An update that follows what the book stands at."""
        self.sequence += 1
        self.bench.feed(update(self.sequence, self.sequence - 1, ((97.0, 1.0),)))
        # What comes before any snapshot, or behind a gap, is passed over.
        if not (self.booked and self.whole):
            self.sequence -= 1
            self.whole = self.whole and self.booked
            self.booked = True

    @rule()
    def gap(self) -> None:
        """An update was lost on the way."""
        self.bench.feed(update(self.sequence + 3, self.sequence + 2, ((97.0, 1.0),)))
        self.whole, self.booked = False, True

    @rule()
    def crossed(self) -> None:
        """An update that cannot be: a bid above the best ask."""
        self.bench.feed(update(self.sequence + 1, 0, ((101.5, 1.0),)))
        self.whole, self.booked = False, True

    @rule()
    def lose(self) -> None:
        """The source says that it missed something."""
        self.bench.feed(BookLost(SPOT, T0, T0))
        if self.booked:
            self.whole = False

    @rule(state=st.sampled_from(InstrumentState))
    def status(self, state: InstrumentState) -> None:
        """The venue suspends the instrument, or lets it go on."""
        self.bench.feed(InstrumentStatus(SPOT, state, T0, T0))
        self.live = state is InstrumentState.LIVE

    @invariant()
    def nothing_is_decided_on_a_broken_market(self) -> None:
        """Usable only with a whole book, on a live instrument; the gate refuses otherwise."""
        if not (self.whole and self.live):
            assert not self.market.usable
            assert self.bench.verdict() in {"book_unusable", "instrument_not_live"}


TestMarket: Any = MarketMachine.TestCase


def test_a_gap_stops_decisions_until_a_snapshot() -> None:
    """After a gap quotes alone do not make the market usable again; a snapshot does."""
    bench = Bench()
    market = bench.engine.markets[SPOT]
    bench.feed(update(10, 0, DEEP, HIGH, snapshot=True))
    seen = [market.usable]
    bench.feed(update(12, 11, ((97.0, 1.0),)))
    bench.quotes()
    seen.append(market.usable)
    assert not bench.open()
    assert bench.engine.dropped == {"book_gap": 1}
    bench.feed(update(20, 0, DEEP, HIGH, snapshot=True))
    assert [*seen, market.usable] == [True, False, True]
    assert len(bench.open()) == 2


@pytest.mark.parametrize(
    ("bid", "ask", "quantity"),
    [(100.0, 100.0, 1.0), (101.0, 100.0, 1.0), (-1.0, 100.0, 1.0), (0.0, 100.0, 1.0), (99.0, 100.0, 0.0),
     (math.nan, 100.0, 1.0), (99.0, math.nan, 1.0), (99.0, 100.0, math.nan), (99.0, math.inf, 1.0),
     (99.0, 100.0, math.inf)],
)  # fmt: skip
def test_a_quote_that_cannot_be_is_dropped_and_counted(bid: float, ask: float, quantity: float) -> None:
    """Crossed, negative, empty or not a number: the market stays as it was."""
    bench = Bench()
    bench.top(SPOT, bid, ask, quantity)
    assert (bench.engine.markets[SPOT].bid, bench.engine.markets[SPOT].ask) == (99.9, 100.0)
    assert bench.engine.dropped == {"invalid_top_of_book": 1}


def quoted(top: float, quantity: float, *, lot: str = "0.001") -> InstrumentMarket:
    """A market with this best ask, and the bid a tick below."""
    market = InstrumentMarket(spot(lot=lot), PERPETUAL_FEES)
    market.bid, market.ask = top - 0.1, top
    market.bid_quantity = market.ask_quantity = quantity
    market.received_ns = T0
    market.quoted()
    return market


sides = st.lists(
    st.tuples(st.integers(980, 1_020).map(lambda tick: tick / 10), st.sampled_from([0.5, 1.0, 2.25])),
    max_size=8,
    unique_by=lambda level: level[0],
)


@given(asks=sides, top=st.integers(990, 1_010), worst=st.integers(980, 1_030))
def test_depth_is_the_top_and_what_lies_behind_it(
    asks: list[tuple[float, float]], top: int, worst: int
) -> None:
    """The top is fresher: levels it has overtaken are gone, its own level has its own quantity."""
    market = quoted(top / 10, 0.25)
    market.apply_book(BookUpdate(SPOT, (), tuple(asks), True, T0, T0, 1, 0))
    found = market.levels(Side.BUY, worst / 10)
    behind = sorted((price, quantity) for price, quantity in asks if top / 10 < price <= worst / 10)
    assert found == ([(top / 10, 0.25), *behind] if top <= worst else [])
    assert float(market.depth(Side.BUY, worst / 10)) == sum(quantity for _, quantity in found)


@given(st.integers(1, 10**6), st.sampled_from(["0.1", "0.01", "0.001", "0.00001"]))
@example(3, "0.1")
def test_a_quantity_on_the_lot_is_all_there(count: int, lot: str) -> None:
    """The depth of one level of whole lots is that many lots: not one less for how a float is stored."""
    quantity = count * D(lot)
    market = quoted(100.0, float(quantity), lot=lot)
    assert market.depth(Side.BUY, 100.0) == quantity
    assert market.depth(Side.SELL, 99.0) == quantity


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_depth_never_says_more_than_there_is(counts: list[int]) -> None:
    """The sum over levels is floored to the lot and within one lot of the exact sum."""
    lot = D("0.001")
    market = quoted(100.0, float(counts[0] * lot))
    levels = tuple((100.0 + i / 10, float(count * lot)) for i, count in enumerate(counts[1:], start=1))
    market.apply_book(BookUpdate(SPOT, (), levels, True, T0, T0, 1, 0))
    depth: Decimal = market.depth(Side.BUY, 200.0)
    exact = sum(counts) * lot
    assert depth % lot == 0
    assert exact - lot <= depth <= exact


@given(st.integers(2, 10**6), st.integers(1, 50))
def test_the_mid_of_two_prices_on_the_tick_is_exact(bid: int, width: int) -> None:
    """Marks are exact decimals: half of a tick is the finest they get."""
    market = quoted(100.0, 1.0)
    market.bid, market.ask = bid / 10, (bid + width) / 10
    assert market.mid_decimal == D(2 * bid + width) / 20
    assert market.mid == pytest.approx(float(market.mid_decimal))

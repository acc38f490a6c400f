"""An order book equals a naive model of it, or says that it is unusable (I10)."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.domain.samples import SPOT
from zombot.domain import orderbook
from zombot.domain.errors import BookGap
from zombot.domain.market import BookUpdate, Levels
from zombot.domain.orderbook import OrderBook

prices = st.integers(1, 40).map(lambda ticks: ticks / 10)
quantities = st.sampled_from([0.0, 0.5, 1.0, 2.25])
sides = st.lists(st.tuples(prices, quantities), max_size=8, unique_by=lambda level: level[0]).map(tuple)


def update(sequence: int, previous: int, bids: Levels, asks: Levels, *, snapshot: bool) -> BookUpdate:
    """One update of the book."""
    return BookUpdate(SPOT, bids, asks, snapshot, 0, 0, sequence, previous)


class Naive:
    """Two dicts, sorted when somebody looks."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.usable = False
        self.sequence = 0

    def take(self, taken: BookUpdate) -> bool:
        """Apply an update; False when it breaks the book."""
        if taken.snapshot:
            self.bids, self.asks, self.usable = {}, {}, True
        elif not self.usable:
            return True
        elif taken.previous and taken.previous != self.sequence:
            self.usable = False
            return False
        for side, levels in ((self.bids, taken.bids), (self.asks, taken.asks)):
            for price, quantity in levels:
                side[price] = quantity
            for price in [price for price, quantity in side.items() if not quantity]:
                del side[price]
        self.sequence = taken.sequence or self.sequence
        crossed = bool(self.bids and self.asks) and max(self.bids) >= min(self.asks)
        self.usable = not crossed
        return self.usable


class BookMachine(RuleBasedStateMachine):
    """Snapshots, updates that follow, updates that do not, lost messages."""

    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBook()
        self.naive = Naive()
        self.sequence = 0
        self.lost = 0

    def take(self, taken: BookUpdate) -> None:
        """Give both the same update; both must judge it alike."""
        was_usable = self.book.usable
        fits = self.naive.take(taken)
        if fits:
            self.book.apply(taken)
        else:
            with pytest.raises(BookGap):
                self.book.apply(taken)
            self.lost += was_usable or taken.snapshot

    @rule(bids=sides, asks=sides, step=st.integers(1, 3))
    def snapshot(self, bids: Levels, asks: Levels, step: int) -> None:
        """A snapshot replaces everything, also an unusable book."""
        self.sequence += step
        self.take(update(self.sequence, 0, bids, asks, snapshot=True))

    @rule(bids=sides, asks=sides, step=st.integers(0, 3), proven=st.booleans())
    def follows(self, bids: Levels, asks: Levels, step: int, proven: bool) -> None:
        """An update that names its predecessor, or comes from a source that proved the chain."""
        previous = 0 if proven else self.naive.sequence
        self.sequence = self.naive.sequence + step
        self.take(update(self.sequence, previous, bids, asks, snapshot=False))

    @precondition(lambda self: self.naive.sequence > 0)
    @rule(bids=sides, asks=sides, off=st.integers(1, 5), after=st.booleans())
    def gap(self, bids: Levels, asks: Levels, off: int, after: bool) -> None:
        """An update that follows another one: older, newer or from another chain."""
        previous = self.naive.sequence + (off if after else -off)
        if previous > 0:
            self.take(update(previous + 1, previous, bids, asks, snapshot=False))

    @rule()
    def lose(self) -> None:
        """The link knows that it missed something."""
        self.lost += self.book.usable
        self.book.invalidate()
        self.naive.usable = False

    @invariant()
    def equal(self) -> None:
        """A usable book holds exactly the model's levels in order; an unusable one says so."""
        assert self.book.usable == self.naive.usable
        assert self.book.gaps == self.lost
        if not self.book.usable:
            return
        assert self.book.sequence == self.naive.sequence
        assert self.book.bids == self.naive.bids
        assert self.book.asks == self.naive.asks
        assert self.book.bid_prices == sorted(self.naive.bids)
        assert self.book.ask_prices == sorted(self.naive.asks)
        if self.naive.bids and self.naive.asks:
            assert self.book.bid_prices[-1] < self.book.ask_prices[0]

    @rule(worst=prices)
    def levels(self, worst: float) -> None:
        """What can be taken at a price or better, best first, is what a filter over the model gives."""
        if self.book.usable:
            asks = sorted(item for item in self.naive.asks.items() if item[0] <= worst)
            bids = sorted((item for item in self.naive.bids.items() if item[0] >= worst), reverse=True)
            assert self.book.levels_to_buy(worst) == asks
            assert self.book.levels_to_sell(worst) == bids


TestBook: Any = BookMachine.TestCase


def test_a_gap_makes_the_book_unusable_until_a_snapshot() -> None:
    """After a gap even updates that follow change nothing; the next snapshot brings the book back."""
    book = OrderBook()
    book.apply(update(10, 0, ((1.0, 1.0),), ((2.0, 1.0),), snapshot=True))
    with pytest.raises(BookGap, match="follows 12, the book stands at 10"):
        book.apply(update(13, 12, ((1.1, 1.0),), (), snapshot=False))
    book.apply(update(11, 10, ((1.2, 1.0),), (), snapshot=False))
    book.apply(update(14, 0, ((1.3, 1.0),), (), snapshot=False))
    seen = [book.usable]
    assert book.gaps == 1
    book.apply(update(20, 0, ((1.5, 3.0),), ((1.6, 1.0),), snapshot=True))
    seen.append(book.usable)
    assert seen == [False, True]
    assert book.levels_to_sell(0.0) == [(1.5, 3.0)]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60, unique=True))
def test_depth_is_bounded_and_keeps_the_best(ticks: list[int]) -> None:
    """However many levels come, the ones nearest to the top stay and the others go."""
    kept = orderbook.DEPTH_MAX
    orderbook.DEPTH_MAX = 10
    try:
        book = OrderBook()
        book.apply(update(1, 0, (), (), snapshot=True))
        for sequence, tick in enumerate(ticks, start=1):
            level = ((tick / 10, 1.0),)
            book.apply(update(sequence + 1, sequence, level, ((tick / 10 + 100, 1.0),), snapshot=False))
        assert len(book.bids) == len(book.bid_prices) == len(book.asks) == min(len(ticks), 10)
        assert book.ask_prices[0] == min(ticks) / 10 + 100
        assert book.bid_prices[-1] == max(ticks) / 10
    finally:
        orderbook.DEPTH_MAX = kept


@pytest.mark.parametrize("snapshot", [True, False])
@pytest.mark.parametrize("side", ["bids", "asks"])
@pytest.mark.parametrize(
    "level", [(1.5, -1.0), (-1.5, 1.0), (0.0, 1.0), (math.nan, 1.0), (1.5, math.nan), (1.5, math.inf)]
)
def test_a_level_that_cannot_be_never_stands_in_a_usable_book(
    level: tuple[float, float], side: str, snapshot: bool
) -> None:
    """A price or quantity below 0 or not a number is left out or makes the book unusable: never wrong."""
    book = OrderBook()
    book.apply(update(1, 0, ((1.0, 1.0),), ((2.0, 1.0),), snapshot=True))
    bids = (level,) if side == "bids" else ()
    asks = (level,) if side == "asks" else ()
    try:
        book.apply(update(2, 1, bids, asks, snapshot=snapshot))
    except BookGap:
        assert not book.usable
    if book.usable:
        for price, quantity in (*book.bids.items(), *book.asks.items()):
            assert 0.0 < price < math.inf
            assert 0.0 < quantity < math.inf

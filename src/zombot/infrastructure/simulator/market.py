"""One instrument's market at the venue: public depth less what we took of it, and our own resting orders."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct

from zombot.domain.errors import BookGap, InvalidValue
from zombot.domain.instrument import Instrument, InstrumentState
from zombot.domain.market import BookUpdate, FundingRate, Levels, TopOfBook
from zombot.domain.money import ZERO, decimal_of, floor_to
from zombot.domain.order import Side
from zombot.domain.orderbook import OrderBook
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.orders import VenueOrder

NEVER: Final = -1


class Level(Struct):
    """One public level with what is left of it for us."""

    price: Decimal
    left: Decimal
    key: float
    visible: float


class Taken:
    """What our orders took from one side since each level was last seen to change.

    Recorded markets do not know of our orders: a level we ate still stands there. It counts as eaten until
    the market says something new about it, so that no quantity is eaten twice.
    """

    __slots__ = ("levels",)

    def __init__(self) -> None:
        self.levels: dict[float, tuple[float, Decimal]] = {}

    def left(self, key: float, visible: float, quantity: Decimal) -> Decimal:
        """What remains of a level that shows ``visible``."""
        entry = self.levels.get(key)
        if entry is None or entry[0] != visible:
            return quantity
        return max(ZERO, quantity - entry[1])

    def add(self, key: float, visible: float, quantity: Decimal) -> None:
        """We took ``quantity`` of a level that shows ``visible``."""
        entry = self.levels.get(key)
        before = entry[1] if entry is not None and entry[0] == visible else ZERO
        self.levels[key] = (visible, before + quantity)

    def seen(self, key: float, visible: float) -> None:
        """The market says what a level shows now: what we took is over if that is news."""
        entry = self.levels.get(key)
        if entry is not None and entry[0] != visible:
            del self.levels[key]


class MarketState:
    """Mutable. ``top`` and ``watched`` are all that the hot path touches."""

    __slots__ = (
        "asks_resting",
        "bids_resting",
        "book",
        "funding",
        "gaps",
        "holders",
        "instrument",
        "mark",
        "settled_ns",
        "settling_until_ns",
        "taken_asks",
        "taken_bids",
        "top",
        "trade_count",
        "trading",
        "watched",
    )

    def __init__(self, instrument: Instrument, *, first_trade: int) -> None:
        self.instrument = instrument
        self.top: TopOfBook | None = None
        """The freshest quote; it overrides the depth in front of it and at its own price."""
        self.watched = False
        """Whether a new quote can change anything but ``top``."""
        self.book = OrderBook()
        self.gaps = 0
        self.mark: float | None = None
        self.funding: FundingRate | None = None
        self.settled_ns = NEVER
        self.settling_until_ns = NEVER
        self.trading = instrument.state is not InstrumentState.SUSPENDED
        self.bids_resting: list[VenueOrder] = []
        self.asks_resting: list[VenueOrder] = []
        self.taken_bids = Taken()
        self.taken_asks = Taken()
        self.holders: dict[str, Account] = {}
        """Accounts with a position, in the order in which they opened it."""
        self.trade_count = first_trade

    # --- public depth ---

    def apply(self, update: BookUpdate) -> None:
        """Take depth; a gap or a crossed book leaves only the top of book until the next snapshot."""
        try:
            self.book.apply(update)
        except BookGap:
            self.gaps += 1
            return
        if update.snapshot:
            self._forget(self.taken_bids, self.book.bids)
            self._forget(self.taken_asks, self.book.asks)
        else:
            _notice(self.taken_bids, update.bids)
            _notice(self.taken_asks, update.asks)
        if self.book.usable and self.top is not None and update.venue_ns > self.top.venue_ns:
            self.top = None  # the depth is fresher than the quote

    def lose(self) -> None:
        """The source missed something: nothing can be matched until it speaks again."""
        self.book.invalidate()
        self.top = None

    def refresh(self, top: TopOfBook) -> None:
        """A quote is news about its own two levels and about everything in front of them."""
        deep = self.book.usable  # without depth there is nothing behind the quote that could still stand
        for key in [key for key in self.taken_asks.levels if key < top.ask or (key > top.ask and not deep)]:
            del self.taken_asks.levels[key]
        for key in [key for key in self.taken_bids.levels if key > top.bid or (key < top.bid and not deep)]:
            del self.taken_bids.levels[key]
        self.taken_asks.seen(top.ask, top.ask_quantity)
        self.taken_bids.seen(top.bid, top.bid_quantity)

    def levels(self, side: Side) -> Iterator[Level]:
        """What an order of this side could take of the public depth, best first."""
        taken = self.taken_asks if side is Side.BUY else self.taken_bids
        for key, visible in self._public(side):
            if key > 0 and visible > 0:
                left = taken.left(key, visible, self.quantity_of(visible))
                if left > 0:
                    yield Level(self.price_of(key), left, key, visible)

    def _public(self, side: Side) -> Iterator[tuple[float, float]]:
        top, book = self.top, self.book
        buys = side is Side.BUY
        if top is not None:
            yield (top.ask, top.ask_quantity) if buys else (top.bid, top.bid_quantity)
            if (top.ask if buys else top.bid) <= 0:
                return
        if not book.usable:
            return
        if buys:
            prices = book.ask_prices
            for index in range(bisect_right(prices, top.ask) if top is not None else 0, len(prices)):
                yield prices[index], book.asks[prices[index]]
        else:
            prices = book.bid_prices
            for index in range(
                (bisect_left(prices, top.bid) if top is not None else len(prices)) - 1, -1, -1
            ):
                yield prices[index], book.bids[prices[index]]

    def reached(self, order: VenueOrder) -> bool:
        """Whether the other side of the public market stands at the order's price or beyond: floats only."""
        best = next(self._public(order.side), (0.0, 0.0))[0]
        return 0 < best <= order.key if order.side is Side.BUY else best >= order.key

    def take(self, side: Side, *, key: float, visible: float, quantity: Decimal) -> None:
        """An order of this side took a part of a public level."""
        (self.taken_asks if side is Side.BUY else self.taken_bids).add(key, visible, quantity)

    def shown(self, side: Side, price: float) -> float | None:
        """Public quantity on an order's own side at its price; None beyond what can be seen."""
        top, book = self.top, self.book
        buys = side is Side.BUY
        best, quantity = 0.0, 0.0
        if top is not None:
            best, quantity = (top.bid, top.bid_quantity) if buys else (top.ask, top.ask_quantity)
            if price == best:
                return quantity
            if best <= 0 or (price > best if buys else price < best):
                return 0.0
        if not book.usable:
            return None
        prices = book.bid_prices if buys else book.ask_prices
        inside = bool(prices) and (price >= prices[0] if buys else price <= prices[-1])
        return (book.bids if buys else book.asks).get(price, 0.0) if inside else None

    def reference(self) -> float | None:
        """Mark price, or the mid without one; None when there is neither."""
        return self.mark if self.mark is not None else self.mid()

    def mid(self) -> float | None:
        """Between best bid and best ask; None without both."""
        bid = next(self._public(Side.SELL), (0.0, 0.0))[0]
        ask = next(self._public(Side.BUY), (0.0, 0.0))[0]
        return (bid + ask) / 2 if bid > 0 and ask > 0 else None

    def price_of(self, value: float) -> Decimal:
        """A public price, exact; also when the source does not keep to the tick."""
        try:
            price = decimal_of(value, self.instrument.tick)
        except InvalidValue:
            return Decimal(repr(value))
        return price if float(price) == value else Decimal(repr(value))

    def quantity_of(self, value: float) -> Decimal:
        """A public quantity, rounded down to whole lots."""
        return floor_to(Decimal(repr(value)), self.instrument.lot)

    # --- our own resting orders ---

    def resting(self, side: Side) -> list[VenueOrder]:
        """Orders of this side, best price first, then oldest first."""
        return self.bids_resting if side is Side.BUY else self.asks_resting

    def rest(self, order: VenueOrder) -> None:
        """Put an order into the queue."""
        insort(self.resting(order.side), order, key=lambda other: other.priority)

    def remove(self, order: VenueOrder) -> None:
        """Take an order out of the queue."""
        if order.queue is not None:
            order.queue = None
            self.resting(order.side).remove(order)

    def watch(self) -> None:
        """Note whether the next quote can change anything."""
        self.watched = bool(
            self.bids_resting
            or self.asks_resting
            or self.taken_bids.levels
            or self.taken_asks.levels
            or (self.holders and self.mark is None)
        )

    def _forget(self, taken: Taken, side: dict[float, float]) -> None:
        for key in list(taken.levels):
            if self.top is None or key not in (self.top.bid, self.top.ask):
                taken.seen(key, side.get(key, 0.0))


def _notice(taken: Taken, levels: Levels) -> None:
    if taken.levels:
        for price, quantity in levels:
            taken.seen(price, quantity)

"""A reader of a synthetic market who trusts nothing: every event is held against what must be true of it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tests.fakes.laying import lay_top
from zombot.domain.identifiers import InstrumentId, VenueId
from zombot.domain.instrument import Instrument
from zombot.domain.market import (
    BookUpdate,
    FundingRate,
    Levels,
    MarketEvent,
    MarkPrice,
    PublicTrade,
    TopOfBook,
)
from zombot.domain.orderbook import OrderBook

VENUE: Final = VenueId("okx")
START_NS: Final = 1_700_000_000_000_000_000
NS: Final = 1_000_000_000


def on_grid(value: float, step: Decimal) -> bool:
    """Whether a float is the very one that a decimal string on the grid is decoded to."""
    return Decimal(repr(value)) % step == 0


class Watcher:
    """Follows all instruments, once by depth updates alone and once with each top laid over the book."""

    def __init__(self, instruments: Iterable[Instrument], levels: int) -> None:
        self.instruments = {instrument.id: instrument for instrument in instruments}
        self.levels = levels
        self.books = {name: OrderBook() for name in self.instruments}
        self.laid = {name: OrderBook() for name in self.instruments}
        self.tops: dict[InstrumentId, TopOfBook] = {}
        self.seen: dict[tuple[type, InstrumentId], int] = {}
        self._sequences: dict[InstrumentId, int] = dict.fromkeys(self.instruments, 0)
        self._trades: dict[InstrumentId, int] = dict.fromkeys(self.instruments, 0)
        self._received: dict[InstrumentId, int] = dict.fromkeys(self.instruments, 0)
        self._venue_ns = 0

    def watch(self, events: Iterable[MarketEvent]) -> None:
        """Check each event."""
        for event in events:
            self._check_time(event)
            key = (type(event), event.instrument)
            self.seen[key] = self.seen.get(key, 0) + 1
            if isinstance(event, TopOfBook):
                self._top(event)
            elif isinstance(event, BookUpdate):
                self._update(event)
            elif isinstance(event, PublicTrade):
                self._trade(event)
            elif isinstance(event, MarkPrice):
                assert on_grid(event.mark, self.instruments[event.instrument].tick)
                assert event.index > 0
            else:
                assert isinstance(event, FundingRate), event
                assert event.venue_ns < event.funding_ns < event.next_funding_ns

    def _check_time(self, event: MarketEvent) -> None:
        assert event.venue_ns >= self._venue_ns, f"back in time: {event}"
        self._venue_ns = event.venue_ns
        assert event.received_ns >= event.venue_ns, f"received before it was sent: {event}"
        assert event.received_ns >= self._received[event.instrument], f"overtook: {event}"
        self._received[event.instrument] = event.received_ns

    def _top(self, top: TopOfBook) -> None:
        instrument = self.instruments[top.instrument]
        assert 0 < top.bid < top.ask, f"crossed: {top}"
        self._check_levels(instrument, ((top.bid, top.bid_quantity), (top.ask, top.ask_quantity)))
        assert top.sequence > self._sequences[top.instrument]
        self._sequences[top.instrument] = top.sequence
        self.tops[top.instrument] = top
        laid = self.laid[top.instrument]
        lay_top(laid, top.bid, top.bid_quantity, top.ask, top.ask_quantity)
        assert laid.bid_prices[-1] == top.bid
        assert laid.ask_prices[0] == top.ask

    def _update(self, update: BookUpdate) -> None:
        instrument = self.instruments[update.instrument]
        book, laid = self.books[update.instrument], self.laid[update.instrument]
        assert update.snapshot == (not book.usable), "a snapshot comes first and only then"
        assert update.sequence > self._sequences[update.instrument]
        assert update.previous == book.sequence
        self._sequences[update.instrument] = update.sequence
        for side in (update.bids, update.asks):
            self._check_levels(instrument, tuple(level for level in side if level[1]))
            assert len({price for price, _ in side}) == len(side), f"a price told twice: {update}"
        book.apply(update)  # raises on a gap and on a crossed book
        laid.apply(update)
        assert book.bids == laid.bids
        assert book.asks == laid.asks
        assert len(book.bids) == len(book.asks) == self.levels
        top = self.tops[update.instrument]
        assert (book.bid_prices[-1], book.bids[top.bid]) == (top.bid, top.bid_quantity)
        assert (book.ask_prices[0], book.asks[top.ask]) == (top.ask, top.ask_quantity)

    def _trade(self, trade: PublicTrade) -> None:
        self._check_levels(self.instruments[trade.instrument], ((trade.price, trade.quantity),))
        top = self.tops[trade.instrument]
        price, there = (top.ask, top.ask_quantity) if trade.buyer_taker else (top.bid, top.bid_quantity)
        assert trade.price == price
        assert trade.quantity <= there
        assert trade.sequence == self._trades[trade.instrument] + 1
        self._trades[trade.instrument] = trade.sequence

    @staticmethod
    def _check_levels(instrument: Instrument, levels: Levels) -> None:
        for price, quantity in levels:
            assert price > 0
            assert on_grid(price, instrument.tick), f"{instrument.id}: {price!r} is off the tick"
            assert quantity >= float(instrument.minimum)
            assert on_grid(quantity, instrument.lot), f"{instrument.id}: {quantity!r} is off the lot"

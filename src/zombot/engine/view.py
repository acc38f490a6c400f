"""The market as the engine knows it: one object an instrument, written by the engine, read by strategies."""

from __future__ import annotations

from decimal import Decimal

from zombot.domain.errors import BookGap
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import FeeRates, Instrument, InstrumentState
from zombot.domain.market import BookUpdate, FundingRate, MarkPrice
from zombot.domain.money import decimal_of, floor_float
from zombot.domain.order import Side
from zombot.domain.orderbook import OrderBook


class InstrumentMarket:
    """What is known of one instrument. Is a ``ports.strategy.InstrumentView``."""

    __slots__ = (
        "instrument", "fees", "bid", "bid_quantity", "ask", "ask_quantity", "venue_ns", "received_ns",
        "mark", "index", "funding_rate", "funding_ns", "next_funding_ns", "usable", "linked", "state", "book",
    )  # fmt: skip

    def __init__(self, instrument: Instrument, fees: FeeRates) -> None:
        self.instrument = instrument
        self.fees = fees
        self.bid = self.bid_quantity = self.ask = self.ask_quantity = 0.0
        self.venue_ns = self.received_ns = 0
        self.mark = self.index = 0.0
        self.funding_rate = 0.0
        self.funding_ns = self.next_funding_ns = 0
        self.usable = False
        self.linked = True
        self.state = instrument.state
        self.book: OrderBook | None = None

    @property
    def mid(self) -> float:
        """Halfway between bid and ask; for marking, never for trading."""
        return (self.bid + self.ask) / 2.0

    @property
    def mid_decimal(self) -> Decimal:
        """The mid as an exact Decimal: both sides are on the tick, so is twice the mid."""
        return (decimal_of(self.bid, self.instrument.tick) + decimal_of(self.ask, self.instrument.tick)) / 2

    def apply_book(self, update: BookUpdate) -> bool:
        """Take depth; False when the book turned out to have a gap and nothing may be decided on it."""
        if self.book is None:
            self.book = OrderBook()
        try:
            self.book.apply(update)
        except BookGap:
            self.usable = False
            return False
        self._refresh_usable()
        return True

    def lose_book(self) -> None:
        """The source missed updates."""
        if self.book is not None:
            self.book.invalidate()
        self.usable = False

    def apply_mark(self, event: MarkPrice) -> None:
        """Take mark and index price."""
        self.mark = event.mark
        self.index = event.index

    def apply_funding(self, event: FundingRate) -> None:
        """Take the running funding rate."""
        self.funding_rate = event.rate
        self.funding_ns = event.funding_ns
        self.next_funding_ns = event.next_funding_ns

    def set_link(self, *, live: bool) -> None:
        """The venue's link was lost or is back; a feed that missed updates says so by ``BookLost``."""
        self.linked = live
        self.usable = False  # until the next quote: what was seen before is old

    def quoted(self) -> None:
        """A valid top of book has just been written."""
        if not self.usable:
            self._refresh_usable()

    def _refresh_usable(self) -> None:
        # A book that was never given does not forbid trading on the top; one with a gap does.
        book_fits = self.book is None or self.book.usable
        self.usable = (
            book_fits and self.linked and self.ask > self.bid > 0.0 and self.state is InstrumentState.LIVE
        )

    def levels(self, side: Side, worst: float) -> list[tuple[float, float]]:
        """What an order of ``side`` could take at ``worst`` or better, best first.

        The top is fresher than the depth behind it, so it stands in front and hides what it has overtaken.
        """
        if side is Side.BUY:
            if self.ask > worst:
                return []
            deeper = self.book.levels_to_buy(worst) if self.book is not None and self.book.usable else []
            return [(self.ask, self.ask_quantity), *(level for level in deeper if level[0] > self.ask)]
        if self.bid < worst:
            return []
        deeper = self.book.levels_to_sell(worst) if self.book is not None and self.book.usable else []
        return [(self.bid, self.bid_quantity), *(level for level in deeper if level[0] < self.bid)]

    def depth(self, side: Side, worst: float) -> Decimal:
        """Base units to be had at ``worst`` or better, floored to the lot."""
        total = sum(quantity for _, quantity in self.levels(side, worst))
        return floor_float(total, self.instrument.lot)


Markets = dict[InstrumentId, InstrumentMarket]

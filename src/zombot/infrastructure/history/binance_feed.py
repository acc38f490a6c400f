"""One instrument of Binance during an import: frames in, events out."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from zombot.domain.errors import BookGap
from zombot.domain.identifiers import InstrumentId
from zombot.domain.market import BookLost, BookUpdate, Levels, MarketEvent, PublicTrade, TopOfBook
from zombot.domain.orderbook import OrderBook
from zombot.infrastructure.history.binance_depth import DepthChain
from zombot.infrastructure.history.binance_frames import (
    MS,
    Depth,
    Frame,
    Market,
    Print,
    Ticker,
    levels_fault,
    print_fault,
    top_fault,
)
from zombot.infrastructure.history.recording import Gap
from zombot.infrastructure.history.tally import DecimalsMeter, Drops, SkewMeter


class Line(Struct, frozen=True):
    """Where a frame stands."""

    file: str
    number: int
    received_ns: int
    text: bytes


class Feed:
    """Decides for each frame of one instrument whether it becomes an event or is left out, and why.

    Exchange times: the time of the match (``T``) where a frame has it, else the time of the frame (``E``).
    Spot's ``bookTicker`` and depth snapshots have neither: they get the receive time plus the last skew
    (``E`` minus receipt) seen on any stream of the instrument. That is an estimate, good to the jitter of the
    transport; it says nothing about the order of events, which is the order of receipt.

    Tops and depth come on streams of their own, and now and then a top overtakes the depth: an update then
    still tells of levels that the top has already removed. These are left out of the update (and counted), or
    whoever lays tops over depth would see a crossed book. The next update tells of their end anyway.
    """

    def __init__(
        self,
        instrument: InstrumentId,
        market: Market,
        *,
        drops: Drops,
        skews: SkewMeter,
        sequence: int = 0,
    ) -> None:
        self.instrument = instrument
        self.market = market
        self.price_places = DecimalsMeter()
        self.quantity_places = DecimalsMeter()
        self.chain: DepthChain[Line] = DepthChain(market, sequence)
        self.gaps: list[Gap] = []
        self.estimated_venue_times = 0
        self.unknown_venue_times = 0
        self.overtaken_levels = 0
        """Levels left out of depth updates because a newer top had removed them."""
        self._drops = drops
        self._skews = skews
        self._skew_ns: int | None = None
        self._top: Ticker | None = None
        self._gap: tuple[int, str] | None = None
        # A chain that goes on from an earlier import has no book here; then only the sequence is checked.
        self._book = OrderBook() if sequence == 0 else None

    def on_ticker(self, ticker: Ticker, line: Line, stream: str) -> Iterator[MarketEvent]:
        """``bookTicker`` frames."""
        fault = top_fault(ticker)
        if fault is None and self._top is not None and ticker.u <= self._top.u:
            fault = "top not newer than the one before"
        if fault is not None:
            self._drop(fault, line)
            return
        self._top = ticker
        self.price_places.add((ticker.b, ticker.a))
        self.quantity_places.add((ticker.B, ticker.A))
        venue_ns = self._venue_ns(ticker.T, ticker.E, line, stream)
        yield TopOfBook(
            self.instrument, ticker.b, ticker.B, ticker.a, ticker.A, venue_ns, line.received_ns, ticker.u
        )

    def on_print(self, trade: Print, line: Line, stream: str) -> Iterator[MarketEvent]:
        """``trade`` frames."""
        venue_ns = self._venue_ns(trade.T, trade.E, line, stream)
        fault = print_fault(trade)
        if fault is not None:
            self._drop(fault, line)
            return
        self.price_places.add((trade.p,))
        self.quantity_places.add((trade.q,))
        yield PublicTrade(self.instrument, trade.p, trade.q, not trade.m, venue_ns, line.received_ns, trade.t)

    def on_depth(self, update: Depth, line: Line, stream: str) -> Iterator[MarketEvent]:
        """``depthUpdate`` frames."""
        self._venue_ns(update.T, update.E, line, stream)
        fault = levels_fault(update.b) or levels_fault(update.a)
        if fault is None and update.u < update.U:
            fault = "depth update that ends before it begins"
        if fault is not None:
            self._drop(fault, line)
            return
        if not self.chain.joined:
            self._hold(update, line, "no snapshot yet")
        elif self.chain.is_old(update):
            self._drop("depth update older than the book", line)
        else:
            yield from self._join(update, line, line.received_ns)

    def on_snapshot(self, frame: Frame, line: Line) -> Iterator[MarketEvent]:
        """REST depth snapshots: a new book, and the updates that were held for it."""
        venue_ns = self._venue_ns(frame.T, frame.E, line, "snapshot")
        fault = levels_fault(frame.bids) or levels_fault(frame.asks)
        if fault is None and not self.chain.is_newer(frame.lastUpdateId):
            fault = "depth snapshot not newer than the book"
        book = OrderBook()
        snapshot = BookUpdate(
            self.instrument, frame.bids, frame.asks, True, venue_ns, line.received_ns, frame.lastUpdateId
        )
        if fault is None and not _applies(book, snapshot):
            fault = "crossed depth snapshot"
        if fault is not None:
            self._drop(fault, line)
            return
        self._book = book
        snapshot = self._without_overtaken(snapshot)
        self.chain.restart(frame.lastUpdateId)
        self._close_gap(line.received_ns)
        self._measure(frame.bids, frame.asks)
        yield snapshot
        held = tuple(self.chain.held)
        self.chain.held.clear()
        for update, source in held:
            if not self.chain.joined:
                self._hold(update, source, "gap in the depth")
            elif self.chain.is_old(update):
                self._drop("depth update older than the book", source)
            else:
                # They count from the moment at which the snapshot came: before it there was no book.
                yield from self._join(update, source, line.received_ns)

    def end_source(self) -> None:
        """What is still held will find no snapshot."""
        for _, line in self.chain.held:
            self._drop("depth update without a snapshot", line)
        self.chain.held.clear()

    def end(self) -> None:
        """No further source follows."""
        self._close_gap(None)

    def _join(self, update: Depth, line: Line, received_ns: int) -> Iterator[MarketEvent]:
        previous = self.chain.sequence
        venue_ns = (update.T or update.E) * MS
        if not self.chain.follows(update):
            yield self._lose(venue_ns, received_ns, "gap in the depth")
            self._hold(update, line, "gap in the depth")
            return
        event = BookUpdate(
            self.instrument, update.b, update.a, False, venue_ns, received_ns, update.u, previous
        )
        if self._book is not None and not _applies(self._book, event):
            self._drop("depth update that crosses the book", line)
            yield self._lose(venue_ns, received_ns, "crossed depth")
            return
        self._measure(update.b, update.a)
        yield self._without_overtaken(event)

    def _without_overtaken(self, update: BookUpdate) -> BookUpdate:
        top = self._top
        if top is None or top.u <= update.sequence:
            return update
        # Removals further in front are kept: removing what is gone already changes nothing.
        bids = tuple(
            level for level in update.bids if level[0] < top.b or (level[0] > top.b and not level[1])
        )
        asks = tuple(
            level for level in update.asks if level[0] > top.a or (level[0] < top.a and not level[1])
        )
        self.overtaken_levels += len(update.bids) + len(update.asks) - len(bids) - len(asks)
        if update.snapshot:  # it replaces the book, and the top that was laid over it
            bids, asks = ((top.b, top.B), *bids), ((top.a, top.A), *asks)
        return replace(update, bids=bids, asks=asks)

    def _lose(self, venue_ns: int, received_ns: int, reason: str) -> BookLost:
        self.chain.lose()
        self._gap = (received_ns, reason)
        return BookLost(self.instrument, venue_ns, received_ns)

    def _hold(self, update: Depth, line: Line, reason: str) -> None:
        if self._gap is None:
            self._gap = (line.received_ns, reason)
        pushed_out = self.chain.hold(update, line)
        if pushed_out is not None:
            self._drop("depth update without a snapshot", pushed_out)

    def _close_gap(self, end_ns: int | None) -> None:
        if self._gap is not None:
            start_ns, reason = self._gap
            self.gaps.append(Gap(instrument=self.instrument, start_ns=start_ns, end_ns=end_ns, reason=reason))
            self._gap = None

    def _venue_ns(self, match_ms: int, frame_ms: int, line: Line, stream: str) -> int:
        if frame_ms:
            self._skew_ns = frame_ms * MS - line.received_ns
            self._skews.add(self.instrument, stream, self._skew_ns)
            return (match_ms or frame_ms) * MS
        self.estimated_venue_times += 1
        if self._skew_ns is None:
            self.unknown_venue_times += 1
            return line.received_ns
        return line.received_ns + self._skew_ns

    def _measure(self, *sides: Levels) -> None:
        # Not the quantities: orders from before the lot was made coarser leave finer remainders in the depth.
        for levels in sides:
            self.price_places.add(price for price, _ in levels)

    def _drop(self, reason: str, line: Line) -> None:
        self._drops.add(reason, line.file, line.number, line.text.decode("utf-8", "replace"))


def _applies(book: OrderBook, update: BookUpdate) -> bool:
    try:
        book.apply(update)
    except BookGap:
        return False
    return True

"""Importing Binance's raw frames of spot and of usdm perpetuals.

Both markets spell their symbols alike; they become ``binance:BTC-USDT`` and ``binance:BTC-USDT-SWAP``. Frames
keep the order in which they were received. Where the receive clock steps back, a frame gets the receive time
of the frame before it, which keeps that order, and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from zombot.domain.identifiers import Asset, InstrumentId, VenueId
from zombot.domain.instrument import Instrument, InstrumentKind
from zombot.domain.market import MarketEvent
from zombot.infrastructure.history.binance_feed import Feed, Line
from zombot.infrastructure.history.binance_frames import (
    Frame,
    Market,
    assets_of,
    decode_depth,
    decode_frame,
    decode_print,
    decode_ticker,
    split_line,
)
from zombot.infrastructure.history.binance_probe import VENUE, Probe, id_of, symbol_of
from zombot.infrastructure.history.grid import Grid, step_of
from zombot.infrastructure.history.lines import LineReader
from zombot.infrastructure.history.recording import Chain, InstrumentEntry, Source
from zombot.infrastructure.history.report import FileReport
from zombot.infrastructure.history.tally import Drops, SkewMeter
from zombot.infrastructure.history.writer import RecordingWriter

FORMAT: Final = "binance-raw"


class BinanceImport:
    """Takes file after file into a writer; files come in the order of their first receipt."""

    def __init__(self, writer: RecordingWriter, grids: Mapping[InstrumentId, Grid]) -> None:
        self.drops = Drops()
        self.skews = SkewMeter()
        self.feeds: dict[InstrumentId, Feed] = {}
        self.sources: list[Source] = []
        self._symbols: dict[InstrumentId, tuple[Market, str]] = {}
        self._last_depth_ns: dict[InstrumentId, int] = {}
        self._writer = writer
        self._grids = grids

    def take(self, probe: Probe, advance: Callable[[int], None] | None = None) -> FileReport:
        """Import one file."""
        for symbol in probe.symbols:
            self._open_feed(probe, symbol)
        dropped_before = self.drops.total
        clock = _Clock()
        reader = LineReader(probe.path, advance)
        add = self._writer.add
        for text in reader:
            for event in self._events(probe, reader.lines, text, clock):
                add(event)
        for symbol in probe.symbols:
            feed = self.feeds[id_of(probe.market, symbol)]
            feed.end_source()
            self._last_depth_ns[feed.instrument] = clock.now_ns
        dropped = self.drops.total - dropped_before
        report = FileReport(
            name=str(probe.path),
            lines=reader.lines,
            imported=reader.lines - dropped,
            dropped=dropped,
            start_ns=probe.start_ns,
            end_ns=probe.end_ns,
            torn=reader.torn,
            backwards=clock.backwards,
            backwards_ns_max=clock.backwards_ns_max,
        )
        self.sources.append(
            Source(
                name=probe.path.name,
                sha256=probe.sha256,
                format=FORMAT,
                lines=report.lines,
                imported=report.imported,
                start_ns=probe.start_ns,
                end_ns=probe.end_ns,
                covers=probe.covers,
            )
        )
        return report

    def chains(self) -> dict[str, Chain]:
        """Where each instrument's depth stands, unless the recording already holds later depth."""
        chains = {}
        for name, feed in self.feeds.items():
            before = self._writer.manifest.chains.get(name)
            if before is None or before.received_ns <= self._last_depth_ns[name]:
                chains[str(name)] = Chain(feed.chain.sequence, self._last_depth_ns[name])
        return chains

    def entries(self) -> tuple[InstrumentEntry, ...]:
        """The instruments with the grids that were given or seen."""
        return tuple(self._entry(feed) for feed in self.feeds.values())

    def _events(self, probe: Probe, number: int, text: bytes, clock: _Clock) -> Iterator[MarketEvent]:
        try:
            received_ns, body = split_line(text)
            frame = decode_frame(body)
            line = Line(probe.path.name, number, clock.take(received_ns), text)
            yield from self._of_frame(probe, frame, line)
        except (ValueError, msgspec.MsgspecError):
            self._drop("malformed line", probe, number, text)

    def _of_frame(self, probe: Probe, frame: Frame, line: Line) -> Iterator[MarketEvent]:
        if not frame.stream:
            if frame.lastUpdateId and len(probe.symbols) == 1:
                feed = self.feeds[id_of(probe.market, probe.symbols[0])]
                return feed.on_snapshot(frame, line)
            self._drop("frame of an unknown kind", probe, line.number, line.text)
            return iter(())
        symbol, _, stream = frame.stream.partition("@")
        if symbol.upper() in probe.symbols:
            feed = self.feeds[id_of(probe.market, symbol.upper())]
            if stream == "bookTicker":
                return feed.on_ticker(decode_ticker(frame.data), line, stream)
            if stream == "trade":
                return feed.on_print(decode_print(frame.data), line, stream)
            if stream.startswith("depth"):
                return feed.on_depth(decode_depth(frame.data), line, stream)
        self._drop("frame of an unknown kind", probe, line.number, line.text)
        return iter(())

    def _open_feed(self, probe: Probe, symbol: str) -> None:
        name = id_of(probe.market, symbol)
        if name in self.feeds:
            return
        chain = self._writer.manifest.chains.get(name)
        follows = chain is not None and chain.received_ns <= probe.start_ns
        sequence = chain.sequence if chain is not None and follows else 0
        feed = Feed(name, probe.market, drops=self.drops, skews=self.skews, sequence=sequence)
        self.feeds[name] = feed
        self._symbols[name] = (probe.market, symbol)
        self._writer.declare([self._entry(feed).instrument])

    def _entry(self, feed: Feed) -> InstrumentEntry:
        market, symbol = self._symbols[feed.instrument]
        base, quote = assets_of(symbol)
        grid = self._grids.get(feed.instrument, Grid())
        lot = grid.lot or step_of(feed.quantity_places.places)
        instrument = Instrument(
            id=feed.instrument,
            venue=VenueId(VENUE),
            symbol=symbol_of(market, symbol),
            kind=InstrumentKind.SPOT if market is Market.SPOT else InstrumentKind.PERPETUAL,
            base=Asset(base),
            quote=Asset(quote),
            tick=grid.tick or step_of(feed.price_places.places),
            lot=lot,
            minimum=grid.minimum or lot,
            notional_min=grid.notional_min,
        )
        inferred = tuple(name for name in ("tick", "lot", "minimum") if getattr(grid, name) is None)
        return InstrumentEntry(instrument=instrument, inferred=inferred)

    def _drop(self, reason: str, probe: Probe, number: int, text: bytes) -> None:
        self.drops.add(reason, probe.path.name, number, text.decode("utf-8", "replace"))


class _Clock:
    """Receive times of one file, never going back."""

    __slots__ = ("backwards", "backwards_ns_max", "now_ns")

    def __init__(self) -> None:
        self.now_ns = 0
        self.backwards = 0
        self.backwards_ns_max = 0

    def take(self, received_ns: int) -> int:
        """The receive time of the next line."""
        if received_ns < self.now_ns:
            self.backwards += 1
            self.backwards_ns_max = max(self.backwards_ns_max, self.now_ns - received_ns)
        else:
            self.now_ns = received_ns
        return self.now_ns

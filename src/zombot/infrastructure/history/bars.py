"""Importing bars with funding rates, for carry back-tests that hold a pair through settlements.

What a row says was found by comparing the series of ``bars-8h`` with one another:

- Its label is the local time of London: 00:00, 08:00, 16:00 in winter and an hour more in summer. Taken back
  to the 8-hour grid of UTC every series is without a gap, and Binance's prices are those of that UTC time. So
  a label up to an hour past a settlement means that settlement.
- Binance's bar opens at its label. Bars of OKX and Bybit overlap the Binance bar of the same label by half
  and the one before it by half: they open four hours before their label, which is the middle of the bar.
- The rate is taken as the one settled at the label, as the file states it. The premiums of Binance and Bybit
  agree with that. OKX's rates follow its premium one settlement later than OKX's rule says, so its rows may
  be a settlement late: whoever trades on them knows a rate late, never early.

What becomes of a row, so that nothing is known before its time: at the bar's open a top of book and a mark
price from the open, 1 ns before its end the same from the close. The row's own rate comes 1 ns before its
settlement, in time for the venue to settle with it and too late to act on; until then the rate settled last
stands as the estimate. High, low and volume are not used.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from msgspec import Struct

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import Asset, InstrumentId, VenueId, instrument_id
from zombot.domain.instrument import Instrument, InstrumentKind
from zombot.domain.market import FundingRate, MarketEvent, MarkPrice, TopOfBook
from zombot.domain.money import BPS, ceil_to, floor_to
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.grid import Grid, step_of
from zombot.infrastructure.history.lines import LineReader
from zombot.infrastructure.history.recording import InstrumentEntry
from zombot.infrastructure.history.tally import Drops

FORMAT: Final = "bars"
COLUMNS: Final = ("time", "exchange", "pair", "contract", "open", "high", "low", "close", "funding rate")
SETTLEMENT_NS: Final = 8 * 3_600_000_000_000
_HOUR_NS: Final = 3_600_000_000_000
OPENS_BEFORE_NS: Final[Mapping[str, int]] = {"okx": 4 * _HOUR_NS, "bybit": 4 * _HOUR_NS}
"""How long before its label a bar opens, by exchange; at its label where nothing is said."""

_PRICE_MAX: Final = Decimal("1e12")
_YEARS: Final = range(2009, 2100)
LOT_ASSUMED: Final = Decimal("0.0001")
"""Bars show no quantities to infer a lot from."""
# As OKX listed them on 2026-04-27, contracts turned into base units.
KNOWN_GRIDS: Final[Mapping[str, Grid]] = {
    "okx:BTC-USDT": Grid(tick=Decimal("0.1"), lot=Decimal("1e-8"), minimum=Decimal("0.00001")),
    "okx:ETH-USDT": Grid(tick=Decimal("0.01"), lot=Decimal("0.000001"), minimum=Decimal("0.0001")),
    "okx:BTC-USDT-SWAP": Grid(tick=Decimal("0.1"), lot=Decimal("0.0001"), minimum=Decimal("0.0001")),
    "okx:ETH-USDT-SWAP": Grid(tick=Decimal("0.01"), lot=Decimal("0.001"), minimum=Decimal("0.001")),
}


class BarsOptions(Struct, frozen=True, kw_only=True):
    """Which series are taken, and what stands around their prices."""

    exchange: str = "okx"
    assets: tuple[str, ...] = ("BTC", "ETH")
    quote: str = "USDT"
    spread_bps: Decimal = Decimal(1)
    """From bid to ask around a bar's price; each side is moved outward to the tick."""
    notional: Decimal = Decimal(10_000_000)
    """Offered on each side, in the quote asset."""

    def __post_init__(self) -> None:
        if not 0 <= self.spread_bps < 10_000:
            raise InvalidValue(f"spread_bps is {self.spread_bps}: 0 or more and below 10000 is allowed")
        if not self.notional > 0:
            raise InvalidValue(f"notional is {self.notional}: it must be above 0")
        if not self.assets:
            raise InvalidValue("assets is empty: at least one is needed")


class Bar(Struct, frozen=True):
    """One row that was asked for."""

    label_ns: int
    open: Decimal
    close: Decimal
    rate: float | None


class Series(Struct):
    """The bars of one instrument, by label."""

    instrument: InstrumentId
    base: str
    kind: InstrumentKind
    bars: dict[int, Bar] = {}
    last_ns: int = -1


class BarsFile:
    """The rows of one file that were asked for."""

    def __init__(self, path: Path, options: BarsOptions, drops: Drops) -> None:
        self.path = path
        self.ignored = 0
        self.series: dict[InstrumentId, Series] = {}
        self._options = options
        self._drops = drops
        self._pairs = _pairs(options)
        self._seen: set[str] = set()

    def read(self, advance: Callable[[int], None] | None = None) -> LineReader:
        """Read the file; lines that cannot be used are dropped and counted.

        Raises:
            RecordingError: it is empty, has not the columns, or none of the rows asked for.
        """
        reader = LineReader(self.path, advance)
        texts = (text.decode("utf-8", "replace") for text in reader)
        heading = next(texts, None)
        if heading is None:
            raise RecordingError(f"{self.path} is {reader.torn or 'empty'}")
        names = heading.rstrip("\r").split(",")
        for column in COLUMNS:
            if column not in names:
                raise RecordingError(f"{self.path} has no column {column!r}: it has {', '.join(names)}")
        self.ignored = 1
        for text in texts:
            self._take(text, names, reader.lines)
        self._demand_all()
        return reader

    def events(self, grids: Mapping[InstrumentId, Grid]) -> tuple[list[InstrumentEntry], list[MarketEvent]]:
        """The instruments and their events, in order."""
        entries = {name: _entry(series, self._options, grids) for name, series in self.series.items()}
        events: list[MarketEvent] = []
        for base in self._options.assets:
            spot, perpetual = (self.series[name] for name in _names(self._options, base))
            ticks = [entries[series.instrument].instrument for series in (spot, perpetual)]
            events += _pair_events(spot, perpetual, ticks, self._options)
        # Sorting is stable: at one time the spot's top comes before the perpetual's, and before its mark.
        events.sort(key=lambda event: event.received_ns)
        return list(entries.values()), events

    def _take(self, text: str, names: Sequence[str], number: int) -> None:
        try:
            row = dict(zip(names, next(csv.reader([text])), strict=True))
            self._seen.add(f"{row['exchange']} {row['pair']} {row['contract']}")
            found = self._pairs.get((row["exchange"], row["pair"], row["contract"]))
            if found is None:
                self.ignored += 1
                return
            name, base, kind = found
            series = self.series.setdefault(name, Series(name, base, kind))
            fault = _take_row(row, series)
        except (ValueError, InvalidOperation, StopIteration, csv.Error):
            fault = "malformed line"
        if fault is not None:
            self._drops.add(fault, self.path.name, number, text)

    def _demand_all(self) -> None:
        for base in self._options.assets:
            for name in _names(self._options, base):
                if name not in self.series or not self.series[name].bars:
                    there = ", ".join(sorted(self._seen)) or "none"
                    raise RecordingError(f"{self.path} has no usable bar of {name}; series in it: {there}")


def _names(options: BarsOptions, base: str) -> tuple[InstrumentId, InstrumentId]:
    pair = f"{base}-{options.quote}"
    return instrument_id(options.exchange, pair), instrument_id(options.exchange, f"{pair}-SWAP")


def _pairs(options: BarsOptions) -> dict[tuple[str, str, str], tuple[InstrumentId, str, InstrumentKind]]:
    pairs = {}
    for base in options.assets:
        spot, perpetual = _names(options, base)
        exchange, quote = options.exchange, options.quote
        pairs[exchange, f"{base}/{quote}", "spot"] = (spot, base, InstrumentKind.SPOT)
        pairs[exchange, f"{base}{quote}", "perpetual"] = (perpetual, base, InstrumentKind.PERPETUAL)
    return pairs


def _take_row(row: Mapping[str, str], series: Series) -> str | None:
    label_ns = _label_ns(row["time"])
    if label_ns is None:
        return "time is not within an hour of a settlement"
    prices = [Decimal(row[name]) for name in ("open", "high", "low", "close")]
    opened, high, low, closed = prices
    if not all(price.is_finite() and 0 < price < _PRICE_MAX for price in prices):
        return "price not above 0 or not below 1e12"
    if not low <= min(opened, closed) <= max(opened, closed) <= high:
        return "open or close outside low and high"
    if label_ns == series.last_ns:
        return "second row of one time"
    if label_ns < series.last_ns:
        return "time before that of the row above"
    rate = None
    if series.kind is InstrumentKind.PERPETUAL:
        rate = float(row["funding rate"])
        if not -1 < rate < 1:
            return "funding rate is no fraction between -1 and 1"
    series.last_ns = label_ns
    series.bars[label_ns] = Bar(label_ns, opened, closed, rate)
    return None


def _label_ns(text: str) -> int | None:
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if moment.year not in _YEARS:
        raise ValueError(f"time {text} is not between 2009 and 2100")
    time_ns = int(moment.timestamp()) * 1_000_000_000
    past_ns = time_ns % SETTLEMENT_NS
    return time_ns - past_ns if past_ns <= _HOUR_NS else None


def _entry(series: Series, options: BarsOptions, grids: Mapping[InstrumentId, Grid]) -> InstrumentEntry:
    grid = grids.get(series.instrument) or KNOWN_GRIDS.get(series.instrument) or Grid()
    lot = grid.lot or LOT_ASSUMED
    prices = [price for bar in series.bars.values() for price in (bar.open, bar.close)]
    instrument = Instrument(
        id=series.instrument,
        venue=VenueId(options.exchange),
        symbol=series.instrument.partition(":")[2],
        kind=series.kind,
        base=Asset(series.base),
        quote=Asset(options.quote),
        tick=grid.tick or step_of(max(_places(price) for price in prices)),
        lot=lot,
        minimum=grid.minimum or lot,
        notional_min=grid.notional_min,
    )
    inferred = tuple(name for name in ("tick", "lot", "minimum") if getattr(grid, name) is None)
    return InstrumentEntry(instrument=instrument, inferred=inferred)


def _places(price: Decimal) -> int:
    exponent = price.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _pair_events(
    spot: Series, perpetual: Series, instruments: Sequence[Instrument], options: BarsOptions
) -> Iterator[MarketEvent]:
    """Only bars that both legs have: a price of one leg alone is no carry."""
    labels = sorted(spot.bars.keys() & perpetual.bars.keys())
    lead_ns = OPENS_BEFORE_NS.get(options.exchange, 0)
    for place, label_ns in enumerate(labels):
        bars = spot.bars[label_ns], perpetual.bars[label_ns]
        opens_ns = label_ns - lead_ns
        yield from _prices(instruments, [bar.open for bar in bars], opens_ns, options)
        yield from _prices(instruments, [bar.close for bar in bars], opens_ns + SETTLEMENT_NS - 1, options)
        next_ns = labels[place + 1] if place + 1 < len(labels) else label_ns + SETTLEMENT_NS
        after_ns = labels[place + 2] if place + 2 < len(labels) else next_ns + SETTLEMENT_NS
        rate = bars[1].rate
        assert rate is not None  # a perpetual's row without a rate was dropped
        name = perpetual.instrument
        yield FundingRate(name, rate, label_ns, next_ns, label_ns - 1, label_ns - 1)
        # Settled: from now on it is the estimate of the next one.
        yield FundingRate(name, rate, next_ns, after_ns, label_ns + 1, label_ns + 1)


def _prices(
    instruments: Sequence[Instrument], prices: Sequence[Decimal], time_ns: int, options: BarsOptions
) -> Iterator[MarketEvent]:
    half = options.spread_bps * BPS / 2
    for instrument, price in zip(instruments, prices, strict=True):
        quantity = float(max(floor_to(options.notional / price, instrument.lot), instrument.lot))
        bid = floor_to(price * (1 - half), instrument.tick)
        ask = ceil_to(price * (1 + half), instrument.tick)
        if bid == ask:
            ask += instrument.tick
        yield TopOfBook(instrument.id, float(bid), quantity, float(ask), quantity, time_ns, time_ns)
    index, mark = prices
    yield MarkPrice(instruments[1].id, float(mark), float(index), time_ns, time_ns)

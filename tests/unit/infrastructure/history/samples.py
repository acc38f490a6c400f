"""Made-up market data for the tests of recordings: events of every kind, and raw frames of Binance."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from zombot.domain.identifiers import Asset, InstrumentId, VenueId
from zombot.domain.instrument import Instrument, InstrumentKind, InstrumentState
from zombot.domain.market import (
    BookLost,
    BookUpdate,
    FundingRate,
    InstrumentStatus,
    MarketEvent,
    MarkPrice,
    PublicTrade,
    TopOfBook,
)

T0: Final = 1_723_161_590_000_000_000
"""Ten seconds before midnight UTC, so that recordings cross a day."""
MS: Final = 1_000_000
SECOND: Final = 1_000_000_000


def instrument(symbol: str, venue: str = "okx", tick: str = "0.1") -> Instrument:
    """A line of BTC-USDT."""
    return Instrument(
        id=InstrumentId(f"{venue}:{symbol}"),
        venue=VenueId(venue),
        symbol=symbol,
        kind=InstrumentKind.PERPETUAL if symbol.endswith("SWAP") else InstrumentKind.SPOT,
        base=Asset("BTC"),
        quote=Asset("USDT"),
        tick=Decimal(tick),
        lot=Decimal("0.0001"),
        minimum=Decimal("0.0001"),
    )


SPOT: Final = instrument("BTC-USDT")
PERPETUAL: Final = instrument("BTC-USDT-SWAP")
# Other venues use signs in symbols that a folder's name cannot hold.
ODD: Final = instrument("BTC/USDT:USDT", venue="other")
INSTRUMENTS: Final = (SPOT, PERPETUAL, ODD)


class Given:
    """A market source that gives what it was given."""

    def __init__(
        self, events: Sequence[MarketEvent], instruments: tuple[Instrument, ...] = INSTRUMENTS
    ) -> None:
        self._events = events
        self._instruments = instruments

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """As given."""
        return self._instruments

    def events(self) -> Iterator[MarketEvent]:
        """As given."""
        return iter(self._events)


def tops(count: int, step_ns: int = MS, start_ns: int = T0) -> list[MarketEvent]:
    """Quotes of spot and perpetual in turn."""
    names = (SPOT.id, PERPETUAL.id)
    return [
        TopOfBook(names[n % 2], 100.0 + n % 7, 1.5, 100.1 + n % 7, 2.5, start_ns, start_ns + n * step_ns, n)
        for n in range(count)
    ]


_number = st.floats(allow_nan=False)
_time = st.integers(0, 2**62)
_level = st.lists(st.tuples(_number, _number), max_size=4).map(tuple)


def _of_kind(name: InstrumentId, received_ns: int) -> st.SearchStrategy[MarketEvent]:
    given = st.just(name), st.just(received_ns)
    whole = st.integers(-(2**62), 2**62)
    return st.one_of(
        st.builds(
            TopOfBook,
            given[0],
            _number,
            _number,
            _number,
            _number,
            _time,
            received_ns=given[1],
            sequence=whole,
        ),
        st.builds(
            BookUpdate,
            given[0],
            _level,
            _level,
            st.booleans(),
            _time,
            received_ns=given[1],
            sequence=whole,
            previous=whole,
        ),
        st.builds(BookLost, given[0], _time, received_ns=given[1]),
        st.builds(
            PublicTrade,
            given[0],
            _number,
            _number,
            st.booleans(),
            _time,
            received_ns=given[1],
            sequence=whole,
        ),
        st.builds(MarkPrice, given[0], _number, _number, _time, received_ns=given[1]),
        st.builds(FundingRate, given[0], _number, _time, _time, _time, received_ns=given[1]),
        st.builds(InstrumentStatus, given[0], st.sampled_from(InstrumentState), _time, received_ns=given[1]),
    )


@st.composite
def streams(draw: st.DrawFn) -> list[MarketEvent]:
    """Events of every kind in the order of receipt, many of them at one time, across midnight."""
    steps = draw(st.lists(st.sampled_from((0, 0, 1, SECOND, 20 * SECOND)), max_size=40))
    events, now_ns = [], T0
    for step in steps:
        now_ns += step
        name = draw(st.sampled_from(INSTRUMENTS)).id
        events.append(draw(_of_kind(name, now_ns)))
    return events


def raw_line(received_ns: int, stream: str, **data: Any) -> str:
    """One line of a raw file."""
    body = {"stream": f"btcusdt@{stream}", "data": {"s": "BTCUSDT", **data}}
    return f"{received_ns} {json.dumps(body)}"


def raw_top(
    n: int, bid: str = "100.10", ask: str = "100.20", quantity: str = "1.5", u: int | None = None
) -> str:
    """Spot's top of book, ``n`` ms after the beginning."""
    number = 1000 + n if u is None else u
    return raw_line(T0 + n * MS, "bookTicker", u=number, b=bid, B=quantity, a=ask, A=quantity)


def raw_trade(n: int, price: str = "100.15", quantity: str = "0.5", **more: Any) -> str:
    """A public trade, 40 ms ahead of our clock."""
    at = T0 // MS + n + 40
    return raw_line(T0 + n * MS, "trade", E=at, T=at, t=n + 1, p=price, q=quantity, m=False, **more)


def raw_depth(n: int, first: int, last: int, bids: Iterable[Any] = (), asks: Iterable[Any] = ()) -> str:
    """Spot's depth update of the sequence numbers ``first`` to ``last``."""
    at = T0 // MS + n + 40
    return raw_line(T0 + n * MS, "depth@100ms", E=at, U=first, u=last, b=list(bids), a=list(asks))


def raw_snapshot(n: int, last: int, bid: str = "100.10", ask: str = "100.20") -> str:
    """A depth snapshot."""
    body = {
        "lastUpdateId": last,
        "bids": [[bid, "1.0"], ["99.00", "5"]],
        "asks": [[ask, "1.0"], ["101", "5"]],
    }
    return f"{T0 + n * MS} {json.dumps(body)}"


def raw_file(path: Path, lines: Iterable[str]) -> Path:
    """A packed file of these lines; the same lines give the same bytes."""
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
    return path


BARS_HEADING: Final = "time,exchange,crypto,pair,contract,open,high,low,close,volume,funding rate"


def bars_file(path: Path, rows: Iterable[str]) -> Path:
    """A table of bars."""
    path.write_text("\n".join((BARS_HEADING, *rows)) + "\n", encoding="utf-8")
    return path


def bar_rows(
    time: str, open_: str = "100", close: str = "101", rate: str = "0.0001", asset: str = "BTC"
) -> list[str]:
    """The rows of spot and perpetual of one time at OKX."""
    low, high = min(float(open_), float(close)), max(float(open_), float(close))
    prices = f"{open_},{high},{low},{close},10"
    return [
        f"{time},okx,coin,{asset}/USDT,spot,{prices},",
        f"{time},okx,coin,{asset}USDT,perpetual,{prices},{rate}",
    ]

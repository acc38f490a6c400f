"""Binance's raw frames: their shapes, and which market and stream a frame is of.

A line is ``<receive time, ns> <frame>``. Frames come as ``{"stream": …, "data": …}``; a REST depth snapshot
stands among them as it was answered::

    1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":50093239212,"b":"61837.63",…}}
    1723161254206652067 {"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"],…],"asks":[…]}
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from zombot.domain.market import Levels
from zombot.infrastructure.history.errors import RecordingError

MS: Final = 1_000_000
TIME_NS_MIN: Final = 1_230_768_000_000_000_000  # 2009: before the first coin
TIME_NS_MAX: Final = 4_102_444_800_000_000_000  # 2100
QUOTES: Final = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "TRY", "BTC", "ETH", "BNB")


Sequence = Annotated[int, Meta(ge=0, lt=2**62)]
Millis = Annotated[int, Meta(ge=0, lt=TIME_NS_MAX // MS)]


class Market(enum.Enum):
    """Binance's two products that are read: they name their instruments alike."""

    SPOT = "spot"
    USDM = "usdm"


class Frame(Struct):
    """What every line holds: a stream's frame, or a depth snapshot without one."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    lastUpdateId: Sequence = 0  # noqa: N815
    E: Millis = 0
    T: Millis = 0
    bids: Levels = ()
    asks: Levels = ()


class Ticker(Struct):
    """``bookTicker``: the top of book. Spot's has no time of its own."""

    u: Sequence
    b: float
    B: float
    a: float
    A: float
    E: Millis = 0
    T: Millis = 0


class Print(Struct):
    """``trade``; usdm says in ``X`` what kind of trade it was."""

    E: Millis
    T: Millis
    t: Sequence
    p: float
    q: float
    m: bool
    X: str = "MARKET"


class Depth(Struct):
    """``depthUpdate``; usdm chains by ``pu``, spot by ``U`` = last ``u`` + 1."""

    E: Millis
    U: Sequence
    u: Sequence
    b: Levels
    a: Levels
    pu: Sequence = 0
    T: Millis = 0


# Binance writes numbers as strings; lax decoding reads them straight into floats.
decode_frame: Final = msgspec.json.Decoder(Frame, strict=False).decode
decode_ticker: Final = msgspec.json.Decoder(Ticker, strict=False).decode
decode_print: Final = msgspec.json.Decoder(Print, strict=False).decode
decode_depth: Final = msgspec.json.Decoder(Depth, strict=False).decode


def split_line(line: bytes) -> tuple[int, bytes]:
    """The receive time and the frame.

    Raises:
        ValueError: the line has no time, or one that no recording can have.
    """
    head, separator, body = line.partition(b" ")
    if not separator:
        raise ValueError("no blank after the receive time")
    received_ns = int(head)
    if not TIME_NS_MIN <= received_ns < TIME_NS_MAX:
        raise ValueError(f"receive time {received_ns} is no time in ns between 2009 and 2100")
    return received_ns, body


def market_of_frame(stream: str, data: bytes) -> Market | None:
    """The market that only frames of this shape come from; None when both have such frames."""
    if "@depth" in stream:
        return Market.USDM if b'"pu"' in data else Market.SPOT
    if "@bookTicker" in stream:
        return Market.USDM if b'"T"' in data else Market.SPOT
    if "@trade" in stream:
        return Market.USDM if b'"X"' in data else Market.SPOT
    return None


def assets_of(symbol: str) -> tuple[str, str]:
    """Base and quote of Binance's own name of a pair.

    Raises:
        RecordingError: the quote asset is not among those known.
    """
    for quote in QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol[: -len(quote)], quote
    raise RecordingError(f"symbol {symbol}: its quote asset is none of {', '.join(QUOTES)}")


def top_fault(ticker: Ticker) -> str | None:
    """Why a top of book cannot be true, if it cannot."""
    fault = _pair_fault(((ticker.b, ticker.B), (ticker.a, ticker.A)))
    if fault is None and ticker.b >= ticker.a:
        return "crossed top"
    return fault


def print_fault(trade: Print) -> str | None:
    """Why a public trade is none, if it is none."""
    if trade.X != "MARKET":
        return f"not a trade on the book (X = {trade.X})"
    return _pair_fault(((trade.p, trade.q),))


def levels_fault(levels: Iterable[tuple[float, float]]) -> str | None:
    """Why levels cannot be true; quantity 0 removes a level and is allowed."""
    for price, quantity in levels:
        if not (0 < price < math.inf):
            return "price not above 0"
        if not (0 <= quantity < math.inf):
            return "quantity below 0"
    return None


def _pair_fault(pairs: Iterable[tuple[float, float]]) -> str | None:
    for price, quantity in pairs:
        if not (0 < price < math.inf):
            return "price not above 0"
        if quantity == 0:
            return "zero quantity"
        if not (0 < quantity < math.inf):
            return "quantity below 0"
    return None

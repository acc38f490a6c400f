"""Market data as events: float64 from the decoder on, each with the venue's time and ours."""

from __future__ import annotations

from msgspec import Struct

from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import InstrumentState

Levels = tuple[tuple[float, float], ...]
"""(price, quantity) pairs; quantity 0 in an update removes the level."""


class TopOfBook(Struct, frozen=True, gc=False, tag=True):
    """Best bid and best ask. Prices in quote per base, quantities in base units, times in ns since 1970."""

    instrument: InstrumentId
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float
    venue_ns: int
    received_ns: int
    sequence: int = 0


class BookUpdate(Struct, frozen=True, gc=False, tag=True):
    """Changes of the order book beyond its top, or a snapshot that replaces it.

    An update follows the book only if ``previous`` is the book's sequence; with 0 the source has proven the
    chain itself (a recording that was checked when it was imported).
    """

    instrument: InstrumentId
    bids: Levels
    asks: Levels
    snapshot: bool
    venue_ns: int
    received_ns: int
    sequence: int = 0
    previous: int = 0


class BookLost(Struct, frozen=True, gc=False, tag=True):
    """The source knows that it missed updates: the book is unusable until the next snapshot."""

    instrument: InstrumentId
    venue_ns: int
    received_ns: int


class PublicTrade(Struct, frozen=True, gc=False, tag=True):
    """Somebody's print. ``buyer_taker`` is True when the aggressor bought."""

    instrument: InstrumentId
    price: float
    quantity: float
    buyer_taker: bool
    venue_ns: int
    received_ns: int
    sequence: int = 0


class MarkPrice(Struct, frozen=True, gc=False, tag=True):
    """The venue's reference price of a perpetual and the index under it."""

    instrument: InstrumentId
    mark: float
    index: float
    venue_ns: int
    received_ns: int


class FundingRate(Struct, frozen=True, gc=False, tag=True):
    """The running estimate of the rate that will be settled at ``funding_ns``.

    ``rate`` is a fraction of the position's notional for the whole interval; above 0 longs pay shorts. The
    interval is ``next_funding_ns - funding_ns`` and may change from one settlement to the next.
    """

    instrument: InstrumentId
    rate: float
    funding_ns: int
    next_funding_ns: int
    venue_ns: int
    received_ns: int


class InstrumentStatus(Struct, frozen=True, gc=False, tag=True):
    """The venue changed what may be done with an instrument."""

    instrument: InstrumentId
    state: InstrumentState
    venue_ns: int
    received_ns: int


MarketEvent = TopOfBook | BookUpdate | BookLost | PublicTrade | MarkPrice | FundingRate | InstrumentStatus

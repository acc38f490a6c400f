"""The instruments of a synthetic market: OKX's grids for known coins, made-up ones beyond.

Ticks, lots and minimums are those of OKX's instrument lists (2026-04-27, where a coin is missing there
2022-05-13); a perpetual's lot is contract value × lot in contracts, that is, in base units. Prices are round
numbers of the right magnitude.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

from msgspec import Struct

from zombot.domain.identifiers import Asset, VenueId, instrument_id
from zombot.domain.instrument import Instrument, InstrumentKind


class Coin(Struct, frozen=True):
    """A coin's start price and its two grids; a perpetual's minimum is its lot, as for all of OKX's."""

    price: Decimal
    spot_tick: Decimal
    spot_lot: Decimal
    spot_minimum: Decimal
    perpetual_tick: Decimal
    perpetual_lot: Decimal


def _coin(row: str) -> Coin:
    return Coin(*map(Decimal, row.split()))


COINS: Final[dict[str, Coin]] = {
    # price, spot tick, lot, minimum, perpetual tick, lot
    "BTC": _coin("100000 0.1 0.00000001 0.00001 0.1 0.0001"),
    "ETH": _coin("3500 0.01 0.000001 0.0001 0.01 0.001"),
    "SOL": _coin("180 0.01 0.000001 0.01 0.01 0.01"),
    "XRP": _coin("2.5 0.0001 0.000001 1 0.001 1"),
    "DOGE": _coin("0.2 0.00001 0.000001 10 0.00001 10"),
    "ADA": _coin("0.7 0.0001 0.0001 10 0.0001 10"),
    "BNB": _coin("900 0.1 0.000001 0.001 0.1 0.01"),
    "LTC": _coin("95 0.01 0.000001 0.01 0.01 0.1"),
    "TRX": _coin("0.3 0.00001 0.000001 1 0.0001 10"),
    "TON": _coin("2.5 0.001 0.0001 0.1 0.001 1"),
    "LINK": _coin("18 0.001 0.000001 0.1 0.001 1"),
    "AVAX": _coin("25 0.001 0.000001 0.01 0.001 1"),
    "BCH": _coin("500 0.01 0.000001 0.001 0.01 0.1"),
    "DOT": _coin("4 0.001 0.000001 0.1 0.001 1"),
    "UNI": _coin("8 0.001 0.000001 0.1 0.001 1"),
    "AAVE": _coin("250 0.01 0.000001 0.01 0.01 0.1"),
    "SHIB": _coin("0.000012 0.000000001 1 100000 0.000000001 100000"),
    "PEPE": _coin("0.00001 0.000000001 1 100000 0.000000001 1000000"),
    "ETC": _coin("20 0.001 0.000001 0.1 0.001 10"),
    "ATOM": _coin("4 0.001 0.000001 0.1 0.001 1"),
    "NEAR": _coin("2.6 0.001 0.00000001 0.5 0.001 10"),
    "FIL": _coin("2.4 0.001 0.000001 0.01 0.001 0.1"),
}
DOLLARS: Final = frozenset({"USDT", "USDC", "USD"})
"""Quotes in which the prices and grids above make sense."""


def default_pairs(count: int, quote: str = "USDT") -> tuple[str, ...]:
    """The names of so many pairs: the known coins first, made-up ones (COIN023, …) after them."""
    known = tuple(COINS)[:count]
    invented = (f"COIN{number:03}" for number in range(len(known) + 1, count + 1))
    return tuple(f"{base}-{quote}" for base in (*known, *invented))


def coin_of(pair: str) -> Coin:
    """The coin of a pair; for one that is not known the same invented coin in every run and process."""
    base, _, quote = pair.partition("-")
    if quote in DOLLARS and base in COINS:
        return COINS[base]
    return _invented(pair)


def instruments_of(pair: str, venue: VenueId) -> tuple[Instrument, Instrument]:
    """The spot and the perpetual of a pair."""
    base, _, quote = pair.partition("-")
    coin = coin_of(pair)
    spot = Instrument(
        id=instrument_id(venue, pair),
        venue=venue,
        symbol=pair,
        kind=InstrumentKind.SPOT,
        base=Asset(base),
        quote=Asset(quote),
        tick=coin.spot_tick,
        lot=coin.spot_lot,
        minimum=coin.spot_minimum,
    )
    symbol = f"{pair}-SWAP"
    perpetual = Instrument(
        id=instrument_id(venue, symbol),
        venue=venue,
        symbol=symbol,
        kind=InstrumentKind.PERPETUAL,
        base=Asset(base),
        quote=Asset(quote),
        tick=coin.perpetual_tick,
        lot=coin.perpetual_lot,
        minimum=coin.perpetual_lot,
    )
    return spot, perpetual


def number_of(text: str) -> int:
    """A number that belongs to a text, the same in every process (Python's own ``hash`` is not)."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _invented(pair: str) -> Coin:
    """A coin from 0.001 to 9,990 a piece whose tick is 0.1 to 1 bps of its price and whose lots fit it."""
    number = number_of(pair)
    magnitude = number % 7 - 3
    price = Decimal(100 + number // 7 % 900).scaleb(magnitude - 2)
    tick = Decimal(1).scaleb(magnitude - 4)
    return Coin(
        price=price,
        spot_tick=tick,
        spot_lot=Decimal(1).scaleb(-magnitude - 5),
        spot_minimum=Decimal(1).scaleb(-magnitude),
        perpetual_tick=tick,
        perpetual_lot=Decimal(1).scaleb(-magnitude),
    )

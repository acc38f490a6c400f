"""A first look at a raw file: what it is, before anything of it is taken over."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from zombot.domain.identifiers import InstrumentId, instrument_id
from zombot.infrastructure.history.binance_frames import Market, assets_of, market_of_frame, split_line
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.lines import LineReader

VENUE: Final = "binance"
_STREAM: Final = re.compile(rb'"stream"\s*:\s*"([^"@]+)@([^"]+)"')
_HEAD: Final = 200
"""The stream's name stands at the beginning of a frame."""
_USDM_NAMES: Final = ("usdm", "usdtm", "-um-", "futures", "perp", "swap")


class Probe(Struct, frozen=True, kw_only=True):
    """A file as it is, read once through."""

    path: Path
    sha256: str
    lines: int
    market: Market
    symbols: tuple[str, ...]
    streams: frozenset[tuple[str, str]]
    """(symbol, stream) pairs."""
    start_ns: int
    end_ns: int

    @property
    def covers(self) -> tuple[str, ...]:
        """Which streams of which instruments it holds."""
        return tuple(sorted(f"{id_of(self.market, symbol)} {stream}" for symbol, stream in self.streams))


def probe(path: Path, advance: Callable[[int], None] | None = None) -> Probe:
    """Read a file once: its content's hash, its market, its time and what it holds.

    Raises:
        RecordingError: it is empty, unreadable, or nothing in it is a frame of Binance.
    """
    reader = LineReader(path, advance)
    streams: set[tuple[str, str]] = set()
    markets: set[Market] = set()
    times: list[int] = []
    for line in reader:
        head = line[:_HEAD]
        found = _STREAM.search(head)
        is_snapshot = b'"lastUpdateId"' in head
        if found is None and not is_snapshot:
            continue
        try:
            received_ns, body = split_line(line)
        except ValueError:
            continue
        times = [min(times[0], received_ns), max(times[1], received_ns)] if times else [received_ns] * 2
        if found is not None:
            symbol, stream = found[1].decode("ascii", "replace"), found[2].decode("ascii", "replace")
            streams.add((symbol.upper(), stream))
            market = market_of_frame(f"@{stream}", body)
            if market is not None:
                markets.add(market)
    _demand_content(path, reader, times)
    symbols = tuple(sorted({symbol for symbol, _ in streams}))
    return Probe(
        path=path,
        sha256=reader.sha256,
        lines=reader.lines,
        market=_market(path, markets),
        symbols=symbols,
        streams=frozenset(streams),
        start_ns=times[0],
        end_ns=times[1],
    )


def id_of(market: Market, symbol: str) -> InstrumentId:
    """Our id of Binance's symbol: both markets spell theirs alike."""
    return instrument_id(VENUE, symbol_of(market, symbol))


def symbol_of(market: Market, symbol: str) -> str:
    """BASE-QUOTE, and -SWAP behind it for a perpetual."""
    base, quote = assets_of(symbol)
    return f"{base}-{quote}" if market is Market.SPOT else f"{base}-{quote}-SWAP"


def _demand_content(path: Path, reader: LineReader, times: list[int]) -> None:
    if times:
        return
    if reader.torn is not None:
        raise RecordingError(f"{path} is torn before its first frame: {reader.torn}")
    if reader.lines == 0:
        raise RecordingError(f"{path} is empty")
    raise RecordingError(
        f"{path} holds no frame of Binance: lines of '<receive time in ns> <frame as JSON>' are read"
    )


def _market(path: Path, markets: set[Market]) -> Market:
    if len(markets) > 1:
        raise RecordingError(f"{path} mixes frames of spot and of usdm: one market per file can be read")
    if markets:
        return next(iter(markets))
    name = path.name.lower()
    if any(mark in name for mark in _USDM_NAMES):
        return Market.USDM
    if "spot" in name:
        return Market.SPOT
    raise RecordingError(f"{path}: neither its frames nor its name (spot…, usdm…) say which market it is of")

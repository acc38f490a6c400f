"""The data of the benches: quotes of a spot and its perpetual, as columns, as events and as a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from zombot.domain.identifiers import Asset, InstrumentId, VenueId, instrument_id
from zombot.domain.instrument import Instrument, InstrumentKind
from zombot.domain.market import TopOfBook
from zombot.infrastructure.history.recording import InstrumentEntry
from zombot.infrastructure.history.writer import RecordingWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VENUE: Final = VenueId("okx")
PRICE: Final = 60_000.0
TICKS_PER_UNIT: Final = 10.0
"""The tick is 0.1: a price is a whole number of ticks divided once, so the float nearest to its decimals."""
BEGIN_NS: Final = 1_755_000_000_000_000_000
STEP_NS: Final = 1_000_000
"""From quote to quote. Exactly regular, so that two engines can agree on which quote an order meets."""


class Columns(Struct, frozen=True):
    """Quotes in the order of their receipt."""

    time_ns: NDArray[np.int64]
    perpetual: NDArray[np.bool_]
    """Which of the two instruments each quote is of."""
    bid: NDArray[np.float64]
    bid_quantity: NDArray[np.float64]
    ask: NDArray[np.float64]
    ask_quantity: NDArray[np.float64]

    def save(self, path: Path) -> None:
        """Write them for another process."""
        import numpy as np

        np.savez(path, **{name: getattr(self, name) for name in self.__struct_fields__})


def instruments(pairs: int = 1) -> tuple[Instrument, ...]:
    """Spot and perpetual of so many pairs, BTC-USDT first; lots are large, so that sizes are all alike."""
    found = []
    for number in range(pairs):
        base = "BTC" if number == 0 else f"COIN{number}"
        for kind, suffix in ((InstrumentKind.SPOT, ""), (InstrumentKind.PERPETUAL, "-SWAP")):
            symbol = f"{base}-USDT{suffix}"
            found.append(
                Instrument(
                    id=instrument_id(VENUE, symbol),
                    venue=VENUE,
                    symbol=symbol,
                    kind=kind,
                    base=Asset(base),
                    quote=Asset("USDT"),
                    tick=Decimal("0.1"),
                    lot=Decimal("0.05"),
                    minimum=Decimal("0.05"),
                )
            )
    return tuple(found)


def make_columns(count: int, seed: int = 7) -> Columns:
    """A random walk of the spot, and a perpetual whose basis returns to zero by half each quarter second."""
    import numpy as np

    random = np.random.default_rng(seed)
    mid = PRICE + np.cumsum(random.normal(0.0, 0.2, count))
    shocks = random.normal(0.0, 0.38, count)
    basis_bps = np.empty(count)
    level = 0.0
    for index, shock in enumerate(shocks.tolist()):
        level += shock - level * 0.003
        basis_bps[index] = level
    perpetual = random.random(count) < 0.5
    spread = random.integers(1, 4, count)
    price = np.where(perpetual, mid * (1.0 + basis_bps / 10_000.0), mid)
    bid = np.floor(price * TICKS_PER_UNIT)
    quantities = random.integers(10, 100, (2, count)) / 20.0
    return Columns(
        time_ns=BEGIN_NS + np.arange(count, dtype=np.int64) * STEP_NS,
        perpetual=perpetual,
        bid=bid / TICKS_PER_UNIT,
        bid_quantity=quantities[0],
        ask=(bid + spread) / TICKS_PER_UNIT,
        ask_quantity=quantities[1],
    )


def events(columns: Columns) -> Iterator[TopOfBook]:
    """The quotes as events."""
    names = [instrument.id for instrument in instruments()]
    rows = zip(*(getattr(columns, name).tolist() for name in columns.__struct_fields__), strict=True)
    for number, (time_ns, perpetual, bid, bid_quantity, ask, ask_quantity) in enumerate(rows, 1):
        yield TopOfBook(
            names[perpetual], bid, bid_quantity, ask, ask_quantity, time_ns, time_ns, number
        )  # fmt: skip


def record(columns: Columns, into: Path) -> int:
    """Write the quotes as a recording; returns the bytes of its files."""
    both = instruments()
    with RecordingWriter(into) as writer:
        writer.declare(both)
        for event in events(columns):
            writer.add(event)
        manifest = writer.commit(instruments=[InstrumentEntry(instrument=instrument) for instrument in both])
    return sum(part.file_bytes for part in manifest.parts)


class Ticker:
    """An endless stream of quotes that never pay, for as many instruments as asked for, time always growing.

    Bids stay within half a basis point of the price and every spread is one tick.
    """

    def __init__(self, names: Sequence[InstrumentId], *, premium_bps: float = 0.0) -> None:
        """``premium_bps``: by how much the perpetuals (every other name) stand above their spots."""
        self._names = names
        self._premium = premium_bps / 10_000.0
        self._number = 0

    def take(self, count: int) -> list[TopOfBook]:
        """The next quotes, instrument by instrument in turn."""
        taken = []
        for number in range(self._number + 1, self._number + count + 1):
            index = number % len(self._names)
            price = PRICE * (1.0 + self._premium) if index % 2 else PRICE
            ticks = round(price * TICKS_PER_UNIT) + number * 7 % 30
            bid, ask = ticks / TICKS_PER_UNIT, (ticks + 1) / TICKS_PER_UNIT
            at_ns = BEGIN_NS + number * STEP_NS
            taken.append(
                TopOfBook(
                    self._names[index],
                    bid,
                    1.0 + number % 5,
                    ask,
                    1.0 + number % 3,
                    at_ns,
                    at_ns,
                    number,
                )
            )
        self._number += count
        return taken

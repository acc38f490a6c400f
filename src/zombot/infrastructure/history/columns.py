"""Market events as columns and back: every bit returns, in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import InstrumentState
from zombot.domain.market import (
    BookLost,
    BookUpdate,
    FundingRate,
    Levels,
    MarketEvent,
    MarkPrice,
    PublicTrade,
    TopOfBook,
)
from zombot.domain.market import InstrumentStatus as Status
from zombot.infrastructure.history.recording import Kind

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Keys = NDArray[np.int64]

KIND_OF: Final[dict[type, Kind]] = {
    TopOfBook: Kind.TOP,
    BookUpdate: Kind.BOOK,
    PublicTrade: Kind.TRADE,
    MarkPrice: Kind.MARK,
    FundingRate: Kind.FUNDING,
    BookLost: Kind.LOST,
    Status: Kind.STATUS,
}
EVENT_OF: Final[dict[Kind, Callable[..., MarketEvent]]] = {kind: event for event, kind in KIND_OF.items()}

FLOAT: Final = "float64"
INT: Final = "int64"
BOOL: Final = "bool"
TEXT: Final = "string"
LEVELS: Final = "levels"
"""Two list columns, ``…_prices`` and ``…_quantities``."""

_TIMES: Final = (("venue_ns", INT), ("received_ns", INT))
# In the order of the event's fields after the instrument: the reader constructs events by position.
FIELDS: Final[dict[Kind, tuple[tuple[str, str], ...]]] = {
    Kind.TOP: (
        ("bid", FLOAT),
        ("bid_quantity", FLOAT),
        ("ask", FLOAT),
        ("ask_quantity", FLOAT),
        *_TIMES,
        ("sequence", INT),
    ),
    Kind.BOOK: (
        ("bids", LEVELS),
        ("asks", LEVELS),
        ("snapshot", BOOL),
        *_TIMES,
        ("sequence", INT),
        ("previous", INT),
    ),
    Kind.TRADE: (
        ("price", FLOAT),
        ("quantity", FLOAT),
        ("buyer_taker", BOOL),
        *_TIMES,
        ("sequence", INT),
    ),
    Kind.MARK: (("mark", FLOAT), ("index", FLOAT), *_TIMES),
    Kind.FUNDING: (("rate", FLOAT), ("funding_ns", INT), ("next_funding_ns", INT), *_TIMES),
    Kind.LOST: _TIMES,
    Kind.STATUS: (("state", TEXT), *_TIMES),
}


def schema_of(kind: Kind) -> pa.Schema:
    """The columns of a kind's files."""
    import pyarrow as pa

    fields = []
    for name, letter in FIELDS[kind]:
        if letter == LEVELS:
            fields += [pa.field(f"{name[:-1]}_{part}", pa.list_(pa.float64())) for part in _LEVEL_PARTS]
        else:
            fields.append(pa.field(name, pa.type_for_alias(letter)))
    fields.append(pa.field("ordinal", pa.int64()))
    return pa.schema([field.with_nullable(False) for field in fields])


def table_of(kind: Kind, events: Sequence[MarketEvent], ordinals: Sequence[int]) -> pa.Table:
    """Events of one instrument and kind as a table."""
    import pyarrow as pa

    schema = schema_of(kind)
    arrays: list[Any] = []
    for name, letter in FIELDS[kind]:
        values = list(map(attrgetter(name), events))
        if letter == LEVELS:
            arrays.append([[level[0] for level in levels] for levels in values])
            arrays.append([[level[1] for level in levels] for levels in values])
        elif letter == TEXT:
            arrays.append([value.value for value in values])
        else:
            arrays.append(values)
    arrays.append(ordinals)
    columns = [pa.array(values, field.type) for values, field in zip(arrays, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


class Rows:
    """The rows of one row group, ready to become events."""

    __slots__ = ("_first", "columns", "instrument", "kind", "ordinals", "received")

    def __init__(self, kind: Kind, instrument: InstrumentId, table: pa.Table) -> None:
        self.kind = kind
        self.instrument = instrument
        self.columns = [_column(table, name, letter) for name, letter in FIELDS[kind]]
        self.received: Keys = table.column("received_ns").to_numpy()
        self.ordinals: Keys = table.column("ordinal").to_numpy()
        self._first = 0

    def clip(self, start: int, stop: int) -> None:
        """Forget the rows before ``start`` and from ``stop`` on."""
        self._first += start
        self.received = self.received[start:stop]
        self.ordinals = self.ordinals[start:stop]

    def events(self, start: int, stop: int) -> Iterable[MarketEvent]:
        """The events of rows ``start`` to ``stop``, in order."""
        columns = [column(self._first + start, self._first + stop) for column in self.columns]
        return map(EVENT_OF[self.kind], repeat(self.instrument, stop - start), *columns)


Column = Callable[[int, int], Iterable[object]]
_LEVEL_PARTS: Final = ("prices", "quantities")


def _column(table: pa.Table, name: str, letter: str) -> Column:
    if letter == LEVELS:
        return _levels_column(*(table.column(f"{name[:-1]}_{part}") for part in _LEVEL_PARTS))
    if letter == TEXT:
        texts = table.column(name).to_pylist()
        return lambda start, stop: map(InstrumentState, texts[start:stop])
    values = table.column(name).to_numpy()
    return lambda start, stop: values[start:stop].tolist()


def _levels_column(prices: pa.ChunkedArray, quantities: pa.ChunkedArray) -> Column:
    import numpy as np

    # One array whatever the number of chunks; flatten leaves off what its offsets do not cover.
    prices, quantities = prices.combine_chunks(), quantities.combine_chunks()
    lengths = prices.value_lengths().to_numpy(zero_copy_only=False)
    bounds = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    flat_prices = prices.flatten().to_numpy()
    flat_quantities = quantities.flatten().to_numpy()

    def column(start: int, stop: int) -> Iterable[Levels]:
        begins: list[int] = bounds[start : stop + 1].tolist()
        first = begins[0]
        pairs = tuple(
            zip(
                flat_prices[first : begins[-1]].tolist(),
                flat_quantities[first : begins[-1]].tolist(),
                strict=True,
            )
        )
        return [pairs[a - first : b - first] for a, b in pairwise(begins)]

    return column

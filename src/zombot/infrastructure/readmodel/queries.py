"""Questions to the read model; each opens the file for reading only and waits for no writer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from zombot.infrastructure.readmodel.sqlite import BUSY_SECONDS, ReadModelError

T = TypeVar("T", bound=Struct)


class ArbitrageRecord(Struct, frozen=True, kw_only=True):
    """One arbitrage as it stands."""

    id: int
    strategy: str
    pair: str
    direction: str
    style: str
    state: str
    quantity: Decimal
    gross_bps: float
    net_bps: float
    planned_ns: int
    changed_ns: int
    closed_ns: int
    close_reason: str
    repaired: bool


class FillRecord(Struct, frozen=True, kw_only=True):
    """One match of an order of an arbitrage."""

    sequence: int
    client_order_id: str
    leg: int
    instrument: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    trade_id: str
    maker: bool
    received_ns: int


class RefusalRecord(Struct, frozen=True, kw_only=True):
    """Why not traded: all episodes with one reason."""

    reason: str
    episodes: int
    count: int
    """Evaluations that refused."""
    best_net_bps: float
    last_ns: int


def arbitrages(path: Path, *, states: tuple[str, ...] = (), limit: int = 100) -> list[ArbitrageRecord]:
    """The newest arbitrages, newest first; with ``states`` only those."""
    return _rows(
        path,
        ArbitrageRecord,
        "SELECT * FROM arbitrages WHERE ? = '[]' OR state IN (SELECT value FROM json_each(?))"
        " ORDER BY id DESC LIMIT ?",
        (json.dumps(states), json.dumps(states), limit),
    )


def fills(path: Path, arbitrage: int) -> list[FillRecord]:
    """The fills of one arbitrage, oldest first."""
    return _rows(path, FillRecord, "SELECT * FROM fills WHERE arbitrage = ? ORDER BY sequence", (arbitrage,))


def refusals(path: Path, since_ns: int = 0) -> list[RefusalRecord]:
    """Refusals by reason since a time, the most frequent first."""
    return _rows(
        path,
        RefusalRecord,
        "SELECT reason, count(*) AS episodes, sum(count) AS count, max(net_bps) AS best_net_bps,"
        " max(until_ns) AS last_ns FROM refusals WHERE until_ns >= ? GROUP BY reason"
        " ORDER BY sum(count) DESC, reason",
        (since_ns,),
    )


def ledger_totals(path: Path) -> dict[tuple[str, str], Decimal]:
    """Exact sums of the ledger by (kind, asset); the asset is empty for an instrument's quote asset.

    They are added here because SQLite would add Decimals as floats.
    """
    totals: dict[tuple[str, str], Decimal] = {}
    with _reading(path) as connection:
        for kind, asset, amount in connection.execute("SELECT kind, asset, amount FROM ledger ORDER BY id"):
            totals[kind, asset] = totals.get((kind, asset), Decimal(0)) + Decimal(amount)
    return totals


def _rows(path: Path, kind: type[T], statement: str, values: tuple[object, ...]) -> list[T]:
    with _reading(path) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(statement, values)]
    return msgspec.convert(rows, list[kind], strict=False)  # type: ignore[valid-type]


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise ReadModelError(f"read model: cannot read {path}: {error}") from error

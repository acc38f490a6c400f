"""The tables of the read model in SQLite.

Decimals are TEXT with every digit; times are INTEGER nanoseconds since 1970, 0 for not yet; a ``sequence`` is
that of the fact which a row comes from. Amounts of the ledger are positive when received.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""Raise it with every change below: an older file is then dropped and projected anew."""

TABLES: Final = (
    """CREATE TABLE progress (
        id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, last_sequence INTEGER NOT NULL
    )""",
    """CREATE TABLE events (
        sequence INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, kind TEXT NOT NULL, arbitrage INTEGER,
        client_order_id TEXT, data TEXT NOT NULL
    )""",
    """CREATE TABLE arbitrages (
        id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, strategy TEXT NOT NULL, pair TEXT NOT NULL,
        direction TEXT NOT NULL, style TEXT NOT NULL, state TEXT NOT NULL, quantity TEXT NOT NULL,
        gross_bps REAL NOT NULL, cost_bps REAL NOT NULL, funding_bps REAL NOT NULL, net_bps REAL NOT NULL,
        exit_spread_bps REAL NOT NULL, planned_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
        closed_ns INTEGER NOT NULL DEFAULT 0, close_reason TEXT NOT NULL DEFAULT '',
        repaired INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE legs (
        arbitrage INTEGER NOT NULL, leg INTEGER NOT NULL, instrument TEXT NOT NULL, side TEXT NOT NULL,
        target TEXT NOT NULL, order_quantity TEXT NOT NULL, decision_price TEXT NOT NULL,
        worst_price TEXT NOT NULL, maker INTEGER NOT NULL,
        filled TEXT NOT NULL DEFAULT '0',  -- signed base units of all fills, before fees
        cost TEXT NOT NULL DEFAULT '0',    -- signed quantity x price of all fills, quote units
        PRIMARY KEY (arbitrage, leg)
    ) WITHOUT ROWID""",
    """CREATE TABLE orders (
        client_order_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, arbitrage INTEGER NOT NULL,
        leg INTEGER NOT NULL, step INTEGER NOT NULL, instrument TEXT NOT NULL, side TEXT NOT NULL,
        quantity TEXT NOT NULL, price TEXT, order_type TEXT NOT NULL, time_in_force TEXT NOT NULL,
        reduce_only INTEGER NOT NULL, purpose TEXT NOT NULL, decision_price TEXT NOT NULL,
        state TEXT NOT NULL, filled TEXT NOT NULL DEFAULT '0', venue_order_id TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '', intended_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE fills (
        sequence INTEGER PRIMARY KEY, client_order_id TEXT NOT NULL, arbitrage INTEGER, leg INTEGER,
        instrument TEXT NOT NULL, side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL,
        fee TEXT NOT NULL, fee_asset TEXT NOT NULL, trade_id TEXT NOT NULL, maker INTEGER NOT NULL,
        realized TEXT NOT NULL, venue_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL,
        UNIQUE (client_order_id, trade_id)
    )""",
    """CREATE TABLE ledger (
        id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL,
        kind TEXT NOT NULL,   -- fee, realized, funding, liquidation, adl
        reference TEXT NOT NULL,
        instrument TEXT NOT NULL,
        asset TEXT NOT NULL,  -- empty: the quote asset of the instrument
        amount TEXT NOT NULL, quantity TEXT, price TEXT, arbitrage INTEGER, venue_ns INTEGER NOT NULL,
        UNIQUE (kind, instrument, reference)
    )""",
    """CREATE TABLE refusals (
        sequence INTEGER PRIMARY KEY, strategy TEXT NOT NULL, pair TEXT NOT NULL, direction TEXT NOT NULL,
        reason TEXT NOT NULL, count INTEGER NOT NULL, gross_bps REAL NOT NULL, net_bps REAL NOT NULL,
        since_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL
    )""",
    """CREATE TABLE decisions (
        sequence INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,  -- planned, sent, cancel, exit, advanced, mode, command
        arbitrage INTEGER, what TEXT NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
        time_ns INTEGER NOT NULL
    )""",
    "CREATE INDEX events_kind ON events (kind, sequence)",
    "CREATE INDEX events_arbitrage ON events (arbitrage, sequence) WHERE arbitrage IS NOT NULL",
    "CREATE INDEX events_order ON events (client_order_id, sequence) WHERE client_order_id IS NOT NULL",
    "CREATE INDEX arbitrages_state ON arbitrages (state, id)",
    "CREATE INDEX arbitrages_pair ON arbitrages (pair, id)",
    "CREATE INDEX orders_arbitrage ON orders (arbitrage, leg)",
    "CREATE INDEX orders_state ON orders (state, intended_ns)",
    "CREATE INDEX fills_arbitrage ON fills (arbitrage, sequence)",
    "CREATE INDEX fills_time ON fills (received_ns)",
    "CREATE INDEX ledger_time ON ledger (venue_ns)",
    "CREATE INDEX ledger_arbitrage ON ledger (arbitrage) WHERE arbitrage IS NOT NULL",
    "CREATE INDEX refusals_reason ON refusals (reason, until_ns)",
    "CREATE INDEX decisions_arbitrage ON decisions (arbitrage, sequence)",
)

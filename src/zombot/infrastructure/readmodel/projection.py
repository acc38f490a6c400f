"""What each fact changes in the tables.

Facts that the journal holds twice (a report that came again) change nothing the second time: fills are known
by order and trade, bills by their id.
"""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from zombot.domain import events
from zombot.domain.arbitrage import FINAL, ArbitrageState
from zombot.domain.events import Fact
from zombot.domain.order import TRANSITIONS, Fill, OrderEvent, OrderState, Purpose
from zombot.ports.journal import JournalEntry

_JSON: Final = msgspec.json.Encoder(order="deterministic")


def json_of(fact: Fact) -> str:
    """The fact as ``events.data`` holds it."""
    return _JSON.encode(fact).decode()


def text(value: Decimal) -> str:
    """Every digit, no exponent."""
    return format(value, "f")


def _stored(value: object) -> object:
    """A value as a column holds it."""
    if isinstance(value, Decimal):
        return text(value)
    return value.value if isinstance(value, enum.Enum) else value


class Projection:
    """Applies entries over one connection; the caller owns the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._statements: dict[tuple[str, ...], str] = {}
        self._handlers: dict[type, Callable[[int, Any], None]] = {
            events.OrderAccepted: self._accepted,
            events.OrderRejected: lambda s, f: self._advance(f, OrderEvent.REJECTED, f.reason),
            events.OrderCanceled: lambda s, f: self._advance(f, OrderEvent.CANCELED, f.reason),
            events.OrderUnknown: lambda s, f: self._advance(f, OrderEvent.LOST, f.reason),
            events.OrderNotFound: lambda s, f: self._advance(f, OrderEvent.NOT_FOUND, "not found"),
            events.OrderFilled: self._filled,
            events.ForcedFill: self._forced,
            events.FundingPaid: self._funding,
            events.ArbitragePlanned: self._planned,
            events.OrdersIntended: self._intended,
            events.CancelIntended: lambda s, f: self._decide(s, f, "cancel", f.client_order_id),
            events.ExitDecided: self._exit,
            events.ArbitrageAdvanced: self._advanced,
            events.OpportunityRefused: self._refused,
            events.ModeChanged: lambda s, f: self._decide(s, f, "mode", f.mode.value),
            events.Command: lambda s, f: self._decide(s, f, "command", f.kind.value),
        }

    def apply(self, entry: JournalEntry) -> None:
        """Change the tables by one fact."""
        fact = entry.fact
        order = fact.fill.client_order_id if isinstance(fact, events.OrderFilled) else None
        self._insert(
            "events",
            sequence=entry.sequence,
            time_ns=fact.received_ns,
            kind=type(fact).__name__,
            arbitrage=getattr(fact, "arbitrage", None),
            client_order_id=order or getattr(fact, "client_order_id", None),
            data=json_of(fact),
        )
        handler = self._handlers.get(type(fact))
        if handler is not None:
            handler(entry.sequence, fact)

    def _insert(self, table: str, **columns: object) -> bool:
        """Add a row; False when one with its key is there already."""
        key = (table, *columns)
        statement = self._statements.get(key)
        if statement is None:
            marks = ", ".join("?" * len(columns))
            # Names of tables and columns are keywords in this module, never data.
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
            self._statements[key] = statement
        values = [_stored(value) for value in columns.values()]
        return self._execute(statement, values).rowcount == 1

    # --- orders and fills --------------------------------------------------------------------------------

    def _intended(self, sequence: int, fact: events.OrdersIntended) -> None:
        for request in fact.requests:
            self._insert(
                "orders",
                client_order_id=request.client_order_id,
                sequence=sequence,
                arbitrage=request.arbitrage,
                leg=request.leg,
                step=fact.step,
                instrument=request.instrument,
                side=request.side,
                quantity=request.quantity,
                price=request.price,
                order_type=request.order_type,
                time_in_force=request.time_in_force,
                reduce_only=request.reduce_only,
                purpose=request.purpose,
                decision_price=request.decision_price,
                state=OrderState.IN_FLIGHT,
                intended_ns=fact.received_ns,
                changed_ns=fact.received_ns,
            )
        if any(request.purpose is Purpose.REPAIR for request in fact.requests):
            self._execute("UPDATE arbitrages SET repaired = 1 WHERE id = ?", (fact.arbitrage,))
        self._decide(sequence, fact, "sent", " ".join(r.client_order_id for r in fact.requests))

    def _accepted(self, _: int, fact: events.OrderAccepted) -> None:
        self._advance(fact, OrderEvent.ACCEPTED, "")
        self._execute(
            "UPDATE orders SET venue_order_id = ? WHERE client_order_id = ?",
            (fact.venue_order_id, fact.client_order_id),
        )

    def _advance(self, fact: Any, event: OrderEvent, reason: str) -> None:  # noqa: ANN401 - any order's report
        row = self._execute(
            "SELECT state, reason FROM orders WHERE client_order_id = ?", (fact.client_order_id,)
        ).fetchone()
        if row is not None:
            state = OrderState(row[0])
            after = TRANSITIONS.get((state, event), state)
            self._execute(
                "UPDATE orders SET state = ?, reason = ?, changed_ns = ? WHERE client_order_id = ?",
                (after.value, reason or row[1], fact.received_ns, fact.client_order_id),
            )

    def _filled(self, sequence: int, fact: events.OrderFilled) -> None:
        fill = fact.fill
        order = self._execute(
            "SELECT arbitrage, leg, state, filled, quantity FROM orders WHERE client_order_id = ?",
            (fill.client_order_id,),
        ).fetchone()
        arbitrage, leg = (None, None) if order is None else order[:2]
        new = self._insert(
            "fills",
            sequence=sequence,
            client_order_id=fill.client_order_id,
            arbitrage=arbitrage,
            leg=leg,
            instrument=fill.instrument,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            trade_id=fill.trade_id,
            maker=fill.maker,
            realized=fill.realized,
            venue_ns=fill.venue_ns,
            received_ns=fill.received_ns,
        )
        if not new:
            return
        self._book_fill(sequence, fill, arbitrage)
        if order is not None:
            self._fill_order(fact, OrderState(order[2]), Decimal(order[3]) + fill.quantity, Decimal(order[4]))
            self._fill_leg(order[0], order[1], fill)

    def _fill_order(
        self, fact: events.OrderFilled, state: OrderState, filled: Decimal, ordered: Decimal
    ) -> None:
        event = OrderEvent.COMPLETED if filled >= ordered else OrderEvent.FILL
        self._execute(
            "UPDATE orders SET filled = ?, state = ?, changed_ns = ? WHERE client_order_id = ?",
            (text(filled), TRANSITIONS[state, event].value, fact.received_ns, fact.fill.client_order_id),
        )

    def _fill_leg(self, arbitrage: int, leg: int, fill: Fill) -> None:
        row = self._execute(
            "SELECT filled, cost FROM legs WHERE arbitrage = ? AND leg = ?", (arbitrage, leg)
        ).fetchone()
        if row is not None:
            signed = fill.signed_quantity
            self._execute(
                "UPDATE legs SET filled = ?, cost = ? WHERE arbitrage = ? AND leg = ?",
                (text(Decimal(row[0]) + signed), text(Decimal(row[1]) + signed * fill.price), arbitrage, leg),
            )

    # --- ledger ------------------------------------------------------------------------------------------

    def _book_fill(self, sequence: int, fill: Fill, arbitrage: int | None) -> None:
        parts = (("fee", fill.fee_asset, -fill.fee), ("realized", "", fill.realized))
        for kind, asset, amount in parts:
            if amount:
                self._insert(
                    "ledger",
                    sequence=sequence,
                    kind=kind,
                    reference=f"{fill.client_order_id}/{fill.trade_id}",
                    instrument=fill.instrument,
                    asset=asset,
                    amount=amount,
                    arbitrage=arbitrage,
                    venue_ns=fill.venue_ns,
                )

    def _funding(self, sequence: int, fact: events.FundingPaid) -> None:
        self._insert(
            "ledger",
            sequence=sequence,
            kind="funding",
            reference=fact.bill_id,
            instrument=fact.instrument,
            asset="",
            amount=fact.amount,
            quantity=fact.quantity,
            price=fact.mark,
            venue_ns=fact.venue_ns,
        )

    def _forced(self, sequence: int, fact: events.ForcedFill) -> None:
        self._insert(
            "ledger",
            sequence=sequence,
            kind=fact.kind,
            reference=fact.trade_id,
            instrument=fact.instrument,
            asset="",
            amount=fact.realized - fact.fee,
            quantity=fact.side.sign * fact.quantity,
            price=fact.price,
            venue_ns=fact.venue_ns,
        )

    # --- decisions ---------------------------------------------------------------------------------------

    def _planned(self, sequence: int, fact: events.ArbitragePlanned) -> None:
        self._insert(
            "arbitrages",
            id=fact.arbitrage,
            sequence=sequence,
            strategy=fact.strategy,
            pair=fact.pair,
            direction=fact.direction,
            style=fact.style,
            state=ArbitrageState.PLANNED,
            quantity=fact.quantity,
            gross_bps=fact.gross_bps,
            cost_bps=fact.cost_bps,
            funding_bps=fact.funding_bps,
            net_bps=fact.net_bps,
            exit_spread_bps=fact.exit_spread_bps,
            planned_ns=fact.received_ns,
            changed_ns=fact.received_ns,
        )
        for number, leg in enumerate(fact.legs):
            self._insert(
                "legs",
                arbitrage=fact.arbitrage,
                leg=number,
                instrument=leg.instrument,
                side=leg.side,
                target=leg.target,
                order_quantity=leg.order_quantity,
                decision_price=leg.decision_price,
                worst_price=leg.worst_price,
                maker=leg.maker,
            )
        self._decide(sequence, fact, "planned", f"{fact.pair} {fact.direction}")

    def _exit(self, sequence: int, fact: events.ExitDecided) -> None:
        self._execute(
            "UPDATE arbitrages SET close_reason = ? WHERE id = ? AND close_reason = ''",
            (fact.reason, fact.arbitrage),
        )
        self._decide(sequence, fact, "exit", " ".join(text(price) for price in fact.decision_prices))

    def _advanced(self, sequence: int, fact: events.ArbitrageAdvanced) -> None:
        closed_ns = fact.received_ns if fact.state in FINAL else 0
        self._execute(
            "UPDATE arbitrages SET state = ?, changed_ns = ?, closed_ns = ? WHERE id = ?",
            (fact.state.value, fact.received_ns, closed_ns, fact.arbitrage),
        )
        self._decide(sequence, fact, "advanced", f"{fact.event.value} {fact.state.value}")

    def _refused(self, sequence: int, fact: events.OpportunityRefused) -> None:
        self._insert(
            "refusals",
            sequence=sequence,
            strategy=fact.strategy,
            pair=fact.pair,
            direction=fact.direction,
            reason=fact.reason,
            count=fact.count,
            gross_bps=fact.gross_bps,
            net_bps=fact.net_bps,
            since_ns=fact.since_ns,
            until_ns=fact.received_ns,
        )

    def _decide(self, sequence: int, fact: Any, kind: str, what: str) -> None:  # noqa: ANN401 - any decision
        self._insert(
            "decisions",
            sequence=sequence,
            kind=kind,
            arbitrage=getattr(fact, "arbitrage", None),
            what=what,
            reason=getattr(fact, "reason", ""),
            by=getattr(fact, "by", ""),
            time_ns=fact.received_ns,
        )

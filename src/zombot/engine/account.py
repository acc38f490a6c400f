"""Account events at the door: duplicates and strangers are told apart before anything is journaled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from zombot.domain.arbitrage import ArbitrageState
from zombot.domain.effects import AlertLevel
from zombot.domain.events import (
    AccountEvent,
    BalanceReported,
    CancelRejected,
    FillIgnored,
    ForcedFill,
    FundingPaid,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    OrderUnknown,
    PositionReported,
)
from zombot.domain.order import Order, OrderState
from zombot.engine.config import ExecutionConfig
from zombot.engine.execution import Saga
from zombot.engine.legs import is_flat
from zombot.engine.outbox import Outbox
from zombot.engine.repair import is_settled
from zombot.engine.state import EngineState


class AccountDesk:
    """Takes what a venue says about our account and hands on what is news."""

    def __init__(self, state: EngineState, outbox: Outbox, saga: Saga, config: ExecutionConfig) -> None:
        self._state = state
        self._outbox = outbox
        self._saga = saga
        self._config = config
        self.duplicates = 0
        """Reports that said nothing new."""
        self.touched: Callable[[], None] = lambda: None
        """Called after an arbitrage may have begun or ended."""
        self.handlers: dict[type, Callable[[Any, int], None]] = {
            OrderAccepted: self._order_event,
            OrderRejected: self._order_event,
            OrderCanceled: self._order_event,
            OrderUnknown: self._order_event,
            OrderNotFound: self._not_found,
            CancelRejected: self._cancel_rejected,
            OrderFilled: self._filled,
            ForcedFill: self._forced,
            FundingPaid: self._funding,
            BalanceReported: self._balance,
            PositionReported: self._position,
        }

    def take(self, event: AccountEvent, now_ns: int) -> None:
        """Apply one account event and let the saga go on."""
        self.handlers[type(event)](event, now_ns)

    def _order(self, identifier: str, what: str, now_ns: int) -> Order | None:
        order = self._state.durable.orders.get(identifier)  # type: ignore[call-overload]
        if order is None:
            self._stranger(identifier, f"{what} for an order that is not ours", now_ns)
        return order  # type: ignore[no-any-return]

    def _stranger(self, identifier: str, what: str, now_ns: int) -> None:
        """Something that happened on the account is not this bot's doing: keep a record, tell a human."""
        self._outbox.decide(FillIgnored(client_order_id=identifier, what=what, received_ns=now_ns))
        self._outbox.alert(AlertLevel.WARNING, f"{what}: {identifier or '-'}")

    def _order_event(
        self, event: OrderAccepted | OrderRejected | OrderCanceled | OrderUnknown, now_ns: int
    ) -> None:
        order = self._order(event.client_order_id, type(event).__name__, now_ns)
        if order is None:
            return
        if self._says_nothing_new(order, event):
            self.duplicates += 1
            return
        self._outbox.decide(event)
        if order.state is OrderState.UNKNOWN:
            self._saga.ask_soon(order, now_ns)
        self._changed(order, now_ns)

    def _says_nothing_new(
        self, order: Order, event: OrderAccepted | OrderRejected | OrderCanceled | OrderUnknown
    ) -> bool:
        if isinstance(event, OrderCanceled) and event.filled > order.reported_filled:
            return False
        if isinstance(event, OrderRejected) and order.filled > 0:
            return True
        settled = order.state in {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED}
        if isinstance(event, OrderAccepted):
            # A reordered acceptance behind the end is old news; only a fill contradicts a rejection.
            return settled or order.state in {OrderState.LIVE, OrderState.PARTIALLY_FILLED}
        return settled

    def _not_found(self, event: OrderNotFound, now_ns: int) -> None:
        """The venue does not know the order: final only when it cannot arrive any more."""
        order = self._order(event.client_order_id, "OrderNotFound", now_ns)
        if order is None:
            return
        dead_ns = order.request.expire_ns + self._config.answer_ns
        lacks_fills = order.state is OrderState.CANCELED and not order.final
        if now_ns < dead_ns or not (order.state is OrderState.UNKNOWN or lacks_fills):
            self.duplicates += 1
            return
        if order.filled > 0:
            self._outbox.alert(
                AlertLevel.CRITICAL,
                f"order {event.client_order_id}: the venue does not know it any more, with {order.filled} of "
                f"{order.request.quantity} filled as far as we heard",
            )
        self._outbox.decide(event)
        self._changed(order, now_ns)

    def _cancel_rejected(self, event: CancelRejected, now_ns: int) -> None:
        order = self._order(event.client_order_id, "CancelRejected", now_ns)
        if order is None or not order.cancel_requested:
            return
        self._outbox.decide(event)
        if order.final:
            return
        # Filled, cancelled, gone or never reached: only the venue's answer to a question tells.
        self._outbox.decide(
            OrderUnknown(
                client_order_id=event.client_order_id,
                reason=f"cancel refused: {event.reason}",
                received_ns=now_ns,
            )
        )
        self._saga.ask_soon(order, now_ns)

    def _filled(self, event: OrderFilled, now_ns: int) -> None:
        fill = event.fill
        order = self._order(fill.client_order_id, f"fill of {fill.quantity} {fill.instrument}", now_ns)
        if order is None:
            return
        if fill.trade_id in order.trade_ids:
            self.duplicates += 1
            return
        self._outbox.decide(event)
        if order.filled > order.request.quantity:
            self._outbox.alert(
                AlertLevel.CRITICAL,
                f"order {fill.client_order_id} overfilled: {order.filled} of {order.request.quantity}",
            )
        self._changed(order, now_ns)

    def _forced(self, event: ForcedFill, now_ns: int) -> None:
        """A liquidation or auto-deleveraging: the other legs follow in this same decision."""
        if event.instrument not in self._state.instruments:
            self._stranger(event.trade_id, f"{event.kind} of {event.instrument}, not configured", now_ns)
            return
        if f"{event.instrument}/forced/{event.trade_id}" in self._state.durable.ledger.bills:
            self.duplicates += 1
            return
        hit = [
            a
            for a in self._state.durable.arbitrages.values()
            if any(leg.instrument == event.instrument and leg.net for leg in a.legs)
        ]
        self._outbox.decide(event)
        self._outbox.alert(
            AlertLevel.CRITICAL, f"{event.kind} of {event.quantity} {event.instrument} at {event.price}"
        )
        for arbitrage in hit:
            self._saga.legs_changed(arbitrage, now_ns)
        self.touched()

    def _funding(self, event: FundingPaid, now_ns: int) -> None:
        if event.instrument not in self._state.instruments:
            self._stranger(event.bill_id, f"funding of {event.instrument}, which is not configured", now_ns)
            return
        venue = self._state.instruments[event.instrument].venue
        if f"{venue}/{event.bill_id}" in self._state.durable.ledger.bills:
            self.duplicates += 1
            return
        self._outbox.decide(event)

    def _balance(self, event: BalanceReported, now_ns: int) -> None:
        key = f"{event.venue}/{event.asset}"
        if self._state.durable.reported_balances.get(key) != event.total:
            self._outbox.decide(event)

    def _position(self, event: PositionReported, now_ns: int) -> None:
        if self._state.durable.reported_positions.get(event.instrument) != event:
            self._outbox.decide(event)

    def _changed(self, order: Order, now_ns: int) -> None:
        """Let the saga go on with the order's arbitrage, and with others whose legs the report moved."""
        durable = self._state.durable
        arbitrage = durable.arbitrage(order.request.arbitrage)
        before = arbitrage.state
        self._saga.order_changed(order, now_ns)
        instruments = self._state.instruments
        moved = [
            other
            for other in durable.arbitrages.values()
            if other is not arbitrage
            and not other.working
            and (is_flat(other, instruments) or not is_settled(other, instruments))
        ]
        for other in moved:
            self._saga.legs_changed(other, now_ns)
        if moved or arbitrage.state is not before or before is ArbitrageState.PLANNED:
            self.touched()

    def differences(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Where the ledger and the venue's last reports differ: asset or instrument -> (ours, theirs)."""
        durable = self._state.durable
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for key, total in durable.reported_balances.items():
            ours = durable.ledger.balances.get(key, Decimal(0))
            if ours != total:
                found[key] = (ours, total)
        for instrument, report in durable.reported_positions.items():
            holding = durable.ledger.holdings.get(instrument)
            ours = holding.quantity if holding is not None else Decimal(0)
            if ours != report.quantity:
                found[instrument] = (ours, report.quantity)
        return found

"""Builds and sends orders: derived ids, prices on the grid, intent before action."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from zombot.domain.arbitrage import Arbitrage
from zombot.domain.effects import CancelOrder, PlaceOrders, QueryOrder, SetTimer
from zombot.domain.events import CancelIntended, OrdersIntended, QueryIntended
from zombot.domain.identifiers import derive_client_order_id
from zombot.domain.money import ceil_float, floor_float
from zombot.domain.order import Order, OrderRequest, OrderType, Purpose, Side, TimeInForce
from zombot.engine.config import ExecutionConfig
from zombot.engine.outbox import Outbox
from zombot.engine.risk_gate import RiskGate
from zombot.engine.state import EngineState


class Draft(Struct, frozen=True, kw_only=True):
    """An order before it has an id."""

    leg: int
    side: Side
    quantity: Decimal
    price: Decimal | None
    """None sends it at market."""
    purpose: Purpose
    decision_price: Decimal
    reduce_only: bool = False
    resting: bool = False
    """Post-only and without a deadline, cancelled by a timer."""


def reaching_price(touch: float, side: Side, tick: Decimal, slippage_bps: float) -> Decimal:
    """A limit that reaches past the touch by at most ``slippage_bps``, on the grid."""
    factor = 1.0 + side.sign * slippage_bps / 10_000.0
    reach = floor_float if side is Side.BUY else ceil_float
    return max(reach(touch * factor, tick), tick)


class OrderDesk:
    """The only place that makes order requests."""

    def __init__(self, state: EngineState, outbox: Outbox, gate: RiskGate, config: ExecutionConfig) -> None:
        self._state = state
        self._outbox = outbox
        self._gate = gate
        self._config = config

    def send(self, arbitrage: Arbitrage, drafts: Sequence[Draft], now_ns: int) -> None:
        """Journal the intent of one step and ask for its orders, all in one effect."""
        step = arbitrage.step + 1
        attempts = [leg.attempts for leg in arbitrage.legs]
        requests = []
        for draft in drafts:
            requests.append(self._request(arbitrage, draft, attempts[draft.leg], now_ns))
            attempts[draft.leg] += 1
            self._gate.sent(now_ns)
        batch = tuple(requests)
        self._outbox.decide(
            OrdersIntended(arbitrage=arbitrage.id, step=step, requests=batch, received_ns=now_ns)
        )
        self._outbox.ask(PlaceOrders(batch))
        wait_ns = self._config.order_ns + self._config.answer_ns
        self._outbox.ask(SetTimer(f"answer/{arbitrage.id}/{step}", now_ns + wait_ns))
        if any(draft.resting for draft in drafts):
            self._outbox.ask(SetTimer(f"maker/{arbitrage.id}", now_ns + self._config.maker_ns))

    def cancel(self, order: Order, reason: str, now_ns: int, *, again: bool = False) -> None:
        """Ask for the cancellation of a resting order, once unless ``again``."""
        if order.final or (order.cancel_requested and not again):
            return
        identifier = order.request.client_order_id
        self._outbox.decide(CancelIntended(client_order_id=identifier, reason=reason, received_ns=now_ns))
        self._outbox.ask(CancelOrder(identifier, order.request.instrument))
        # A cancel can be lost as well: look again after a while.
        self._outbox.ask(
            SetTimer(f"answer/{order.request.arbitrage}/cancel", now_ns + self._config.answer_ns)
        )

    def query(self, order: Order, now_ns: int) -> None:
        """Ask the venue what became of an order."""
        identifier = order.request.client_order_id
        self._outbox.decide(QueryIntended(client_order_id=identifier, received_ns=now_ns))
        self._outbox.ask(QueryOrder(identifier, order.request.instrument))

    def _request(self, arbitrage: Arbitrage, draft: Draft, attempt: int, now_ns: int) -> OrderRequest:
        durable = self._state.durable
        return OrderRequest(
            client_order_id=derive_client_order_id(
                bot=durable.bot, epoch=durable.epoch, arbitrage=arbitrage.id, leg=draft.leg, attempt=attempt
            ),
            instrument=arbitrage.legs[draft.leg].instrument,
            side=draft.side,
            quantity=draft.quantity,
            price=draft.price,
            order_type=OrderType.MARKET if draft.price is None else OrderType.LIMIT,
            time_in_force=TimeInForce.POST_ONLY if draft.resting else TimeInForce.IOC,
            reduce_only=draft.reduce_only,
            expire_ns=now_ns + self._config.order_ns,
            arbitrage=arbitrage.id,
            leg=draft.leg,
            purpose=draft.purpose,
            decision_price=draft.decision_price,
        )

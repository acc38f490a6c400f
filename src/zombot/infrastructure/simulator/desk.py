"""The order desk: an order's life at the venue and what it ties up while it rests."""

from __future__ import annotations

from decimal import Decimal

from zombot.domain.errors import InvariantViolation
from zombot.domain.identifiers import Asset
from zombot.domain.money import ONE, ZERO
from zombot.domain.order import OrderRequest, Side
from zombot.infrastructure.simulator import reasons, reports
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.margin import initial_margin
from zombot.infrastructure.simulator.market import MarketState
from zombot.infrastructure.simulator.orders import VenueOrder, VenueOrderState
from zombot.infrastructure.simulator.state import VenueState


class OrderDesk:
    """Accepts, ends and trims orders, and keeps what they reserve covered."""

    __slots__ = ("_state",)

    def __init__(self, state: VenueState) -> None:
        self._state = state

    def open(
        self, account: Account, request: OrderRequest, market: MarketState, *, muted: bool
    ) -> VenueOrder:
        """The venue's record of an order that has come in; nobody is told yet."""
        number = self._state.next_order()
        order = VenueOrder(account.id, request, market.instrument, sequence=number, order_id=str(number))
        order.muted = muted
        return order

    def refuse(self, account: Account, request: OrderRequest, reason: str, *, muted: bool) -> None:
        """Reject what never became an order."""
        if not muted:
            self._state.say(
                account, reports.rejected(request.client_order_id, reason, self._state.scheduler.now_ns)
            )

    def reject(self, order: VenueOrder, reason: str) -> None:
        """Reject an order and remember that it was."""
        order.state, order.reason = VenueOrderState.REJECTED, reason
        account = self._state.accounts[order.account_id]
        account.remember(order)
        self.refuse(account, order.request, reason, muted=order.muted)

    def accept(self, order: VenueOrder) -> None:
        """The venue has the order."""
        self._state.accounts[order.account_id].pending[order.request.client_order_id] = order
        self._state.say_order(order, reports.accepted(order, self._state.scheduler.now_ns))

    def finish(self, order: VenueOrder) -> None:
        """Everything that could be filled is: the fills say so, unless less than was asked for is."""
        if order.filled < order.request.quantity:
            self.cancel(order, reasons.REDUCE_ONLY_TRIMMED)
        else:
            self._end(order, VenueOrderState.FILLED)

    def cancel(self, order: VenueOrder, reason: str) -> None:
        """End an order with what it has filled so far."""
        order.reason = reason
        self._end(order, VenueOrderState.CANCELED)
        self._state.say_order(order, reports.canceled(order, self._state.scheduler.now_ns))

    def settle(self, account: Account, market: MarketState) -> None:
        """After any change of an account's orders or position in a market: trim, reserve, stay covered."""
        if not market.instrument.is_spot:
            for side in Side:
                self._trim(account, market, side)
        self._reserve(account, market)
        self._cover(account, market.instrument.base if market.instrument.is_spot else market.instrument.quote)
        self._cover(account, market.instrument.quote)
        market.watch()

    def _end(self, order: VenueOrder, state: VenueOrderState) -> None:
        account = self._state.accounts[order.account_id]
        order.state = state
        account.reserve(order, ZERO)
        self._state.markets[order.instrument.id].remove(order)
        account.pending.pop(order.request.client_order_id, None)
        account.remember(order)

    def _trim(self, account: Account, market: MarketState, side: Side) -> None:
        """Together, resting reduce-only orders never exceed the position that they reduce."""
        left = max(ZERO, -side.sign * account.held(market.instrument.id))
        for order in list(market.resting(side)):
            if order.account_id != account.id or not order.request.reduce_only:
                continue
            if order.remaining > left:
                order.quantity = order.filled + left
            left -= order.remaining
            if not order.remaining:
                self.cancel(order, reasons.REDUCE_ONLY_TRIMMED)

    def _reserve(self, account: Account, market: MarketState) -> None:
        for side in Side:
            closable = max(ZERO, -side.sign * account.held(market.instrument.id))
            for order in market.resting(side):
                if order.account_id != account.id:
                    continue
                closing = min(closable, order.remaining)
                closable -= closing
                account.reserve(order, self._needed(account, order, order.remaining - closing))

    def _needed(self, account: Account, order: VenueOrder, opening: Decimal) -> Decimal:
        """What a resting order ties up; of a perpetual, only the part that opens needs margin."""
        instrument = order.instrument
        if order.price is None:
            raise InvariantViolation(f"order {order.venue_order_id}: rests without a price")
        rates = self._state.fees.rates(instrument)
        fee_rate = max(ZERO, rates.maker)
        if not instrument.is_spot:
            notional = opening * order.price
            return initial_margin(notional, account.leverage_of(instrument.id)) + notional * fee_rate
        if order.side is Side.SELL:
            return order.remaining
        return order.remaining * order.price * (ONE if rates.buy_in_base else ONE + fee_rate)

    def _cover(self, account: Account, asset: Asset) -> None:
        """Cancel the newest orders until nothing is tied up that is not there."""
        while account.available(asset) < 0:
            tied = [o for o in account.pending.values() if o.reserved > 0 and o.reserved_asset == asset]
            if not tied:
                raise InvariantViolation(
                    f"account {account.id}: {account.available(asset)} {asset} available, nothing to cancel"
                )
            order = max(tied, key=lambda candidate: candidate.sequence)
            market = self._state.markets[order.instrument.id]
            self.cancel(order, reasons.INSUFFICIENT_MARGIN)
            self._reserve(account, market)
            market.watch()

"""Clearing: every way in which money and positions change at the venue, each booked to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from zombot.domain.events import ForcedFill, FundingPaid
from zombot.domain.identifiers import Asset
from zombot.domain.market import FundingRate
from zombot.domain.money import ZERO, ceil_to, floor_to
from zombot.domain.order import Fill, Side
from zombot.infrastructure.simulator import reasons, reports
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.desk import OrderDesk
from zombot.infrastructure.simulator.margin import (
    Position,
    bankruptcy_price,
    initial_margin,
    liquidation_price,
    must_liquidate,
)
from zombot.infrastructure.simulator.market import MarketState
from zombot.infrastructure.simulator.orders import VenueOrder
from zombot.infrastructure.simulator.state import VenueState

TRIGGER_MARGIN: Final = 1e-9
"""Relative; wider than the rounding of a float, so that the exact check is never skipped when it is due."""


class Clearing:
    """Books fills, funding, liquidations and auto-deleveraging."""

    __slots__ = ("_desk", "_state")

    def __init__(self, state: VenueState, desk: OrderDesk) -> None:
        self._state = state
        self._desk = desk

    # --- fills ---

    def book(
        self, order: VenueOrder, *, price: Decimal, quantity: Decimal, maker: bool, trade_id: str
    ) -> None:
        """Book one match of an order and report it; ends the order when nothing is left of it."""
        account = self._state.accounts[order.account_id]
        account.reserve(order, ZERO)  # whoever calls lets the desk settle, which reserves for the rest again
        instrument = order.instrument
        fee, fee_asset = self._state.fees.fee(
            instrument, order.side, quantity=quantity, price=price, maker=maker
        )
        realized = ZERO
        if instrument.is_spot:
            self._exchange(account, order, price=price, quantity=quantity, trade_id=trade_id)
        else:
            realized, fee = self._trade_perpetual(
                account, order, price=price, quantity=quantity, fee=fee, trade_id=trade_id
            )
        self._change(account, fee_asset, -fee, "fee", order, trade_id)
        now_ns = self._state.scheduler.now_ns
        fill = Fill(
            client_order_id=order.request.client_order_id,
            instrument=instrument.id,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_asset=fee_asset,
            trade_id=trade_id,
            maker=maker,
            realized=realized,
            venue_ns=now_ns,
            received_ns=now_ns,
        )
        order.filled += quantity
        order.fills.append(fill)
        account.fills.append(fill)
        self._state.say_order(order, reports.filled(fill), is_fill=True)
        if not order.remaining:
            self._desk.finish(order)

    def _exchange(
        self, account: Account, order: VenueOrder, *, price: Decimal, quantity: Decimal, trade_id: str
    ) -> None:
        base, quote = order.instrument.base, order.instrument.quote
        if order.side is Side.BUY:
            self._change(account, quote, -price * quantity, "trade", order, trade_id)
            self._change(account, base, quantity, "trade", order, trade_id)
        else:
            self._change(account, base, -quantity, "trade", order, trade_id)
            self._change(account, quote, price * quantity, "trade", order, trade_id)

    def _trade_perpetual(
        self,
        account: Account,
        order: VenueOrder,
        *,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        trade_id: str,
    ) -> tuple[Decimal, Decimal]:
        """Close, open or both; returns the profit paid out and the fee, as far as they could be paid."""
        quote, sign = order.instrument.quote, order.side.sign
        position = account.position(order.instrument.id)
        closing = min(quantity, max(ZERO, -sign * position.quantity))
        opening = quantity - closing
        realized = released = ZERO
        if closing:
            cost, released = position.release(closing)
            realized = -sign * closing * price - cost
            account.lock(quote, -released)
        margin = initial_margin(opening * price, account.leverage_of(order.instrument.id))
        missing = -(account.available(quote) + realized - fee - margin)
        if (
            missing > 0 and closing
        ):  # through the bankruptcy price: the insurance fund pays, then the fee goes
            covered = min(missing, max(ZERO, -realized))
            realized += covered
            account.insured += covered
            fee -= min(missing - covered, max(ZERO, fee))
        self._change(account, quote, realized, "realized", order, trade_id)
        position.quantity += sign * opening
        position.cost += sign * opening * price
        position.margin += margin
        account.lock(quote, margin)
        self._position_changed(account, self._state.markets[order.instrument.id], position)
        return realized, fee

    # --- funding ---

    def pay_funding(self, market: MarketState, event: FundingRate) -> None:
        """Settle one funding time with every account that holds the perpetual at this instant."""
        reference = market.reference()
        if reference is None:
            return
        for account in list(market.holders.values()):
            self._pay_funding(account, market, event, mark=Decimal(repr(reference)))

    def _pay_funding(
        self, account: Account, market: MarketState, event: FundingRate, *, mark: Decimal
    ) -> None:
        instrument, rate = market.instrument, Decimal(repr(event.rate))
        position = account.position(instrument.id)
        amount = -position.quantity * mark * rate + ZERO  # adding 0 makes a 0 of a -0
        if amount < 0:
            amount = -self._collect(account, market, position, due=-amount, mark=mark)
        now_ns = self._state.scheduler.now_ns
        bill_id = f"{account.id}-{instrument.symbol}-funding-{event.funding_ns}"
        account.change(
            instrument.quote,
            amount,
            "funding",
            instrument=instrument.id,
            reference="",
            now_ns=now_ns,
            bill_id=bill_id,
        )
        quantity = position.quantity
        self._state.say(
            account,
            lambda received_ns: FundingPaid(
                instrument=instrument.id,
                amount=amount,
                rate=rate,
                mark=mark,
                quantity=quantity,
                bill_id=bill_id,
                venue_ns=now_ns,
                received_ns=received_ns,
            ),
            durable=True,
        )

    def _collect(
        self, account: Account, market: MarketState, position: Position, *, due: Decimal, mark: Decimal
    ) -> Decimal:
        """What can be paid: free money first, then margin down to what the position must keep."""
        quote = market.instrument.quote
        paid = min(due, account.available(quote))
        if paid < due:
            rate = self._state.risk_rate(market.instrument, position.quantity)
            must_keep = abs(position.quantity) * mark * rate
            spare = position.margin + min(ZERO, position.unrealized(mark)) - must_keep
            from_margin = min(due - paid, max(ZERO, spare))
            position.margin -= from_margin
            account.lock(quote, -from_margin)
            self._position_changed(account, market, position)
            paid += from_margin
        return paid

    # --- positions that the venue closes itself ---

    def check_liquidations(self, market: MarketState, mark: float) -> None:
        """Take over every position whose margin ratio is 1 or less at this price."""
        for account in list(market.holders.values()):
            position = account.position(market.instrument.id)
            if not position.trigger or mark <= 0:
                continue
            safe = (
                mark > position.trigger * (1 + TRIGGER_MARGIN)
                if position.quantity > 0
                else mark < position.trigger * (1 - TRIGGER_MARGIN)
            )
            if safe:
                continue
            rate = self._state.risk_rate(market.instrument, position.quantity)
            if must_liquidate(position, Decimal(repr(mark)), rate):
                self._liquidate(account, market, position)

    def _liquidate(self, account: Account, market: MarketState, position: Position) -> None:
        for side in Side:
            for order in [o for o in market.resting(side) if o.account_id == account.id]:
                self._desk.cancel(order, reasons.LIQUIDATION)
        price = bankruptcy_price(position, market.instrument.tick)
        self._force(account, market, price=price, quantity=abs(position.quantity), kind="liquidation")

    def deleverage(self, account: Account, market: MarketState, quantity: Decimal) -> None:
        """Close a part of a position against the other side's bankrupt one, at mark price, without a fee."""
        position = account.position(market.instrument.id)
        quantity = min(quantity, abs(position.quantity))
        reference = market.reference()
        if not quantity or reference is None:
            return
        tick, bankruptcy = market.instrument.tick, bankruptcy_price(position, market.instrument.tick)
        mark = Decimal(repr(reference))
        if position.quantity > 0:
            price = max(floor_to(mark, tick), bankruptcy)
        else:
            price = min(ceil_to(mark, tick), bankruptcy)
        self._force(account, market, price=price, quantity=quantity, kind="adl")

    def _force(
        self, account: Account, market: MarketState, *, price: Decimal, quantity: Decimal, kind: str
    ) -> None:
        instrument = market.instrument
        position = account.position(instrument.id)
        side = Side.SELL if position.quantity > 0 else Side.BUY
        cost, released = position.release(quantity)
        # Cut-off digits of a division could make the loss exceed the margin by less than a step.
        lost = -side.sign * quantity * price - cost
        realized = max(lost, -released)
        account.insured += realized - lost
        fee = released + realized if kind == "liquidation" else ZERO
        account.lock(instrument.quote, -released)
        market.trade_count += 1
        trade_id, now_ns = str(market.trade_count), self._state.scheduler.now_ns
        for change in (realized, -fee):
            account.change(
                instrument.quote, change, kind, instrument=instrument.id, reference=trade_id, now_ns=now_ns
            )
        self._position_changed(account, market, position)
        self._state.say(
            account,
            lambda received_ns: ForcedFill(
                instrument=instrument.id,
                side=side,
                price=price,
                quantity=quantity,
                fee=fee,
                realized=realized,
                kind=kind,
                trade_id=trade_id,
                venue_ns=now_ns,
                received_ns=received_ns,
            ),
            durable=True,
        )
        self._desk.settle(account, market)

    # --- shared ---

    def add_margin(self, account: Account, market: MarketState, amount: Decimal) -> Decimal:
        """Move up to ``amount`` of free money into a position's margin; returns how much was moved."""
        position, quote = account.position(market.instrument.id), market.instrument.quote
        moved = min(max(ZERO, amount), account.available(quote)) if position.quantity else ZERO
        position.margin += moved
        account.lock(quote, moved)
        self._position_changed(account, market, position)
        self._state.flush()
        return moved

    def _change(
        self, account: Account, asset: Asset, change: Decimal, kind: str, order: VenueOrder, trade_id: str
    ) -> None:
        account.change(
            asset,
            change,
            kind,
            instrument=order.instrument.id,
            reference=trade_id,
            now_ns=self._state.scheduler.now_ns,
        )

    def _position_changed(self, account: Account, market: MarketState, position: Position) -> None:
        instrument = market.instrument
        account.dirty_positions[instrument.id] = None
        if position.quantity:
            market.holders[account.id] = account
            rate = self._state.risk_rate(instrument, position.quantity)
            position.trigger = float(liquidation_price(position, rate) or 0)
        else:
            market.holders.pop(account.id, None)
            position.trigger = 0.0

    def adopt(self, account: Account) -> None:
        """Watch the positions that an account was opened with."""
        for instrument, position in account.positions.items():
            self._position_changed(account, self._state.markets[instrument], position)
            self._state.markets[instrument].watch()

"""The matcher: executes incoming orders, and resting ones when the market comes to them."""

from __future__ import annotations

from decimal import Decimal

from zombot.domain.market import BookUpdate, PublicTrade, TopOfBook
from zombot.domain.money import floor_to
from zombot.domain.order import OrderRequest, OrderType, Side, TimeInForce
from zombot.infrastructure.simulator import checks, reasons
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.checks import Limits
from zombot.infrastructure.simulator.clearing import Clearing
from zombot.infrastructure.simulator.desk import OrderDesk
from zombot.infrastructure.simulator.fills import UNSEEN, FillModel, Queue, on_print
from zombot.infrastructure.simulator.market import MarketState
from zombot.infrastructure.simulator.matching import Match, Plan, Planner, prints_reached
from zombot.infrastructure.simulator.orders import VenueOrder
from zombot.infrastructure.simulator.state import VenueState

RESTS = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


class Matcher:
    """Price, then time; public liquidity and all accounts' orders in one queue."""

    __slots__ = ("_clearing", "_desk", "_fills", "_limits", "_state")

    def __init__(
        self, state: VenueState, desk: OrderDesk, clearing: Clearing, *, fills: FillModel, limits: Limits
    ) -> None:
        self._state = state
        self._desk = desk
        self._clearing = clearing
        self._fills = fills
        self._limits = limits

    # --- an order comes in ---

    def arrive(self, account: Account, request: OrderRequest, *, muted: bool, share: Decimal | None) -> None:
        """Check, accept and execute an order. ``share``: a fault lets it have only this part of the depth."""
        market = self._state.markets.get(request.instrument)
        if market is None:
            self._desk.refuse(account, request, reasons.UNKNOWN_INSTRUMENT, muted=muted)
            return
        order = self._desk.open(account, request, market, muted=muted)
        now_ns = self._state.scheduler.now_ns
        reason = checks.refusal(request, account, market, self._limits, now_ns=now_ns)
        reason = reason or checks.position_refusal(order, account, market, self._state)
        if reason:
            self._desk.reject(order, reason)
            return
        plan = self._plan(order, market, share)
        reason = checks.money_refusal(order, account, plan.matches, self._state)
        if reason:
            self._desk.reject(order, reason)
            return
        self._desk.accept(order)
        self._execute(order, market, plan)
        self._desk.settle(account, market)

    def _plan(self, order: VenueOrder, market: MarketState, share: Decimal | None) -> Plan:
        worst = order.price
        if order.request.order_type is OrderType.MARKET:
            worst = checks.band_edge(order.side, market, self._limits)
        quantity = order.remaining
        if share is not None and not self._may_rest(order):
            quantity = floor_to(quantity * share, market.instrument.lot)
        return Planner(order, market, self._state.accounts, worst).plan(quantity)

    def _execute(self, order: VenueOrder, market: MarketState, plan: Plan) -> None:
        terms = order.request.time_in_force
        if terms is TimeInForce.POST_ONLY and plan.crosses:
            self._desk.cancel(order, reasons.POST_ONLY_WOULD_CROSS)
            return
        if terms is TimeInForce.FOK and plan.quantity < order.quantity:
            self._desk.cancel(order, reasons.FOK_UNFILLED)
            return
        for own in plan.own:
            self._desk.cancel(own, reasons.SELF_TRADE_PREVENTION)
        for match in plan.matches:
            self._perform(order, market, match)
        for name in {match.resting.account_id: None for match in plan.matches if match.resting is not None}:
            self._desk.settle(self._state.accounts[name], market)
        if not order.live:
            return
        if self._may_rest(order):
            self._rest(order, market)
        elif order.request.order_type is OrderType.MARKET:
            self._desk.cancel(order, reasons.NO_LIQUIDITY)
        else:
            self._desk.cancel(order, reasons.IOC_REMAINDER)

    def _perform(self, order: VenueOrder, market: MarketState, match: Match) -> None:
        market.trade_count += 1
        trade_id, resting = str(market.trade_count), match.resting
        if resting is None:
            market.take(order.side, key=match.key, visible=match.visible, quantity=match.quantity)
            taken = float(match.quantity)
            for other in market.resting(order.side.opposite):
                if other.queue is not None and other.price == match.price:
                    other.queue.ahead = max(0.0, other.queue.ahead - taken)
        else:
            self._clearing.book(
                resting, price=match.price, quantity=match.quantity, maker=True, trade_id=trade_id
            )
        self._clearing.book(order, price=match.price, quantity=match.quantity, maker=False, trade_id=trade_id)

    def _may_rest(self, order: VenueOrder) -> bool:
        return order.request.order_type is OrderType.LIMIT and order.request.time_in_force in RESTS

    def _rest(self, order: VenueOrder, market: MarketState) -> None:
        shown = market.shown(order.side, order.key)
        order.queue = Queue(ahead=UNSEEN if shown is None else shown, level=shown or 0.0)
        market.rest(order)

    # --- the market comes to resting orders ---

    def on_top(self, market: MarketState, top: TopOfBook) -> None:
        """Fill what the quote reaches, then move the queues forward."""
        self._cross(market)
        for order in market.bids_resting:
            self._advance(order, top.bid, top.bid_quantity)
        for order in market.asks_resting:
            self._advance(order, top.ask, top.ask_quantity)

    def on_depth(self, market: MarketState, update: BookUpdate) -> None:
        """Fill what the book reaches, then move the queues at the levels that changed."""
        self._cross(market)
        for side, levels in ((Side.BUY, update.bids), (Side.SELL, update.asks)):
            changed = dict(levels)
            for order in market.resting(side):
                shown = changed.get(order.key)
                if shown is None and update.snapshot:
                    shown = market.shown(side, order.key)
                if shown is not None and order.queue is not None:
                    self._fills.shrink(order.queue, shown)

    def on_print(self, market: MarketState, trade: PublicTrade) -> None:
        """Somebody's trade reaches our orders of the other side, in price and queue order."""
        side = Side.SELL if trade.buyer_taker else Side.BUY
        left = trade.quantity
        for order in prints_reached(market, side, trade.price):
            if order.queue is None:
                continue
            ours = left
            if order.key == trade.price:
                ours = min(left, on_print(order.queue, trade.quantity))
            quantity = min(order.remaining, market.quantity_of(max(0.0, ours)))
            if quantity > 0:
                left -= float(quantity)
                self._fill_resting(order, market, quantity)

    def _cross(self, market: MarketState) -> None:
        for side in Side:
            for order in list(market.resting(side)):
                if not self._meet_public(order, market):
                    break

    def _meet_public(self, order: VenueOrder, market: MarketState) -> bool:
        """Fill a resting order from the opposite side; False when that does not reach its price.

        A quote at our price trades against us as far as it goes. One beyond it has traded through our price,
        and so through all of us.
        """
        if not market.reached(order):
            return False
        level = next(market.levels(order.side), None)
        if level is None or not order.live:
            return level is not None
        beyond = level.key < order.key if order.side is Side.BUY else level.key > order.key
        if not beyond and level.key != order.key:
            return False
        quantity = order.remaining if beyond else min(order.remaining, level.left)
        market.take(order.side, key=level.key, visible=level.visible, quantity=min(quantity, level.left))
        self._fill_resting(order, market, quantity)
        return True

    def _fill_resting(self, order: VenueOrder, market: MarketState, quantity: Decimal) -> None:
        if order.price is None:
            return
        market.trade_count += 1
        self._clearing.book(
            order, price=order.price, quantity=quantity, maker=True, trade_id=str(market.trade_count)
        )
        self._desk.settle(self._state.accounts[order.account_id], market)

    def _advance(self, order: VenueOrder, best: float, quantity: float) -> None:
        if order.queue is None:
            return
        if order.key == best:
            self._fills.shrink(order.queue, quantity)
        elif order.key > best if order.side is Side.BUY else order.key < best:
            order.queue.ahead = 0.0  # everybody else at our price is gone

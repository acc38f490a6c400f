"""The saga of an arbitrage: opens, watches, repairs and closes its legs so that none is left alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from zombot.domain.arbitrage import Arbitrage, ArbitrageEvent, ArbitrageState, Leg
from zombot.domain.effects import AlertLevel, SetTimer
from zombot.domain.events import (
    ArbitrageAdvanced,
    ArbitragePlanned,
    ExitDecided,
    LegPlan,
    OrderUnknown,
    TradingMode,
)
from zombot.domain.money import ZERO
from zombot.domain.opportunity import Exit, Opportunity, Style
from zombot.domain.order import Order, OrderState, Purpose, Side, TimeInForce
from zombot.domain.risk import Approved
from zombot.domain.sizing import order_quantity
from zombot.engine.closing import exit_drafts, leg_terms
from zombot.engine.config import ExecutionConfig
from zombot.engine.exposure import Exposure
from zombot.engine.legs import is_flat, orderable, ratio, residual_notional, units
from zombot.engine.orders import Draft, OrderDesk
from zombot.engine.outbox import Outbox
from zombot.engine.repair import is_settled, plan_repair, usable
from zombot.engine.risk_gate import on_tick
from zombot.engine.state import EngineState
from zombot.engine.view import Markets

QUERY_ALERT: Final = 5
"""Questions about one order without an answer before a human is called."""

STALLED_ALERT: Final = 5


class Saga:
    """Moves arbitrages along their table. Reads the state, decides facts, never waits."""

    def __init__(
        self,
        state: EngineState,
        markets: Markets,
        outbox: Outbox,
        desk: OrderDesk,
        exposure: Exposure,
        config: ExecutionConfig,
    ) -> None:
        self._state = state
        self._markets = markets
        self._outbox = outbox
        self._desk = desk
        self._exposure = exposure
        self._config = config
        self.gave_up: Callable[[Arbitrage], None] = lambda _: None
        """Called when a repair was tried as often as allowed."""

    # --- opening -----------------------------------------------------------------------------------------

    def open(self, approved: Approved, now_ns: int) -> Arbitrage:
        """Plan an arbitrage and send its first step."""
        opportunity, sized = approved.opportunity, approved.sized
        identifier = self._state.durable.next_arbitrage
        legs = tuple(
            self._leg_plan(opportunity, index, sized.quantity, order)
            for index, order in enumerate(sized.orders)
        )
        self._outbox.decide(
            ArbitragePlanned(
                arbitrage=identifier,  # type: ignore[arg-type]
                strategy=opportunity.strategy,
                pair=opportunity.pair,
                direction=opportunity.direction,
                style=opportunity.style,
                legs=legs,
                quantity=sized.quantity,
                gross_bps=opportunity.gross_bps,
                cost_bps=opportunity.cost_bps,
                funding_bps=opportunity.funding_bps,
                net_bps=opportunity.net_bps,
                exit_spread_bps=opportunity.exit_spread_bps,
                received_ns=now_ns,
            )
        )
        arbitrage = self._state.durable.arbitrages[identifier]  # type: ignore[index]
        maker = opportunity.style is Style.MAKER_TAKER
        drafts = [
            Draft(
                leg=index,
                side=leg.side,
                quantity=leg.order_quantity,
                price=leg.decision_price if leg.maker else leg.worst_price,
                purpose=Purpose.OPEN,
                decision_price=leg.decision_price,
                resting=leg.maker,
            )
            for index, leg in enumerate(legs)
            if leg.maker or not maker
        ]
        self._advance(arbitrage, ArbitrageEvent.SENT_OPEN, now_ns, opportunity.direction)
        self._desk.send(arbitrage, drafts, now_ns)
        return arbitrage

    def _leg_plan(self, opportunity: Opportunity, index: int, quantity: Decimal, order: Decimal) -> LegPlan:
        leg = opportunity.legs[index]
        tick = self._markets[leg.instrument].instrument.tick
        decided = on_tick(leg.decision_price, leg.side, tick)
        return LegPlan(
            instrument=leg.instrument,
            side=leg.side,
            target=leg.side.sign * quantity * leg.ratio,
            order_quantity=order,
            decision_price=decided,
            worst_price=on_tick(leg.worst_price, leg.side, tick),
            maker=leg.maker,
        )

    # --- closing -----------------------------------------------------------------------------------------

    def mark_closing(self, arbitrage: Arbitrage, reason: str, now_ns: int) -> None:
        """Decide that it must go, at the prices of now; the orders follow as soon as it is at rest."""
        prices = tuple(self._exit_touch(leg) for leg in arbitrage.legs)
        self._outbox.decide(
            ExitDecided(arbitrage=arbitrage.id, reason=reason, decision_prices=prices, received_ns=now_ns)
        )

    def _exit_touch(self, leg: Leg) -> Decimal:
        market = self._markets[leg.instrument]
        side = leg.side.opposite
        touch = market.ask if side is Side.BUY else market.bid
        return on_tick(touch, side, market.instrument.tick) if touch > 0.0 else leg.decision_price

    def close(self, arbitrage: Arbitrage, exit_: Exit, now_ns: int) -> None:
        """Send the orders of an exit: as much of all legs as the depth of each allows."""
        drafts = exit_drafts(arbitrage, exit_, self._markets)
        if not drafts:
            return
        decided = tuple(
            on_tick(price, leg.side.opposite, self._markets[leg.instrument].instrument.tick)
            for price, leg in zip(exit_.decision_prices, arbitrage.legs, strict=True)
        )
        self._outbox.decide(
            ExitDecided(
                arbitrage=arbitrage.id, reason=exit_.reason, decision_prices=decided, received_ns=now_ns
            )
        )
        self._advance(arbitrage, ArbitrageEvent.SENT_CLOSE, now_ns, exit_.reason)
        self._desk.send(arbitrage, drafts, now_ns)

    # --- what the venue said -----------------------------------------------------------------------------

    def order_changed(self, order: Order, now_ns: int) -> None:
        """An order got a report that has been applied."""
        arbitrage = self._state.durable.arbitrage(order.request.arbitrage)
        self.legs_changed(arbitrage, now_ns)

    def legs_changed(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """Something moved a leg: hedge a maker's fills, and settle the step when its orders are all final."""
        self._exposure.observe(arbitrage, now_ns)
        orders = self._state.durable.orders
        working = [orders[identifier] for identifier in arbitrage.working]
        if arbitrage.style is Style.MAKER_TAKER and arbitrage.state is ArbitrageState.OPENING:
            self._hedge_maker(arbitrage, working, now_ns)
        if not all(orders[identifier].final for identifier in arbitrage.working):
            return
        self._settle(arbitrage, now_ns)

    def _settle(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """All orders are final: move along the table by how the legs stand."""
        instruments = self._state.instruments
        event, retry_ns = ArbitrageEvent.EVEN, 0
        if is_flat(arbitrage, instruments):
            event = ArbitrageEvent.FLAT
            if not any(leg.cost for leg in arbitrage.legs):
                event = ArbitrageEvent.NOTHING_FILLED
        elif not is_settled(arbitrage, instruments):
            event = ArbitrageEvent.UNEVEN
        if event is ArbitrageEvent.NOTHING_FILLED and arbitrage.state not in {
            ArbitrageState.OPENING,
            ArbitrageState.ABORTED,
        }:
            event = ArbitrageEvent.FLAT
        # Legs that have just come apart are mended at once; what was tried in vain waits a little.
        in_vain = (
            (ArbitrageEvent.UNEVEN, ArbitrageState.REPAIRING),
            (ArbitrageEvent.EVEN, ArbitrageState.CLOSING),
        )
        if (event, arbitrage.state) in in_vain:
            retry_ns = now_ns + self._pause_ns(arbitrage)
        if arbitrage.state is ArbitrageState.STUCK and event is ArbitrageEvent.UNEVEN:
            retry_ns = arbitrage.retry_ns
        if not self._is_news(arbitrage, event):
            return
        self._advance(arbitrage, event, now_ns, arbitrage.close_reason, retry_ns)
        if arbitrage.stalled == STALLED_ALERT:
            self._outbox.alert(
                AlertLevel.CRITICAL,
                f"arbitrage {arbitrage.id} {arbitrage.pair}: {STALLED_ALERT} exits in a row filled nothing",
            )
        if arbitrage.state is ArbitrageState.REPAIRING:
            self.repair(arbitrage, now_ns)

    def _pause_ns(self, arbitrage: Arbitrage) -> int:
        """Between attempts: short at first, then doubled up to 16-fold, so that a venue that is busy for some
        seconds is outlived."""
        failed = max(arbitrage.repairs - 1, arbitrage.stalled)
        return self._config.retry_ns << min(max(failed - 1, 0), 4)

    def _is_news(self, arbitrage: Arbitrage, event: ArbitrageEvent) -> bool:
        """Whether the table moves or a step ended: a repeated report about an order at rest does neither."""
        return bool(arbitrage.working) or arbitrage.advance(event) is not arbitrage.state

    # --- repairing ---------------------------------------------------------------------------------------

    def repair(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """Make the legs even again: complete, reduce or wait, by computed cost and within the budget."""
        if arbitrage.working or arbitrage.state is not ArbitrageState.REPAIRING:
            return
        over_budget = self._exposure.over_budget(arbitrage, now_ns)
        if now_ns < arbitrage.retry_ns:
            self._wake(arbitrage, arbitrage.retry_ns)
            return
        if arbitrage.repairs >= self._config.repairs_max:
            self._give_up(arbitrage, now_ns)
            return
        plan = plan_repair(
            arbitrage,
            self._state.instruments,
            self._markets,
            self._config,
            prefer_reduce=self._state.durable.mode is TradingMode.HALTED,
            at_market=over_budget,
        )
        if plan is None:
            self._settle(arbitrage, now_ns)
            return
        if not usable(plan):
            self._wake(arbitrage, now_ns + self._config.retry_ns)
            return
        self._outbox.alert(
            AlertLevel.WARNING,
            f"arbitrage {arbitrage.id} {arbitrage.pair}: legs uneven, {plan.kind} "
            f"(residual {residual_notional(arbitrage):.2f}, expected cost {plan.cost:.4f})",
        )
        self._desk.send(arbitrage, plan.drafts, now_ns)

    def _give_up(self, arbitrage: Arbitrage, now_ns: int) -> None:
        retry_ns = now_ns + self._config.stuck_ns
        self._advance(arbitrage, ArbitrageEvent.GIVEN_UP, now_ns, "repair failed", retry_ns)
        self._outbox.alert(
            AlertLevel.CRITICAL,
            f"arbitrage {arbitrage.id} {arbitrage.pair}: A LEG STANDS ALONE, {arbitrage.repairs} repairs "
            f"failed, residual {residual_notional(arbitrage):.2f}; nothing new begins, repair is retried",
        )
        self._wake(arbitrage, retry_ns)
        self.gave_up(arbitrage)

    def _wake(self, arbitrage: Arbitrage, at_ns: int) -> None:
        self._outbox.ask(SetTimer(f"repair/{arbitrage.id}", at_ns))

    # --- maker-taker -------------------------------------------------------------------------------------

    def _hedge_maker(self, arbitrage: Arbitrage, working: list[Order], now_ns: int) -> None:
        """Follow the maker's net fills with the other legs; the hedge counts quantities, never events."""
        maker = next((order for order in working if order.request.purpose is Purpose.OPEN), None)
        if maker is None:
            return
        held = units(arbitrage)
        lead = maker.request.leg
        drafts = []
        for index, leg in enumerate(arbitrage.legs):
            if index == lead:
                continue
            share = ratio(arbitrage, leg)
            flying = sum((o.remaining for o in working if o.request.leg == index and not o.final), ZERO)
            instrument = self._markets[leg.instrument].instrument
            missing = orderable(instrument, (held[lead] - held[index]) * share - flying, leg.decision_price)
            if not missing:
                continue
            if any(o.request.leg == index and o.final and o.remaining > 0 for o in working):
                # A hedge fell short: no more maker fills, the repair makes the legs even.
                self._desk.cancel(maker, "hedge fell short", now_ns)
                return
            drafts.append(
                Draft(
                    leg=index,
                    side=leg.side,
                    quantity=order_quantity(leg_terms(leg, leg.side, self._markets[leg.instrument]), missing),
                    price=leg.worst_price,
                    purpose=Purpose.HEDGE,
                    decision_price=leg.decision_price,
                )
            )
        if drafts:
            self._desk.send(arbitrage, drafts, now_ns)

    def review_maker(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """A quote came while a maker order rests: take it back when its hedge no longer earns the minimum."""
        orders = self._state.durable.orders
        for identifier in arbitrage.working:
            order = orders[identifier]
            if order.request.purpose is not Purpose.OPEN or order.cancel_requested or order.final:
                continue
            for index, leg in enumerate(arbitrage.legs):
                market = self._markets[leg.instrument]
                if index == order.request.leg:
                    continue
                touch = market.ask if leg.side is Side.BUY else market.bid
                worse = leg.side.sign * (touch - float(leg.worst_price)) > 0
                if worse or not market.usable:
                    self._desk.cancel(order, "edge is gone", now_ns)

    # --- timers ------------------------------------------------------------------------------------------

    def maker_timer(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """A maker order has rested long enough."""
        orders = self._state.durable.orders
        for identifier in arbitrage.working:
            order = orders[identifier]
            if order.request.purpose is Purpose.OPEN and not order.final:
                self._desk.cancel(order, "rested long enough", now_ns)

    def repair_timer(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """A repair may be tried (again)."""
        if arbitrage.state is ArbitrageState.STUCK and now_ns >= arbitrage.retry_ns:
            self._advance(arbitrage, ArbitrageEvent.RETRIED, now_ns, "retry")
        self.repair(arbitrage, now_ns)

    def answer_timer(self, arbitrage: Arbitrage, key: str, now_ns: int) -> None:
        """Orders of a step should have ended by now: what has not is unknown, and the venue is asked."""
        orders = self._state.durable.orders
        waiting = [orders[c] for c in arbitrage.working if not orders[c].final]
        asked = 0
        for order in waiting:
            request = order.request
            if self._rests(order):
                # A cancel may be lost like anything else, and may be sent again without harm.
                if order.cancel_requested or now_ns >= order.sent_ns + self._config.maker_ns:
                    self._desk.cancel(order, "rested long enough", now_ns, again=True)
                continue
            if order.state in {OrderState.IN_FLIGHT, OrderState.LIVE, OrderState.PARTIALLY_FILLED}:
                self._outbox.decide(
                    OrderUnknown(
                        client_order_id=request.client_order_id,
                        reason="no end in time",
                        received_ns=now_ns,
                    )
                )
            self._desk.query(order, now_ns)
            asked = max(asked, order.queries)
            if order.queries == QUERY_ALERT:
                self._outbox.alert(
                    AlertLevel.CRITICAL,
                    f"order {request.client_order_id} of arbitrage {arbitrage.id}: outcome unknown after "
                    f"{QUERY_ALERT} questions; nothing new is opened on {arbitrage.pair}",
                )
        if waiting:
            pause_ns = self._config.query_ns * 2 ** min(asked, 4)
            self._outbox.ask(SetTimer(key, now_ns + pause_ns))

    def ask_soon(self, order: Order, now_ns: int) -> None:
        """The venue gave no clear answer about an order: ask once it can no longer arrive."""
        at_ns = max(now_ns + self._config.query_ns, order.request.expire_ns + self._config.answer_ns)
        self._outbox.ask(SetTimer(f"answer/{order.request.arbitrage}/unclear", at_ns))

    def _rests(self, order: Order) -> bool:
        """A maker order that the venue has may live until it is cancelled; anything else ends soon."""
        alive = order.state in {OrderState.LIVE, OrderState.PARTIALLY_FILLED}
        return alive and order.request.time_in_force is TimeInForce.POST_ONLY

    # --- recovery ----------------------------------------------------------------------------------------

    def resume(self, now_ns: int) -> None:
        """After a start: ask about every order that has no end, and settle every arbitrage that has none."""
        for arbitrage in list(self._state.durable.arbitrages.values()):
            if any(not self._state.durable.orders[c].final for c in arbitrage.working):
                self.answer_timer(arbitrage, f"answer/{arbitrage.id}/resume", now_ns)
            elif arbitrage.state is ArbitrageState.PLANNED:
                self._advance(arbitrage, ArbitrageEvent.SENT_OPEN, now_ns, "resumed before anything was sent")
                self._settle(arbitrage, now_ns)
            elif arbitrage.state in {ArbitrageState.REPAIRING, ArbitrageState.STUCK}:
                self._wake(arbitrage, max(now_ns, arbitrage.retry_ns))
            else:
                self._settle(arbitrage, now_ns)

    def _advance(
        self, arbitrage: Arbitrage, event: ArbitrageEvent, now_ns: int, reason: str, retry_ns: int = 0
    ) -> None:
        self._outbox.decide(
            ArbitrageAdvanced(
                arbitrage=arbitrage.id,
                event=event,
                state=arbitrage.advance(event),
                reason=reason,
                received_ns=now_ns,
                retry_ns=retry_ns,
            )
        )

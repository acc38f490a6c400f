"""All durable state of the engine, and the one function that changes it: ``EngineState.apply(fact)``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from zombot.domain.arbitrage import FINAL, Arbitrage, ArbitrageEvent, ArbitrageState, Leg
from zombot.domain.errors import InvariantViolation
from zombot.domain.events import (
    ArbitrageAdvanced,
    ArbitragePlanned,
    BalanceReported,
    BotStarted,
    BotStopped,
    CancelIntended,
    CancelRejected,
    Command,
    ExitDecided,
    Fact,
    FillIgnored,
    ForcedFill,
    FundingPaid,
    LinkChanged,
    ModeChanged,
    OpportunityRefused,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    OrdersIntended,
    OrderUnknown,
    PositionReported,
    QueryIntended,
    Recovered,
)
from zombot.domain.identifiers import ArbitrageId, ClientOrderId, InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.ledger import account_key
from zombot.domain.money import ZERO
from zombot.domain.order import Order, OrderEvent, OrderState, Purpose
from zombot.engine.booking import book_fill, book_forced, book_funding
from zombot.engine.durable import RETIRED_KEPT, DurableState, Remainder

DAY_NS: Final = 86_400_000_000_000


_ENCODER: Final = msgspec.msgpack.Encoder()
# Dicts are encoded in the order of insertion, which the facts give; there are no sets in the durable state.


class EngineState:
    """Holds ``DurableState`` and is the only code that changes it, one fact at a time."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self.instruments = instruments
        self.durable = DurableState()
        self._appliers: dict[type, Callable[[Any], None]] = {
            OrderAccepted: lambda f: self._advance(f.client_order_id, OrderEvent.ACCEPTED),
            OrderRejected: self._rejected,
            OrderFilled: lambda f: book_fill(self.durable, self.instruments, f),
            OrderCanceled: self._canceled,
            OrderUnknown: lambda f: self._advance(f.client_order_id, OrderEvent.LOST),
            OrderNotFound: self._not_found,
            CancelRejected: self._cancel_rejected,
            ForcedFill: lambda f: book_forced(self.durable, self.instruments, f),
            FundingPaid: lambda f: book_funding(self.durable, self.instruments, f),
            BalanceReported: self._balance,
            PositionReported: self._position,
            BotStarted: self._started,
            BotStopped: lambda _: None,
            Recovered: self._recovered,
            LinkChanged: self._link,
            Command: lambda _: None,
            ArbitragePlanned: self._planned,
            OrdersIntended: self._intended,
            CancelIntended: self._cancel_intended,
            QueryIntended: self._query_intended,
            ExitDecided: self._exit_decided,
            ArbitrageAdvanced: self._advanced,
            OpportunityRefused: self._refused,
            ModeChanged: self._mode,
            FillIgnored: lambda _: self.durable.ignore(),
        }

    def apply(self, fact: Fact) -> None:
        """Change the state by one fact, the same way live and when the journal is folded."""
        self._appliers[type(fact)](fact)

    def state_hash(self) -> str:
        """A digest of the durable state: equal for equal histories, in every process."""
        return hashlib.blake2b(_ENCODER.encode(self.durable), digest_size=16).hexdigest()

    # --- orders ------------------------------------------------------------------------------------------

    def _advance(self, identifier: ClientOrderId, event: OrderEvent) -> None:
        self.durable.orders[identifier].advance(event)

    def _rejected(self, fact: OrderRejected) -> None:
        order = self.durable.orders[fact.client_order_id]
        order.advance(OrderEvent.REJECTED)
        order.reason = fact.reason

    def _canceled(self, fact: OrderCanceled) -> None:
        order = self.durable.orders[fact.client_order_id]
        order.reported_filled = max(order.reported_filled, fact.filled)
        order.advance(OrderEvent.CANCELED)
        order.reason = fact.reason

    def _not_found(self, fact: OrderNotFound) -> None:
        """It is over with the fills that we know of; one that comes late all the same still counts."""
        order = self.durable.orders[fact.client_order_id]
        order.reported_filled = order.filled
        order.advance(OrderEvent.CANCELED if order.filled else OrderEvent.NOT_FOUND)

    def _cancel_rejected(self, fact: CancelRejected) -> None:
        self.durable.orders[fact.client_order_id].cancel_requested = False

    def _cancel_intended(self, fact: CancelIntended) -> None:
        self.durable.orders[fact.client_order_id].cancel_requested = True

    def _query_intended(self, fact: QueryIntended) -> None:
        self.durable.orders[fact.client_order_id].queries += 1

    def _intended(self, fact: OrdersIntended) -> None:
        arbitrage = self.durable.arbitrage(fact.arbitrage)
        arbitrage.step = fact.step
        for request in fact.requests:
            if request.client_order_id in self.durable.orders:
                raise InvariantViolation(f"order id {request.client_order_id} used twice")
            order = Order(request=request, sent_ns=fact.received_ns)
            self.durable.orders[request.client_order_id] = order
            self.durable.order_ids[fact.arbitrage].append(request.client_order_id)
            arbitrage.working.append(request.client_order_id)
            arbitrage.legs[request.leg].attempts += 1
            self.durable.counts.orders += 1
            if request.purpose is Purpose.REPAIR:
                arbitrage.repaired = True
        if any(request.purpose is Purpose.REPAIR for request in fact.requests):
            arbitrage.repairs += 1

    # --- arbitrages --------------------------------------------------------------------------------------

    def _planned(self, fact: ArbitragePlanned) -> None:
        durable = self.durable
        if fact.arbitrage != durable.next_arbitrage:
            raise InvariantViolation(f"arbitrage {fact.arbitrage} planned, {durable.next_arbitrage} is next")
        durable.next_arbitrage += 1
        durable.counts.opened += 1
        durable.order_ids[fact.arbitrage] = []
        durable.arbitrages[fact.arbitrage] = Arbitrage(
            id=fact.arbitrage,
            strategy=fact.strategy,
            pair=fact.pair,
            direction=fact.direction,
            style=fact.style,
            quantity=fact.quantity,
            gross_bps=fact.gross_bps,
            net_bps=fact.net_bps,
            exit_spread_bps=fact.exit_spread_bps,
            opened_ns=fact.received_ns,
            legs=[
                Leg(
                    instrument=leg.instrument,
                    side=leg.side,
                    target=leg.target,
                    decision_price=leg.decision_price,
                    worst_price=leg.worst_price,
                )
                for leg in fact.legs
            ],
        )

    def _exit_decided(self, fact: ExitDecided) -> None:
        arbitrage = self.durable.arbitrage(fact.arbitrage)
        arbitrage.closing = True
        arbitrage.close_reason = arbitrage.close_reason or fact.reason
        for leg, price in zip(arbitrage.legs, fact.decision_prices, strict=True):
            leg.exit_price = price

    def _advanced(self, fact: ArbitrageAdvanced) -> None:
        arbitrage = self.durable.arbitrage(fact.arbitrage)
        expected = arbitrage.advance(fact.event)
        if expected is not fact.state:
            raise InvariantViolation(
                f"arbitrage {fact.arbitrage}: {fact.event.value} leads to {expected.value}, "
                f"the record says {fact.state.value}"
            )
        previous = arbitrage.state
        arbitrage.state = fact.state
        arbitrage.retry_ns = fact.retry_ns
        orders = self.durable.orders
        if previous is ArbitrageState.CLOSING:
            progress = any(orders[identifier].filled for identifier in arbitrage.working)
            arbitrage.stalled = 0 if progress else arbitrage.stalled + 1
        arbitrage.working = [c for c in arbitrage.working if not orders[c].final]
        if fact.event is ArbitrageEvent.UNEVEN:
            arbitrage.uneven_since_ns = arbitrage.uneven_since_ns or fact.received_ns
        elif fact.event is ArbitrageEvent.RETRIED:
            arbitrage.repairs = 0
        elif fact.event not in {ArbitrageEvent.SENT_OPEN, ArbitrageEvent.SENT_CLOSE, ArbitrageEvent.GIVEN_UP}:
            arbitrage.uneven_since_ns = 0
            arbitrage.repairs = 0
        self._move(arbitrage, previous, fact.received_ns)

    def _move(self, arbitrage: Arbitrage, previous: ArbitrageState, at_ns: int) -> None:
        """Keep an arbitrage in the right collection, and the counts of ends, after a change of state."""
        counts = self.durable.counts
        if previous in FINAL:
            # A late fill brought it back, or turned an aborted one into a closed one: it ends anew.
            counts.aborted -= previous is ArbitrageState.ABORTED
            counts.closed -= previous is ArbitrageState.CLOSED
            counts.repaired -= arbitrage.counted_repaired
            self.durable.failures -= arbitrage.counted_failed and self.durable.failures > 0
            if arbitrage.closed_ns // DAY_NS == self.durable.day:
                self.durable.day_profit -= arbitrage.counted_profit
            arbitrage.counted_repaired = arbitrage.counted_failed = False
            del self.durable.retired[arbitrage.id]
            self.durable.arbitrages[arbitrage.id] = arbitrage
        if arbitrage.final:
            self._retire(arbitrage, at_ns)

    def _retire(self, arbitrage: Arbitrage, at_ns: int) -> None:
        durable = self.durable
        arbitrage.closed_ns = at_ns
        del durable.arbitrages[arbitrage.id]
        durable.retired[arbitrage.id] = arbitrage
        durable.closed_ns[arbitrage.pair] = at_ns
        aborted = arbitrage.state is ArbitrageState.ABORTED
        durable.counts.aborted += aborted
        durable.counts.closed += not aborted
        durable.counts.repaired += arbitrage.repaired
        arbitrage.counted_repaired = arbitrage.repaired
        failed = arbitrage.repaired or (aborted and self._was_rejected(arbitrage))
        durable.failures = durable.failures + 1 if failed else 0
        durable.failed_ns = at_ns if failed else durable.failed_ns
        day = at_ns // DAY_NS
        if day != durable.day:
            durable.day, durable.day_profit = day, ZERO
        arbitrage.counted_failed = failed
        arbitrage.counted_profit = arbitrage.profit.total - sum((leg.decided for leg in arbitrage.legs), ZERO)
        durable.day_profit += arbitrage.counted_profit
        if len(durable.retired) > RETIRED_KEPT:
            self._forget(next(iter(durable.retired)))

    def _was_rejected(self, arbitrage: Arbitrage) -> bool:
        ids = self.durable.order_ids[arbitrage.id]
        return any(self.durable.orders[c].state is OrderState.REJECTED for c in ids)

    def _forget(self, identifier: ArbitrageId) -> None:
        """Fold an old arbitrage's profit and dust into the totals and drop it with its orders."""
        durable = self.durable
        arbitrage = durable.retired.pop(identifier)
        for order in durable.order_ids.pop(identifier):
            del durable.orders[order]
        durable.profit.add(arbitrage.profit)
        for leg in arbitrage.legs:
            remainder = durable.remainders.setdefault(leg.instrument, Remainder())
            remainder.net += leg.net
            remainder.decided += leg.decided

    # --- account -----------------------------------------------------------------------------------------

    def _balance(self, fact: BalanceReported) -> None:
        self.durable.reported_balances[account_key(fact.venue, fact.asset)] = fact.total
        # Only what was there before anything was traded is an opening balance: a report that overtakes
        # the fill which caused it is not, nor is what an earlier run bought.
        if not self.durable.ever_recovered:
            self.durable.ledger.open_balance(fact.venue, fact.asset, fact.total)

    def _position(self, fact: PositionReported) -> None:
        self.durable.reported_positions[fact.instrument] = fact

    # --- the bot itself ----------------------------------------------------------------------------------

    def _started(self, fact: BotStarted) -> None:
        durable = self.durable
        if not durable.epoch:
            durable.bot, durable.epoch = fact.bot, fact.epoch
        durable.starts += 1
        durable.recovered = False

    def _recovered(self, _: Recovered) -> None:
        self.durable.recovered = self.durable.ever_recovered = True

    def _link(self, fact: LinkChanged) -> None:
        if fact.live:
            self.durable.links_down.pop(fact.venue, None)
        else:
            self.durable.links_down[fact.venue] = fact.reason

    def _refused(self, fact: OpportunityRefused) -> None:
        self.durable.refusals[fact.reason] = self.durable.refusals.get(fact.reason, 0) + fact.count

    def _mode(self, fact: ModeChanged) -> None:
        self.durable.mode = fact.mode
        self.durable.mode_reason = fact.reason

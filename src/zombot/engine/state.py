"""All durable state of the engine, and the one function that changes it: ``EngineState.apply(fact)``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from zombot.domain.arbitrage import FINAL, Arbitrage, ArbitrageEvent, ArbitrageState, Leg, ProfitParts
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
    TradingMode,
)
from zombot.domain.identifiers import ArbitrageId, ClientOrderId, InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.ledger import Ledger, account_key, shares
from zombot.domain.money import ZERO, quotient
from zombot.domain.order import Order, OrderEvent, OrderState, Purpose

RETIRED_KEPT: Final = 1_000
"""Arbitrages that are over but still listen for late fills; older ones are forgotten with their orders."""
DAY_NS: Final = 86_400_000_000_000


class Counts(Struct, kw_only=True):
    """What happened so far."""

    opened: int = 0
    closed: int = 0
    aborted: int = 0
    repaired: int = 0
    orders: int = 0
    fills: int = 0


class Remainder(Struct, kw_only=True):
    """The dust ledger of one instrument: what closed arbitrages could not sell, and its decided cost."""

    net: Decimal = ZERO
    decided: Decimal = ZERO


class DurableState(Struct, kw_only=True):
    """Everything that a restart must bring back. Market data is not in it."""

    bot: str = ""
    epoch: int = 0
    mode: TradingMode = TradingMode.ENABLED
    mode_reason: str = ""
    recovered: bool = False
    """False from start until recovery is done: nothing is entered meanwhile."""
    next_arbitrage: int = 1
    arbitrages: dict[ArbitrageId, Arbitrage] = field(default_factory=dict)
    """Under way, oldest first."""
    retired: dict[ArbitrageId, Arbitrage] = field(default_factory=dict)
    """Over, oldest first; at most ``RETIRED_KEPT``."""
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    """Of the arbitrages above."""
    order_ids: dict[ArbitrageId, list[ClientOrderId]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    reported_balances: dict[str, Decimal] = field(default_factory=dict)
    reported_positions: dict[InstrumentId, PositionReported] = field(default_factory=dict)
    links_down: dict[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    refusals: dict[str, int] = field(default_factory=dict)
    profit: ProfitParts = field(default_factory=ProfitParts)
    """Of arbitrages that were retired, and payments that belong to none."""
    remainders: dict[InstrumentId, Remainder] = field(default_factory=dict)
    closed_ns: dict[str, int] = field(default_factory=dict)
    """Per pair, when an arbitrage last ended: the cool-down counts from here."""
    failures: int = 0
    """Arbitrages in a row that needed a repair or were aborted by a rejection."""
    failed_ns: int = 0
    day: int = 0
    """Days since 1970 of ``day_profit``."""
    day_profit: Decimal = ZERO
    """Of arbitrages that ended today."""
    ignored: int = 0


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
            OrderFilled: self._filled,
            OrderCanceled: self._canceled,
            OrderUnknown: lambda f: self._advance(f.client_order_id, OrderEvent.LOST),
            OrderNotFound: lambda f: self._advance(f.client_order_id, OrderEvent.NOT_FOUND),
            CancelRejected: self._cancel_rejected,
            ForcedFill: self._forced,
            FundingPaid: self._funding,
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
            FillIgnored: self._fill_ignored,
        }

    def apply(self, fact: Fact) -> None:
        """Change the state by one fact, the same way live and when the journal is folded."""
        self._appliers[type(fact)](fact)

    def state_hash(self) -> str:
        """A digest of the durable state: equal for equal histories, in every process."""
        return hashlib.blake2b(_ENCODER.encode(self.durable), digest_size=16).hexdigest()

    def arbitrage(self, identifier: ArbitrageId) -> Arbitrage:
        """An arbitrage under way or lately over."""
        found = self.durable.arbitrages.get(identifier) or self.durable.retired.get(identifier)
        if found is None:
            raise InvariantViolation(f"arbitrage {identifier} is not in the state")
        return found

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

    def _cancel_rejected(self, fact: CancelRejected) -> None:
        self.durable.orders[fact.client_order_id].cancel_requested = False

    def _cancel_intended(self, fact: CancelIntended) -> None:
        self.durable.orders[fact.client_order_id].cancel_requested = True

    def _query_intended(self, fact: QueryIntended) -> None:
        self.durable.orders[fact.client_order_id].queries += 1

    def _filled(self, fact: OrderFilled) -> None:
        fill = fact.fill
        order = self.durable.orders[fill.client_order_id]
        if fill.trade_id in order.trade_ids:
            raise InvariantViolation(f"fill {fill.trade_id} of order {fill.client_order_id} applied twice")
        instrument = self.instruments[fill.instrument]
        order.trade_ids[fill.trade_id] = None
        order.filled += fill.quantity
        order.cost += fill.quantity * fill.price
        base_fee = fill.fee if instrument.is_spot and fill.fee_asset == instrument.base else ZERO
        order.fee_base += base_fee
        complete = order.filled >= order.request.quantity
        order.advance(OrderEvent.COMPLETED if complete else OrderEvent.FILL)
        self.durable.counts.fills += 1
        self.durable.ledger.book_fill(fill, instrument)
        self._attribute_fill(order, fact, base_fee)

    def _attribute_fill(self, order: Order, fact: OrderFilled, base_fee: Decimal) -> None:
        """Book a fill's part in the profit of its arbitrage (the split of I8).

        With n the net and s the gross signed quantity, d the decided and p the executed price: the leg gains
        n at d, slippage is s * (p - d), a fee taken from the base asset costs it times d. Their sum is the
        cash flow. A repair's price difference is a loss of repair, not slippage.
        """
        fill, request = fact.fill, order.request
        arbitrage = self.arbitrage(request.arbitrage)
        leg = arbitrage.legs[request.leg]
        net = fill.signed_quantity - base_fee
        difference = fill.signed_quantity * (fill.price - request.decision_price)
        leg.net += net
        leg.cost += fill.signed_quantity * fill.price
        leg.decided += net * request.decision_price
        arbitrage.profit.fees += base_fee * request.decision_price if base_fee else fill.fee
        if request.purpose is Purpose.REPAIR:
            arbitrage.profit.repair -= difference
        else:
            arbitrage.profit.slippage += difference

    def _intended(self, fact: OrdersIntended) -> None:
        arbitrage = self.arbitrage(fact.arbitrage)
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
        arbitrage = self.arbitrage(fact.arbitrage)
        arbitrage.closing = True
        arbitrage.close_reason = arbitrage.close_reason or fact.reason
        for leg, price in zip(arbitrage.legs, fact.decision_prices, strict=True):
            leg.exit_price = price

    def _advanced(self, fact: ArbitrageAdvanced) -> None:
        arbitrage = self.arbitrage(fact.arbitrage)
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
            arbitrage.counted_repaired = False
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
        durable.day_profit += arbitrage.profit.total - sum((leg.decided for leg in arbitrage.legs), ZERO)
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

    def _funding(self, fact: FundingPaid) -> None:
        instrument = self.instruments[fact.instrument]
        if not self.durable.ledger.first_time(f"{instrument.venue}/{fact.bill_id}"):
            raise InvariantViolation(f"funding bill {fact.bill_id} applied twice")
        self.durable.ledger.book_payment(instrument, fact.amount)
        holders = [
            (arbitrage, leg)
            for arbitrage in self.durable.arbitrages.values()
            for leg in arbitrage.legs
            if leg.instrument == fact.instrument and leg.net
        ]
        if not holders:
            self.durable.profit.funding += fact.amount
            return
        for (arbitrage, _), part in zip(
            holders, shares(fact.amount, [abs(leg.net) for _, leg in holders]), strict=True
        ):
            arbitrage.profit.funding += part

    def _forced(self, fact: ForcedFill) -> None:
        instrument = self.instruments[fact.instrument]
        if not self.durable.ledger.first_time(f"{fact.instrument}/forced/{fact.trade_id}"):
            raise InvariantViolation(f"forced fill {fact.trade_id} applied twice")
        signed = fact.side.sign * fact.quantity
        self.durable.ledger.book_position(instrument, signed, fact.price, fact.realized)
        self.durable.ledger.book_payment(instrument, -fact.fee)
        left, fee_left = signed, fact.fee
        for arbitrage in self.durable.arbitrages.values():
            for leg in arbitrage.legs:
                if leg.instrument != fact.instrument or leg.net * left >= 0:
                    continue
                part = -leg.net if abs(leg.net) <= abs(left) else left
                fee = fee_left if part == left else quotient(fact.fee * part, signed)
                leg.net += part
                leg.cost += part * fact.price
                leg.decided += part * leg.decision_price
                arbitrage.profit.repair -= part * (fact.price - leg.decision_price)
                arbitrage.profit.fees += fee
                arbitrage.repaired = True
                left -= part
                fee_left -= fee
        if left:
            remainder = self.durable.remainders.setdefault(fact.instrument, Remainder())
            remainder.net += left
            remainder.decided += left * fact.price
        self.durable.profit.fees += fee_left if left else ZERO

    def _balance(self, fact: BalanceReported) -> None:
        self.durable.reported_balances[account_key(fact.venue, fact.asset)] = fact.total
        self.durable.ledger.open_balance(fact.venue, fact.asset, fact.total)

    def _position(self, fact: PositionReported) -> None:
        self.durable.reported_positions[fact.instrument] = fact

    # --- the bot itself ----------------------------------------------------------------------------------

    def _started(self, fact: BotStarted) -> None:
        durable = self.durable
        if not durable.epoch:
            durable.bot, durable.epoch = fact.bot, fact.epoch
        durable.recovered = False

    def _recovered(self, _: Recovered) -> None:
        self.durable.recovered = True

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

    def _fill_ignored(self, _: FillIgnored) -> None:
        self.durable.ignored += 1

"""The simulated venue under random markets, orders and time: what must hold after every step."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.infrastructure.simulator.bench import BTC, SPOT, SWAP, USDT, Bench, D, account, spot, swap
from zombot.domain.events import (
    ForcedFill,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    OrderUnknown,
)
from zombot.domain.identifiers import Asset, ClientOrderId, InstrumentId
from zombot.domain.instrument import FeeRates
from zombot.domain.order import Order, OrderEvent, OrderRequest, OrderState, OrderType, Side, TimeInForce
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.infrastructure.simulator.margin import MarginTier

ALT = InstrumentId("sim:ETH-USDT-SWAP")
INSTRUMENTS = (SPOT, SWAP, ALT)
NAMES = ("a", "b")
FAULTS = FaultConfig(
    reject=0.05,
    unknown=0.1,
    silence=0.1,
    partial=0.2,
    duplicate=0.2,
    reorder=0.2,
    late_fill=0.2,
    delay_ns_max=5_000,
    outage_every_ns=2_000_000_000,
    outage_ns_max=500_000_000,
)
TIERS = (
    MarginTier(quantity_max=D(5), maintenance=D("0.01"), leverage_max=D(20)),
    MarginTier(quantity_max=D(20), maintenance=D("0.03"), leverage_max=D(10)),
)

prices = st.integers(980, 1020)
quantities = st.integers(0, 300)
sides = st.sampled_from(Side)
anywhere = st.sampled_from(INSTRUMENTS)
accounts = st.sampled_from(NAMES)


def opened(faults: FaultConfig, *, buy_in_base: bool, latency: int) -> Bench:
    """Two accounts of different means on one spot and two perpetuals."""
    return Bench(
        account("a", balances={USDT: D(300), BTC: D(2)}, leverage=D(10)),
        account("b", balances={USDT: D(5_000), BTC: D(20)}, leverage=D(3)),
        instruments=[spot(), swap(), swap(id=ALT, symbol="ETH-USDT-SWAP", base=Asset("ETH"))],
        spot_fees=FeeRates(maker=D("-0.0001"), taker=D("0.001"), buy_in_base=buy_in_base),
        tiers={SWAP: TIERS},
        order_latency=LatencyConfig(kind="uniform", ns=0, ns_max=latency),
        report_latency=LatencyConfig(kind="uniform", ns=0, ns_max=latency),
        faults=faults,
        fills="proportional",
        price_band=D("0.2"),
    )


class VenueMachine(RuleBasedStateMachine):
    """Random books, prints, marks, funding, orders and cancels of two accounts."""

    faults = FaultConfig()

    def __init__(self) -> None:
        super().__init__()
        self.bench: Bench
        self.requests: dict[str, dict[ClientOrderId, OrderRequest]] = {name: {} for name in NAMES}
        self.start: dict[str, dict[Asset, Decimal]] = {}

    @initialize(buy_in_base=st.booleans(), latency=st.sampled_from([0, 1_000]))
    def open(self, *, buy_in_base: bool, latency: int) -> None:
        """A fresh venue, quoted around 100."""
        self.bench = opened(self.faults, buy_in_base=buy_in_base, latency=latency)
        self.start = {name: dict(self.bench.venue.account(name).totals) for name in NAMES}
        for instrument in INSTRUMENTS:
            self.bench.quote(instrument, 99.9, 100.1, bid_quantity=2.0, ask_quantity=2.0)

    # --- what may happen ---

    @rule(instrument=anywhere, bid=prices, gap=st.integers(1, 20), quantity=quantities, other=quantities)
    def quote(self, instrument: InstrumentId, bid: int, gap: int, quantity: int, other: int) -> None:
        """The top moves, perhaps far."""
        self.bench.quote(
            instrument, bid / 10, (bid + gap) / 10, bid_quantity=quantity / 100, ask_quantity=other / 100
        )

    @rule(instrument=anywhere, middle=prices, sizes=st.lists(quantities, min_size=2, max_size=8))
    def depth(self, instrument: InstrumentId, middle: int, sizes: list[int]) -> None:
        """A new book, level by level around a middle, younger than the quote."""
        self.bench.run(1)
        bids = tuple(((middle - 1 - i) / 10, q / 100) for i, q in enumerate(sizes[::2]))
        asks = tuple(((middle + 1 + i) / 10, q / 100) for i, q in enumerate(sizes[1::2]))
        self.bench.depth(instrument, bids, asks)

    @rule(instrument=anywhere, price=prices, quantity=quantities)
    def change(self, instrument: InstrumentId, price: int, quantity: int) -> None:
        """One level of the book changes; it may cross and break the book."""
        self.bench.depth(instrument, ((price / 10, quantity / 100),), (), snapshot=False)

    @rule(instrument=anywhere, price=prices, quantity=quantities, buyer=st.booleans())
    def trade(self, instrument: InstrumentId, price: int, quantity: int, *, buyer: bool) -> None:
        """Somebody trades."""
        self.bench.trade(instrument, price / 10, quantity / 100, buyer_taker=buyer)

    @rule(instrument=st.sampled_from([SWAP, ALT]), price=st.integers(850, 1150))
    def mark(self, instrument: InstrumentId, price: int) -> None:
        """The mark moves, perhaps through somebody's liquidation."""
        self.bench.mark(price / 10, instrument)

    @rule(instrument=st.sampled_from([SWAP, ALT]), up=st.booleans())
    def crash(self, instrument: InstrumentId, *, up: bool) -> None:
        """The mark runs through the liquidation prices of one side, and comes back."""
        self.bench.mark(120.0 if up else 80.0, instrument)
        self.bench.mark(100.0, instrument)

    @rule(instrument=st.sampled_from([SWAP, ALT]), rate=st.integers(-300, 300), seconds=st.integers(0, 2))
    def funding(self, instrument: InstrumentId, rate: int, seconds: int) -> None:
        """The next settlement is announced, or moved."""
        self.bench.funding(rate / 100_000, in_s=seconds, instrument=instrument)

    @rule(name=accounts, instrument=anywhere, side=sides, quantity=st.integers(1, 300))
    def take(self, name: str, instrument: InstrumentId, side: Side, quantity: int) -> None:
        """A marketable order."""
        self._submit(name, instrument, side, D(quantity) / 100, self._near(instrument, side.sign * 10))

    @rule(
        name=accounts, instrument=anywhere, side=sides, quantity=st.integers(1, 100), away=st.integers(-1, 5)
    )
    def rest(self, name: str, instrument: InstrumentId, side: Side, quantity: int, away: int) -> None:
        """An order close to the market that stays."""
        price = self._near(instrument, -side.sign * away)
        self._submit(name, instrument, side, D(quantity) / 100, price, time_in_force=TimeInForce.GTC)

    @rule(
        name=accounts,
        instrument=st.sampled_from([SWAP, ALT]),
        quantity=st.integers(1, 300),
        rests=st.booleans(),
    )
    def close(self, name: str, instrument: InstrumentId, quantity: int, *, rests: bool) -> None:
        """Reduce a position, at once or with an order that waits."""
        held = self.bench.venue.account(name).held(instrument)
        if not held:
            return
        side = Side.SELL if held > 0 else Side.BUY
        price = self._near(instrument, side.sign * (-2 if rests else 10))
        terms = TimeInForce.GTC if rests else TimeInForce.IOC
        self._submit(name, instrument, side, D(quantity) / 100, price, time_in_force=terms, reduce_only=True)

    @rule(
        name=accounts,
        instrument=anywhere,
        side=sides,
        quantity=st.integers(1, 500),
        price=st.one_of(st.none(), prices),
        terms=st.sampled_from(TimeInForce),
        reduce_only=st.booleans(),
        legs=st.integers(1, 2),
    )
    def submit(
        self,
        name: str,
        instrument: InstrumentId,
        side: Side,
        quantity: int,
        price: int | None,
        terms: TimeInForce,
        *,
        reduce_only: bool,
        legs: int,
    ) -> None:
        """One order, or the same twice in one message."""
        limit = None if price is None else D(price) / 10
        self._submit(
            name,
            instrument,
            side,
            D(quantity) / 100,
            limit,
            legs=legs,
            time_in_force=terms,
            reduce_only=reduce_only,
        )

    def _near(self, instrument: InstrumentId, ticks: int) -> Decimal:
        middle = self.bench.venue.market(instrument).mid() or 100.0
        return round(D(middle), 1) + D(ticks) / 10

    def _submit(
        self,
        name: str,
        instrument: InstrumentId,
        side: Side,
        quantity: Decimal,
        price: Decimal | None,
        *,
        legs: int = 1,
        **terms: Any,
    ) -> None:
        limit = None if price is None else str(price)
        batch = [self.bench.request(instrument, side, str(quantity), limit, **terms) for _ in range(legs)]
        self.requests[name].update({request.client_order_id: request for request in batch})
        self.bench.brokers[name].submit(batch)
        self.bench.run(0)

    @precondition(lambda self: any(self.requests.values()))
    @rule(name=accounts, pick=st.randoms(use_true_random=False), query=st.booleans())
    def ask(self, name: str, pick: random.Random, *, query: bool) -> None:
        """Cancel any order, or ask about it."""
        if self.requests[name]:
            order = pick.choice(list(self.requests[name]))
            (self.bench.query if query else self.bench.cancel)(order, by=name)

    @rule(name=accounts, quantity=st.integers(1, 300))
    def deleverage(self, name: str, quantity: int) -> None:
        """The venue takes a part of a position."""
        self.bench.venue.force_adl(name, SWAP, D(quantity) / 100)
        self.bench.run(0)

    @rule(ns=st.sampled_from([1, 1_000, 10_000, 1_000_000_000]))
    def wait(self, ns: int) -> None:
        """Time passes."""
        self.bench.run(ns)

    # --- what must hold ---

    @invariant()
    def nothing_is_negative(self) -> None:
        """Totals, what is free, and margins."""
        for name in self.start:
            books = self.bench.venue.account(name)
            for asset in books.totals:
                assert books.total(asset) >= 0
                assert 0 <= books.available(asset) <= books.total(asset)
            for position in books.positions.values():
                assert position.margin >= 0
                assert (position.quantity > 0) == (position.cost > 0)

    @invariant()
    def what_is_tied_up_is_margin_and_reserves(self) -> None:
        """Free and tied up make the total, with nothing left over."""
        for name in self.start:
            books = self.bench.venue.account(name)
            margin = sum((position.margin for position in books.positions.values()), D(0))
            for asset in (BTC, USDT):
                tied = sum((o.reserved for o in books.pending.values() if o.reserved_asset == asset), D(0))
                tied += margin if asset == USDT else 0
                assert books.total(asset) - books.available(asset) == tied

    @invariant()
    def bills_replay_to_balances(self) -> None:
        """Each change of a balance has its bill."""
        for name in self.start:
            books = self.bench.venue.account(name)
            for asset in books.totals:
                assert sum((b.change for b in books.bills if b.asset == asset), D(0)) == books.total(asset)
            assert len({bill.id for bill in books.bills}) == len(books.bills)

    @invariant()
    def money_is_conserved(self) -> None:
        """Start, trades, fees, profit and funding explain every balance, to the last digit."""
        for name, start in self.start.items():
            books = self.bench.venue.account(name)
            expected = dict(start)
            for fill in books.fills:
                if fill.instrument == SPOT:
                    expected[BTC] += fill.signed_quantity
                    expected[USDT] -= fill.signed_quantity * fill.price
                expected[USDT] += fill.realized
                expected[fill.fee_asset] -= fill.fee
            for bill in books.bills:
                if bill.kind in ("funding", "liquidation", "adl"):
                    expected[USDT] += bill.change
            assert expected == {asset: books.total(asset) for asset in expected}

    @invariant()
    def fills_respect_their_orders(self) -> None:
        """Quantity, limit, fill-or-kill and post-only."""
        for name in self.start:
            books = self.bench.venue.account(name)
            filled: dict[ClientOrderId, Decimal] = {}
            for fill in books.fills:
                request = self.requests[name][fill.client_order_id]
                filled[fill.client_order_id] = filled.get(fill.client_order_id, D(0)) + fill.quantity
                assert fill.quantity > 0
                if request.order_type is OrderType.LIMIT and request.price is not None:
                    assert request.side.sign * (request.price - fill.price) >= 0
                if request.time_in_force is TimeInForce.POST_ONLY and request.price is not None:
                    assert fill.maker
            for order, quantity in filled.items():
                request = self.requests[name][order]
                assert quantity <= request.quantity
                kill = request.time_in_force is TimeInForce.FOK and not request.reduce_only
                assert not kill or quantity == request.quantity

    @invariant()
    def public_depth_is_not_taken_twice(self) -> None:
        """Of no level more is taken than it shows."""
        for instrument in INSTRUMENTS if self.start else ():
            market = self.bench.venue.market(instrument)
            for taken in (market.taken_asks, market.taken_bids):
                for visible, quantity in taken.levels.values():
                    assert quantity <= market.quantity_of(visible)

    @invariant()
    def resting_orders_are_sorted_and_live(self) -> None:
        """The queue holds live orders in price-time order, and nothing that is over."""
        for instrument in INSTRUMENTS if self.start else ():
            market = self.bench.venue.market(instrument)
            for side in Side:
                resting = market.resting(side)
                assert [o.priority for o in resting] == sorted(o.priority for o in resting)
                assert all(order.live and order.queue is not None for order in resting)


class ReportingMachine(VenueMachine):
    """Without faults, what each bot hears is complete and in order."""

    @invariant()
    def reports_follow_the_life_cycle(self) -> None:
        """Each order: one answer, then fills, then at most one end, and after the end nothing."""
        for name in self.start:
            for identifier, request in self.requests[name].items():
                order, told = Order(request=request), set[str]()
                for event in self.bench.about(identifier, name):
                    if not isinstance(event, OrderFilled | OrderAccepted | OrderCanceled | OrderRejected):
                        continue
                    _hear(order, event, told)

    @invariant()
    def reduce_only_only_reduces(self) -> None:
        """Replayed in the venue's order, no reduce-only fill grows or flips a position."""
        for name in self.start:
            held: dict[InstrumentId, Decimal] = {}
            steps: list[tuple[int, Any]] = []
            for event in self.bench.heard[name]:
                fill: Any = event.fill if isinstance(event, OrderFilled) else event
                if isinstance(event, OrderFilled | ForcedFill) and fill.instrument != SPOT:
                    steps.append((int(fill.trade_id), fill))
            seen: set[tuple[InstrumentId, str]] = set()
            for _, fill in sorted(steps, key=lambda step: step[0]):
                if (fill.instrument, fill.trade_id) in seen:
                    continue  # told again by a query
                seen.add((fill.instrument, fill.trade_id))
                before = held.get(fill.instrument, D(0))
                after = before + fill.side.sign * fill.quantity
                held[fill.instrument] = after
                if isinstance(fill, ForcedFill) or self.requests[name][fill.client_order_id].reduce_only:
                    assert abs(after) < abs(before)
                    assert after * before >= 0


def _hear(order: Order, event: Any, told: set[str]) -> None:
    """Advance our picture of an order; queries may repeat what was said, but nothing may contradict it."""
    if isinstance(event, OrderFilled):
        if event.fill.trade_id in told:
            return
        assert order.state in (OrderState.LIVE, OrderState.PARTIALLY_FILLED)
        told.add(event.fill.trade_id)
        order.filled += event.fill.quantity
        order.advance(OrderEvent.COMPLETED if not order.remaining else OrderEvent.FILL)
    elif isinstance(event, OrderAccepted):
        order.advance(OrderEvent.ACCEPTED)
    elif isinstance(event, OrderCanceled):
        assert event.filled == order.filled
        order.advance(OrderEvent.CANCELED)
        assert order.state is OrderState.CANCELED
    else:
        order.advance(OrderEvent.REJECTED)
        assert order.state is OrderState.REJECTED


class FaultyMachine(VenueMachine):
    """With every fault at once the books still hold, and questions clear everything up."""

    faults = FAULTS

    def teardown(self) -> None:
        """With faults stopped, asking about every order tells all of its fills and its end."""
        if not self.start:
            return
        bench = self.bench
        bench.venue.stop_faults()
        bench.run(1_000_000)
        for name in NAMES:
            bench.heard[name].clear()
            for order in self.requests[name]:
                bench.query(order, by=name)
            bench.run(1_000_000)
            heard = {e.fill.trade_id for e in bench.of(OrderFilled, name)}
            known = {fill.trade_id for fill in bench.venue.account(name).fills}
            assert known <= heard
            for order in self.requests[name]:
                _assert_cleared_up(bench.about(order, name), self.requests[name][order])


def _assert_cleared_up(events: list[Any], request: OrderRequest) -> None:
    filled = sum((e.fill.quantity for e in events if isinstance(e, OrderFilled)), D(0))
    last = events[-1]
    assert not isinstance(last, OrderUnknown)
    if isinstance(last, OrderFilled):
        assert filled == request.quantity
    elif isinstance(last, OrderCanceled):
        assert filled == last.filled
    elif isinstance(last, OrderNotFound | OrderRejected):
        assert not filled


TestReports = ReportingMachine.TestCase
TestReports.settings = settings(max_examples=60, stateful_step_count=60)
TestFaults = FaultyMachine.TestCase
TestFaults.settings = settings(max_examples=40, stateful_step_count=60)


def step(machine: VenueMachine, chance: random.Random) -> None:
    """One random action; shorter than the rules' own draws, and so used for long walks."""
    instrument, side, name = chance.choice(INSTRUMENTS), chance.choice(list(Side)), chance.choice(NAMES)
    perpetual, quantity = chance.choice((SWAP, ALT)), chance.randint(1, 200)
    bid, gap = chance.randint(985, 1015), chance.randint(1, 5)
    actions: list[Callable[[], None]] = [
        lambda: machine.quote(instrument, bid, gap, quantity=quantity, other=chance.randint(0, 300)),
        lambda: machine.depth(instrument, bid, [chance.randint(0, 200) for _ in range(6)]),
        lambda: machine.change(instrument, bid, quantity),
        lambda: machine.trade(instrument, bid, quantity, buyer=chance.random() < 0.5),
        lambda: machine.mark(perpetual, bid),
        lambda: machine.funding(perpetual, rate=chance.randint(-300, 300), seconds=chance.randint(0, 2)),
        lambda: machine.take(name, instrument, side, quantity),
        lambda: machine.take(name, instrument, side, quantity),
        lambda: machine.rest(name, instrument, side, quantity, away=chance.randint(-1, 5)),
        lambda: machine.rest(name, instrument, side, quantity, away=chance.randint(-1, 5)),
        lambda: machine.close(name, perpetual, quantity, rests=chance.random() < 0.5),
        lambda: machine.ask(name, chance, query=chance.random() < 0.5),
        lambda: machine.wait(chance.choice((1, 1_000, 1_000_000_000))),
    ]
    rare: list[Callable[[], None]] = [
        lambda: machine.crash(perpetual, up=chance.random() < 0.5),
        lambda: machine.deleverage(name, quantity),
    ]
    chance.choice(rare if chance.random() < 0.03 else actions)()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [ReportingMachine, FaultyMachine])
def test_long_walks_keep_the_books(kind: type[VenueMachine], seed: int) -> None:
    """Hundreds of steps on one venue: what short examples do not reach holds as well."""
    machine, chance = kind(), random.Random(seed)
    machine.open(buy_in_base=bool(seed % 2), latency=1_000 * (seed % 3))
    for count in range(400):
        step(machine, chance)
        machine.nothing_is_negative()
        machine.what_is_tied_up_is_margin_and_reserves()
        machine.public_depth_is_not_taken_twice()
        if count % 40 == 39:
            machine.bills_replay_to_balances()
            machine.money_is_conserved()
            machine.fills_respect_their_orders()
            machine.resting_orders_are_sorted_and_live()
            if isinstance(machine, ReportingMachine):
                machine.reports_follow_the_life_cycle()
                machine.reduce_only_only_reduces()
    machine.teardown()


def scripted(seed: int, script: int) -> list[object]:
    """All reports of a random script, from a venue with every fault and this seed."""
    chance = random.Random(script)
    bench = Bench(account("a"), account("b"), faults=FAULTS, seed=seed, price_band=D(0))
    for _ in range(60):
        instrument = chance.choice((SPOT, SWAP))
        bid = chance.randint(950, 1050)
        bench.quote(instrument, bid / 10, (bid + 2) / 10, bid_quantity=chance.random() * 3)
        bench.mark(bid / 10)
        bench.send(
            instrument,
            chance.choice(list(Side)),
            str(D(chance.randint(1, 200)) / 100),
            str(D(bid + chance.randint(-3, 5)) / 10),
            by=chance.choice(NAMES),
            time_in_force=chance.choice(list(TimeInForce)),
        )
        bench.run(chance.randint(0, 10_000))
    return [bench.heard, [bench.venue.account(name).balances() for name in NAMES]]


@settings(max_examples=10)
@given(seed=st.integers(0, 1_000), script=st.integers(0, 1_000))
def test_the_same_seed_gives_the_same_reports(seed: int, script: int) -> None:
    """A run can be repeated exactly, faults included."""
    assert scripted(seed, script) == scripted(seed, script)

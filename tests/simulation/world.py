"""A bot and its venue in simulated time from one seed, with every invariant checked as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct, field

from zombot.domain.arbitrage import ArbitrageState
from zombot.domain.effects import CancelOrder, QueryOrder
from zombot.domain.events import (
    BalanceReported,
    BotStarted,
    Command,
    CommandKind,
    OrdersIntended,
    Recovered,
)
from zombot.domain.identifiers import Asset, InstrumentId, VenueId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.market import BookUpdate
from zombot.domain.money import ZERO
from zombot.domain.order import OrderRequest
from zombot.domain.orderbook import OrderBook
from zombot.engine.config import EngineConfig
from zombot.engine.engine import Engine
from zombot.engine.legs import residual_notional
from zombot.engine.profit import current_marks, equity, total_profit
from zombot.engine.repair import is_settled
from zombot.engine.snapshot import equity_at_start
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.infrastructure.simulator.config import AccountConfig, SimulatorConfig
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.infrastructure.simulator.venue import SimulatedVenue
from zombot.infrastructure.synthetic.config import SyntheticConfig
from zombot.infrastructure.synthetic.market import SyntheticMarket
from zombot.ports.broker import Broker
from zombot.runtime.agenda import Agenda
from zombot.runtime.chronicle import Chronicle
from zombot.runtime.dispatcher import Dispatcher
from zombot.runtime.session import Session
from zombot.runtime.simulation import Simulation
from zombot.strategies.intra.strategy import build

VENUE = VenueId("okx")
START_NS = 1_790_000_000_000_000_000
MS = 1_000_000
SECOND = 1_000_000_000


class WorldConfig(Struct, frozen=True, kw_only=True):
    """What a world is made of."""

    seed: int = 1
    market: SyntheticConfig = SyntheticConfig()
    faults: FaultConfig = FaultConfig()
    order_ns: int = 2 * MS
    report_ns: int = 2 * MS
    jitter_ns: int = 0
    strategy: dict[str, object] = {}
    engine: EngineConfig = EngineConfig()
    balances: dict[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(20_000)})
    leverage: Decimal = Decimal(3)
    buy_fee_in_base: bool = True
    instruments: dict[InstrumentId, Instrument] = {}
    """Replace the market's own, by id."""


class Watch:
    """A broker that sees every order on its way out: I1 and I2 are checked here."""

    def __init__(self, broker: Broker, journal: MemoryJournal) -> None:
        self._broker = broker
        self._journal = journal
        self._read = 0
        self._intended: dict[str, OrderRequest] = {}
        self.sent: dict[str, OrderRequest] = {}

    def submit(self, requests: Sequence[OrderRequest]) -> None:
        for entry in self._journal.replay(self._read):
            self._read = entry.sequence
            if isinstance(entry.fact, OrdersIntended):
                self._intended.update({r.client_order_id: r for r in entry.fact.requests})
        for request in requests:
            name = request.client_order_id
            assert self._intended.get(name) == request, f"I1: order {name} left without its intent"
            assert name not in self.sent, f"I2: order id {name} used twice"
            assert len(name) <= 32
            assert name.isalnum()
            self.sent[name] = request
        self._broker.submit(requests)

    def cancel(self, cancel: CancelOrder) -> None:
        self._broker.cancel(cancel)

    def query(self, query: QueryOrder) -> None:
        self._broker.query(query)


class World:
    """One bot, one venue, one market."""

    def __init__(self, config: WorldConfig, before: World | None = None) -> None:
        """``before``: the world as the last process of the bot left it."""
        self.config = config
        self.agenda: Agenda = before.agenda if before else Agenda(START_NS)
        source = SyntheticMarket(config.market, VENUE, START_NS, config.seed)
        self.instruments = {i.id: config.instruments.get(i.id, i) for i in source.instruments}
        self.fees = {
            i.id: FeeRates(
                maker=Decimal("0.0008"), taker=Decimal("0.001"), buy_in_base=config.buy_fee_in_base
            )
            if i.is_spot
            else FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
            for i in self.instruments.values()
        }
        self.journal: MemoryJournal = before.journal if before else MemoryJournal()
        self.engine = Engine(
            config=config.engine,
            instruments=self.instruments,
            fees=self.fees,
            strategies=build(config.strategy, self.instruments, self.fees),
        )
        self.engine.fold(entry.fact for entry in self.journal.replay())
        self.venue: SimulatedVenue = before.venue if before else self._venue()
        self.watch = Watch(self.venue.broker("main", self._take), self.journal)
        self.chronicle = Chronicle(self.engine)
        dispatcher = Dispatcher(
            journal=self.journal,
            brokers={VENUE: self.watch},
            scheduler=self.agenda,
            notifier=self.chronicle,
            instruments=self.instruments,
        )
        self.session = Session(self.engine, dispatcher)
        dispatcher.feed = self._take
        dispatcher.recorded.append(self.chronicle.watch)
        self.simulation: Simulation = (
            before.simulation
            if before
            else Simulation(
                events=source.events(),
                venue=self.venue,
                session=self.session,
                agenda=self.agenda,
                recorded=False,
            )
        )
        self.opening: dict[InstrumentId, Decimal] = {}
        self._start()

    def _venue(self) -> SimulatedVenue:
        config = self.config
        return SimulatedVenue(
            VENUE,
            self.instruments.values(),
            SimulatorConfig(
                accounts=(
                    AccountConfig(
                        id="main",
                        balances={Asset(a): v for a, v in config.balances.items()},
                        leverage=config.leverage,
                    ),
                ),
                seed=config.seed,
                fees=self.fees,
                order_latency=_hop(config.order_ns, config.jitter_ns),
                report_latency=_hop(config.report_ns, config.jitter_ns),
                faults=config.faults,
            ),
            self.agenda,
        )

    def _take(self, event: object) -> None:
        if not self.session.failure:
            self.session.feed(event)  # type: ignore[arg-type]

    def _start(self) -> None:
        now_ns = self.agenda.now_ns
        feed = self.session.feed
        feed(BotStarted(bot="b1", epoch=now_ns // SECOND, version="test", received_ns=now_ns))
        account = self.venue.account("main")
        for asset in list(account.totals):
            feed(
                BalanceReported(
                    venue=VENUE,
                    asset=asset,
                    total=account.total(asset),
                    available=account.available(asset),
                    venue_ns=now_ns,
                    received_ns=now_ns,
                )
            )
        feed(Recovered(received_ns=now_ns))

    # --- driving -----------------------------------------------------------------------------------------

    def run(self, seconds: float, step_ms: float = 20.0) -> None:
        """Go on in steps, checking what must hold after each."""
        end_ns = self.agenda.now_ns + int(seconds * SECOND)
        while self.agenda.now_ns < end_ns:
            before_ns = self.agenda.now_ns
            self.simulation.run(min(before_ns + int(step_ms * MS), end_ns))
            self.check()
            assert self.agenda.now_ns > before_ns, "time stands still"

    def command(self, kind: CommandKind) -> None:
        self.session.feed(Command(kind=kind, by="test", received_ns=self.agenda.now_ns))

    def settle(self, seconds_max: float = 120.0) -> None:
        """Faults stop, nothing new begins: rest must be reached within a bound (the liveness half of I3)."""
        self.venue.stop_faults()
        self.engine.gate.draining = True
        end_ns = self.agenda.now_ns + int(seconds_max * SECOND)
        while self.agenda.now_ns < end_ns:
            self.run(0.5)
            if self.engine.at_rest() and not self.arbitrages(ArbitrageState.STUCK):
                self.run(5.0)  # whatever is still on its way comes in
                if self.engine.at_rest():
                    self.check_rest()
                    return
        raise AssertionError(f"I3: no rest within {seconds_max} s: {self.describe()}")

    # --- what must hold ----------------------------------------------------------------------------------

    def check(self) -> None:
        """Everything that must hold at any moment."""
        assert not self.session.failure, f"{self.session.failure}\n{self.describe()}"
        self.check_profit()
        self.check_exposure()
        account = self.venue.account("main")
        for asset in list(account.totals):
            assert account.total(asset) >= 0, f"{asset} below zero at the venue"
            assert account.available(asset) >= 0, f"{asset} available below zero at the venue"
        if self.engine.at_rest():
            for arbitrage in self.engine.state.durable.arbitrages.values():
                assert is_settled(arbitrage, self.instruments), f"I3: {self.describe()}"

    def check_profit(self) -> None:
        """I8: the parts of profit are the change of equity, to the last digit, at any marks."""
        state = self.engine.state
        marks = current_marks(state, self.engine.markets)
        for identifier, mark in marks.items():
            if mark:
                self.opening.setdefault(identifier, mark)
        opening = {**marks, **self.opening}
        change = equity(state, marks, opening) - equity_at_start(self.engine, opening)
        parts = total_profit(state, marks)
        assert parts.total == change, f"I8: {parts.total} is not {change}\n{self.describe()}"

    def check_exposure(self) -> None:
        """I5: what is open and in flight stays within the limits."""
        limits, capital = self.config.engine.limits, self.engine.capital
        assert capital.open_notional() <= limits.notional_max
        assert len(self.engine.state.durable.arbitrages) <= limits.arbitrages_max

    def check_rest(self) -> None:
        """I3, I4: at rest every arbitrage is even, and our books are the venue's books."""
        ledger, account = self.engine.state.durable.ledger, self.venue.account("main")
        for asset in list(account.totals):
            ours, theirs = ledger.balance(VENUE, asset), account.total(asset)
            assert ours == theirs, f"I4: {asset}: ours {ours}, the venue's {theirs}\n{self.describe()}"
        for identifier, instrument in self.instruments.items():
            if instrument.is_spot:
                continue
            holding = ledger.holdings.get(identifier)
            ours = holding.quantity if holding else ZERO
            theirs = account.position(identifier).quantity
            assert ours == theirs, f"I4: {identifier}: ours {ours}, the venue's {theirs}\n{self.describe()}"
        for arbitrage in self.engine.state.durable.arbitrages.values():
            assert is_settled(arbitrage, self.instruments), f"I3: {self.describe()}"
        net: dict[str, Decimal] = {}
        for arbitrage in (
            *self.engine.state.durable.arbitrages.values(), *self.engine.state.durable.retired.values()
        ):  # fmt: skip
            for leg in arbitrage.legs:
                net[leg.instrument] = net.get(leg.instrument, ZERO) + leg.net
        for identifier, remainder in self.engine.state.durable.remainders.items():
            net[identifier] = net.get(identifier, ZERO) + remainder.net
        assert not any(self.engine.state.durable.unclaimed.values()), "a forced fill that no leg took"
        for identifier, instrument in self.instruments.items():
            held = net.get(identifier, ZERO)
            if not instrument.is_spot:
                assert held == account.position(identifier).quantity, f"orphan in {identifier}"

    def check_fold(self) -> None:
        """Folding the journal gives the state back, without deciding anything again."""
        other = Engine(
            config=self.config.engine,
            instruments=self.instruments,
            fees=self.fees,
            strategies=build(self.config.strategy, self.instruments, self.fees),
        )
        other.fold(entry.fact for entry in self.journal.replay())
        assert other.state.state_hash() == self.engine.state.state_hash()

    # --- looking -----------------------------------------------------------------------------------------

    def arbitrages(self, state: ArbitrageState) -> list[int]:
        return [a.id for a in self.engine.state.durable.arbitrages.values() if a.state is state]

    def restarted(self) -> World:
        """The bot's process ends here and a new one starts from its journal, on the same venue."""
        self.session.failure = "ended"
        world = World(self.config, self)
        self.simulation.attach(world.session)
        for identifier in self.instruments:
            # A feed that is subscribed anew begins with a snapshot.
            world.session.feed(_snapshot(identifier, self.venue.market(identifier).book, self.agenda.now_ns))
        world.opening = self.opening
        world.watch.sent.update(self.watch.sent)
        return world

    def describe(self) -> str:
        """A readable trace of everything that is open."""
        lines = [f"seed {self.config.seed}, {(self.agenda.now_ns - START_NS) / 1e9:.3f} s"]
        durable = self.engine.state.durable
        for arbitrage in durable.arbitrages.values():
            lines.append(
                f"arbitrage {arbitrage.id} {arbitrage.pair} {arbitrage.direction} {arbitrage.state.value}"
                f" residual {residual_notional(arbitrage):.4f} repairs {arbitrage.repairs}"
            )
            lines += [f"  leg {leg.instrument} net {leg.net} of {leg.target}" for leg in arbitrage.legs]
            for identifier in durable.order_ids[arbitrage.id]:
                order = durable.orders[identifier]
                request = order.request
                lines.append(
                    f"  {identifier} {request.purpose.value} {request.side.value} {request.quantity} "
                    f"{request.instrument} at {request.price}: {order.state.value} {order.filled} "
                    f"(reported {order.reported_filled}) {order.reason}"
                )
        lines += [f"  {event.level}: {event.text}" for event in list(self.chronicle.events)[-15:]]
        return "\n".join(lines)


def _hop(ns: int, jitter_ns: int) -> LatencyConfig:
    if not jitter_ns:
        return LatencyConfig(ns=ns)
    return LatencyConfig(kind="uniform", ns=ns, ns_max=ns + jitter_ns)


def _snapshot(instrument: InstrumentId, book: OrderBook, now_ns: int) -> BookUpdate:
    return BookUpdate(
        instrument=instrument,
        bids=tuple(book.bids.items()),
        asks=tuple(book.asks.items()),
        snapshot=True,
        venue_ns=now_ns,
        received_ns=now_ns,
        sequence=book.sequence,
    )

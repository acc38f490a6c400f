"""Engine, simulated venue and shell, put together as for a back-test and fed from a list of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from benchmarks.market import BEGIN_NS, VENUE, instruments
from zombot.domain.effects import Alert
from zombot.domain.events import AccountEvent, BalanceReported, BotStarted, Fact, LinkChanged, Recovered
from zombot.domain.identifiers import Asset
from zombot.domain.instrument import FeeRates
from zombot.domain.market import TopOfBook
from zombot.domain.money import ONE
from zombot.engine.config import EngineConfig
from zombot.engine.engine import Engine
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.infrastructure.simulator.config import AccountConfig, SimulatorConfig
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.infrastructure.simulator.venue import SimulatedVenue
from zombot.ports.journal import Journal
from zombot.runtime.agenda import Agenda
from zombot.runtime.dispatcher import Dispatcher
from zombot.runtime.session import Session
from zombot.runtime.simulation import Simulation
from zombot.strategies.intra.strategy import build

USDT: Final = Asset("USDT")
FUNDS: Final = Decimal(1_000_000)
ACCOUNT: Final = "main"


class Silent:
    """A notifier that drops its alerts."""

    def notify(self, alert: Alert, at_ns: int) -> None:
        """Do nothing."""


class Kept(MemoryJournal):
    """A journal that keeps every batch as it came."""

    def __init__(self) -> None:
        super().__init__(keep=False)
        self.batches: list[list[Fact]] = []

    def append(self, facts: Sequence[Fact]) -> int:
        """Take the batch; see the port."""
        self.batches.append(list(facts))
        return super().append(facts)


class World:
    """A bot that has started and may trade."""

    def __init__(
        self, strategy: Mapping[str, object], *, pairs: int = 1, journal: Journal | None = None
    ) -> None:
        known = {instrument.id: instrument for instrument in instruments(pairs)}
        fees = dict.fromkeys(known, FeeRates(maker=Decimal(0), taker=Decimal("0.0002")))
        self.names = list(known)
        self.agenda = Agenda(BEGIN_NS)
        self.engine = Engine(
            config=EngineConfig(margin_rates={i.id: ONE for i in known.values() if not i.is_spot}),
            instruments=known,
            fees=fees,
            strategies=build(dict(strategy), known, fees),
        )
        hop = LatencyConfig(ns=2_000_000)
        self.venue = SimulatedVenue(
            VENUE,
            known.values(),
            SimulatorConfig(
                accounts=(AccountConfig(id=ACCOUNT, balances={USDT: FUNDS}, leverage=ONE),),
                fees=fees,
                order_latency=hop,
                report_latency=hop,
            ),
            self.agenda,
        )
        self.session: Session
        dispatcher = Dispatcher(
            journal=journal or MemoryJournal(keep=False),
            brokers={VENUE: self.venue.broker(ACCOUNT, self._take)},
            scheduler=self.agenda,
            notifier=Silent(),
            instruments=known,
        )
        self.session = Session(self.engine, dispatcher)
        dispatcher.feed = self.session.feed
        self._start()

    def _take(self, event: AccountEvent | LinkChanged) -> None:
        self.session.feed(event)

    def _start(self) -> None:
        now_ns = self.agenda.now_ns
        feed = self.session.feed
        feed(BotStarted(bot="bench", epoch=now_ns // 10**9, version="0", received_ns=now_ns))
        feed(
            BalanceReported(
                venue=VENUE, asset=USDT, total=FUNDS, available=FUNDS, venue_ns=now_ns, received_ns=now_ns
            )
        )
        feed(Recovered(received_ns=now_ns))

    def step(self, quotes: Iterable[TopOfBook]) -> None:
        """Let the venue and the engine see the quotes, as a back-test does."""
        Simulation(
            events=iter(quotes), venue=self.venue, session=self.session, agenda=self.agenda, recorded=True
        ).run()
        assert not self.session.failure, self.session.failure

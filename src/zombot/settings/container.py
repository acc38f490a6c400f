"""The composition root: the only place where everything meets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from zombot.domain.errors import InvalidValue
from zombot.domain.events import BalanceReported, CommandKind, Fact
from zombot.domain.identifiers import InstrumentId, VenueId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.market import MarketEvent
from zombot.engine.engine import Engine
from zombot.infrastructure.control.client import ControlClient
from zombot.infrastructure.control.protocol import ControlError
from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.infrastructure.journal.reader import open_reader
from zombot.infrastructure.report import writer as report_writer
from zombot.infrastructure.simulator.config import AccountConfig
from zombot.infrastructure.simulator.venue import SimulatedVenue
from zombot.ports.journal import Journal, JournalEntry, JournalError
from zombot.runtime.agenda import Agenda
from zombot.runtime.backtest import BacktestRun
from zombot.runtime.bot import SECOND_NS, Bot, RunInfo
from zombot.runtime.chronicle import Chronicle
from zombot.runtime.dispatcher import Dispatcher
from zombot.runtime.live import LiveRun
from zombot.runtime.session import Session
from zombot.runtime.simulation import Simulation
from zombot.settings import assembly
from zombot.settings.errors import SettingsError
from zombot.settings.loading import describe
from zombot.settings.plugins import build_strategies
from zombot.settings.schema import Faults, Latency, Settings

Summary = dict[str, object]
Progress = Callable[[float, int], None]

FAILED: Final = 1
USAGE: Final = 2


def _expected_errors() -> dict[type[Exception], int]:
    from zombot.infrastructure.history.errors import RecordingError
    from zombot.infrastructure.report.model import ReportError

    return {
        SettingsError: USAGE,
        InvalidValue: USAGE,
        ReportError: FAILED,
        RecordingError: FAILED,
        JournalError: FAILED,
        ControlError: FAILED,
    }


EXPECTED_ERRORS: Final[Mapping[type[Exception], int]] = _expected_errors()
"""Errors that users cause or can mend, each with its exit code."""


def journal_directory(settings: Settings) -> Path:
    """Where the bot keeps its journal."""
    return settings.state_dir / "journal"


def read_model_path(settings: Settings) -> Path:
    """Where the database projected from the journal stands."""
    return settings.state_dir / "zombot.sqlite"


def socket_path(settings: Settings) -> Path:
    """Where a running bot listens for its operator."""
    return settings.control.socket or settings.state_dir / "zombot.sock"


class _Parts:
    """A bot on a simulated venue: what a run and a back-test have in common."""

    def __init__(
        self,
        settings: Settings,
        *,
        instruments: Mapping[InstrumentId, Instrument],
        fees: Mapping[InstrumentId, FeeRates],
        journal: Journal,
        leverage: Decimal,
        start_ns: int,
        info: RunInfo,
        facts: Iterable[Fact] = (),
    ) -> None:
        self.engine = Engine(
            config=assembly.engine_config(settings, instruments.values(), leverage),
            instruments=instruments,
            fees=fees,
            strategies=build_strategies(settings.strategies, instruments, fees),
        )
        # Start-up is replay: what the journal knows is there before anything else happens.
        self.engine.fold(facts)
        # The clock may stand behind the journal: an earlier run went faster than time, or it was set back.
        self.agenda = Agenda(max(start_ns, self.engine.now_ns + 1))
        self.chronicle = Chronicle(self.engine)
        self._settings = settings
        self._journal = journal
        self._info = info

    def connect(
        self, venue_id: VenueId, account: AccountConfig, latency: Latency, faults: Faults | None
    ) -> tuple[Bot, SimulatedVenue]:
        """Build the venue with its account, and the bot that is connected to it."""
        settings, engine = self._settings, self.engine
        instruments = engine.state.instruments
        fees = {identifier: market.fees for identifier, market in engine.markets.items()}
        venue = SimulatedVenue(
            venue_id,
            instruments.values(),
            assembly.simulator_config(account, fees, latency, faults, settings.seed),
            self.agenda,
        )
        sink = _Sink()
        dispatcher = Dispatcher(
            journal=self._journal,
            brokers={venue_id: venue.broker(assembly.ACCOUNT, sink.take)},
            scheduler=self.agenda,
            notifier=self.chronicle,
            instruments=instruments,
        )
        session = Session(engine, dispatcher)
        sink.session = session
        dispatcher.feed = sink.take
        dispatcher.recorded.append(self.chronicle.watch)
        bot = Bot(
            name=settings.bot,
            engine=engine,
            session=session,
            journal=self._journal,
            scheduler=self.agenda,
            chronicle=self.chronicle,
            info=self._info,
        )
        return bot, venue


class _Sink:
    """Where a venue's answers and due timers go; a session that has stopped takes no more."""

    session: Session

    def take(self, event: Any) -> None:  # noqa: ANN401 - AccountEvent, LinkChanged or TimerFired
        if not self.session.failure:
            self.session.feed(event)


def _account_reports(venue: SimulatedVenue, venue_id: VenueId, now_ns: int) -> Iterable[BalanceReported]:
    """What the venue says we own, as a start reads it before anything is traded."""
    account = venue.account(assembly.ACCOUNT)
    for asset in list(account.totals):
        yield BalanceReported(
            venue=venue_id,
            asset=asset,
            total=account.total(asset),
            available=account.available(asset),
            venue_ns=now_ns,
            received_ns=now_ns,
        )


def build_run(settings: Settings, *, seconds: float | None) -> LiveRun:
    """A bot on the embedded venue and a synthetic market, wired and not yet started.

    Raises:
        SettingsError, InvalidValue: the settings do not fit together.
        JournalError: the journal is damaged, or another bot holds it.
    """
    from zombot.infrastructure.control.server import ControlServer
    from zombot.infrastructure.readmodel.projector import Projector
    from zombot.infrastructure.synthetic.market import SyntheticMarket

    venue_id = VenueId(settings.venue)
    start_ns = time.time_ns()
    simulator = settings.simulator
    directory = journal_directory(settings)
    journal = FileJournal(
        directory,
        durability="power" if settings.journal.durability == "power" else "process",
        segment_bytes=settings.journal.segment_bytes,
    )
    with ExitStack() as undo:
        undo.callback(journal.close)
        config = assembly.synthetic_config(settings)
        source = SyntheticMarket(config, venue_id, start_ns, settings.seed)
        instruments = {instrument.id: instrument for instrument in source.instruments}
        parts = _Parts(
            settings,
            instruments=instruments,
            fees=assembly.fee_table(simulator.fees, instruments.values()),
            journal=journal,
            leverage=simulator.leverage,
            start_ns=start_ns,
            info=RunInfo(
                configuration=describe(settings),
                data={"source": "synthetic market", "seed": settings.seed, "pairs": list(settings.pairs)},
            ),
            facts=(entry.fact for entry in journal.replay()),
        )
        durable = parts.engine.state.durable
        if durable.starts:
            # The embedded market goes on: another stretch of it, about where open arbitrages were entered.
            prices = {**config.prices, **assembly.resumed_prices(durable)}
            config = msgspec.structs.replace(config, prices=prices)
            source = SyntheticMarket(config, venue_id, parts.agenda.now_ns, settings.seed + durable.starts)
        account = assembly.account_config(
            simulator.balances, simulator.leverage, durable.ledger, settings.venue
        )
        bot, venue = parts.connect(venue_id, account, simulator.latency, simulator.faults)
        undo.pop_all()
    control = ControlServer(socket_path(settings), snapshot=bot.snapshot, command=_commander(bot))
    projector = Projector(read_model_path(settings), open_reader(directory))
    return LiveRun(
        bot=bot,
        simulation=Simulation(
            events=source.events(), venue=venue, session=bot.session, agenda=parts.agenda, recorded=False
        ),
        start=lambda: bot.start(lambda: _account_reports(venue, venue_id, parts.agenda.now_ns)),
        services=(_Listening(control), _Projecting(projector)),
        speed=settings.synthetic.speed,
        seconds=seconds,
    )


def _commander(bot: Bot) -> Callable[[CommandKind, str], dict[str, object]]:
    def command(kind: CommandKind, by: str) -> dict[str, object]:
        message = bot.command(kind, by)
        return {
            "command": kind.value,
            "mode": bot.engine.state.durable.mode.value,
            "message": f"{kind.value}: {message}",
        }

    return command


class _Listening:
    """The control socket as a service of the run."""

    def __init__(self, server: Any) -> None:  # noqa: ANN401 - imported only when a bot runs
        self._server = server

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.close()


class _Projecting:
    """The read model as a service of the run."""

    def __init__(self, projector: Any) -> None:  # noqa: ANN401 - imported only when a bot runs
        self._projector = projector

    async def start(self) -> None:
        self._projector.start()

    async def stop(self) -> None:
        self._projector.stop()


def build_backtest(settings: Settings, data_dir: Path, pairs: Sequence[str], speed: str) -> BacktestRun:
    """The live engine over a recording, wired and not yet started.

    Raises:
        RecordingError: the data cannot be used.
        SettingsError, InvalidValue: the settings do not fit together or to the data.
    """
    from zombot.infrastructure.history.reader import RecordingSource

    del speed  # both speeds step until the compiled scan is there; their results are the same by contract
    backtest = settings.backtest
    source = RecordingSource(data_dir)
    wanted = assembly.pairs_of(settings, pairs, source.instruments, backtest.venue)
    source = RecordingSource(data_dir, instruments=[instrument.id for instrument in wanted])
    instruments = assembly.overridden(settings, wanted)
    manifest = source.recording.manifest
    venue_id = VenueId(backtest.venue)
    parts = _Parts(
        settings,
        instruments=instruments,
        fees=assembly.fee_table(backtest.fees, instruments.values()),
        journal=MemoryJournal(keep=False),
        leverage=backtest.leverage,
        start_ns=manifest.start_ns,
        info=RunInfo(
            configuration=describe(settings),
            data=assembly.described(manifest, instruments.values()),
            # About a thousand points over the whole, whatever its length.
            sample_ns=max((manifest.end_ns - manifest.start_ns) // 1_000, SECOND_NS // 10),
        ),
    )
    ledger = parts.engine.state.durable.ledger
    account = assembly.account_config(backtest.balances, backtest.leverage, ledger, backtest.venue)
    bot, venue = parts.connect(venue_id, account, backtest.latency, None)
    events: Iterator[MarketEvent] = source.events()
    return BacktestRun(
        bot=bot,
        simulation=Simulation(
            events=events, venue=venue, session=bot.session, agenda=parts.agenda, recorded=True
        ),
        start=lambda: bot.start(lambda: _account_reports(venue, venue_id, parts.agenda.now_ns)),
        begin_ns=manifest.start_ns,
        end_ns=manifest.end_ns,
    )


def write_report(report: object, directory: Path) -> None:
    """``report.html`` and ``report.json`` into a folder."""
    report_writer.write_report(report, directory)


def write_report_json(report: object, path: Path) -> None:
    """The JSON file alone."""
    report_writer.write_json(report, path)


def import_recording(
    format_name: str,
    sources: Sequence[Path],
    into: Path,
    *,
    options: Mapping[str, str],
    progress: Progress,
) -> Summary:
    """Import market data of another format into a recording.

    Raises:
        RecordingError: a file cannot be used; nothing was changed.
    """
    from zombot.settings import importing

    return importing.import_recording(format_name, sources, into, options=options, progress=progress)


def control_client(settings: Settings) -> ControlClient:
    """The way to a running bot."""
    return ControlClient(socket_path(settings))


def journal_entries(settings: Settings, path: Path | None, after: int) -> Iterator[JournalEntry]:
    """The entries of a journal, oldest first; safe while a bot writes."""
    return open_reader(path or journal_directory(settings)).replay(after)


def journal_verify(settings: Settings, path: Path | None) -> Summary:
    """Prove a journal."""
    from zombot.infrastructure.journal.inspection import verify

    found: Summary = msgspec.to_builtins(verify(path or journal_directory(settings)))
    return found


def journal_rebuild(settings: Settings, path: Path | None, into: Path | None) -> Summary:
    """Make the read model anew from a journal."""
    from zombot.infrastructure.readmodel.sqlite import SqliteReadModel

    target = into or read_model_path(settings)
    model = SqliteReadModel(target)
    try:
        projected = model.rebuild(open_reader(path or journal_directory(settings)))
    finally:
        model.close()
    return {"database": str(target), "facts": projected}

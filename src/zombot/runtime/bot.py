"""A bot put together: starts by recovering, takes operator commands, gives snapshots, ends in good order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from zombot import __version__
from zombot.domain.events import (
    BalanceReported,
    BotStarted,
    BotStopped,
    Command,
    CommandKind,
    PositionReported,
    Recovered,
    TradingMode,
)
from zombot.domain.identifiers import InstrumentId
from zombot.domain.money import text_of
from zombot.engine.engine import Engine
from zombot.engine.profit import current_marks, equity, total_profit
from zombot.engine.queries import Snapshot
from zombot.engine.snapshot import equity_at_start, refusal_counts, take_snapshot
from zombot.ports.journal import Journal
from zombot.ports.scheduler import Scheduler
from zombot.runtime.chronicle import Chronicle
from zombot.runtime.report import RunReport
from zombot.runtime.sampling import Sampler
from zombot.runtime.session import Session

SECOND_NS: Final = 1_000_000_000
UNFINISHED: Final = "stopped while something was still under way: start again, it goes on from the journal"


class RunInfo(Struct, frozen=True, kw_only=True):
    """What a report says about a run besides its figures."""

    configuration: dict[str, Any]
    data: dict[str, Any]
    sample_ns: int = SECOND_NS
    """Between samples of equity and spreads, to begin with."""


class Bot:
    """One session with everything that watches it."""

    def __init__(
        self,
        *,
        name: str,
        engine: Engine,
        session: Session,
        journal: Journal,
        scheduler: Scheduler,
        chronicle: Chronicle,
        info: RunInfo,
    ) -> None:
        self.name = name
        self.engine = engine
        self.session = session
        self.journal = journal
        self.scheduler = scheduler
        self.chronicle = chronicle
        self.sampler = Sampler(engine, scheduler, info.sample_ns)
        self.info = info
        self.started_ns = scheduler.now_ns
        self.unfinished = False
        """Set when a stop could not wait until everything under way had ended."""
        self.opening_marks: dict[InstrumentId, Decimal] = {}

    def start(self, account: Callable[[], Iterable[BalanceReported | PositionReported]]) -> None:
        """The only way to start: the journal is folded already, the account is read, then trading goes on."""
        now_ns = self.started_ns = self.scheduler.now_ns
        self.session.feed(
            BotStarted(bot=self.name, epoch=now_ns // SECOND_NS, version=__version__, received_ns=now_ns)
        )
        for report in account():
            self.session.feed(report)
        self.session.feed(Recovered(received_ns=now_ns))
        self.sampler.start(self.opening_marks)

    def note_opening_marks(self) -> None:
        """Take the first price of each instrument as the value of what was owned before."""
        if len(self.opening_marks) == len(self.engine.markets):
            return
        for identifier, mark in current_marks(self.engine.state, self.engine.markets).items():
            if mark and identifier not in self.opening_marks:
                self.opening_marks[identifier] = mark

    def command(self, kind: CommandKind, by: str) -> str:
        """An operator's wish; returns what became of it in words."""
        self.session.feed(Command(kind=kind, by=by, received_ns=self.scheduler.now_ns))
        durable = self.engine.state.durable
        open_count = len(durable.arbitrages)
        return f"trading mode is {durable.mode.value}; {open_count} arbitrages under way"

    def snapshot(self) -> Snapshot:
        """The picture now."""
        return take_snapshot(
            self.engine,
            started_ns=self.started_ns,
            opening_marks=self.opening_marks,
            last_events=tuple(self.chronicle.events),
        )

    def stop(self, reason: str) -> None:
        """Record an orderly end and make the journal durable."""
        if not self.session.failure:
            self.session.feed(BotStopped(reason=reason, received_ns=self.scheduler.now_ns))
        self.close()

    def close(self) -> None:
        """Make the journal durable and release it; more than once is the same as once."""
        self.journal.close()

    @property
    def halted(self) -> bool:
        """Whether risk, a failure or an unfinished end stopped it (an operator's stop is not a halt)."""
        durable = self.engine.state.durable
        by_risk = not durable.mode_reason.startswith("operator")
        return (
            bool(self.session.failure)
            or self.unfinished
            or (durable.mode in {TradingMode.HALTED, TradingMode.REDUCE_ONLY} and by_risk)
        )

    def report(self, seconds: float) -> RunReport:
        """The figures of the run so far."""
        self.sampler.sample()
        engine, durable = self.engine, self.engine.state.durable
        marks = current_marks(engine.state, engine.markets)
        opening = {**marks, **self.opening_marks}
        parts = total_profit(engine.state, marks)
        times = self.sampler.series["time_ns"]
        pnl = {
            name: text_of(getattr(parts, name))
            for name in ("basis", "funding", "fees", "slippage", "interest", "repair", "total")
        }
        return RunReport(
            events=engine.events,
            seconds=seconds,
            events_per_second=engine.events / seconds if seconds > 0 else 0.0,
            arbitrages={
                "opened": durable.counts.opened,
                "closed": durable.counts.closed,
                "aborted": durable.counts.aborted,
                "repaired": durable.counts.repaired,
                "open": len(durable.arbitrages),
            },
            orders=durable.counts.orders,
            fills=durable.counts.fills,
            refusals=refusal_counts(engine),
            pnl=pnl,
            equity_start=text_of(equity_at_start(engine, opening)),
            equity_end=text_of(equity(engine.state, marks, opening)),
            max_residual_notional=text_of(engine.exposure.residual_notional_max),
            max_naked_ms=max(engine.exposure.naked_ns_max, engine.exposure.open_naked_ns(engine.now_ns))
            / 1e6,
            state_hash=engine.state.state_hash(),
            halted=self.halted,
            failure=self.session.failure or UNFINISHED * self.unfinished,
            mode=durable.mode.value,
            simulated_seconds=(times[-1] - self.started_ns) / SECOND_NS if times else 0.0,
            dropped=dict(engine.dropped),
            duplicates=engine.account.duplicates,
            differences={
                key: (text_of(ours), text_of(theirs))
                for key, (ours, theirs) in engine.account.differences().items()
            },
            balances={key: text_of(amount) for key, amount in durable.ledger.balances.items()},
            configuration=self.info.configuration,
            data=self.info.data,
            series=self.sampler.series,
            trades=[*self.chronicle.trades.values(), *self.chronicle.open_trades()],
            refused=self.chronicle.refused(),
            funding=list(self.chronicle.funding),
        )

"""A composition root that builds nothing: applications that end at once, or fail as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.unit.interfaces.cli.fakes import START_NS, a_snapshot
from zombot.domain.errors import InvalidValue
from zombot.domain.events import (
    ArbitragePlanned,
    BotStarted,
    Fact,
    LegPlan,
    ModeChanged,
    OrderFilled,
    TradingMode,
)
from zombot.domain.identifiers import ArbitrageId, Asset, ClientOrderId, InstrumentId, StrategyId
from zombot.domain.opportunity import Style
from zombot.domain.order import Fill, Side
from zombot.engine.queries import Snapshot
from zombot.ports.journal import JournalEntry, JournalError
from zombot.settings.errors import SettingsError
from zombot.settings.schema import Settings


class RecordingError(InvalidValue):
    """As the history's."""


class ControlError(Exception):
    """As the control plane's."""


class RunReport(msgspec.Struct, kw_only=True):
    events: int = 12_345
    seconds: float = 2.5
    events_per_second: float = 4_938.0
    arbitrages: dict[str, int] = msgspec.field(default_factory=lambda: {"opened": 3, "closed": 2, "open": 1})
    orders: int = 10
    fills: int = 12
    refusals: dict[str, int] = msgspec.field(default_factory=lambda: {"net-edge": 7, "balance": 1})
    pnl: dict[str, str] = msgspec.field(
        default_factory=lambda: {"basis": "12.5", "funding": "0", "fees": "2.25", "total": "10.25"}
    )
    equity_start: str = "20000"
    equity_end: str = "20010.25"
    max_residual_notional: str = "0"
    max_naked_ms: float = 12.0
    state_hash: str = "ab12"
    halted: bool = False


class Run:
    """Shows a few snapshots, then ends; ``forever`` waits until it is asked to stop."""

    def __init__(self, fake: FakeContainer) -> None:
        self._fake = fake
        self._stop = asyncio.Event()

    async def run(self, on_snapshot: Callable[[Snapshot], None] | None, interval_s: float) -> RunReport:
        if self._fake.fails_with is not None:
            raise self._fake.fails_with
        step = 0
        while step < 3 or (self._fake.forever and not self._stop.is_set()):
            if on_snapshot is not None:
                on_snapshot(a_snapshot(step=step, events=min(step + 1, 12)))
            step += 1
            await asyncio.sleep(0.02)
        while self._fake.deaf:
            await asyncio.sleep(0.02)
        return RunReport(halted=self._fake.halted)

    def request_stop(self, reason: str) -> None:
        self._fake.stopped_by.append(reason)
        self._stop.set()


class Backtest:
    """Reports some progress, then ends."""

    def __init__(self, fake: FakeContainer) -> None:
        self._fake = fake

    def run(self, progress: Callable[[float, int], None]) -> RunReport:
        if self._fake.fails_with is not None:
            raise self._fake.fails_with
        progress(0.5, 100)
        progress(1.0, 200)
        return RunReport(halted=self._fake.halted)


class Client:
    """A bot that answers, or is not there."""

    def __init__(self, fake: FakeContainer) -> None:
        self._fake = fake

    def status(self) -> bytes:
        return self.request("status")

    def request(self, command: str, by: str = "") -> bytes:
        if not self._fake.bot_runs:
            raise ControlError("no bot is running at var/zombot.sock")
        if command == "status":
            return msgspec.json.encode(a_snapshot())
        self._fake.commands.append((command, by))
        return json.dumps({"mode": "paused", "was": "enabled"}).encode()


class FakeContainer:
    """Stands where ``zombot.settings.container`` stands."""

    EXPECTED_ERRORS: Mapping[type[Exception], int] = {
        SettingsError: 2,
        InvalidValue: 2,
        RecordingError: 1,
        JournalError: 1,
        ControlError: 1,
    }

    def __init__(self) -> None:
        self.fails_with: Exception | None = None
        self.halted = False
        self.forever = False
        self.deaf = False
        """Does not end when asked to."""
        self.bot_runs = True
        self.stopped_by: list[str] = []
        self.commands: list[tuple[str, str]] = []
        self.calls: list[tuple[Any, ...]] = []
        self.journal_ok = True

    def build_run(self, settings: Settings, *, seconds: float | None) -> Run:
        self.calls.append(("run", settings, seconds))
        return Run(self)

    def build_backtest(
        self, settings: Settings, data_dir: Path, pairs: Sequence[str], speed: str
    ) -> Backtest:
        self.calls.append(("backtest", settings, data_dir, tuple(pairs), speed))
        if (data_dir / "torn").exists():
            raise RecordingError(f"{data_dir}: the recording is torn")
        if "NONE-USDT" in pairs:
            raise InvalidValue("pair NONE-USDT: the recording has BTC-USDT")
        return Backtest(self)

    def write_report(self, report: Any, directory: Path) -> None:
        (directory / "report.html").write_text("page")
        (directory / "report.json").write_bytes(msgspec.json.encode(report))

    def write_report_json(self, report: Any, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(report))

    def import_recording(
        self,
        format_name: str,
        sources: Sequence[Path],
        into: Path,
        *,
        options: Mapping[str, str],
        progress: Callable[[float, int], None],
    ) -> Mapping[str, object]:
        progress(1.0, 3)
        self.calls.append((format_name, tuple(sources), into, dict(options)))
        if self.fails_with is not None:
            raise self.fails_with
        return {"rows": {"top of book": 94_129}, "dropped": 0, "skew": "-1.27 s"}

    def control_client(self, settings: Settings) -> Client:
        return Client(self)

    def journal_entries(self, settings: Settings, path: Path | None, after: int) -> Iterator[JournalEntry]:
        if not self.journal_ok:
            raise JournalError("segment 1, record 7: the checksum does not match")
        for entry in entries():
            if entry.sequence > after:
                yield entry

    def journal_verify(self, settings: Settings, path: Path | None) -> Mapping[str, object]:
        return {"ok": self.journal_ok, "entries": 4}

    def journal_rebuild(
        self, settings: Settings, path: Path | None, into: Path | None
    ) -> Mapping[str, object]:
        return {"entries": 4, "database": str(into or "var/zombot.sqlite")}


def entries() -> Iterator[JournalEntry]:
    """A short journal."""
    facts: tuple[Fact, ...] = (
        BotStarted(bot="zb1", epoch=1_767_225_600, version="0.1.0", received_ns=START_NS),
        ArbitragePlanned(
            arbitrage=ArbitrageId(1),
            strategy=StrategyId("intra"),
            pair="BTC-USDT",
            direction="premium",
            style=Style.TAKER_TAKER,
            legs=(
                LegPlan(
                    instrument=InstrumentId("okx:BTC-USDT"),
                    side=Side.BUY,
                    target=Decimal("0.1"),
                    order_quantity=Decimal("0.1001"),
                    decision_price=Decimal("60000.10"),
                    worst_price=Decimal("60010.0"),
                ),
            ),
            quantity=Decimal("0.1"),
            gross_bps=8.1,
            cost_bps=5.0,
            funding_bps=0.3,
            net_bps=3.4,
            exit_spread_bps=0.0,
            received_ns=START_NS + 1_000_000,
        ),
        OrderFilled(
            fill=Fill(
                client_order_id=ClientOrderId("zb1z1"),
                instrument=InstrumentId("okx:BTC-USDT"),
                side=Side.BUY,
                price=Decimal("60000.10"),
                quantity=Decimal("0.1001"),
                fee=Decimal("0.0001001"),
                fee_asset=Asset("BTC"),
                trade_id="7",
                maker=False,
                venue_ns=START_NS,
                received_ns=START_NS + 2_000_000,
            ),
            received_ns=START_NS + 2_000_000,
        ),
        ModeChanged(
            mode=TradingMode.PAUSED,
            reason="line\nbreak\x1b[31m",
            by="alice",
            received_ns=START_NS + 3_000_000,
        ),
    )
    for sequence, fact in enumerate(facts, start=1):
        yield JournalEntry(sequence, fact)


def main() -> None:
    """The real command line over this container: for tests that want a process. Arguments follow ``--``."""
    import sys

    from zombot.interfaces.cli import wiring
    from zombot.interfaces.cli.main import main as real_main

    fake = FakeContainer()
    split = sys.argv.index("--")
    for name in sys.argv[1:split]:
        setattr(fake, name, True)
    wiring.container = lambda: fake
    sys.argv = ["zombot", *sys.argv[split + 1 :]]
    try:
        real_main()
    finally:
        for reason in fake.stopped_by:
            sys.stderr.write(f"stop requested: {reason}\n")


if __name__ == "__main__":
    main()

"""What the command line asks of the composition root; the only module here that names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from zombot.engine.queries import Snapshot
from zombot.ports.journal import JournalEntry

if TYPE_CHECKING:
    from zombot.settings.schema import Settings

Summary: TypeAlias = Mapping[str, object]
"""What a job did, for people: a name and a value per line."""
Progress: TypeAlias = Callable[[float, int], None]
"""The fraction done, 0 to 1, and how many events or rows that were."""


class Report(Protocol):
    """The part of a run's report that the command line reads itself."""

    @property
    def events(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def events_per_second(self) -> float: ...
    @property
    def arbitrages(self) -> Mapping[str, int]: ...
    @property
    def orders(self) -> int: ...
    @property
    def fills(self) -> int: ...
    @property
    def refusals(self) -> Mapping[str, int]: ...
    @property
    def pnl(self) -> Mapping[str, str]: ...
    @property
    def equity_start(self) -> str: ...
    @property
    def equity_end(self) -> str: ...
    @property
    def max_residual_notional(self) -> str: ...
    @property
    def max_naked_ms(self) -> float: ...
    @property
    def state_hash(self) -> str: ...
    @property
    def halted(self) -> bool: ...


class RunApplication(Protocol):
    """A bot, wired and not yet started."""

    async def run(self, on_snapshot: Callable[[Snapshot], None] | None, interval_s: float) -> Report: ...

    def request_stop(self, reason: str) -> None:
        """Begin an orderly stop; ``run`` returns when it is done. May be called more than once."""
        ...


class BacktestApplication(Protocol):
    """A back-test, wired and not yet started."""

    def run(self, progress: Progress) -> Report: ...


class ControlClient(Protocol):
    """The way to a running bot."""

    def status(self) -> bytes: ...
    def request(self, command: str, by: str = "") -> bytes: ...


class Container(Protocol):
    """The functions of ``zombot.settings.container`` that commands call."""

    @property
    def EXPECTED_ERRORS(self) -> Mapping[type[Exception], int]:  # noqa: N802 - a constant of a module
        """Errors that users cause or can mend, each with its exit code."""
        ...

    def build_run(self, settings: Settings, *, seconds: float | None) -> RunApplication: ...
    def build_backtest(
        self, settings: Settings, data_dir: Path, pairs: Sequence[str], speed: str
    ) -> BacktestApplication: ...
    def write_report(self, report: Any, directory: Path) -> None: ...  # noqa: ANN401
    def write_report_json(self, report: Any, path: Path) -> None: ...  # noqa: ANN401
    def import_recording(
        self,
        format_name: str,
        sources: Sequence[Path],
        into: Path,
        *,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Summary: ...
    def control_client(self, settings: Settings) -> ControlClient: ...
    def journal_entries(
        self, settings: Settings, path: Path | None, after: int
    ) -> Iterator[JournalEntry]: ...
    def journal_verify(self, settings: Settings, path: Path | None) -> Summary: ...
    def journal_rebuild(self, settings: Settings, path: Path | None, into: Path | None) -> Summary: ...


def container() -> Container:
    """The composition root, loaded when the first command needs it: help must not wait for it."""
    from zombot.settings import container as root

    return root


def load_settings(
    path: Path | None, *, pairs: Sequence[str] | None = None, seed: int | None = None
) -> Settings:
    """The settings of the file and the environment, with what the command line says on top."""
    from zombot.settings.loading import load

    return load(path, {"pairs": list(pairs) if pairs else None, "seed": seed})

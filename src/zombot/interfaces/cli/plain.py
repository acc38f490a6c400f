"""What a run says where no terminal is: a line per event and a status line now and then, or JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic, time_ns
from types import TracebackType
from typing import Final, Protocol, Self, TextIO

import msgspec

from zombot.engine.queries import EventRow, Snapshot
from zombot.interfaces.cli import texts

STATUS_SECONDS: Final = 10.0


class Output(Protocol):
    """Where a run's snapshots go."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def show(self, snapshot: Snapshot) -> None: ...
    def say(self, text: str) -> None:
        """A word of the command line itself, apart from the bot's events."""
        ...


class LineOutput:
    """Writes what is new since the last snapshot; nothing is repeated, nothing carries a colour."""

    def __init__(
        self,
        stream: TextIO,
        *,
        as_json: bool = False,
        status_seconds: float = STATUS_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._stream = stream
        self._as_json = as_json
        self._status_seconds = status_seconds
        self._clock = clock
        self._due = 0.0
        self._seen: Sequence[EventRow] = ()
        self._last: Snapshot | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last is not None and error is None:
            self._status(self._last)  # the end as it was, whenever the last status was written
            self._stream.flush()

    def show(self, snapshot: Snapshot) -> None:
        """Write the new events, and the status when it is time.

        Raises:
            OSError: nobody reads any more.
        """
        for row in fresh(self._seen, snapshot.last_events):
            self._event(row)
        self._seen = snapshot.last_events
        self._last = snapshot
        now = self._clock()
        if now >= self._due:
            self._due = now + self._status_seconds
            self._status(snapshot)
        self._stream.flush()

    def say(self, text: str) -> None:
        """Write it with the bot's own time, so that the lines stay in order."""
        at_ns = self._last.now_ns if self._last is not None else time_ns()
        self._event(EventRow(at_ns=at_ns, level="info", text=text))
        self._stream.flush()

    def _event(self, row: EventRow) -> None:
        if self._as_json:
            self._object({"kind": "event", **msgspec.to_builtins(row)})
        else:
            self._stream.write(f"{texts.timestamp(row.at_ns)} {row.level:<8} {texts.clean(row.text)}\n")

    def _status(self, snapshot: Snapshot) -> None:
        if self._as_json:
            self._object({"kind": "snapshot", **msgspec.to_builtins(snapshot)})
        else:
            self._stream.write(f"{texts.timestamp(snapshot.now_ns)} status   {status_line(snapshot)}\n")

    def _object(self, fields: dict[str, object]) -> None:
        self._stream.write(msgspec.json.encode(fields).decode() + "\n")


def fresh(before: Sequence[EventRow], now: Sequence[EventRow]) -> Sequence[EventRow]:
    """The rows of ``now`` that ``before`` had not; both are the newest rows of one growing list."""
    for overlap in range(min(len(before), len(now)), 0, -1):
        if before[-overlap:] == now[:overlap]:
            return now[overlap:]
    return now


def status_line(snapshot: Snapshot) -> str:
    """The state of the bot in one line of ``name=value``."""
    lost = sorted(venue for venue, live in snapshot.venue_links.items() if not live)
    fields = {
        "mode": snapshot.mode,
        "events": snapshot.events,
        "open": len(snapshot.arbitrages),
        **{name: snapshot.counts.get(name, 0) for name in ("opened", "closed", "aborted", "repaired")},
        "equity": snapshot.equity,
        "pnl": snapshot.profit.get("total", "0"),
        **({"lost": ",".join(lost)} if lost else {}),
    }
    return texts.clean(" ".join(f"{name}={value}" for name, value in fields.items()))

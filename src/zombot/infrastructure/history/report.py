"""What an import or a copy did, as values: the ways in print them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from zombot.infrastructure.history.recording import Gap, InstrumentEntry, Skew
from zombot.infrastructure.history.tally import Drop

Progress = Callable[[int, int], None]
"""Called with the work done and the whole of it, in bytes of the files (each is read twice)."""


class FileReport(Struct, frozen=True, kw_only=True):
    """One file that was read. ``lines`` is always ``imported`` + ``dropped`` + ``ignored``."""

    name: str
    lines: int
    imported: int
    dropped: int
    ignored: int = 0
    """Lines that were not asked for: a heading, other exchanges, other pairs."""
    start_ns: int
    end_ns: int
    torn: str | None = None
    """What is wrong with the end of the file; what was readable before it was taken."""
    backwards: int = 0
    """Lines whose receive time was before that of the line above; they got the time of the line above."""
    backwards_ns_max: int = 0


class Skipped(Struct, frozen=True):
    """A file that was left out as a whole."""

    name: str
    reason: str


class ImportReport(Struct, frozen=True, kw_only=True):
    """What came into a recording, and what did not."""

    into: Path
    files: tuple[FileReport, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    events: dict[str, int] = {}
    """Events added, by kind."""
    drops: tuple[Drop, ...] = ()
    skews: tuple[Skew, ...] = ()
    gaps: tuple[Gap, ...] = ()
    instruments: tuple[InstrumentEntry, ...] = ()
    start_ns: int = 0
    end_ns: int = 0
    estimated_venue_times: int = 0
    """Events without an exchange time of their own; they got receipt plus the last skew seen."""
    unknown_venue_times: int = 0
    """Of these, the ones before any skew was seen; they carry the receive time twice."""

    overtaken_levels: int = 0
    """Levels left out of depth updates because a newer top had already removed them."""

    @property
    def lines(self) -> int:
        """Lines read."""
        return sum(file.lines for file in self.files)

    @property
    def imported(self) -> int:
        """Lines that became events."""
        return sum(file.imported for file in self.files)

    @property
    def dropped(self) -> int:
        """Lines left out."""
        return sum(file.dropped for file in self.files)

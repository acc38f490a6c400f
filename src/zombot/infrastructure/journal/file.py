"""The journal on disk: a batch is copied into a mapped segment before ``append`` returns.

What that promises, by ``durability``:

- ``process`` (default): a batch survives the death of the process, however it dies, because the pages belong
  to the kernel. A worker thread syncs them within milliseconds; ``synced_sequence`` tells how far it came.
  What was not synced may be lost when the machine loses power.
- ``power``: a batch is on the disk before ``append`` returns.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

from msgspec import Struct

from zombot.domain.events import Fact
from zombot.infrastructure.journal.codec import encode_into
from zombot.infrastructure.journal.layout import (
    EMPTY_FRAME_HEADER,
    FIRST_CHAIN,
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    chain_of,
    pack_frame_header,
    segment_indices,
    segment_path,
)
from zombot.infrastructure.journal.lock import WriterLock
from zombot.infrastructure.journal.reader import JournalReader
from zombot.infrastructure.journal.scan import Damage, Position, Scanner
from zombot.infrastructure.journal.segments import Segment, cut, extend, prepare, used_bytes
from zombot.ports.journal import JournalEntry, JournalError

Durability = Literal["process", "power"]
SEGMENT_BYTES: Final = 16 << 20
SEGMENT_BYTES_MIN: Final = 4 << 10
SYNC_INTERVAL_SECONDS: Final = 0.002
"""The worker looks this often whether there is something to sync. Waking it from ``append`` would put a
system call and a fight for the interpreter lock on the path of the order."""
ARM_INTERVAL_TICKS: Final = 500
RETIRED_MAX: Final = 2
"""Full segments that may wait for their sync; with more, ``append`` waits for the disk."""


class Recovery(Struct, frozen=True):
    """What opening cut off: the batch that a killed writer did not finish, or what a power failure took."""

    segment: str
    offset: int
    bytes: int
    last_sequence: int
    """The newest fact that is whole."""
    reason: str


class FileJournal:
    """The writer, one for a directory. ``append`` and ``close`` belong to one thread; ``replay`` to any.

    Once a write or a sync has failed every append refuses: nobody can tell what the disk holds then.
    """

    def __init__(
        self, directory: Path, *, durability: Durability = "process", segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        if durability not in ("process", "power"):
            raise JournalError(f"durability {durability!r}: 'process' or 'power' is allowed")
        if segment_bytes < SEGMENT_BYTES_MIN:
            raise JournalError(f"segment_bytes {segment_bytes}: {SEGMENT_BYTES_MIN} is the least")
        self.directory = directory
        self.recovery: Recovery | None = None
        """Set when opening had to cut something."""
        self._power = durability == "power"
        self._segment_bytes = segment_bytes
        self._buffer = bytearray(1)
        self._sequence = self._synced = self._offset = 0
        self._chain = FIRST_CHAIN
        self._segment: Segment
        self._failure = ""
        self._trouble = ""
        self._spare: Segment | None = None
        self._retired: deque[Segment] = deque()
        self._housekeeping = threading.Lock()
        self._closing = threading.Event()
        _make(directory)
        self._lock = WriterLock(directory)
        try:
            self._open()
        except OSError as error:
            self._lock.release()
            raise JournalError(f"cannot open journal {directory}: {error}") from error
        except JournalError:
            self._lock.release()
            raise
        self._worker = threading.Thread(target=self._work, name="journal-sync", daemon=True)
        self._worker.start()

    # --- What it tells -----------------------------------------------------------------------------------

    @property
    def last_sequence(self) -> int:
        """The sequence of the newest fact, 0 when empty."""
        return self._sequence

    @property
    def synced_sequence(self) -> int:
        """The newest fact that survives a power failure."""
        return self._synced

    @property
    def chain(self) -> bytes:
        """The chain hash over all batches."""
        return self._chain

    @property
    def trouble(self) -> str:
        """What a human should see to before the journal has to refuse: no room for the next segment, say."""
        return self._failure or self._trouble

    # --- The path of an order ----------------------------------------------------------------------------

    def append(self, facts: Sequence[Fact]) -> int:
        """Write all facts as one batch, all or nothing; returns the last one's sequence.

        Raises:
            JournalError: nothing of the batch counts as written.
        """
        if self._failure:
            raise JournalError(self._failure)
        if not facts:
            return self._sequence
        payload = self._buffer
        encode_into(facts, payload)
        length = len(payload)
        start = self._offset + FRAME_HEADER_BYTES
        if start + length > self._segment.size:
            self._roll(length)
            start = self._offset + FRAME_HEADER_BYTES
        chain = chain_of(self._chain, payload)
        header = pack_frame_header(
            length=length,
            first_sequence=self._sequence + 1,
            count=len(facts),
            payload_check=crc32(payload),
            synced_sequence=self._synced,
            chain=chain,
        )
        data = self._segment.data
        data[start : start + length] = payload
        data[self._offset : start] = header  # last: a writer that dies before this line leaves no batch
        if self._power:
            self._sync_now()
        self._chain = chain
        self._offset = start + length
        self._sequence += len(facts)
        if self._power:
            self._synced = self._sequence
        return self._sequence

    def _roll(self, length: int) -> None:
        """Go on in the next segment, which the worker has prepared, or else is prepared here."""
        needed = SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES + length
        if needed > self._segment_bytes:
            raise JournalError(
                f"a batch of {length} bytes does not fit into a segment: segment_bytes is "
                f"{self._segment_bytes}, {needed} are needed; nothing was written"
            )
        if self._spare is None or len(self._retired) >= RETIRED_MAX:
            with self._housekeeping:
                self._make_room()
        segment = self._spare
        assert segment is not None
        # The worker takes the sequence first and the retired segments last: in this order it misses none. And
        # it prepares the segment behind ours as soon as there is no spare, so that is said last.
        self._retired.append(self._segment)
        self._offset = segment.begin(self._sequence + 1, self._chain)
        self._segment = segment
        self._spare = None

    def _make_room(self) -> None:
        try:
            self._release_retired()
            if self._spare is None:
                self._spare = prepare(self.directory, self._segment.index + 1, self._segment_bytes)
        except OSError as error:
            raise self._fail("get room for a batch", error) from error

    def _sync_now(self) -> None:
        try:
            if self._retired:
                with self._housekeeping:
                    self._release_retired()
            self._segment.sync()
        except OSError as error:
            # Unsynced it does not count: without its header it is not found again either.
            self._segment.data[self._offset : self._offset + FRAME_HEADER_BYTES] = EMPTY_FRAME_HEADER
            raise self._fail("sync a batch", error) from error

    def _fail(self, what: str, error: OSError) -> JournalError:
        self._failure = f"journal {self.directory} cannot {what}: {error}. Nothing more is written to it"
        return JournalError(self._failure)

    # --- Reading and closing -----------------------------------------------------------------------------

    def replay(self, after: int = 0) -> Iterator[JournalEntry]:
        """The facts behind ``after`` that are here now, oldest first, one batch in memory at a time.

        Raises:
            JournalError: a record in the middle is damaged; the message names it.
        """
        last = self._sequence
        return takewhile(lambda entry: entry.sequence <= last, JournalReader(self.directory).replay(after))

    def close(self) -> None:
        """Make everything durable and release the files.

        Raises:
            JournalError: the last sync failed.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._worker.join()
        failure = self._failure
        try:
            if not failure:
                self._sync()
        except OSError as error:
            failure = str(self._fail("sync at its end", error))
        finally:
            self._failure = f"journal {self.directory} is closed"
            for segment in (*self._retired, self._segment, self._spare):
                if segment is not None:
                    segment.close()
            self._lock.release()
        if failure:
            raise JournalError(failure)

    # --- Opening -----------------------------------------------------------------------------------------

    def _open(self) -> None:
        place = self._check()
        for index in segment_indices(self.directory):
            if index > place.segment and (index > place.segment + 1 or not self._usable(index)):
                segment_path(self.directory, index).unlink()
        if segment_path(self.directory, place.segment).exists():
            extend(self.directory, place.segment, self._segment_bytes)
            self._segment = Segment(self.directory, place.segment)
        else:
            self._segment = prepare(self.directory, place.segment, self._segment_bytes)
        if segment_path(self.directory, place.segment + 1).exists():
            self._spare = Segment(self.directory, place.segment + 1)
        self._sequence = self._synced = place.sequence
        self._chain = place.chain
        self._offset = place.offset or self._segment.begin(1, self._chain)
        self._segment.sync()
        self._segment.arm(self._offset)

    def _check(self) -> Position:
        """The end of the journal, every record before it proven; a torn tail is cut."""
        scanner = Scanner(self.directory, thorough=True)
        try:
            for _ in scanner.frames():
                pass
        except Damage as damage:
            place = damage.position
            # Frames that never reached the disk may lie before ones that did; only a power failure does that.
            lost_power = damage.mark is not None and damage.mark <= place.sequence and self._lock.rebooted
            if not damage.torn and not lost_power:
                raise
            name = segment_path(self.directory, place.segment).name
            removed = cut(self.directory, place)
            self.recovery = Recovery(name, place.offset, removed, place.sequence, damage.reason)
        return scanner.position

    def _usable(self, index: int) -> bool:
        size = segment_path(self.directory, index).stat().st_size
        return size == self._segment_bytes and not used_bytes(self.directory, index, 0)

    # --- The worker --------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Sync what was appended, keep the next pages writable and the next segment ready."""
        tick = 0
        while not self._failure and not self._closing.is_set():
            time.sleep(SYNC_INTERVAL_SECONDS)
            tick += 1
            with self._housekeeping:
                self._tick(rearm=tick % ARM_INTERVAL_TICKS == 0)

    def _tick(self, *, rearm: bool) -> None:
        try:
            if self._synced < self._sequence or self._retired:
                self._sync()
                rearm = True
        except OSError as error:
            self._fail("sync", error)
            return
        if rearm:
            # Now and then also without a sync: the kernel writes pages back, and protects them, by itself.
            self._segment.arm(self._offset)
        if self._spare is None and not self._trouble:
            self._prepare_ahead()

    def _prepare_ahead(self) -> None:
        try:
            spare = prepare(self.directory, self._segment.index + 1, self._segment_bytes)
            spare.arm(0)
            self._spare = spare
        except OSError as error:
            # Not yet a failure: the segment in use has room, and the disk may be freed before it is full.
            self._trouble = f"journal {self.directory} has no room for its next segment: {error}"

    def _sync(self) -> None:
        sequence = self._sequence
        self._segment.sync()
        self._release_retired()
        self._synced = max(self._synced, sequence)

    def _release_retired(self) -> None:
        while self._retired:
            self._retired[0].sync()
            self._retired.popleft().close()


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(f"cannot make journal directory {directory}: {error}") from error

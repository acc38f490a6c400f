"""The journal on disk while all goes well, and while the disk or another writer does not let it."""

import errno
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.infrastructure.journal.facts import T0, balance, life, segment
from zombot.infrastructure.journal.file import SEGMENT_BYTES_MIN, FileJournal
from zombot.infrastructure.journal.inspection import verify
from zombot.infrastructure.journal.reader import open_reader
from zombot.infrastructure.journal.segments import Segment
from zombot.ports.journal import JournalError

SMALL = SEGMENT_BYTES_MIN


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when it holds; fail after ten seconds."""
    for _ in range(2_000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("waited ten seconds in vain")


def write(directory: Path, count: int, **options: int) -> None:
    """A journal of ``count`` batches of one fact."""
    journal = FileJournal(directory, segment_bytes=options.get("segment_bytes", SMALL))
    for number in range(count):
        journal.append([balance(T0 + number)])
    journal.close()


def test_a_reopened_journal_goes_on(tmp_path: Path) -> None:
    """Sequences and the chain go on across closings, also when the segment size was changed meanwhile."""
    for round_, size in enumerate((SMALL, 1 << 16, SMALL)):
        journal = FileJournal(tmp_path, segment_bytes=size)
        assert journal.last_sequence == round_ * 40
        for number in range(40):
            journal.append([balance(T0 + number)])
        journal.close()
    found = verify(tmp_path)
    assert found.ok and found.facts == 120 and found.torn_bytes == 0


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    """Facts run on over many segments without a hole; there are as many files as needed and one spare."""
    write(tmp_path, 300)
    found = verify(tmp_path)
    assert found.ok and found.facts == 300 and found.segments > 10
    assert len(list(tmp_path.glob("*.journal"))) <= found.segments + 1


def test_the_worker_syncs_soon(tmp_path: Path) -> None:
    """In process mode what was appended is on the disk within milliseconds, without another call."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    journal.append([balance(T0)])
    wait_for(lambda: journal.synced_sequence == 1)
    journal.close()


def test_power_mode_syncs_before_it_returns(tmp_path: Path) -> None:
    """In power mode no fact is ever unsynced when append is back."""
    journal = FileJournal(tmp_path, durability="power", segment_bytes=SMALL)
    for batch in life() * 3:
        assert journal.append(batch) == journal.synced_sequence
    journal.close()


def test_the_next_segment_is_prepared_ahead(tmp_path: Path) -> None:
    """Soon after the opening the next segment stands ready."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    wait_for(lambda: segment(tmp_path, 2).exists())
    journal.close()
    assert verify(tmp_path).segments == 1


def test_a_batch_beyond_the_segment_size_is_refused_and_the_journal_goes_on(tmp_path: Path) -> None:
    """A batch that fits into no segment is an error that names the size; nothing of it is written."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    with pytest.raises(JournalError, match="segment_bytes"):
        journal.append([balance(T0)] * 100)
    assert journal.append([balance(T0)]) == 1
    journal.close()


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """The second writer of one directory is told which process holds it; the first goes on."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    with pytest.raises(JournalError, match=f"in use by process {os.getpid()}"):
        FileJournal(tmp_path, segment_bytes=SMALL)
    assert journal.append([balance(T0)]) == 1
    journal.close()
    FileJournal(tmp_path, segment_bytes=SMALL).close()


@pytest.mark.parametrize(("durability", "size"), [("sometimes", SMALL), ("process", 100)])
def test_wrong_options_are_refused(tmp_path: Path, durability: str, size: int) -> None:
    """Values that are not allowed are errors that say what is."""
    with pytest.raises(JournalError, match=r"allowed|least"):
        FileJournal(tmp_path, durability=durability, segment_bytes=size)  # type: ignore[arg-type]


def test_a_place_that_is_no_directory_is_an_error(tmp_path: Path) -> None:
    """A file where the directory should be gives a JournalError with its name."""
    (tmp_path / "taken").write_text("x")
    with pytest.raises(JournalError, match="taken"):
        FileJournal(tmp_path / "taken")
    with pytest.raises(JournalError, match="no journal in"):
        open_reader(tmp_path)


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file may grow beyond ``size``, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_found_at_the_opening(tmp_path: Path) -> None:
    """Where the first segment has no room the journal does not open, and leaves no half segment."""
    with files_at_most(SMALL), pytest.raises(JournalError, match="cannot open journal"):
        FileJournal(tmp_path, segment_bytes=1 << 20)
    assert not list(tmp_path.glob("*.journal")) and not list(tmp_path.glob("*.tmp"))
    FileJournal(tmp_path, segment_bytes=SMALL).close()


def test_a_full_disk_warns_first_and_then_refuses(tmp_path: Path) -> None:
    """Without room for the next segment there is a warning; appends go on while the present one lasts, and
    then each refuses. What was appended is all there afterwards, and nothing half.
    """
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    wait_for(lambda: segment(tmp_path, 2).exists())
    appended, warned = 0, False
    with files_at_most(SMALL // 2):
        with pytest.raises(JournalError, match="room for a batch"):
            for _ in range(1_000):
                journal.append([balance(T0), balance(T0 + 1)])
                appended += 2
                if verify(tmp_path).segments == 2 and not warned:
                    wait_for(lambda: "no room for its next segment" in journal.trouble)
                    warned = True
        with pytest.raises(JournalError, match="Nothing more is written"):
            journal.append([balance(T0)])
    assert warned and appended > 20
    assert len(list(journal.replay())) == appended
    with pytest.raises(JournalError):
        journal.close()
    reopened = FileJournal(tmp_path, segment_bytes=SMALL)
    assert reopened.last_sequence == appended and reopened.recovery is None
    reopened.close()


def broken_sync(_: Segment) -> None:
    """A disk that answers with an error."""
    raise OSError(errno.EIO, "Input/output error")


def test_a_failed_sync_in_power_mode_takes_the_batch_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch whose sync failed does not count, now or after reopening, and every later append refuses."""
    journal = FileJournal(tmp_path, durability="power", segment_bytes=SMALL)
    journal.append([balance(T0)])
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "sync", broken_sync)
        with pytest.raises(JournalError, match="Input/output error"):
            journal.append([balance(T0 + 1)])
    with pytest.raises(JournalError, match="Nothing more is written"):
        journal.append([balance(T0 + 2)])
    assert [entry.fact for entry in journal.replay()] == [balance(T0)]
    with pytest.raises(JournalError):
        journal.close()
    reopened = FileJournal(tmp_path, segment_bytes=SMALL)
    assert reopened.last_sequence == 1
    reopened.close()


def test_a_failed_sync_of_the_worker_stops_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In process mode the worker's error reaches the writer: appends after it refuse, and close tells."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "sync", broken_sync)
        journal.append([balance(T0)])
        wait_for(lambda: bool(journal.trouble))
    with pytest.raises(JournalError, match="Input/output error"):
        journal.append([balance(T0)])
    with pytest.raises(JournalError, match="Input/output error"):
        journal.close()


def test_a_reader_beside_the_writer_sees_whole_batches_only(tmp_path: Path) -> None:
    """A reader that follows a writer over many segments sees each fact once, in order, and no error."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    journal.append([balance(T0)])
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        reader = open_reader(tmp_path)
        while not done.is_set() or len(seen) < journal.last_sequence:
            seen.extend(entry.sequence for entry in reader.replay(len(seen)))

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(600):
        journal.append([balance(T0 + number), balance(T0 + number)])
        if number % 7 == 0:
            time.sleep(0)
    done.set()
    thread.join(timeout=20)
    journal.close()
    assert not thread.is_alive()
    assert seen == list(range(1, 1_202))


def test_verify_is_safe_beside_the_writer(tmp_path: Path) -> None:
    """Verifying a journal that is being written finds no damage."""
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    done = threading.Event()

    def append() -> None:
        while not done.is_set():
            journal.append([balance(T0)])
            time.sleep(0.0002)

    thread = threading.Thread(target=append)
    thread.start()
    results = [verify(tmp_path) for _ in range(15)]
    done.set()
    thread.join()
    journal.close()
    assert [found.damage for found in results] == [""] * 15

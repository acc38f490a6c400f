"""What is left of a journal after a torn append, a power failure, or a change of a single byte."""

from pathlib import Path

import pytest

from tests.unit.infrastructure.journal.facts import T0, balance, segment
from zombot.infrastructure.journal import file as file_module
from zombot.infrastructure.journal.file import SEGMENT_BYTES_MIN, FileJournal
from zombot.infrastructure.journal.inspection import verify
from zombot.infrastructure.journal.layout import FRAME_MAGIC, SEGMENT_HEADER_BYTES, used_until
from zombot.infrastructure.journal.reader import open_reader
from zombot.ports.journal import JournalError

SMALL = SEGMENT_BYTES_MIN


def write(directory: Path, count: int) -> None:
    """A journal of ``count`` batches of one fact."""
    journal = FileJournal(directory, segment_bytes=SMALL)
    for number in range(count):
        journal.append([balance(T0 + number)])
    journal.close()


def frames_of(data: bytes) -> list[int]:
    """Where the frames begin, and where the last one ends."""
    starts = []
    at = data.find(FRAME_MAGIC)
    while at >= 0:
        starts.append(at)
        at = data.find(FRAME_MAGIC, at + 1)
    return [*starts, used_until(data, 0)]


def reopened(directory: Path) -> tuple[int, bool]:
    """The last sequence after reopening, and whether something was cut."""
    journal = FileJournal(directory, segment_bytes=SMALL)
    sequence, cut = journal.last_sequence, journal.recovery is not None
    assert len(list(journal.replay())) == sequence
    assert journal.append([balance(T0)]) == sequence + 1
    journal.close()
    assert verify(directory).ok
    return sequence, cut


@pytest.mark.parametrize("zeros", [False, True], ids=["file-cut", "rest-never-written"])
def test_a_cut_at_every_byte_leaves_the_whole_batches_before_it(tmp_path: Path, zeros: bool) -> None:
    """Cut the last two batches at each of their bytes: exactly the batches that are whole survive, what is
    left of the torn one is reported, and the journal goes on behind them.
    """
    write(tmp_path, 5)
    whole = segment(tmp_path).read_bytes()
    starts = frames_of(whole)
    for cut in range(starts[3], starts[5] + 1):
        rest = bytes(len(whole) - cut) if zeros else b""
        segment(tmp_path).write_bytes(whole[:cut] + rest)
        survived = sum(end <= cut for end in starts[1:])
        # A batch that ends in zero bytes would be whole before its last byte; none of ours does.
        assert reopened(tmp_path) == (survived, cut not in starts)


def test_a_cut_before_the_first_batch_leaves_an_empty_journal(tmp_path: Path) -> None:
    """Whatever is left of the segment's header, the journal opens empty."""
    write(tmp_path, 1)
    whole = segment(tmp_path).read_bytes()
    for cut in range(SEGMENT_HEADER_BYTES + 1):
        segment(tmp_path).write_bytes(whole[:cut])
        assert reopened(tmp_path)[0] == 0


def test_a_batch_whose_header_never_came_is_cut(tmp_path: Path) -> None:
    """A writer killed between payload and header leaves a payload alone: it is cut and its size reported."""
    write(tmp_path, 3)
    data = bytearray(segment(tmp_path).read_bytes())
    end = frames_of(bytes(data))[-1]
    data[end + 60 : end + 160] = b"x" * 100
    segment(tmp_path).write_bytes(data)
    assert verify(tmp_path).ok and verify(tmp_path).torn_bytes == 160
    assert len(list(open_reader(tmp_path).replay())) == 3
    journal = FileJournal(tmp_path, segment_bytes=SMALL)
    assert journal.recovery is not None
    assert (journal.recovery.bytes, journal.recovery.last_sequence) == (160, 3)
    assert (journal.recovery.segment, journal.recovery.offset) == ("00000001.journal", end)
    journal.close()


def test_a_torn_batch_in_a_later_segment_is_cut(tmp_path: Path) -> None:
    """The torn tail may be the first batch of a segment, or the header of one."""
    write(tmp_path, 30)
    last = verify(tmp_path).segments
    whole = segment(tmp_path, last).read_bytes()
    before = open_first_sequence(tmp_path, last) - 1
    for cut in (0, 1, SEGMENT_HEADER_BYTES - 1, SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + 70):
        segment(tmp_path, last).write_bytes(whole[:cut])
        assert reopened(tmp_path)[0] == before
        assert last <= verify(tmp_path).segments + 1


def open_first_sequence(directory: Path, index: int) -> int:
    """The sequence that a segment begins with."""
    data = segment(directory, index).read_bytes()
    return int.from_bytes(data[8:16], "little")


def test_any_changed_byte_with_whole_batches_behind_it_is_found(tmp_path: Path) -> None:
    """Change any one byte before the last batch: verify and open both name the segment and refuse to guess.

    The files stay as they are.
    """
    write(tmp_path, 4)
    whole = segment(tmp_path).read_bytes()
    starts = frames_of(whole)
    for place in range(starts[3]):
        data = bytearray(whole)
        data[place] ^= 0x40
        segment(tmp_path).write_bytes(data)
        found = verify(tmp_path)
        assert not found.ok and found.damaged_segment == "00000001.journal", place
        assert found.damaged_offset <= place
        with pytest.raises(JournalError, match=r"00000001\.journal at byte .*journal verify.*copy"):
            FileJournal(tmp_path, segment_bytes=SMALL)
        assert segment(tmp_path).read_bytes() == data


def test_any_changed_byte_of_an_earlier_segment_is_found(tmp_path: Path) -> None:
    """Also in the rest of a full segment that no batch uses."""
    write(tmp_path, 40)
    whole = segment(tmp_path).read_bytes()
    for place in range(0, len(whole), 13):
        data = bytearray(whole)
        data[place] ^= 0x01
        segment(tmp_path).write_bytes(data)
        assert not verify(tmp_path).ok, place
        with pytest.raises(JournalError, match="damaged"):
            FileJournal(tmp_path, segment_bytes=SMALL)


def test_a_replay_over_damage_gives_what_is_before_it_and_then_the_error(tmp_path: Path) -> None:
    """A reader names the damaged place; it does not end as if the journal did."""
    write(tmp_path, 4)
    data = bytearray(segment(tmp_path).read_bytes())
    data[frames_of(bytes(data))[2] + 60] ^= 1
    segment(tmp_path).write_bytes(data)
    replay = open_reader(tmp_path).replay()
    assert [next(replay).sequence, next(replay).sequence] == [1, 2]
    with pytest.raises(JournalError, match="sequence 3"):
        next(replay)


def test_a_missing_segment_is_found(tmp_path: Path) -> None:
    """A segment that somebody removed from the middle, or the first one, stops the start."""
    write(tmp_path, 60)
    for index in (1, 2):
        kept = segment(tmp_path, index).read_bytes()
        segment(tmp_path, index).unlink()
        assert not verify(tmp_path).ok
        with pytest.raises(JournalError, match=f"0000000{index}.journal"):
            FileJournal(tmp_path, segment_bytes=SMALL)
        segment(tmp_path, index).write_bytes(kept)
    assert verify(tmp_path).ok


def test_a_batch_that_was_exchanged_is_found(tmp_path: Path) -> None:
    """A batch that is whole in itself but not the one that was written breaks the chain, also at the end."""
    write(tmp_path / "a", 4)
    other = FileJournal(tmp_path / "b", segment_bytes=SMALL)
    for number in range(4):
        other.append([balance(T0 + 100 + number)])
    other.close()
    ours = bytearray(segment(tmp_path / "a").read_bytes())
    theirs = segment(tmp_path / "b").read_bytes()
    starts = frames_of(bytes(ours))
    assert frames_of(theirs) == starts
    ours[starts[3] : starts[4]] = theirs[starts[3] : starts[4]]
    segment(tmp_path / "a").write_bytes(ours)
    assert "exchanged" in verify(tmp_path / "a").damage
    with pytest.raises(JournalError, match="exchanged"):
        FileJournal(tmp_path / "a", segment_bytes=SMALL)


def unsynced(directory: Path, monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """Five batches none of which was synced when the next was written; returns the segment's bytes."""
    with monkeypatch.context() as patch:
        patch.setattr(file_module, "SYNC_INTERVAL_SECONDS", 0.2)
        write(directory, 5)
    return bytearray(segment(directory).read_bytes())


def other_boot(directory: Path) -> None:
    """As if the machine had been started anew since the last writer."""
    (directory / "lock").write_text("1\nanother-boot\n")


def test_what_a_power_failure_took_out_of_order_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may keep a later page and lose an earlier one that was not synced. After a new start of the
    machine the journal ends before the hole and says so.
    """
    data = unsynced(tmp_path, monkeypatch)
    start = frames_of(bytes(data))[2]
    data[start : start + 80] = bytes(80)
    segment(tmp_path).write_bytes(data)
    with pytest.raises(JournalError):
        FileJournal(tmp_path, segment_bytes=SMALL)  # the same boot: no power failure explains it
    other_boot(tmp_path)
    assert reopened(tmp_path) == (2, True)


def test_a_power_failure_does_not_explain_the_loss_of_what_was_synced(tmp_path: Path) -> None:
    """Damage to a batch that a later one says was on the disk stops the start, new boot or not."""
    journal = FileJournal(tmp_path, durability="power", segment_bytes=SMALL)
    for number in range(4):
        journal.append([balance(T0 + number)])
    journal.close()
    data = bytearray(segment(tmp_path).read_bytes())
    data[frames_of(bytes(data))[1] + 70] ^= 1
    segment(tmp_path).write_bytes(data)
    other_boot(tmp_path)
    with pytest.raises(JournalError, match="sequence 2"):
        FileJournal(tmp_path, segment_bytes=SMALL)

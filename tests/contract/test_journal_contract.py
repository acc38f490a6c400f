"""What every journal must do, on disk or in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.infrastructure.journal.facts import T0, balance, life, refused
from zombot.domain.events import Fact
from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.ports.journal import Journal, JournalError


@pytest.fixture(params=["memory", "process", "power", "small-segments"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """An empty journal of each kind."""
    made: Journal
    if request.param == "memory":
        made = MemoryJournal()
    elif request.param == "small-segments":
        made = FileJournal(tmp_path, segment_bytes=4096)
    else:
        made = FileJournal(tmp_path, durability=request.param, segment_bytes=1 << 16)
    yield made
    made.close()


def facts_of(journal: Journal, after: int = 0) -> list[Fact]:
    """All facts behind ``after``."""
    return [entry.fact for entry in journal.replay(after)]


def test_an_empty_journal_has_nothing(journal: Journal) -> None:
    """Before the first append the last sequence is 0 and there is nothing to replay."""
    assert journal.last_sequence == 0
    assert facts_of(journal) == []


def test_appended_facts_come_back_in_order(journal: Journal) -> None:
    """Every fact comes back as it was, with sequences from 1 without a hole."""
    expected = [fact for batch in life() for fact in batch]
    for batch in life():
        journal.append(batch)
    entries = list(journal.replay())
    assert [entry.fact for entry in entries] == expected
    assert [entry.sequence for entry in entries] == list(range(1, len(expected) + 1))
    assert journal.last_sequence == len(expected)


def test_append_returns_the_last_sequence(journal: Journal) -> None:
    """An append answers with the sequence of its batch's last fact."""
    count = 0
    for batch in life():
        count += len(batch)
        assert journal.append(batch) == count == journal.last_sequence


def test_an_empty_batch_changes_nothing(journal: Journal) -> None:
    """Appending no facts is allowed and writes nothing."""
    journal.append([balance(T0)])
    assert journal.append(()) == 1
    assert len(facts_of(journal)) == 1


def test_replay_begins_behind_the_sequence_asked_for(journal: Journal) -> None:
    """For every sequence, also inside a batch and past the end, replay gives exactly what is behind it."""
    for batch in life():
        journal.append(batch)
    everything = facts_of(journal)
    for after in range(len(everything) + 2):
        assert facts_of(journal, after) == everything[after:]


def test_replay_ends_where_the_journal_ended_when_it_was_asked(journal: Journal) -> None:
    """Facts appended while a replay runs are not part of it: recovery appends while it folds."""
    journal.append([balance(T0), balance(T0 + 1)])
    replay = journal.replay()
    journal.append([refused("limit", T0 + 2)])
    assert [entry.sequence for entry in replay] == [1, 2]


def test_a_batch_that_cannot_be_encoded_leaves_nothing(journal: Journal) -> None:
    """A batch with a value that has no encoding is refused whole, and the journal goes on."""
    journal.append([balance(T0)])
    with pytest.raises(JournalError):
        journal.append([balance(T0), object()])  # type: ignore[list-item]
    journal.append([balance(T0 + 1)])
    assert facts_of(journal) == [balance(T0), balance(T0 + 1)]


def test_a_closed_journal_refuses(journal: Journal) -> None:
    """Nothing can be appended after close; closing twice is harmless."""
    journal.append([balance(T0)])
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append([balance(T0)])


def test_both_kinds_have_the_same_chain(tmp_path: Path) -> None:
    """After the same batches a journal in memory and one on disk have one chain hash, whatever is kept."""
    memory, counting = MemoryJournal(), MemoryJournal(keep=False)
    disk = FileJournal(tmp_path, segment_bytes=4096)
    for batch in life():
        for journal in (memory, counting, disk):
            journal.append(batch)
    disk.close()
    assert memory.chain == counting.chain == disk.chain
    assert memory.last_sequence == counting.last_sequence == disk.last_sequence


def test_a_counting_journal_says_that_it_keeps_nothing() -> None:
    """Replaying a journal that keeps no facts is an error, not an empty answer."""
    journal = MemoryJournal(keep=False)
    journal.append([balance(T0)])
    with pytest.raises(JournalError, match="keeps none"):
        journal.replay()

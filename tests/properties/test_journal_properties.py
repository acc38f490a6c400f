"""What holds for any facts and any damage."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.infrastructure.journal.facts import KINDS, any_fact, batches, of_type, segment
from zombot.domain.events import Fact
from zombot.domain.wording import describe, kind_of, kinds
from zombot.infrastructure.journal.codec import decode, encode
from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.inspection import show, verify
from zombot.infrastructure.journal.reader import open_reader
from zombot.ports.journal import JournalError

SMALL = 1 << 14


def write(directory: Path, written: list[list[Fact]]) -> None:
    """A journal of these batches."""
    journal = FileJournal(directory, segment_bytes=SMALL)
    for batch in written:
        journal.append(batch)
    journal.close()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=30)
@given(data=st.data())
def test_every_kind_of_fact_round_trips_to_the_last_digit(kind: type, data: st.DataObject) -> None:
    """Decoding what was encoded gives the fact back, Decimals with their exponents, floats bit for bit."""
    fact = data.draw(of_type(kind))
    [back] = decode(encode([fact]))
    assert back == fact
    assert repr(back) == repr(fact)


@given(fact=any_fact())
def test_every_fact_has_a_kind_and_words(fact: Fact) -> None:
    """Any fact can be shown to people."""
    assert kind_of(fact) in kinds()
    assert isinstance(describe(fact), str)


@settings(max_examples=40)
@given(written=batches())
def test_any_batches_come_back_from_the_disk(written: list[list[Fact]]) -> None:
    """Whatever is appended is replayed as it was, proven by verify and readable by show."""
    with TemporaryDirectory() as name:
        write(Path(name), written)
        facts = [fact for batch in written for fact in batch]
        entries = list(open_reader(Path(name)).replay())
        assert [repr(entry.fact) for entry in entries] == [repr(fact) for fact in facts]
        found = verify(Path(name))
        assert found.ok and (found.facts, found.batches) == (len(facts), len(written))
        assert [row.sequence for row in show(Path(name))] == [entry.sequence for entry in entries]


@settings(max_examples=60)
@given(written=batches(), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_changed_bit_is_found_or_cuts_the_last_batch(
    written: list[list[Fact]], place: float, bit: int
) -> None:
    """Change any bit that was written: the start is refused, or the last batch is cut and reported. No fact
    ever comes back changed.
    """
    with TemporaryDirectory() as name:
        directory = Path(name)
        write(directory, written)
        used = verify(directory).bytes_used
        data = bytearray(segment(directory).read_bytes())
        data[int(place * used)] ^= 1 << bit
        segment(directory).write_bytes(data)
        try:
            journal = FileJournal(directory, segment_bytes=SMALL)
        except JournalError:
            assert not verify(directory).ok
            return
        assert journal.recovery is not None
        kept = [repr(entry.fact) for entry in journal.replay()]
        journal.close()
        facts = [repr(fact) for batch in written for fact in batch]
        assert kept == facts[: len(facts) - len(written[-1])]


@settings(max_examples=60)
@given(written=batches(), place=st.floats(0, 1))
def test_a_journal_cut_anywhere_keeps_exactly_its_whole_batches(
    written: list[list[Fact]], place: float
) -> None:
    """Cut the file at any byte: a prefix of whole batches is left, and appending goes on behind it."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        write(directory, written)
        used = verify(directory).bytes_used
        data = segment(directory).read_bytes()
        segment(directory).write_bytes(data[: int(place * used)])
        write(directory, written[:1])
        kept = [entry.fact for entry in open_reader(directory).replay()]
        prefixes = [
            [fact for batch in written[:count] for fact in batch] for count in range(len(written) + 1)
        ]
        assert repr(kept) in [repr([*prefix, *written[0]]) for prefix in prefixes]

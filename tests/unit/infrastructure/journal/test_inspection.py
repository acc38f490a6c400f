"""What people and programs are shown of a journal."""

import json
from pathlib import Path

import pytest

from tests.unit.infrastructure.journal.facts import KINDS, SECOND, T0, balance, life, refused
from zombot.domain.wording import kinds
from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.inspection import Filter, show, verify
from zombot.ports.journal import JournalError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A journal of two arbitrages, a refusal and a balance."""
    journal = FileJournal(tmp_path, segment_bytes=1 << 14)
    for number in (3, 4):
        for batch in life(number, T0 + number * 100 * SECOND):
            journal.append(batch)
    journal.append([refused("net edge below 5 bps", T0 + 1_000 * SECOND), balance(T0 + 1_001 * SECOND)])
    journal.close()
    return tmp_path


def texts(directory: Path, wanted: Filter) -> list[str]:
    """Kind and text of the rows."""
    return [f"{row.kind}  {row.text}" for row in show(directory, wanted)]


def test_facts_read_in_the_projects_words(directory: Path) -> None:
    """Orders, fills, funding and refusals are one line each, with prices that can be read."""
    [intended, _] = texts(directory, Filter(arbitrage=3, kinds=frozenset({"intended"})))
    assert intended == (
        "intended  BUY 0.0163 okx:BTC-USDT limit 61,837.6 ioc (open, arbitrage 3 leg 0); "
        "SELL 0.0163 okx:BTC-USDT-SWAP limit 61,837.6 ioc (open, arbitrage 3 leg 1)"
    )
    filled = texts(directory, Filter(kinds=frozenset({"filled"}), first=1))
    assert filled[0].startswith(
        "filled  BUY 0.01 okx:BTC-USDT at 61,835.2, fee 0.0000163 BTC, taker (botz1z3z0z0, trade 3-"
    )
    assert texts(directory, Filter(kinds=frozenset({"funding"}), first=1))[0].startswith(
        "funding  received 0.1007917 on -0.0163 okx:BTC-USDT-SWAP at rate 0.0001, mark 61,836 (bill "
    )
    assert texts(directory, Filter(last=2)) == [
        "refused  ETH-USDT premium of intra, 3 times: net edge below 5 bps; "
        "at best net -5.00 bps of gross 9.00",
        "balance  10000.1 USDT at okx, 9000 available",
    ]


def test_the_rows_of_one_arbitrage_include_its_orders_reports(directory: Path) -> None:
    """A filter on an arbitrage finds what names it and what its orders were told, wherever one begins."""
    rows = list(show(directory, Filter(arbitrage=4)))
    assert {row.kind for row in rows} == {"planned", "intended", "advanced", "accepted", "filled", "exit"}
    later = list(show(directory, Filter(arbitrage=4, after=rows[4].sequence)))
    assert later == rows[5:]
    assert list(show(directory, Filter(arbitrage=99))) == []


def test_filters_narrow_down(directory: Path) -> None:
    """Since, first, last and after keep the rows that they name."""
    everything = list(show(directory))
    assert [row.sequence for row in everything] == list(range(1, len(everything) + 1))
    assert [row.kind for row in show(directory, Filter(since_ns=T0 + 1_000 * SECOND))] == [
        "refused",
        "balance",
    ]
    assert list(show(directory, Filter(first=3))) == everything[:3]
    assert list(show(directory, Filter(last=3))) == everything[-3:]
    assert list(show(directory, Filter(after=5, first=2))) == everything[5:7]


def test_rows_for_programs_are_json(directory: Path) -> None:
    """A row as JSON has the whole fact, Decimals as strings."""
    row = next(show(directory, Filter(kinds=frozenset({"balance"}))))
    read = json.loads(json.dumps(row.as_dict()))
    assert read["fact"]["total"] == "10000.10"
    assert (read["kind"], read["sequence"]) == ("balance", row.sequence)


def test_every_kind_has_its_own_word() -> None:
    """No fact is without a word and no two share one."""
    assert len(set(kinds())) == len(KINDS)


def test_verify_measures_what_is_whole(directory: Path) -> None:
    """The report counts facts, batches, bytes and the time they cover."""
    found = verify(directory)
    assert found.ok and not found.damage
    assert (found.facts, found.batches) == (len(list(show(directory))), 21)
    assert (found.first_ns, found.last_ns) == (T0 + 300 * SECOND, T0 + 1_001 * SECOND)
    assert 0 < found.bytes_used < found.bytes_allocated
    assert len(found.chain) == 32


def test_a_directory_without_a_journal_is_an_error(tmp_path: Path) -> None:
    """Verify and show name the directory and what was expected there."""
    with pytest.raises(JournalError, match=r"no journal in .*00000001\.journal"):
        verify(tmp_path)
    with pytest.raises(JournalError, match="no journal in"):
        show(tmp_path)

"""The read model says what the journal says, each fact once, whatever happens between."""

import os
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.unit.infrastructure.journal.facts import (
    PERPETUAL,
    SPOT,
    T0,
    accepted,
    balance,
    filled,
    funding,
    life,
    order_id,
    planned,
    refused,
    request,
    sent,
)
from zombot.domain import events
from zombot.domain.arbitrage import ArbitrageState
from zombot.domain.events import Fact
from zombot.domain.order import OrderState, Side
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.infrastructure.readmodel import queries, sqlite
from zombot.infrastructure.readmodel.projection import Projection
from zombot.infrastructure.readmodel.schema import VERSION
from zombot.infrastructure.readmodel.sqlite import ReadModelError, SqliteReadModel
from zombot.ports.journal import JournalEntry


def journal_of(*facts: Fact) -> MemoryJournal:
    """A journal that holds these."""
    journal = MemoryJournal()
    journal.append(facts)
    return journal


def story(arbitrages: int = 3) -> MemoryJournal:
    """Some arbitrages from plan to end, with refusals, a report of the balance and mode changes between."""
    journal = MemoryJournal()
    for number in range(1, arbitrages + 1):
        for batch in life(number, T0 + number * 10**12):
            journal.append(batch)
        journal.append([refused("net edge", T0 + number), balance(T0 + number)])
    journal.append([events.Command(kind=events.CommandKind.PAUSE, by="ann", received_ns=T0)])
    journal.append(
        [events.ModeChanged(mode=events.TradingMode.PAUSED, reason="asked", by="ann", received_ns=T0)]
    )
    return journal


def dump(path: Path) -> list[str]:
    """The whole content of the file as statements."""
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


def column(path: Path, statement: str) -> list[object]:
    """The first column of a query."""
    connection = sqlite3.connect(path)
    values = [row[0] for row in connection.execute(statement)]
    connection.close()
    return values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the read model stands."""
    return tmp_path / "read.sqlite"


@pytest.fixture
def model(path: Path) -> Iterator[SqliteReadModel]:
    """An empty read model."""
    made = SqliteReadModel(path)
    yield made
    made.close()


def test_an_arbitrage_is_told_from_plan_to_end(model: SqliteReadModel, path: Path) -> None:
    """State, legs, orders, fills and ledger of one arbitrage stand as its facts say, to the last digit."""
    model.project(story(1).replay())
    [arbitrage] = queries.arbitrages(path)
    assert (arbitrage.state, arbitrage.close_reason) == (ArbitrageState.CLOSED.value, "converged")
    assert arbitrage.planned_ns < arbitrage.closed_ns == arbitrage.changed_ns
    assert [(f.leg, f.quantity) for f in queries.fills(path, 1)] == [
        (0, Decimal("0.01")),
        (0, Decimal("0.0063")),
        (1, Decimal("0.0163")),
        (0, Decimal("0.0163")),
        (1, Decimal("0.0163")),
    ]
    assert column(path, "SELECT filled FROM legs ORDER BY leg") == ["0.0000", "0.0000"]
    assert set(column(path, "SELECT state FROM orders")) == {OrderState.FILLED.value}
    assert queries.ledger_totals(path) == {
        ("fee", "BTC"): Decimal("-0.0000326"),
        ("fee", "USDT"): Decimal("-1.51187064"),
        ("funding", ""): Decimal("0.1007917"),
    }
    assert column(path, "SELECT kind FROM decisions ORDER BY sequence") == [
        "planned", "sent", "advanced", "advanced", "exit", "sent", "advanced", "advanced", "command", "mode"
    ]  # fmt: skip


def test_states_of_orders_follow_the_domains_table(model: SqliteReadModel, path: Path) -> None:
    """Accepted, unknown, cancelled and late filled orders stand where the transition table leads."""
    late, lost, dead = (request(1, leg) for leg in (0, 1, 2))
    intent = events.OrdersIntended(
        arbitrage=late.arbitrage, step=1, requests=(late, lost, dead), received_ns=T0
    )
    model.project(
        journal_of(
            planned(1, T0),
            intent,
            accepted(late.client_order_id, T0 + 1),
            events.OrderCanceled(
                client_order_id=late.client_order_id,
                filled=Decimal("0.01"),
                reason="ioc",
                venue_ns=T0,
                received_ns=T0 + 2,
            ),
            filled(late, "0.01", "t1", T0 + 3),
            events.OrderUnknown(client_order_id=lost.client_order_id, reason="no answer", received_ns=T0 + 4),
            events.OrderRejected(
                client_order_id=dead.client_order_id, reason="balance", venue_ns=T0, received_ns=T0 + 5
            ),
        ).replay()
    )
    assert column(path, "SELECT state FROM orders ORDER BY leg") == ["canceled", "unknown", "rejected"]
    assert column(path, "SELECT reason FROM orders ORDER BY leg") == ["ioc", "no answer", "balance"]
    assert column(path, "SELECT venue_order_id FROM orders WHERE leg = 0") == [f"V{order_id(1, 0)}"]


def test_a_fill_or_bill_that_the_journal_holds_twice_is_booked_once(
    model: SqliteReadModel, path: Path
) -> None:
    """Repeated reports change no total; both stay visible as events."""
    fill, bill = filled(request(1, 1), "0.01", "t1", T0), funding("b1", "0.1", T0)
    again = msgspec.structs.replace(bill, received_ns=T0 + 9)
    model.project(journal_of(planned(1, T0), *sent(1, T0), fill, fill, bill, again).replay())
    assert column(path, "SELECT filled FROM orders WHERE leg = 1") == ["0.01"]
    assert queries.ledger_totals(path)["funding", ""] == Decimal("0.1")
    assert len(column(path, "SELECT sequence FROM events")) == 7


def test_a_forced_fill_stands_in_the_ledger(model: SqliteReadModel, path: Path) -> None:
    """A liquidation is booked under its kind with what it realized less its fee."""
    forced = events.ForcedFill(
        instrument=PERPETUAL,
        side=Side.BUY,
        price=Decimal("70000"),
        quantity=Decimal("0.0163"),
        fee=Decimal("5.7"),
        realized=Decimal("-133.1"),
        kind="liquidation",
        trade_id="x",
        venue_ns=T0,
        received_ns=T0,
    )
    model.project(journal_of(forced, forced).replay())
    assert queries.ledger_totals(path) == {("liquidation", ""): Decimal("-138.8")}


def test_projecting_twice_is_projecting_once(model: SqliteReadModel, path: Path) -> None:
    """Entries that were projected before, from any point, change nothing."""
    journal = story()
    model.project(journal.replay())
    once = dump(path)
    for after in (0, 1, 17, journal.last_sequence):
        assert model.project(journal.replay(after)) == journal.last_sequence
        assert dump(path) == once


def test_incremental_projection_is_the_rebuilt_one(path: Path, tmp_path: Path) -> None:
    """Following the journal fact by fact, reopening between, ends in the tables that a rebuild makes."""
    journal = story()
    for entry in journal.replay():
        model = SqliteReadModel(path)
        model.project([entry])
        model.close()
    other = SqliteReadModel(tmp_path / "other.sqlite")
    assert other.rebuild(journal) == journal.last_sequence
    other.close()
    assert dump(path) == dump(tmp_path / "other.sqlite")


def test_a_crash_inside_a_batch_leaves_the_batches_before_it(
    model: SqliteReadModel, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whichever fact the projection dies at, what is committed is whole batches, and going on ends where an
    undisturbed run does.
    """
    monkeypatch.setattr(sqlite, "BATCH", 7)
    journal = story(2)
    undisturbed = SqliteReadModel(tmp_path / "other.sqlite")
    undisturbed.project(journal.replay())
    undisturbed.close()
    apply = Projection.apply

    class Crash(Exception):
        """The process would be gone here."""

    for dies_at in range(1, journal.last_sequence + 1):

        def dying(self: Projection, entry: JournalEntry, dies_at: int = dies_at) -> None:
            apply(self, entry)
            if entry.sequence == dies_at:
                raise Crash

        with monkeypatch.context() as patch, pytest.raises(Crash):
            patch.setattr(Projection, "apply", dying)
            model.rebuild(journal)
        assert model.last_sequence == (dies_at - 1) // 7 * 7
        assert column(path, "SELECT count(*) FROM events") == [model.last_sequence]
        model.catch_up(journal)
        assert dump(path) == dump(tmp_path / "other.sqlite")


def test_a_hole_in_the_entries_is_refused(model: SqliteReadModel) -> None:
    """Entries that do not follow what is projected are an error, not a gap in the tables."""
    journal = story(1)
    with pytest.raises(ReadModelError, match="rebuild"):
        model.project(journal.replay(3))
    assert model.last_sequence == 0


@pytest.mark.parametrize("other", [story(1), journal_of(*[balance(T0 + n) for n in range(200)])])
def test_a_model_of_another_journal_is_made_anew(
    model: SqliteReadModel, path: Path, other: MemoryJournal, tmp_path: Path
) -> None:
    """When the journal is shorter or holds another fact at the model's end, catching up starts over."""
    model.project(story(3).replay())
    assert model.catch_up(other) == other.last_sequence
    assert model.catch_up(other) == other.last_sequence
    fresh = SqliteReadModel(tmp_path / "fresh.sqlite")
    fresh.project(other.replay())
    fresh.close()
    assert dump(path) == dump(tmp_path / "fresh.sqlite")


def test_a_model_of_an_older_version_is_dropped(path: Path) -> None:
    """A file with another version of the tables starts empty."""
    model = SqliteReadModel(path)
    model.project(story(1).replay())
    model.close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE progress SET version = ?", (VERSION + 1,))
    connection.close()
    model = SqliteReadModel(path)
    assert model.last_sequence == 0
    model.close()


def test_a_file_that_is_no_database_is_an_error(path: Path) -> None:
    """The error names the file, which stays as it is."""
    path.write_bytes(os.urandom(4096))
    before = path.read_bytes()
    with pytest.raises(ReadModelError, match=r"read\.sqlite"):
        SqliteReadModel(path)
    assert path.read_bytes() == before


def test_questions_get_their_answers(model: SqliteReadModel, path: Path) -> None:
    """Arbitrages by state, newest first and limited; refusals by reason; a missing file is an error."""
    model.project(story(3).replay())
    last = model.last_sequence
    model.project([JournalEntry(last + 1, planned(4, T0)), JournalEntry(last + 2, refused("limit", T0, 50))])
    assert [a.id for a in queries.arbitrages(path)] == [4, 3, 2, 1]
    assert [a.id for a in queries.arbitrages(path, states=("planned",))] == [4]
    assert [a.id for a in queries.arbitrages(path, states=("closed", "planned"), limit=2)] == [4, 3]
    assert [(r.reason, r.episodes, r.count) for r in queries.refusals(path)] == [
        ("limit", 1, 50),
        ("net edge", 3, 9),
    ]
    assert queries.refusals(path, since_ns=T0 + 10) == []
    with pytest.raises(ReadModelError, match="missing"):
        queries.arbitrages(path.with_name("missing.sqlite"))
    assert not path.with_name("missing.sqlite").exists()


def test_the_instruments_of_legs_are_kept(model: SqliteReadModel, path: Path) -> None:
    """Legs stand in the order of the plan."""
    model.project(journal_of(planned(1, T0)).replay())
    assert column(path, "SELECT instrument FROM legs ORDER BY leg") == [SPOT, PERPETUAL]

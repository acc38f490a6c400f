"""The state: changed by facts alone, the same for the same facts, and impossible facts are an error."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import PROJECT
from tests.unit.domain.samples import BTC, T0, USDT, VENUE, D
from tests.unit.engine.bench import (
    INSTRUMENTS,
    Bench,
    advanced,
    canceled,
    filled,
    intended,
    opportunity,
    orders_in,
    planned,
    request,
)
from zombot.domain.arbitrage import ArbitrageEvent, ArbitrageState
from zombot.domain.errors import InvariantViolation
from zombot.domain.events import (
    ArbitrageAdvanced,
    Event,
    FillIgnored,
    FundingPaid,
    OrderAccepted,
    OrderUnknown,
)
from zombot.domain.identifiers import ArbitrageId
from zombot.domain.order import OrderRequest, OrderState, Purpose, Side
from zombot.engine.state import EngineState

E = ArbitrageEvent


def fresh(*facts: Any) -> EngineState:
    """A state that took these facts."""
    state = EngineState(INSTRUMENTS)
    for fact in facts:
        state.apply(fact)
    return state


def funded(bill: str) -> FundingPaid:
    """A funding payment of 1."""
    perpetual = list(INSTRUMENTS)[1]
    return FundingPaid(
        instrument=perpetual, amount=D(1), rate=D("0.0001"), mark=D(100), quantity=D(-1), bill_id=bill,
        venue_ns=T0, received_ns=T0,
    )  # fmt: skip


def wrong_state() -> ArbitrageAdvanced:
    """A record that says that sending leads straight to open."""
    return ArbitrageAdvanced(
        arbitrage=ArbitrageId(1), event=E.SENT_OPEN, state=ArbitrageState.OPEN, reason="", received_ns=T0
    )


ORDER = request(1, 0)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((planned(2),), "1 is next"),
        ((planned(1), intended(ORDER), intended(ORDER, step=2)), "used twice"),
        (
            (planned(1), intended(ORDER), filled(ORDER, "0.4", at_ns=T0), filled(ORDER, "0.4", at_ns=T0)),
            "twice",
        ),
        ((planned(1), wrong_state()), "leads to opening"),
        ((funded("7"), funded("7")), "applied twice"),
        ((intended(ORDER),), "arbitrage 1 is not in the state"),
    ],
)
def test_what_cannot_be_is_an_error(facts: tuple[Any, ...], said: str) -> None:
    """A fact that contradicts the state stops the fold instead of being guessed at."""
    *before, last = facts
    state = fresh(*before)
    with pytest.raises(InvariantViolation, match=said):
        state.apply(last)


Reports = list[Event]


def reports_of(orders: list[OrderRequest], bench: Bench, cuts: list[int], ended: bool) -> Reports:
    """Everything a venue says about these orders: accepted, filled in parts, ended."""
    reports: Reports = []
    for order, cut in zip(orders, cuts, strict=True):
        lots = int(order.quantity / D("0.001"))
        taken = lots * cut // 100 if ended else lots
        first = taken // 3
        reports.append(
            OrderAccepted(
                client_order_id=order.client_order_id,
                venue_order_id="v",
                venue_ns=0,
                received_ns=bench.now_ns,
            )
        )
        for number, part in enumerate((first, taken - first)):
            if part:
                size = str(D(part) * D("0.001"))
                reports.append(filled(order, size, trade=str(number), at_ns=bench.now_ns))
        if taken < lots:
            reports.append(canceled(order, str(D(taken) * D("0.001")), at_ns=bench.now_ns))
    return reports


def outcome(bench: Bench) -> tuple[Any, ...]:
    """What must not depend on the order of reports."""
    durable = bench.state.durable
    arbitrage = durable.arbitrage(ArbitrageId(1))
    opening = [durable.orders[c] for c in durable.order_ids[arbitrage.id][:2]]
    return (
        [(order.state, order.filled, order.fee_base, order.cost) for order in opening],
        [(leg.net, leg.cost, leg.decided) for leg in arbitrage.legs],
        arbitrage.state,
        arbitrage.profit,
        durable.ledger.balances,
        durable.counts,
    )


@given(
    st.lists(st.integers(0, 99), min_size=2, max_size=2), st.booleans(), st.randoms(),
    st.lists(st.integers(0, 20), max_size=5),
)  # fmt: skip
def test_the_order_of_the_reports_does_not_matter(
    cuts: list[int], ended: bool, chance: Any, again: list[int]
) -> None:
    """Accepted, filled in parts, cancelled: reordered and repeated at will, everything ends the same."""
    told, shuffled = Bench(), Bench()
    orders = told.open()
    assert shuffled.open() == orders
    reports = reports_of(orders, told, cuts, ended)
    for report in reports:
        told.feed(report)
    jumbled = reports + [reports[i % len(reports)] for i in again]
    chance.shuffle(jumbled)
    for report in jumbled:
        shuffled.feed(report)
    assert outcome(shuffled) == outcome(told)


def test_a_late_fill_after_a_cancel_is_booked_and_mended() -> None:
    """A cancel that reports nothing filled, then a fill: the leg holds it and the other one is repaired."""
    bench = Bench()
    spot_order, perpetual_order = bench.open()
    bench.cancel(spot_order)
    bench.cancel(perpetual_order)
    assert bench.state.durable.retired[ArbitrageId(1)].state is ArbitrageState.ABORTED
    effects = bench.fill(spot_order, "2")
    arbitrage = bench.state.durable.arbitrages[ArbitrageId(1)]
    assert arbitrage.legs[0].net == D(2) * (1 - D("0.001"))
    assert arbitrage.state is ArbitrageState.REPAIRING
    assert {order.purpose for order in orders_in(effects)} == {Purpose.REPAIR}
    assert bench.state.durable.counts.aborted == 0


def test_an_order_of_unknown_outcome_is_not_sent_again() -> None:
    """Silence changes no quantity and sends no order; the arbitrage waits for the venue's word."""
    bench = Bench()
    orders = bench.open()
    effects = bench.feed(
        OrderUnknown(client_order_id=orders[0].client_order_id, reason="", received_ns=bench.now_ns)
    )
    assert not orders_in(effects)
    assert bench.state.durable.orders[orders[0].client_order_id].state is OrderState.UNKNOWN
    assert bench.state.durable.arbitrages[ArbitrageId(1)].state is ArbitrageState.OPENING


def test_a_fill_of_a_stranger_changes_nothing_but_a_count() -> None:
    """A report about an order that is not ours is recorded, told to a human and not booked."""
    bench = Bench()
    before = dict(bench.state.durable.ledger.balances)
    effects = bench.feed(filled(request(99, 0), at_ns=bench.now_ns))
    assert any(isinstance(getattr(effect, "fact", None), FillIgnored) for effect in effects)
    assert bench.state.durable.ledger.balances == before
    assert bench.state.durable.ignored == 1


def ended_with_a_loss(*, at_ns: int = T0) -> list[Any]:
    """An arbitrage that bought 1 at 100 and sold it at 90, and is over."""
    buy = request(1, 0, 0)
    sell = request(1, 0, 1, side=Side.SELL, price="90", purpose=Purpose.CLOSE, quantity="0.999")
    state = fresh()
    facts: list[Any] = []

    def tell(make: Callable[[], Any]) -> None:
        facts.append(make())
        state.apply(facts[-1])

    tell(lambda: planned(1, at_ns=at_ns))
    tell(lambda: advanced(state, 1, E.SENT_OPEN, at_ns))
    tell(lambda: intended(buy))
    tell(lambda: filled(buy, at_ns=at_ns))
    tell(lambda: advanced(state, 1, E.EVEN, at_ns))
    tell(lambda: advanced(state, 1, E.SENT_CLOSE, at_ns))
    tell(lambda: intended(sell, step=2))
    tell(lambda: filled(sell, at_ns=at_ns))
    tell(lambda: advanced(state, 1, E.FLAT, at_ns))
    return facts


def test_the_day_counts_an_arbitrage_once_when_it_ends_anew() -> None:
    """A late fill brings an ended arbitrage back: its profit of before is not counted a second time."""
    state = fresh(*ended_with_a_loss())
    once = state.durable.day_profit
    assert once < -9
    state.apply(advanced(state, 1, E.UNEVEN))
    state.apply(advanced(state, 1, E.FLAT))
    assert state.durable.counts.closed == 1
    assert state.durable.day_profit == once


def test_a_failure_is_counted_once_when_it_ends_anew() -> None:
    """A repaired arbitrage that a late fill brought back is one failure in a row, not two."""
    state = fresh(*ended_with_a_loss())
    state.apply(advanced(state, 1, E.UNEVEN))
    state.apply(intended(request(1, 0, 2, purpose=Purpose.REPAIR), step=3))
    state.apply(advanced(state, 1, E.FLAT))
    assert state.durable.failures == 1
    state.apply(advanced(state, 1, E.UNEVEN))
    state.apply(advanced(state, 1, E.FLAT))
    assert state.durable.failures == 1
    assert state.durable.counts.repaired == 1


def test_the_hash_is_the_same_in_every_process() -> None:
    """Two processes with different hash seeds fold one story into one hash (I9)."""
    script = (
        "from tests.unit.engine.test_state import ended_with_a_loss, fresh\n"
        "import sys\n"
        "sys.stdout.write(fresh(*ended_with_a_loss()).state_hash())\n"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=PROJECT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert hashes == {fresh(*ended_with_a_loss()).state_hash()}


def test_balances_of_a_later_report_do_not_replace_the_ledger() -> None:
    """The opening balance is what was there before anything was traded."""
    bench = Bench(quote="100", base="1")
    bench.balance(USDT, "50")
    ledger = bench.state.durable.ledger
    assert ledger.balance(VENUE, USDT) == 100
    assert ledger.balance(VENUE, BTC) == 1
    assert set(bench.engine.account.differences()) == {f"{VENUE}/{USDT}"}


def test_no_order_leaves_before_its_intent_is_recorded() -> None:
    """In every batch of effects the record of an order stands before the order (I1)."""
    bench = Bench()
    effects = bench.want(opportunity())
    recorded: set[str] = set()
    for effect in effects:
        recorded |= {r.client_order_id for r in getattr(getattr(effect, "fact", None), "requests", ())}
        assert {r.client_order_id for r in getattr(effect, "requests", ())} <= recorded
    assert len(recorded) == 2

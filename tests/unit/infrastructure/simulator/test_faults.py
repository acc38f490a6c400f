"""What goes wrong on demand, and that none of it changes what is true at the venue."""

from __future__ import annotations

import pytest

from tests.unit.infrastructure.simulator.bench import SECOND_NS, SPOT, SWAP, USDT, VENUE, Bench, D
from zombot.domain.errors import InvalidValue
from zombot.domain.events import (
    BalanceReported,
    CancelRejected,
    FundingPaid,
    LinkChanged,
    OrderAccepted,
    OrderFilled,
)
from zombot.domain.order import Side, TimeInForce
from zombot.infrastructure.simulator.faults import FaultConfig, SeededFaults, build_faults

GTC = TimeInForce.GTC


def faulty(**faults: object) -> Bench:
    """Spot and perpetual quoted at 99.9 / 100.0, ten units each, with these faults."""
    bench = Bench(faults=FaultConfig(**faults))  # type: ignore[arg-type]
    bench.run()
    for instrument in (SPOT, SWAP):
        bench.quote(instrument, 99.9, 100.0, bid_quantity=10.0, ask_quantity=10.0)
    bench.forget()
    return bench


def test_a_rejection_leaves_no_trace() -> None:
    """The venue refuses a sound order and does not know it afterwards."""
    bench = faulty(reject=1.0)
    name = bench.buy(SPOT, "1", "100")
    bench.query(name)
    assert bench.told(name) == ["rejected venue_busy", "notfound"]
    assert bench.total(USDT) == 100_000


@pytest.mark.parametrize("executed", [0.0, 1.0])
def test_a_lost_answer_is_cleared_up_by_asking(executed: float) -> None:
    """The order was executed or it was not; only the venue's answer tells."""
    bench = faulty(unknown=1.0, executed_share=executed)
    name = bench.buy(SPOT, "1", "100")
    assert "unknown ack_lost" in bench.told(name)
    bench.forget()
    bench.query(name)
    assert bench.told(name) == (["filled 1@100"] if executed else ["notfound"])
    assert bench.total(USDT) == 100_000 - (100 if executed else 0)


def test_silence_ends_when_the_venue_is_asked() -> None:
    """Nothing is said about the order; after a question its later fills are reported again."""
    bench = faulty(silence=1.0, executed_share=1.0)
    name = bench.buy(SPOT, "1", "99", time_in_force=GTC)
    assert bench.told(name) == []
    bench.query(name)
    bench.quote(SPOT, 97.0, 98.0)
    assert bench.told(name) == ["accepted", "filled 1@99"]


def test_a_partial_fill_leaves_depth_behind() -> None:
    """An order that may not rest gets less than what stands there, and the end says how much."""
    bench = faulty(partial=1.0)
    name = bench.buy(SPOT, "1", "100")
    filled = sum((e.fill.quantity for e in bench.about(name) if isinstance(e, OrderFilled)), D(0))
    assert filled < 1
    assert bench.about(name)[-1].filled == filled


def test_duplicates_repeat_the_same_trade() -> None:
    """A report that comes twice has the same ids."""
    bench = faulty(duplicate=1.0)
    name = bench.buy(SPOT, "1", "100")
    fills = [e.fill for e in bench.about(name) if isinstance(e, OrderFilled)]
    assert len(fills) == 2
    assert fills[0] == fills[1]
    assert bench.total(USDT) == 99_900


def test_a_fill_may_come_after_the_end_of_its_order() -> None:
    """The cancel states the total, so that the missing fill can be waited for."""
    bench = faulty(late_fill=1.0)
    name = bench.buy(SPOT, "20", "100")
    assert bench.told(name) == ["accepted", "canceled 10 ioc_remainder"]
    bench.run()
    assert bench.told(name)[-1] == "filled 10@100"


def test_reports_may_be_reordered() -> None:
    """All of them arrive, in another order."""
    orders = []
    for faults in ({}, {"reorder": 0.5}):
        bench = faulty(**faults)
        for _ in range(20):
            bench.buy(SPOT, "0.1", "100")
        bench.run()
        orders.append([e.venue_order_id for e in bench.of(OrderAccepted)])
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def disconnected() -> Bench:
    """A bench that has just lost its link."""
    bench = faulty(outage_every_ns=100 * SECOND_NS, outage_ns_max=SECOND_NS)
    for _ in range(100_000):
        if bench.of(LinkChanged) and not bench.of(LinkChanged)[-1].live:
            return bench
        bench.run(SECOND_NS // 10)
    raise AssertionError("no outage in a hundred mean times")


def reconnected(bench: Bench) -> None:
    """Let the link come back."""
    while not bench.of(LinkChanged)[-1].live:
        bench.run(SECOND_NS // 10)
    bench.run(0)


def test_over_a_lost_link_nothing_leaves_and_nothing_comes() -> None:
    """Orders are of unknown outcome, cancels fail, questions are lost; balances come with the link."""
    bench = disconnected()
    bench.forget()
    before = bench.total(USDT)
    name = bench.buy(SPOT, "1", "100")
    bench.cancel(name)
    bench.query(name)
    assert bench.told(name) == ["unknown disconnected", "cancelrejected disconnected"]
    assert [e.reason for e in bench.of(CancelRejected)] == ["disconnected"]
    assert bench.total(USDT) == before
    bench.heard["main"].append(LinkChanged(venue=VENUE, live=False, reason="", received_ns=0))
    reconnected(bench)
    assert bench.of(BalanceReported)
    bench.query(name)
    assert bench.told(name)[-1] == "notfound"


def test_payments_during_an_outage_come_afterwards() -> None:
    """A funding payment is not lost with the link: it is delivered when the link is back."""
    bench = disconnected()
    account = bench.venue.account("main")
    bench.venue.arrive("main", bench.request(SWAP, Side.SELL, "1", "99.9"))
    bench.funding(0.0001, in_s=0)
    bench.run(0)
    assert [bill.kind for bill in account.bills][-1] == "funding"
    assert not bench.of(FundingPaid)
    reconnected(bench)
    assert len(bench.of(FundingPaid)) == 1


def test_stopping_faults_brings_the_link_back() -> None:
    """After that nothing goes wrong any more."""
    bench = disconnected()
    bench.venue.stop_faults()
    bench.run(0)
    assert bench.of(LinkChanged)[-1].live
    bench.forget()
    bench.run(1_000 * SECOND_NS)
    assert not bench.of(LinkChanged)
    assert bench.told(bench.buy(SPOT, "1", "100")) == ["accepted", "filled 1@100"]


def test_faults_are_seeded() -> None:
    """The same seed draws the same luck."""
    config = FaultConfig(reject=0.2, unknown=0.2, silence=0.2, duplicate=0.3, outage_every_ns=1_000)

    def luck(seed: str) -> list[object]:
        model = SeededFaults(config, seed=seed)
        return [(model.fate(), model.copies(), model.outage(), model.delay(is_fill=True)) for _ in range(30)]

    assert luck("1") == luck("1")
    assert luck("1") != luck("2")


def test_no_faults_is_the_default() -> None:
    """Nothing goes wrong unless somebody asks for it."""
    model = build_faults(FaultConfig(), seed="")
    assert (model.share(), model.delay(is_fill=True), model.copies(), model.outage()) == (None, 0, 1, None)
    assert model.fate() == (True, False, "")


@pytest.mark.parametrize(
    "values", [{"reject": 1.5}, {"late_fill": -0.1}, {"reject": 0.6, "unknown": 0.6}, {"delay_ns_max": -1}]
)
def test_a_wrong_fault_is_refused(values: dict[str, float]) -> None:
    """The error names the fault and what is allowed."""
    with pytest.raises(InvalidValue, match="fault"):
        FaultConfig(**values)  # type: ignore[arg-type]

"""Funding: paid once, at its time, on the position of that instant."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.infrastructure.simulator.bench import BTC, SECOND_NS, SWAP, USDT, Bench, D, account
from zombot.domain.events import FundingPaid
from zombot.domain.instrument import FeeRates
from zombot.infrastructure.simulator.config import AccountConfig, SeedPosition

FREE = FeeRates(maker=D(0), taker=D(0))


def quoted(*accounts: AccountConfig) -> Bench:
    """The perpetual quoted at 99.9 / 100.0 and marked at 100.1; no fees."""
    bench = Bench(*accounts, perpetual_fees=FREE)
    bench.quote(SWAP, 99.9, 100.0, bid_quantity=10.0, ask_quantity=10.0)
    bench.mark(100.1)
    return bench


def paid(bench: Bench, by: str = "") -> list[Decimal]:
    """Amounts in order."""
    return [event.amount for event in bench.of(FundingPaid, by)]


def test_a_short_receives_a_positive_rate() -> None:
    """Position times mark times rate, exact, into free money, with a bill."""
    bench = quoted()
    bench.sell(SWAP, "2", "99.9")
    bench.funding(0.00012345, in_s=10)
    bench.run(10 * SECOND_NS)
    assert paid(bench) == [2 * D("100.1") * D("0.00012345")]
    event = bench.of(FundingPaid)[0]
    assert (event.rate, event.mark, event.quantity) == (D("0.00012345"), D("100.1"), -2)
    assert bench.total(USDT) == 100_000 + event.amount
    assert [bill.id for bill in bench.venue.account("main").bills if bill.kind == "funding"] == [
        event.bill_id
    ]


def test_a_long_pays_a_positive_rate() -> None:
    """The sign follows the position."""
    bench = quoted()
    bench.buy(SWAP, "2", "100")
    bench.funding(0.0001, in_s=10)
    bench.run(10 * SECOND_NS)
    assert paid(bench) == [-2 * D("100.1") * D("0.0001")]


def test_only_the_holder_at_the_instant_is_paid() -> None:
    """Closed before or opened after: nothing. Nothing is paid between settlements either."""
    bench = quoted(account("a"), account("b"), account("c"))
    bench.funding(0.0001, in_s=10)
    for name in ("a", "b"):
        bench.sell(SWAP, "1", "99.9", by=name)
    bench.run(9 * SECOND_NS)
    assert paid(bench, "a") == []
    bench.buy(SWAP, "1", "100", by="a")
    bench.run(SECOND_NS)
    bench.sell(SWAP, "1", "99.9", by="c")
    bench.run(100 * SECOND_NS)
    assert [len(paid(bench, name)) for name in "abc"] == [0, 1, 0]


def test_the_last_rate_before_the_time_counts_and_settles_once() -> None:
    """Estimates replace each other; repeating the event does not repeat the payment."""
    bench = quoted()
    bench.sell(SWAP, "1", "99.9")
    for rate in (0.0001, 0.0002, 0.0003):
        bench.funding(rate, in_s=10)
    bench.run(10 * SECOND_NS)
    bench.funding(0.0009, in_s=0)
    bench.run(10 * SECOND_NS)
    assert paid(bench) == [D("100.1") * D("0.0003")]


def test_a_time_that_moves_is_settled_at_the_new_time_only() -> None:
    """The interval may change: what was announced before does not settle."""
    bench = quoted()
    bench.sell(SWAP, "1", "99.9")
    bench.funding(0.0001, in_s=100)
    bench.funding(0.0001, in_s=50)
    bench.run(50 * SECOND_NS)
    assert len(paid(bench)) == 1
    bench.funding(0.0002, in_s=25)
    bench.run(100 * SECOND_NS)
    assert paid(bench)[1:] == [D("100.1") * D("0.0002")]


def test_the_next_time_announced_at_the_very_instant_loses_nothing() -> None:
    """When the event of the next interval comes exactly at a settlement, that settlement is still made."""
    bench = quoted()
    bench.sell(SWAP, "1", "99.9")
    bench.funding(0.0001, in_s=10)
    bench.agenda.now_ns += 10 * SECOND_NS  # the clock is there, the call-back has not run yet
    bench.funding(0.0005, in_s=10)
    bench.run(20 * SECOND_NS)
    assert paid(bench) == [D("100.1") * D("0.0001"), D("100.1") * D("0.0005")]


def test_bill_ids_differ_between_accounts_and_times() -> None:
    """A bill id books one payment, ever."""
    bench = quoted(account("a"), account("b"))
    for name in ("a", "b"):
        bench.sell(SWAP, "1", "99.9", by=name)
    for _ in range(2):
        bench.funding(0.0001, in_s=10)
        bench.run(10 * SECOND_NS)
    ids = [event.bill_id for name in "ab" for event in bench.of(FundingPaid, name)]
    assert len(set(ids)) == 4


def test_no_more_is_taken_than_can_be_paid() -> None:
    """Free money first, then margin down to what the position must keep; the rest is let off."""
    bench = quoted(account(balances={USDT: D("20.5"), BTC: D(0)}))
    bench.buy(SWAP, "1", "100")
    bench.funding(0.5, in_s=1)
    bench.run(SECOND_NS)
    must_keep = D("100.1") * D("0.004")
    assert paid(bench) == [-(D("20.5") - must_keep)]
    assert bench.available(USDT) == 0
    assert bench.total(USDT) == must_keep


def test_without_any_price_nothing_is_settled() -> None:
    """A settlement needs a mark, or at least a mid."""
    seed = SeedPosition(instrument=SWAP, quantity=D(1), cost=D(100))
    bench = Bench(account(positions=(seed,)))
    bench.funding(0.0001, in_s=1)
    bench.run(SECOND_NS)
    assert paid(bench) == []

"""Why not traded: every refusal is counted once, in episodes that say what it would have earned."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.samples import SECOND, T0, D
from tests.unit.engine.bench import Bench, opportunity, orders_in
from zombot.domain.arbitrage import ArbitrageState
from zombot.domain.events import BotStopped, Command, CommandKind, OpportunityRefused, TradingMode
from zombot.domain.identifiers import ArbitrageId
from zombot.domain.opportunity import Exit, Missed
from zombot.domain.risk import Limits
from zombot.engine.config import EngineConfig
from zombot.engine.runner import EPISODE_GAP_NS

Seen = tuple[int, str, str, float]
seen = st.tuples(
    st.sampled_from([1, SECOND // 3, EPISODE_GAP_NS, EPISODE_GAP_NS + 1, 3 * SECOND]),
    st.sampled_from(["", "edge_below_entry", "cool_down", "gate"]),
    st.sampled_from(["premium", "discount"]),
    st.integers(-50, 50).map(float),
)


def records(effects: list[Any]) -> list[OpportunityRefused]:
    """The refusals in these effects."""
    facts = [getattr(effect, "fact", None) for effect in effects]
    return [fact for fact in facts if isinstance(fact, OpportunityRefused)]


def naive_episodes(story: list[Seen]) -> list[tuple[str, str, int, float]]:
    """Runs of one reason and direction with no more than the gap between two refusals."""
    episodes: list[list[Any]] = []
    now = last = 0
    for wait, kind, direction, net in story:
        now += wait
        if not kind:
            continue
        reason = "paused" if kind == "gate" else kind
        if episodes and episodes[-1][:2] == [reason, direction] and now - last <= EPISODE_GAP_NS:
            episodes[-1][2] += 1
            episodes[-1][3] = max(episodes[-1][3], net)
        else:
            episodes.append([reason, direction, 1, net])
        last = now
    return [(reason, direction, count, best) for reason, direction, count, best in episodes]


@given(st.lists(seen, max_size=25))
def test_refusals_are_recorded_as_episodes(story: list[Seen]) -> None:
    """Each refused evaluation is in exactly one record, with the best it would have earned."""
    bench = Bench()
    bench.feed(Command(kind=CommandKind.PAUSE, by="ann", received_ns=T0))
    for wait, kind, direction, net in story:
        bench.wait(wait)
        # Fresh quotes of both legs, so that only the mode refuses.
        bench.wish.wanted = None
        if kind == "gate":
            bench.want(opportunity(direction=direction, net_bps=net, expire_ns=bench.now_ns + SECOND))
        elif kind:
            bench.want(Missed("BTC-USDT", direction, kind, net + 30.0, net))
        else:
            bench.want(None)
    bench.feed(BotStopped(reason="end", received_ns=bench.now_ns))
    found = records(bench.effects)
    assert [(r.reason, r.direction, r.count, r.net_bps) for r in found] == naive_episodes(story)
    for record in found:
        assert record.since_ns <= record.received_ns
        assert record.pair == "BTC-USDT"
    refused = sum(1 for _, kind, _, _ in story if kind)
    assert sum(bench.state.durable.refusals.values()) == refused


def test_a_refusal_that_goes_on_is_not_written_on_every_quote() -> None:
    """A thousand refusals in a row are one record at their end, not a thousand."""
    bench = Bench()
    for _ in range(1_000):
        bench.wait(SECOND // 100)
        assert not records(bench.want(Missed("BTC-USDT", "premium", "cool_down", 40.0, 10.0)))
    bench.wait(2 * SECOND)
    (record,) = records(bench.want(None))
    assert record.count == 1_000
    assert bench.engine.runners[0].last_refusal == "cool_down"


def test_an_approved_entry_ends_the_episode() -> None:
    """What was refused before it was traded is recorded before the trade."""
    bench = Bench()
    bench.want(Missed("BTC-USDT", "premium", "edge_below_entry", 40.0, 1.0))
    effects = bench.want(opportunity())
    assert records(effects)[0].reason == "edge_below_entry"
    assert len(orders_in(effects)) == 2
    assert bench.engine.runners[0].episode is None


def opened(bench: Bench) -> ArbitrageId:
    """An arbitrage that is open with both legs filled."""
    for order in bench.open():
        bench.fill(order)
    assert bench.state.durable.arbitrages[ArbitrageId(1)].state is ArbitrageState.OPEN
    return ArbitrageId(1)


EXIT = Exit(reason="converged", worst_prices=(90.0, 110.0), decision_prices=(99.9, 101.1))


def test_a_balance_check_for_entries_does_not_block_an_exit() -> None:
    """Paused, out of money, past every limit: the exit of an open arbitrage is sent all the same."""
    limits = Limits(pair_notional_max=D(1_100), orders_per_second_max=2, arbitrages_max=1)
    bench = Bench(EngineConfig(bot="bot1", limits=limits), quote="2100")
    opened(bench)
    assert bench.verdict() != "approved"
    bench.feed(Command(kind=CommandKind.PAUSE, by="ann", received_ns=bench.now_ns))
    bench.wish.exit = EXIT
    sent = orders_in(bench.quotes())
    assert {(order.leg, order.side.value) for order in sent} == {(0, "sell"), (1, "buy")}
    assert [order.reduce_only for order in sent] == [False, True]


def test_a_kill_sends_no_exit_until_resumed() -> None:
    """Halted, an even arbitrage stays; after the operator resumes it leaves."""
    bench = Bench()
    opened(bench)
    bench.wish.exit = EXIT
    bench.feed(Command(kind=CommandKind.KILL, by="ann", received_ns=bench.now_ns))
    assert bench.state.durable.mode is TradingMode.HALTED
    assert not orders_in(bench.quotes())
    bench.feed(Command(kind=CommandKind.RESUME, by="ann", received_ns=bench.now_ns))
    sent = [order for effect in bench.effects for order in getattr(effect, "requests", ())]
    bench.quotes()
    assert bench.state.durable.arbitrages[ArbitrageId(1)].state is ArbitrageState.CLOSING
    assert sent


def test_an_exit_sells_no_more_than_is_held() -> None:
    """The orders of an exit take all legs to dust, never through zero."""
    bench = Bench()
    opened(bench)
    held = {leg.instrument: leg.net for leg in bench.state.durable.arbitrages[ArbitrageId(1)].legs}
    bench.wish.exit = EXIT
    for order in orders_in(bench.quotes()):
        assert 0 <= abs(held[order.instrument]) - order.quantity < D("0.001")
        bench.fill(order)
    assert bench.state.durable.retired[ArbitrageId(1)].state is ArbitrageState.CLOSED


def test_another_pair_is_not_ours() -> None:
    """A runner sees only arbitrages of its own strategy and pair."""
    bench = Bench()
    opened(bench)
    (runner,) = bench.engine.runners
    assert [a.id for a in runner.open] == [1]
    bench.wish.pair = "ETH-USDT"
    runner.refresh()
    assert list(runner.open) == []

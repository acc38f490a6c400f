"""Ways in which a leg could have stayed alone or an exit been blocked: each was found once and is mended."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec.structs import replace

from tests.simulation.test_complaints import CALM, PERPETUAL, SPOT, opened, shocked
from tests.simulation.world import SECOND, START_NS, World, WorldConfig
from zombot.domain.arbitrage import Arbitrage, ArbitrageState
from zombot.domain.errors import InvariantViolation
from zombot.domain.events import (
    BotStarted,
    CommandKind,
    Draining,
    LinkChanged,
    OrderFilled,
    OrdersIntended,
    TradingMode,
)
from zombot.domain.identifiers import InstrumentId
from zombot.domain.market import BookLost
from zombot.domain.order import OrderRequest, Purpose
from zombot.engine.config import EngineConfig, ExecutionConfig
from zombot.engine.engine import Engine
from zombot.infrastructure.journal.memory import MemoryJournal
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.strategies.intra.strategy import build


def test_an_order_that_the_venue_forgot_half_filled_ends_with_the_fills_known() -> None:
    """The process dies between two fills, the venue comes back empty, and the legs end up even."""
    first = World(WorldConfig(market=shocked(2.0)))
    first.run(6)
    facts = [entry.fact for entry in first.journal.replay()]
    cut = next(n for n, fact in enumerate(facts) if isinstance(fact, OrderFilled))
    journal = MemoryJournal()
    partly = facts[cut]
    assert isinstance(partly, OrderFilled)
    half = replace(partly.fill, quantity=partly.fill.quantity / 2, fee=partly.fill.fee / 2)
    journal.append([*facts[:cut], replace(partly, fill=half)])
    world = forgetful(journal).restarted()
    world.run(30)
    assert not world.arbitrages(ArbitrageState.OPENING), world.describe()
    world.settle()


def forgetful(journal: MemoryJournal) -> World:
    """What is left of a bot whose venue was rebuilt from nothing but the journal's balances."""
    probe = World(WorldConfig(market=CALM))
    engine = Engine(
        config=probe.config.engine,
        instruments=probe.instruments,
        fees=probe.fees,
        strategies=build({}, probe.instruments, probe.fees),
    )
    engine.fold(entry.fact for entry in journal.replay())
    balances = {
        key.removeprefix("okx/"): amount for key, amount in engine.state.durable.ledger.balances.items()
    }
    fresh = World(replace(probe.config, balances=balances))
    fresh.journal = journal
    return fresh


def test_nothing_is_entered_on_a_premium_that_funding_eats() -> None:
    """Where funding would drive it out again at once, an opportunity is refused and not churned."""
    market = replace(shocked(2.0, bps=90.0), interest_rate=-0.009, funding_interval_s=20.0)
    world = World(
        WorldConfig(market=replace(market, impact_notional=1.0), strategy={"holding_horizon": "10m"})
    )
    world.run(40)
    counts = world.engine.state.durable.counts
    refusals = world.engine.state.durable.refusals
    assert counts.opened <= 1, world.describe()
    assert counts.opened or refusals.get("funding_against", 0) or refusals.get("edge_below_entry", 0)


def test_a_clock_behind_the_journal_does_not_deafen_the_bot() -> None:
    """Quotes that are older than the newest fact are still quotes."""
    world = World(WorldConfig(market=shocked(12.0)))
    world.engine.fold([BotStarted(bot="b1", epoch=1, version="x", received_ns=START_NS + 3_600 * SECOND)])
    world.run(5)
    assert world.engine.dropped == {}
    assert world.engine.markets[SPOT].bid > 0


def test_a_stuck_pair_does_not_stop_the_exits_of_others() -> None:
    """When a repair was given up nothing new begins, but what is open still converges and closes."""
    execution = ExecutionConfig(repairs_max=1, retry_ns=50_000_000)
    world = opened(WorldConfig(market=shocked(2.0), engine=EngineConfig(bot="b1", execution=execution)))
    world.engine._gave_up(world.engine.state.durable.arbitrages[1])  # type: ignore[index]
    world.session.dispatcher.perform(world.engine.outbox.take())
    assert world.engine.state.durable.mode is TradingMode.REDUCE_ONLY
    world.run(60)
    assert world.engine.state.durable.counts.closed == 1


def test_repairs_keep_their_distance() -> None:
    """A repair in vain is not tried again before the pause, however much of the budget is spent."""
    engine = EngineConfig(bot="b1", execution=ExecutionConfig(naked_budget=Decimal(1)))
    gaps: list[int] = []
    for seed in range(1, 7):
        market = shocked(2.0, 14.0, 26.0)
        world = World(WorldConfig(seed=seed, market=market, faults=FaultConfig(reject=0.6), engine=engine))
        world.run(45)
        sent: dict[int, list[int]] = {}
        for entry in world.journal.replay():
            fact = entry.fact
            if isinstance(fact, OrdersIntended) and fact.requests[0].purpose is Purpose.REPAIR:
                sent.setdefault(fact.arbitrage, []).append(fact.received_ns)
        gaps += [later - earlier for times in sent.values() for earlier, later in pairwise(times)]
    assert len(gaps) > 3, "the scenario has repairs in a row"
    assert min(gaps) >= engine.execution.retry_ns


def test_facts_that_were_applied_are_journaled_when_a_rule_breaks() -> None:
    """A fill that has been booked is in the journal whatever is raised behind it, and the session stops."""
    world = World(WorldConfig(market=shocked(2.0)))

    def broken(arbitrage: Arbitrage, now_ns: int) -> None:
        raise InvariantViolation(f"planted at {now_ns} in {arbitrage.id}")

    world.engine.saga.legs_changed = broken  # type: ignore[method-assign]
    world.simulation.run(START_NS + 6 * SECOND)
    assert "planted" in world.session.failure
    assert world.engine.state.durable.mode is TradingMode.HALTED
    world.check_fold()


@pytest.mark.parametrize("error", [OSError("cable"), KeyError("x"), ZeroDivisionError("y")])
def test_a_broker_that_raises_leaves_orders_unknown_and_not_forgotten(error: Exception) -> None:
    """Sent or not, nobody knows: the orders are asked about, and the bot goes on."""
    world = World(WorldConfig(market=shocked(2.0)))
    submit = world.watch.submit

    def failing(requests: Sequence[OrderRequest]) -> None:
        submit(requests)
        world.watch.submit = submit  # type: ignore[method-assign]
        raise error

    world.watch.submit = failing  # type: ignore[method-assign]
    world.run(30)
    world.settle()
    assert world.engine.state.durable.counts.fills >= 2


def test_an_orderly_stop_takes_back_what_rests() -> None:
    """After the drain no order of ours is at the venue."""
    strategy: dict[str, object] = {"style": "maker-taker"}
    engine = EngineConfig(bot="b1", execution=ExecutionConfig(maker_ns=600 * SECOND))
    world = World(WorldConfig(market=shocked(2.0), strategy=strategy, engine=engine))
    while not world.venue.account("main").pending:
        world.run(0.05)
        assert world.agenda.now_ns < START_NS + 60 * SECOND, "a maker order rests at some time"
    world.session.feed(Draining(received_ns=world.agenda.now_ns))
    world.run(3)
    assert not world.venue.account("main").pending


def test_flatten_gets_out_by_the_top_of_book_alone() -> None:
    """A gap in the depth forbids entries; it does not keep anybody in who wants out."""
    world = opened(WorldConfig(market=shocked(2.0)))
    for instrument in (SPOT, PERPETUAL):
        world.session.feed(BookLost(instrument, world.agenda.now_ns, world.agenda.now_ns))
    world.command(CommandKind.FLATTEN)
    world.run(5)
    assert not world.engine.state.durable.arbitrages
    world.settle()


def test_a_journal_of_other_pairs_is_refused_with_a_clear_word() -> None:
    """A configuration without a pair that the journal traded is named, and nothing starts."""
    world = opened(WorldConfig(market=shocked(2.0)))
    others = {
        InstrumentId(name.replace("BTC", "ETH")): instrument for name, instrument in world.instruments.items()
    }
    fees = dict.fromkeys(others, world.fees[SPOT])
    engine = Engine(config=EngineConfig(), instruments=others, fees=fees, strategies=[])
    with pytest.raises(ValueError, match="BTC-USDT"):
        engine.fold(entry.fact for entry in world.journal.replay())


def test_a_lost_link_waits_for_fresh_quotes() -> None:
    """What was seen before a link was lost decides nothing after it is back."""
    world = World(WorldConfig(market=CALM))
    world.run(3)
    now_ns = world.agenda.now_ns
    for live in (False, True):
        world.session.feed(
            LinkChanged(venue=world.instruments[SPOT].venue, live=live, reason="", received_ns=now_ns)
        )
    assert not world.engine.markets[SPOT].usable
    world.run(1)
    assert world.engine.markets[SPOT].usable

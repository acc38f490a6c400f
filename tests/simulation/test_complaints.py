"""What users of other bots suffer, one test each: none of it can happen here."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from tests.simulation.world import MS, SECOND, START_NS, VENUE, World, WorldConfig
from zombot.domain.arbitrage import ArbitrageState
from zombot.domain.events import CommandKind, FundingPaid, OrderCanceled, OrderFilled, OrdersIntended
from zombot.domain.identifiers import InstrumentId
from zombot.domain.money import ZERO
from zombot.domain.risk import Limits
from zombot.engine.config import EngineConfig
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.synthetic.config import BasisShock, SyntheticConfig
from zombot.infrastructure.synthetic.market import SyntheticMarket

SPOT, PERPETUAL = InstrumentId("okx:BTC-USDT"), InstrumentId("okx:BTC-USDT-SWAP")
CALM = SyntheticConfig(pairs=("BTC-USDT",), premiums=None, discounts=None, basis_half_life_s=8.0)


def shocked(*seconds: float, bps: float = 80.0) -> SyntheticConfig:
    """A calm market with a premium at each of these times."""
    return replace(CALM, shocks=tuple(BasisShock(pair="BTC-USDT", at_s=at, bps=bps) for at in seconds))


def opened(config: WorldConfig, seconds: float = 6.0) -> World:
    """A world in which one arbitrage has just been opened."""
    world = World(config)
    world.run(seconds)
    assert len(world.arbitrages(ArbitrageState.OPEN)) == 1, world.describe()
    return world


def test_no_leg_is_sent_when_the_other_is_below_its_minimum() -> None:
    """An order of one leg never leaves when the other leg's venue would refuse its size."""
    config = WorldConfig(market=shocked(2.0))
    spot, perpetual = SyntheticMarket(config.market, VENUE, START_NS, 1).instruments
    for instrument in (spot, perpetual):
        large = replace(instrument, minimum=Decimal("0.5"))
        world = World(replace(config, instruments={instrument.id: large}))
        world.run(10)
        assert not world.watch.sent
        refused = world.engine.runners[0].last_refusal
        assert refused.endswith("_below_minimum"), refused


def test_a_fee_in_base_never_leaves_the_hedge_short() -> None:
    """The coins that are left after the fee cover the short perpetual, and by less than a lot more."""
    world = opened(WorldConfig(market=shocked(2.0), buy_fee_in_base=True))
    account = world.venue.account("main")
    coins, short = account.total(world.instruments[SPOT].base), account.position(PERPETUAL).quantity
    assert short < 0
    assert ZERO <= coins + short < world.instruments[SPOT].lot
    fees = [e.fact.fill.fee_asset for e in world.journal.replay() if isinstance(e.fact, OrderFilled)]
    assert "BTC" in fees, "the scenario takes its fee from the bought coin"


def test_no_reopening_again_and_again_around_the_threshold() -> None:
    """A basis that hovers at the entry level drains no fees: round trips earn, and they are rare."""
    hovering = replace(CALM, basis_mean_bps=36.0, basis_deviation_bps=4.0, basis_half_life_s=2.0)
    world = World(WorldConfig(market=hovering, strategy={"cool_down": "5s"}))
    world.run(180, step_ms=200)
    counts = world.engine.state.durable.counts
    assert counts.opened >= 1, "the scenario reaches the entry level"
    # The exit level is some 30 bps below, so a basis that stays up is held, not churned.
    assert counts.opened <= 2
    assert all(trade.earned_bps > 0 for trade in world.chronicle.trades.values())


def test_an_open_pair_is_not_forgotten_after_stop_and_start() -> None:
    """A restarted bot holds what it held, opens no second one over it and closes it when it converges."""
    world = opened(WorldConfig(market=shocked(2.0, 12.0)))
    before = world.engine.state.durable.arbitrages
    world = world.restarted()
    after = world.engine.state.durable.arbitrages
    assert list(after) == list(before)
    assert [leg.net for leg in after[1].legs] == [leg.net for leg in before[1].legs]  # type: ignore[index]
    world.run(7)
    assert world.engine.state.durable.counts.opened == 1, "the second premium found the pair taken"
    world.run(60)
    assert world.engine.state.durable.counts.closed == 1
    world.settle()


def test_a_balance_check_for_entries_never_blocks_an_exit() -> None:
    """With nothing free, every limit reached and entries paused, an open arbitrage still closes."""
    limits = Limits(arbitrages_max=1, daily_loss_max=Decimal(1), balance_buffer=Decimal("0.05"))
    config = WorldConfig(
        market=shocked(2.0),
        balances={"USDT": Decimal(820)},
        leverage=Decimal(1),
        strategy={"notional": "5000"},
        engine=EngineConfig(bot="b1", limits=limits),
    )
    world = opened(config)
    free = world.engine.capital.free_quote(VENUE, "USDT")
    assert free < 41, f"hardly anything is free for entries, but {free}"
    world.command(CommandKind.REDUCE_ONLY)
    world.run(60)
    assert world.engine.state.durable.counts.closed == 1
    world.settle()


def test_a_late_fill_after_a_cancel_is_hedged() -> None:
    """A fill that comes after its order's end was reported still counts, and the legs end up even."""
    faults = FaultConfig(late_fill=1.0, partial=1.0, delay_ns_max=3 * SECOND)
    late = 0
    for seed in range(1, 8):
        world = World(WorldConfig(seed=seed, market=shocked(2.0, 20.0), faults=faults))
        world.run(40)
        world.settle()
        ended: set[str] = set()
        for entry in world.journal.replay():
            if isinstance(entry.fact, OrderCanceled):
                ended.add(entry.fact.client_order_id)
            elif isinstance(entry.fact, OrderFilled):
                late += entry.fact.fill.client_order_id in ended
    assert late > 5, "the scenario has fills after cancels"


def test_funding_is_counted_only_when_something_settles() -> None:
    """Each payment is at a settlement, for the position of that instant, and is booked once."""
    market = replace(shocked(2.0, bps=120.0), funding_interval_s=10.0, basis_half_life_s=60.0)
    world = World(WorldConfig(market=market))
    world.run(45)
    world.settle()
    paid = [e.fact for e in world.journal.replay() if isinstance(e.fact, FundingPaid)]
    assert len(paid) >= 3
    assert len({fact.bill_id for fact in paid}) == len(paid)
    assert len({fact.venue_ns for fact in paid}) == len(paid), "one payment a settlement"
    for fact in paid:
        assert fact.venue_ns % (10 * SECOND) == 0
        assert fact.amount == -fact.quantity * fact.mark * fact.rate
    booked = sum((fact.amount for fact in paid), ZERO)
    parts = [*world.engine.state.durable.arbitrages.values(), *world.engine.state.durable.retired.values()]
    assert booked == sum((arbitrage.profit.funding for arbitrage in parts), ZERO)


def test_a_resend_never_follows_a_time_out() -> None:
    """An order without an answer is asked about until the venue's word is final, never sent again."""
    world = World(
        WorldConfig(
            market=shocked(2.0), faults=FaultConfig(silence=1.0, executed_share=1.0), jitter_ns=5 * MS
        )
    )
    world.run(2.5)
    world.venue.stop_faults()
    world.run(1.5)
    intended = [e.fact for e in world.journal.replay() if isinstance(e.fact, OrdersIntended)]
    assert len(intended) == 1, "two legs were sent once, and nothing more while their outcome is unknown"
    world.settle()
    assert world.engine.state.durable.counts.opened == 1

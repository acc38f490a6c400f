"""Whatever the configuration and the seed: the synthetic market keeps its promises."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.infrastructure.synthetic.watching import START_NS, VENUE, Watcher
from zombot.infrastructure.synthetic.coins import default_pairs
from zombot.infrastructure.synthetic.config import BasisShock, Jumps, SyntheticConfig
from zombot.infrastructure.synthetic.market import SyntheticMarket

EVENTS = 1_500


@st.composite
def jumps(draw: st.DrawFn) -> Jumps:
    """Jumps of any size, frequent enough to be met."""
    gap_min_s = draw(st.floats(0.0, 2.0))
    bps_min = draw(st.floats(-500.0, 500.0))
    return Jumps(
        gap_s=draw(st.floats(0.1, 5.0)),
        gap_min_s=gap_min_s,
        gap_max_s=draw(st.none() | st.floats(gap_min_s + 0.1, gap_min_s + 10.0)),
        bps_min=bps_min,
        bps_max=draw(st.floats(bps_min, 500.0)),
    )


@st.composite
def configs(draw: st.DrawFn) -> SyntheticConfig:
    """Markets of few and many levels, fine and coarse grids, fast and slow feeds."""
    pairs = draw(st.lists(st.sampled_from(default_pairs(60)), min_size=1, max_size=4, unique=True))
    levels = draw(st.integers(1, 40))
    notional_min = draw(st.floats(1.0, 10_000.0))
    return SyntheticConfig(
        pairs=tuple(pairs),
        volatility=draw(st.sampled_from([0.0, 0.6, 10.0])),
        basis_mean_bps=draw(st.floats(-500.0, 500.0)),
        basis_deviation_bps=draw(st.floats(0.0, 100.0)),
        basis_half_life_s=draw(st.sampled_from([0.1, 3.0, 3_600.0])),
        premiums=draw(st.none() | jumps()),
        discounts=draw(st.none() | jumps()),
        shocks=tuple(
            BasisShock(pair=pairs[0], at_s=at_s, bps=bps)
            for at_s, bps in draw(
                st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(-500.0, 500.0)), max_size=3)
            )
        ),
        quote_rate_hz=draw(st.sampled_from([0.1, 2.0, 10.0, 300.0])),
        trade_rate_hz=draw(st.sampled_from([0.0, 2.0, 50.0])),
        spread_ticks_max=draw(st.integers(1, 100)),
        depth_interval_s=draw(st.sampled_from([0.01, 0.1, 5.0])),
        levels=levels,
        level_gap_bps=draw(st.floats(0.0, 20.0)),
        level_notional_min=notional_min,
        level_notional_max=draw(st.floats(notional_min, 1e7)),
        level_turnover=draw(st.floats(0.0, 1.0)),
        funding_interval_s=draw(st.sampled_from([10.0, 60.0, 28_800.0])),
        feed_latency_us=draw(st.floats(0.0, 5_000.0)),
        feed_jitter_us=draw(st.sampled_from([0.0, 100.0, 1e6])),
    )


@given(configs(), st.integers(0, 2**63))
def test_every_market_is_right(config: SyntheticConfig, seed: int) -> None:
    """Time order, no overtaking, no crossing, grids and book chains hold in every market."""
    market = SyntheticMarket(config, VENUE, START_NS, seed)
    watcher = Watcher(market.instruments, config.levels)
    watcher.watch(itertools.islice(market.events(), EVENTS))


@given(configs(), st.integers(0, 2**63))
def test_every_market_can_be_repeated(config: SyntheticConfig, seed: int) -> None:
    """The same configuration and seed give the same events."""
    one, two = (
        list(itertools.islice(SyntheticMarket(config, VENUE, START_NS, seed).events(), EVENTS // 5))
        for _ in range(2)
    )
    assert one == two

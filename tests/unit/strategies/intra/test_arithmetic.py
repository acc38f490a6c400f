"""The arithmetic of spot against perpetual: plain floats, the same to the bit everywhere."""

import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import PROJECT
from tests.unit.domain.samples import D
from zombot.domain.order import Side
from zombot.engine.risk_gate import on_tick
from zombot.strategies.intra.arithmetic import (
    entry_spread_bps,
    exit_spread_bps,
    net_edge_bps,
    next_mean,
    way_out_bps,
    worst_prices,
)

prices = st.floats(0.01, 200_000)
edges = st.floats(-200, 2_000)


@given(
    ask=prices, gross=st.floats(-100, 2_000), costs=st.floats(-50, 200), minimum=st.floats(-10, 50),
    tick=st.sampled_from(["0.1", "0.01", "0.00001"]),
)  # fmt: skip
@example(ask=100.0, gross=500.0, costs=20.0, minimum=1.0, tick="0.1")
def test_filled_at_both_limits_the_minimum_edge_is_left(
    ask: float, gross: float, costs: float, minimum: float, tick: str
) -> None:
    """A fill at the worst prices is never a loss by itself, before and after rounding to the tick."""
    bid = ask * (1.0 + gross / 10_000.0)
    net = entry_spread_bps(ask, bid) - costs
    buy, sell = worst_prices(ask, bid, net, minimum)
    assert buy >= ask
    assert sell <= bid
    if net < minimum:
        assert (buy, sell) == (ask, bid)
        return
    left = entry_spread_bps(buy, sell) - costs
    assert left >= minimum - 1e-6
    buy_limit = float(on_tick(buy, Side.BUY, D(tick)))
    sell_limit = float(on_tick(sell, Side.SELL, D(tick)))
    if buy_limit > 0:
        assert entry_spread_bps(buy_limit, sell_limit) - costs >= minimum - 1e-6


@given(edges, edges, st.floats(0, 100), st.floats(0, 100), edges, st.floats(0.001, 50))
def test_more_cost_is_less_edge(
    gross: float, fair: float, fees: float, way_out: float, funding: float, more: float
) -> None:
    """Net edge falls by what fees, way out and fair basis rise, and rises by what funding brings."""
    net = net_edge_bps(gross, fair, fees, way_out, funding)
    assert net_edge_bps(gross, fair, fees + more, way_out, funding) == pytest.approx(net - more, abs=1e-6)
    assert net_edge_bps(gross, fair, fees, way_out + more, funding) == pytest.approx(net - more, abs=1e-6)
    assert net_edge_bps(gross, fair + more, fees, way_out, funding) == pytest.approx(net - more, abs=1e-6)
    assert net_edge_bps(gross, fair, fees, way_out, funding + more) == pytest.approx(net + more, abs=1e-6)


@given(prices, st.floats(0, 0.01), st.floats(0, 0.01), st.floats(-0.02, 0.02))
def test_entering_and_leaving_at_once_costs_both_spreads(
    mid: float, spot_width: float, perpetual_width: float, basis: float
) -> None:
    """What the way out costs beyond the way in is each side's bid-ask spread, once."""
    spot_bid, spot_ask = mid, mid * (1 + spot_width)
    perpetual_bid = mid * (1 + basis)
    perpetual_ask = perpetual_bid * (1 + perpetual_width)
    entered = entry_spread_bps(spot_ask, perpetual_bid)
    left = exit_spread_bps(spot_bid, perpetual_ask)
    ways = way_out_bps(spot_bid, spot_ask, perpetual_bid, perpetual_ask)
    assert left - entered == pytest.approx(2 * ways, rel=0.05, abs=0.01)
    assert ways >= 0


@given(edges, edges, st.integers(0, 10**13), st.integers(1, 10**13))
def test_a_mean_moves_towards_what_is_seen(mean: float, value: float, elapsed: int, half_life: int) -> None:
    """It never overshoots, does not move in no time, and comes nearer the longer something stands."""
    after = next_mean(mean, value, elapsed, half_life)
    low, high = min(mean, value), max(mean, value)
    assert low - 1e-9 <= after <= high + 1e-9
    assert next_mean(mean, value, 0, half_life) == mean
    later = next_mean(mean, value, elapsed * 2, half_life)
    assert abs(value - later) <= abs(value - after) + 1e-9


def test_half_a_difference_is_left_after_a_half_life() -> None:
    """Within the 10 % that the rational form allows itself at one half-life."""
    assert next_mean(0.0, 10.0, 10**9, 10**9) == pytest.approx(5.0, rel=0.2)


def sample_of_results() -> str:
    """Results over a range of inputs, as exact hexadecimal floats."""
    found = []
    for i in range(1, 200):
        ask, bid = 60_000.1 + i * 0.7, 60_031.3 + i * 0.9
        net = net_edge_bps(
            entry_spread_bps(ask, bid), 0.1 * i, 15.0, way_out_bps(ask - 0.1, ask, bid, bid + 0.3), 0.3
        )
        found += [
            net,
            *worst_prices(ask, bid, net, 1.0),
            exit_spread_bps(ask, bid),
            next_mean(net, ask, i, 77),
        ]
    return " ".join(value.hex() for value in found)


def test_the_arithmetic_is_the_same_in_every_process() -> None:
    """Two processes with different hash seeds get the same floats to the bit (I9)."""
    script = (
        "import sys\n"
        "from tests.unit.strategies.intra.test_arithmetic import sample_of_results\n"
        "sys.stdout.write(sample_of_results())\n"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=PROJECT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("3", "4")
    }
    assert results == {sample_of_results()}

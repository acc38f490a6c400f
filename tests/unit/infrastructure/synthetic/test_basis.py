"""Price and basis: the processes are those of the textbook, and the presets trade or do not as they say."""

import itertools
import math

import numpy as np
import pytest

from tests.unit.infrastructure.synthetic.watching import NS, START_NS, VENUE
from zombot.domain.market import TopOfBook
from zombot.infrastructure.synthetic.config import BasisShock, Jumps, SyntheticConfig, quiet
from zombot.infrastructure.synthetic.grid import Floats
from zombot.infrastructure.synthetic.market import SyntheticMarket
from zombot.infrastructure.synthetic.path import YEAR_S, Path

ROUND_TRIP_BPS = 30.0
"""Level-1 taker fees of both legs, in and out."""


def spreads(config: SyntheticConfig, seed: int, pair: str = "BTC-USDT") -> list[tuple[float, float, float]]:
    """Seconds, and the executable premium and discount in bps, at each quote of the pair."""
    tops: dict[str, TopOfBook] = {}
    found = []
    for event in SyntheticMarket(config, VENUE, START_NS, seed).events():
        if isinstance(event, TopOfBook):
            tops[event.instrument] = event
            spot, perpetual = tops.get(f"{VENUE}:{pair}"), tops.get(f"{VENUE}:{pair}-SWAP")
            if spot and perpetual and event in (spot, perpetual):
                premium = (perpetual.bid / spot.ask - 1) * 1e4
                discount = (spot.bid / perpetual.ask - 1) * 1e4
                found.append(((event.venue_ns - START_NS) / NS, premium, discount))
    return found


def sampled(config: SyntheticConfig, seconds: int) -> tuple[Floats, Floats]:
    """Prices and bases at each second, over windows that are short beside any half-life used here."""
    path = Path("BTC-USDT", 100.0, config, np.random.Generator(np.random.PCG64(5)))
    times = np.arange(seconds) * NS
    prices, bases = [], []
    edges = [*range(0, seconds * NS, 1_400_000_001), seconds * NS]
    for start, end in itertools.pairwise(edges):
        price, basis = path.advance(start, end, times[(times >= start) & (times < end)])
        prices.append(price)
        bases.append(basis)
    return np.concatenate(prices), np.concatenate(bases)


def test_the_price_is_a_random_walk_of_the_given_volatility() -> None:
    """Returns of a step have the configured deviation, and one does not foretell the next."""
    prices, _ = sampled(SyntheticConfig(volatility=0.8), 20_000)
    returns = np.diff(np.log(prices))
    assert returns.std() == pytest.approx(0.8 / math.sqrt(YEAR_S), rel=0.03)
    assert abs(np.corrcoef(returns[:-1], returns[1:])[0, 1]) < 0.03


def test_the_basis_reverts_to_its_mean() -> None:
    """Mean and deviation are those configured; what is away from the mean is halved in a half-life."""
    config = SyntheticConfig(
        basis_mean_bps=7.0,
        basis_deviation_bps=4.0,
        basis_half_life_s=3.0,
        premiums=None,
        discounts=None,
    )
    _, bases = sampled(config, 40_000)
    assert bases.mean() == pytest.approx(7.0, abs=0.4)
    assert bases.std() == pytest.approx(4.0, rel=0.05)
    assert np.corrcoef(bases[:-3], bases[3:])[0, 1] == pytest.approx(0.5, abs=0.05)


def test_jumps_come_as_often_and_as_large_as_configured() -> None:
    """Jumps lift the mean of the basis by rate × size ÷ reversion speed."""
    jumps = Jumps(gap_s=20.0, bps_min=30.0, bps_max=50.0)
    config = SyntheticConfig(
        basis_mean_bps=0.0, basis_deviation_bps=0.0, basis_half_life_s=2.0, premiums=jumps, discounts=None
    )
    _, bases = sampled(config, 40_000)
    assert bases.mean() == pytest.approx(40.0 / 20.0 / (math.log(2) / 2.0), rel=0.1)
    assert bases.min() >= 0.0


def test_a_planted_shock_is_seen_and_fades() -> None:
    """A shock stands in the quotes at its second, half of it a half-life later, none of it at last."""
    config = SyntheticConfig(
        volatility=0.0,
        basis_mean_bps=0.0,
        basis_deviation_bps=0.0,
        basis_half_life_s=4.0,
        premiums=None,
        discounts=None,
        shocks=(BasisShock(pair="BTC-USDT", at_s=10.0, bps=100.0),),
        quote_rate_hz=50.0,
        duration_s=70.0,
    )
    seen = spreads(config, seed=3)
    assert max(abs(premium) for at_s, premium, _ in seen if at_s < 10.0) < 0.2
    assert max(premium for at_s, premium, _ in seen if at_s < 10.5) == pytest.approx(100.0, abs=4.0)
    assert next(premium for at_s, premium, _ in seen if at_s > 14.0) == pytest.approx(50.0, abs=1.0)
    assert max(premium for at_s, premium, _ in seen if at_s > 50.0) < 1.0


@pytest.mark.parametrize("seed", range(6))
def test_a_lively_market_shows_entries_within_a_minute(seed: int) -> None:
    """Within 60 s each of two pairs shows an executable premium above 35 bps, and it fades again."""
    for pair in ("BTC-USDT", "ETH-USDT"):
        seen = spreads(SyntheticConfig(duration_s=120.0), seed, pair)
        entry_s = next(at_s for at_s, premium, _ in seen if premium > 35.0)
        assert entry_s < 60.0
        assert any(premium < 10.0 for at_s, premium, _ in seen if entry_s < at_s < entry_s + 60.0)


def test_a_lively_market_goes_on_like_that() -> None:
    """In 20 minutes premiums come at least every 40 s on average, and discounts are seen too."""
    seen = spreads(SyntheticConfig(pairs=("BTC-USDT",), duration_s=1_200.0), seed=2)
    entries, ready = 0, True
    for _, premium, _ in seen:
        if ready and premium > 35.0:
            entries, ready = entries + 1, False
        elif premium < 5.0:
            ready = True
    assert 30 <= entries <= 80
    assert max(discount for _, _, discount in seen) > 35.0


@pytest.mark.parametrize("pair", ["BTC-USDT", "XRP-USDT", "COIN042-USDT"])
def test_a_quiet_market_never_pays_the_fees(pair: str) -> None:
    """No executable spread, either way round, ever comes near the round trip's fees."""
    seen = spreads(quiet(SyntheticConfig(pairs=(pair,), duration_s=600.0)), 4, pair)
    assert max(max(premium, discount) for _, premium, discount in seen) < ROUND_TRIP_BPS / 2

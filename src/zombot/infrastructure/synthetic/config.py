"""What a synthetic market is made of: every number that shapes it, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from zombot.domain.errors import InvalidValue
from zombot.infrastructure.synthetic.coins import coin_of

PAIRS_MAX: Final = 200
TICKS_MIN: Final = 1_000
"""A start price below so many ticks leaves too coarse a grid for a book."""
TICKS_MAX: Final = 10**12
"""Prices are float64: up to 10^15 steps can be told apart, and the price needs room to walk."""
DEPTH_BPS_MAX: Final = 2_000.0
"""A book deeper than a fifth of the price would run into zero."""

_PAIR: Final = re.compile(r"[A-Z0-9]{1,12}-[A-Z0-9]{2,6}")
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "duration_s": (0.001, 1e9),
    "volatility": (0.0, 10.0),
    "basis_mean_bps": (-500.0, 500.0),
    "basis_deviation_bps": (0.0, 500.0),
    "basis_half_life_s": (0.1, 86_400.0),
    "quote_rate_hz": (0.1, 1_000.0),
    "trade_rate_hz": (0.0, 1_000.0),
    "spread_ticks_max": (1, 100),
    "levels": (1, 400),
    "level_gap_bps": (0.0, 20.0),
    "level_notional_min": (1.0, 1e9),
    "level_notional_max": (1.0, 1e9),
    "level_turnover": (0.0, 1.0),
    "trade_notional": (1.0, 1e9),
    "depth_interval_s": (0.01, 10.0),
    "mark_interval_s": (0.01, 60.0),
    "mark_average_s": (0.01, 600.0),
    "funding_interval_s": (10.0, 86_400.0),
    "funding_publish_s": (0.01, 60.0),
    "funding_samples": (1, 10_000),
    "funding_cap": (0.0, 0.1),
    "interest_rate": (-0.01, 0.01),
    "impact_notional": (1.0, 1e9),
    "feed_latency_us": (0.0, 1e7),
    "feed_jitter_us": (0.0, 1e7),
}


def _check_range(name: str, value: float, low: float, high: float) -> None:
    # Written so that a NaN is refused: it compares false with everything.
    if not low <= value <= high:
        raise InvalidValue(f"synthetic market: {name} is {value}, {low:g} to {high:g} is allowed")


class BasisShock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A planted jump of one pair's basis, for tests: at this second after the start, by so much."""

    pair: str
    at_s: float
    bps: float

    def __post_init__(self) -> None:
        _check_range("shocks.at_s", self.at_s, 0.0, 1e9)
        _check_range("shocks.bps", self.bps, -2_000.0, 2_000.0)


class Jumps(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Jumps of the basis that come by chance, above zero for premiums, below it for discounts.

    With only ``gap_s`` they are a Poisson process.
    """

    gap_s: float
    """Mean of the exponential part of the time from one to the next."""
    gap_min_s: float = 0.0
    """Goes before the exponential part, so that one jump can fade before the next."""
    gap_max_s: float | None = None
    """No gap is longer, so that a short demonstration sees some; None for no such cut."""
    bps_min: float
    bps_max: float

    def __post_init__(self) -> None:
        _check_range("jumps.gap_s", self.gap_s, 0.1, 1e6)
        _check_range("jumps.gap_min_s", self.gap_min_s, 0.0, 1e6)
        if self.gap_max_s is not None:
            _check_range("jumps.gap_max_s", self.gap_max_s, self.gap_min_s + 0.1, 1e6)
        _check_range("jumps.bps_min", self.bps_min, -2_000.0, 2_000.0)
        _check_range("jumps.bps_max", self.bps_max, self.bps_min, 2_000.0)


PREMIUMS: Final = Jumps(gap_s=10.0, gap_min_s=12.0, gap_max_s=35.0, bps_min=55.0, bps_max=90.0)
DISCOUNTS: Final = Jumps(gap_s=90.0, gap_min_s=12.0, bps_min=-90.0, bps_max=-55.0)


class SyntheticConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A synthetic market; the defaults are the lively one.

    With them and level-1 fees (10 bps spot, 5 bps perpetual, 30 bps the round trip) each pair shows a premium
    that earns its costs about every 20 s, which is gone 10 to 20 s later, and now and then a discount.
    """

    pairs: tuple[str, ...] = ("BTC-USDT", "ETH-USDT")
    prices: dict[str, float] = {}
    """Start price by pair, quote per base; where absent, the coin's usual one."""
    duration_s: float | None = None
    """None: without end."""

    volatility: float = 0.6
    """Of the efficient price: standard deviation of a year's return, as a fraction."""
    basis_mean_bps: float = 2.0
    """Where the basis rests. Jumps lift its long-run mean by their rate × size ÷ reversion speed."""
    basis_deviation_bps: float = 3.0
    """Standard deviation of the basis around its mean in the long run, without jumps."""
    basis_half_life_s: float = 3.5
    """Time in which half of a deviation is gone; reversion speed = ln 2 ÷ half-life."""
    premiums: Jumps | None = PREMIUMS
    discounts: Jumps | None = DISCOUNTS
    shocks: tuple[BasisShock, ...] = ()

    quote_rate_hz: float = 10.0
    """Mean number of top-of-book changes a second and instrument; gaps are exponential."""
    trade_rate_hz: float = 2.0
    """Mean number of public trades a second and instrument; gaps are exponential."""
    trade_notional: float = 2_000.0
    """Mean size of a public trade, in quote; it never exceeds what stands at the top."""
    spread_ticks_max: int = 3
    """Largest bid–ask spread in ticks; where ticks are coarse it stays within 2 bps or one tick."""
    depth_interval_s: float = 0.1
    levels: int = 10
    """Levels a side."""
    level_gap_bps: float = 1.0
    """Distance of two levels, rounded to whole ticks, one at least."""
    level_notional_min: float = 5_000.0
    level_notional_max: float = 100_000.0
    """What stands on a level is worth between these two, in quote; small amounts are more frequent."""
    level_turnover: float = 0.1
    """Share of the levels whose quantity is new in each depth update."""

    mark_interval_s: float = 0.5
    """Rounded to whole depth intervals, like the two below."""
    mark_average_s: float = 5.0
    """Window of the moving average of the basis in the mark price."""
    funding_publish_s: float = 1.0
    funding_interval_s: float = 28_800.0
    """Settlements are at its multiples since 1970: 00:00, 08:00 and 16:00 UTC by default."""
    funding_samples: int = 480
    """Premium samples per interval (one a minute in 8 hours), but no more than depth updates."""
    funding_cap: float = 0.015
    interest_rate: float = 0.0001
    """Of 8 hours."""
    impact_notional: float = 10_000.0
    """The premium is taken at the average price of an order of this size, in quote (OKX: 1,000 to 20,000)."""

    feed_latency_us: float = 500.0
    """From the venue's time to ours."""
    feed_jitter_us: float = 0.0
    """Mean of an exponential delay on top; events of one instrument never overtake one another."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None:
                _check_range(name, value, low, high)
        _check_range("level_notional_max", self.level_notional_max, self.level_notional_min, 1e9)
        _check_range("funding_publish_s", self.funding_publish_s, 0.01, self.funding_interval_s)
        if self.levels * self.level_gap_bps > DEPTH_BPS_MAX:
            raise InvalidValue(
                f"synthetic market: levels × level_gap_bps is {self.levels * self.level_gap_bps:g}, "
                f"at most {DEPTH_BPS_MAX:g} is allowed"
            )
        self._check_pairs()
        self._check_prices()

    def _check_pairs(self) -> None:
        if not 1 <= len(self.pairs) <= PAIRS_MAX:
            raise InvalidValue(f"synthetic market: pairs has {len(self.pairs)}, 1 to {PAIRS_MAX} are allowed")
        for pair in self.pairs:
            base, _, quote = pair.partition("-")
            if not _PAIR.fullmatch(pair) or base == quote:
                raise InvalidValue(
                    f"synthetic market: pairs has {pair!r}, BASE-QUOTE in capitals is allowed (BTC-USDT)"
                )
        if len(set(self.pairs)) < len(self.pairs):
            twice = next(pair for pair in self.pairs if self.pairs.count(pair) > 1)
            raise InvalidValue(f"synthetic market: pairs has {twice!r} twice, once is allowed")
        for key, pair in self._pairs_named():
            if pair not in self.pairs:
                raise InvalidValue(
                    f"synthetic market: {key} names {pair!r}, one of {', '.join(self.pairs)} is allowed"
                )

    def _pairs_named(self) -> Iterator[tuple[str, str]]:
        yield from (("prices", pair) for pair in self.prices)
        yield from (("shocks", shock.pair) for shock in self.shocks)

    def _check_prices(self) -> None:
        for pair, price in self.prices.items():
            coin = coin_of(pair)
            ticks = float(max(coin.spot_tick, coin.perpetual_tick))
            fine = float(min(coin.spot_tick, coin.perpetual_tick))
            # The coarser of the two grids bounds the price from below, the finer from above.
            _check_range(f"prices.{pair}", price, TICKS_MIN * ticks, TICKS_MAX * fine)


def quiet(config: SyntheticConfig | None = None) -> SyntheticConfig:
    """The same market with a calm basis and no jumps: nothing in it ever pays its fees."""
    return msgspec.structs.replace(
        config or SyntheticConfig(),
        basis_mean_bps=1.0,
        basis_deviation_bps=1.0,
        premiums=None,
        discounts=None,
        shocks=(),
    )


def lively(config: SyntheticConfig | None = None) -> SyntheticConfig:
    """The same market with the basis of the defaults: premiums to trade, now and then a discount."""
    default = SyntheticConfig()
    return msgspec.structs.replace(
        config or default,
        basis_mean_bps=default.basis_mean_bps,
        basis_deviation_bps=default.basis_deviation_bps,
        basis_half_life_s=default.basis_half_life_s,
        premiums=default.premiums,
        discounts=default.discounts,
    )

"""A configuration that makes no sense is refused with the key, the value and what is allowed."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from tests.unit.infrastructure.synthetic.watching import START_NS, VENUE
from zombot.domain.errors import InvalidValue
from zombot.infrastructure.synthetic.config import BasisShock, Jumps, SyntheticConfig, lively, quiet
from zombot.infrastructure.synthetic.market import SyntheticMarket


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quote_rate_hz": 0.0}, "quote_rate_hz is 0.0, 0.1 to 1000 is allowed"),
        ({"quote_rate_hz": float("nan")}, "quote_rate_hz is nan, 0.1 to 1000 is allowed"),
        ({"volatility": -0.1}, "volatility is -0.1, 0 to 10 is allowed"),
        ({"duration_s": float("inf")}, "duration_s is inf, 0.001 to 1e+09 is allowed"),
        ({"levels": 0}, "levels is 0, 1 to 400 is allowed"),
        ({"levels": 400, "level_gap_bps": 20.0}, "levels × level_gap_bps is 8000, at most 2000 is allowed"),
        ({"level_notional_max": 10.0}, "level_notional_max is 10.0, 5000 to 1e+09 is allowed"),
        (
            {"funding_interval_s": 10.0, "funding_publish_s": 11.0},
            "funding_publish_s is 11.0, 0.01 to 10 is allowed",
        ),
        ({"pairs": ()}, "pairs has 0, 1 to 200 are allowed"),
        ({"pairs": tuple(f"C{n}-USDT" for n in range(201))}, "pairs has 201, 1 to 200 are allowed"),
        ({"pairs": ("btcusdt",)}, "pairs has 'btcusdt', BASE-QUOTE in capitals is allowed"),
        ({"pairs": ("USDT-USDT",)}, "pairs has 'USDT-USDT', BASE-QUOTE"),
        ({"pairs": ("BTC-USDT", "BTC-USDT")}, "pairs has 'BTC-USDT' twice, once is allowed"),
        ({"prices": {"SOL-USDT": 1.0}}, "prices names 'SOL-USDT', one of BTC-USDT, ETH-USDT is allowed"),
        ({"prices": {"BTC-USDT": 0.0}}, "prices.BTC-USDT is 0.0, 100 to 1e+11 is allowed"),
        (
            {"shocks": (BasisShock(pair="SOL-USDT", at_s=1.0, bps=1.0),)},
            "shocks names 'SOL-USDT', one of BTC-USDT, ETH-USDT is allowed",
        ),
    ],
)
def test_bad_value_is_refused(changes: dict[str, Any], message: str) -> None:
    """Each wrong value is refused by name, with the value found and the values allowed."""
    with pytest.raises(InvalidValue) as refusal:
        SyntheticConfig(**changes)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gap_s": 0.0}, "jumps.gap_s is 0.0, 0.1 to 1e+06 is allowed"),
        ({"gap_min_s": 5.0, "gap_max_s": 5.0}, "jumps.gap_max_s is 5.0, 5.1 to 1e+06 is allowed"),
        ({"bps_min": 9.0, "bps_max": 8.0}, "jumps.bps_max is 8.0, 9 to 2000 is allowed"),
    ],
)
def test_bad_jumps_are_refused(changes: dict[str, float], message: str) -> None:
    """Jumps that cannot happen are refused like any other value."""
    with pytest.raises(InvalidValue) as refusal:
        Jumps(**{"gap_s": 10.0, "bps_min": 1.0, "bps_max": 2.0} | changes)
    assert message in str(refusal.value)


def test_bad_shock_is_refused() -> None:
    """A shock before the start is refused."""
    with pytest.raises(InvalidValue, match=r"shocks\.at_s is -1"):
        BasisShock(pair="BTC-USDT", at_s=-1.0, bps=10.0)


@pytest.mark.parametrize(
    ("start_ns", "seed", "message"),
    [(-1, 0, "start_ns is -1"), (9 * 10**18, 0, "start_ns is 9000000000000000000"), (0, -1, "seed is -1")],
)
def test_bad_start_or_seed_is_refused(start_ns: int, seed: int, message: str) -> None:
    """The market's own arguments are checked like the configuration."""
    with pytest.raises(InvalidValue, match=message):
        SyntheticMarket(SyntheticConfig(), VENUE, start_ns, seed)


def test_presets_keep_what_is_not_theirs() -> None:
    """A preset sets the basis and leaves pairs, rates and lengths as they are; lively undoes quiet."""
    config = SyntheticConfig(pairs=("SOL-USDT",), levels=3, duration_s=5.0)
    assert quiet(config).premiums is None
    assert (quiet(config).pairs, quiet(config).levels) == (("SOL-USDT",), 3)
    assert lively(quiet(config)) == config
    assert lively() == SyntheticConfig()


def test_a_configuration_survives_its_encoding() -> None:
    """A run can be repeated from the configuration that it wrote down."""
    config = SyntheticConfig(
        shocks=(BasisShock(pair="BTC-USDT", at_s=1.0, bps=50.0),), prices={"ETH-USDT": 9e3}
    )
    assert msgspec.json.decode(msgspec.json.encode(config), type=SyntheticConfig) == config


def test_configuring_does_not_load_numpy() -> None:
    """A process that only builds the configuration, or the market itself, stays without numpy."""
    code = (
        "import sys\n"
        "from zombot.infrastructure.synthetic.market import SyntheticMarket\n"
        "from zombot.infrastructure.synthetic.config import SyntheticConfig\n"
        f"assert SyntheticMarket(SyntheticConfig(), 'okx', {START_NS}, 1).instruments\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

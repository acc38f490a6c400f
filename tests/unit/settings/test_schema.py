"""The settings as a whole: defaults, their types, and that they fit what they are handed to."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from zombot.domain.identifiers import ArbitrageId, derive_client_order_id
from zombot.domain.instrument import FeeRates
from zombot.domain.risk import Limits
from zombot.engine.config import ExecutionConfig
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.simulator.fees import OKX_PERPETUAL, OKX_SPOT
from zombot.infrastructure.synthetic.config import Jumps, SyntheticConfig
from zombot.settings.loading import load
from zombot.settings.schema import Settings


def test_defaults_are_the_simulation() -> None:
    """Without a file there is a bot that trades two pairs on the simulated venue."""
    settings = load(environment={})
    assert settings.mode == "simulation"
    assert settings.pairs == ("BTC-USDT", "ETH-USDT")
    assert settings.strategies == {"intra": {}}
    assert settings.state_dir == Path("var")
    assert settings.simulator.balances == {"USDT": Decimal(20_000)}


def test_the_default_bot_name_makes_order_ids() -> None:
    """The name of the bot is one that order ids can carry."""
    bot = load(environment={}).bot
    assert derive_client_order_id(bot=bot, epoch=1, arbitrage=ArbitrageId(1), leg=0, attempt=0)


def test_defaults_of_limits_are_the_engine_s() -> None:
    """A bot without a file has the limits that the engine was written with."""
    risk, limits = load(environment={}).risk, Limits()
    for name in type(risk).model_fields:
        default = getattr(limits, name, None)
        default = getattr(limits, f"{name}_ns", default)
        default = limits.breaker_ns if name == "breaker_time" else default
        assert getattr(risk, name) == default, name


def test_defaults_of_execution_are_the_engine_s() -> None:
    """The same for how orders are watched."""
    execution, config = load(environment={}).execution, ExecutionConfig()
    for name in type(execution).model_fields:
        stem = name.removesuffix("_time").removesuffix("_interval")
        default = getattr(config, f"{stem}_ns") if stem != name else getattr(config, name)
        assert getattr(execution, name) == default, name


def test_synthetic_parameters_fit_the_generator() -> None:
    """What the file says of the market is what the generator is called with, name by name."""
    parameters = load(environment={}).synthetic.parameters()
    assert parameters.pop("preset") == "lively"
    assert parameters.pop("speed") == 1.0
    assert SyntheticConfig(**parameters) == SyntheticConfig(funding_interval_s=60.0)


def test_jumps_fit_the_generator() -> None:
    """A table of jumps becomes the generator's, with seconds for durations."""
    jumps = {"gap": "20s", "gap_max": "30s", "bps_min": 55, "bps_max": "90"}
    settings = load(None, {"synthetic": {"premiums": jumps}}, environment={})
    parameters = settings.synthetic.parameters()["premiums"]
    assert Jumps(**parameters) == Jumps(gap_s=20.0, gap_max_s=30.0, bps_min=55.0, bps_max=90.0)


def test_faults_are_the_simulator_s() -> None:
    """Every fault of the simulated venue can be set, under its name and with its default."""
    faults = load(environment={}).simulator.faults
    values = faults.parameters()
    assert set(values) == set(FaultConfig.__struct_fields__)
    assert FaultConfig(**values) == FaultConfig()


def test_fees_are_the_simulator_s() -> None:
    """Fees by default are OKX's, as the simulated venue has them."""
    fees = load(environment={}).simulator.fees
    spot = FeeRates(maker=fees.spot_maker, taker=fees.spot_taker, buy_in_base=fees.spot_buy_fee_in_base)
    assert spot == OKX_SPOT
    assert FeeRates(maker=fees.perpetual_maker, taker=fees.perpetual_taker) == OKX_PERPETUAL


def test_settings_are_frozen() -> None:
    """Nothing changes a setting once it is read."""
    settings = load(environment={})
    with pytest.raises(ValidationError):
        settings.risk.notional_max = Decimal(1)  # type: ignore[misc]


def test_settings_travel_to_other_processes() -> None:
    """A sweep hands settings to workers: they pickle, and are equal afterwards."""
    settings = load(None, {"backtest.balances": {"BTC": "0.5"}}, environment={})
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_default_goes_through_the_same_checks() -> None:
    """Constructing the settings directly gives what loading gives."""
    assert Settings() == load(environment={})


def test_the_socket_stands_in_the_state_folder_unless_given() -> None:
    """The control socket follows `state_dir`."""
    assert load(None, {"state_dir": "here"}, environment={}).socket == Path("here/zombot.sock")
    given = load(None, {"control": {"socket": "/run/bot.sock"}}, environment={})
    assert given.socket == Path("/run/bot.sock")

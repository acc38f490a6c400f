"""The configuration of the intra strategy: every error names the key, the value and what is allowed."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.samples import SECOND, D
from zombot.domain.errors import InvalidValue
from zombot.domain.opportunity import Style
from zombot.strategies.intra.config import KEYS, IntraConfig, parse_config


def test_nothing_set_is_the_default() -> None:
    """An empty table is the documented default."""
    assert parse_config({}) == IntraConfig()


def test_everything_set_arrives() -> None:
    """Each key reaches its field, durations in ns, money as a decimal."""
    config = parse_config(
        {
            "directions": ["premium", "discount"], "style": "maker-taker", "maker_leg": "spot",
            "notional": "1500.50", "entry_bps": 12, "minimum_bps": 2.5, "exit_bps": -1,
            "exit_slippage_bps": 20, "fair_basis": "rolling", "fair_basis_half_life": "5m", "warm_up": "90s",
            "holding_horizon": "1.5h", "funding_half_life": "1d", "age_max": "2d", "funding_exit_bps": 3,
            "cool_down": "250ms", "open_max": 3, "quote_age_max": "1s",
        }
    )  # fmt: skip
    assert config == IntraConfig(
        directions=("premium", "discount"), style=Style.MAKER_TAKER, maker_leg="spot", notional=D("1500.50"),
        entry_bps=12.0, minimum_bps=2.5, exit_bps=-1.0, exit_slippage_bps=20.0, fair_basis="rolling",
        fair_basis_half_life_ns=300 * SECOND, warm_up_ns=90 * SECOND, holding_horizon_ns=5_400 * SECOND,
        funding_half_life_ns=86_400 * SECOND, age_max_ns=172_800 * SECOND, funding_exit_bps=3.0,
        cool_down_ns=SECOND // 4, open_max=3, quote_age_max_ns=SECOND,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"entry_bp": 5}, ["entry_bp", "did you mean entry_bps"]),
        ({"colour": 5}, ["colour", "allowed are", "notional"]),
        ({"entry_bps": "much"}, ["entry_bps", "'much'", "a number is allowed"]),
        ({"entry_bps": True}, ["entry_bps", "True", "a number is allowed"]),
        ({"entry_bps": "NaN"}, ["entry_bps", "'NaN'", "finite number"]),
        ({"entry_bps": "1e400"}, ["entry_bps", "1e400", "allowed"]),
        ({"notional": 0}, ["notional", "0", "above 0 is allowed"]),
        ({"notional": -5}, ["notional", "-5", "above 0 is allowed"]),
        ({"open_max": 0}, ["open_max", "0", "above 0 is allowed"]),
        ({"open_max": 0.5}, ["open_max", "0.5", "allowed"]),
        ({"open_max": 1.5}, ["open_max", "1.5", "allowed"]),
        ({"minimum_bps": 9, "entry_bps": 5}, ["minimum_bps", "9", "at most entry_bps"]),
        ({"exit_slippage_bps": -1}, ["exit_slippage_bps", "-1", "0 or more is allowed"]),
        ({"exit_slippage_bps": 10_000}, ["exit_slippage_bps", "10000", "allowed"]),
        ({"cool_down": 5}, ["cool_down", "5", "units ms, s, m, h, d"]),
        ({"cool_down": "5"}, ["cool_down", "'5'", "units"]),
        ({"cool_down": "-5s"}, ["cool_down", "'-5s'", "units"]),
        ({"cool_down": "1.5.2s"}, ["cool_down", "1.5.2", "a number is allowed"]),
        ({"cool_down": "5 weeks"}, ["cool_down", "'5 weeks'", "units"]),
        ({"fair_basis_half_life": "0s"}, ["fair_basis_half_life", "0", "above 0 is allowed"]),
        ({"fair_basis": "guess"}, ["fair_basis", "'guess'", "zero, rolling"]),
        ({"maker_leg": "both"}, ["maker_leg", "'both'", "perpetual, spot"]),
        ({"style": "yolo"}, ["style", "'yolo'", "taker-taker, maker-taker"]),
        ({"style": ["taker-taker"]}, ["style", "taker-taker"]),
        ({"directions": []}, ["directions", "[]", "premium, discount"]),
        ({"directions": "premium"}, ["directions", "'premium'", "a list of"]),
        ({"directions": ["up"]}, ["directions", "'up'", "premium, discount"]),
    ],
)
def test_an_error_names_key_value_and_what_is_allowed(raw: dict[str, Any], said: list[str]) -> None:
    """The message has the full key, what was given and what may be given instead."""
    with pytest.raises(InvalidValue) as caught:
        parse_config(raw)
    message = str(caught.value)
    assert message.startswith("strategies.intra.")
    for part in said:
        assert part in message


values = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**6), st.floats(), st.text(max_size=6),
    st.sampled_from(["5s", "0ms", "1.5h", "premium", "zero", "rolling", "spot", "taker-taker", "1e999"]),
    st.lists(st.sampled_from(["premium", "discount", "x"]), max_size=3),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), values, max_size=4))
def test_any_input_is_a_usable_config_or_a_clear_error(raw: dict[str, object]) -> None:
    """No other error ever comes out, and what is accepted can be computed with."""
    try:
        config = parse_config(raw)
    except InvalidValue as error:
        assert "strategies.intra." in str(error)
        return
    for name in ("entry_bps", "minimum_bps", "exit_bps", "exit_slippage_bps", "funding_exit_bps"):
        assert math.isfinite(getattr(config, name))
    assert 0 <= config.exit_slippage_bps < 10_000
    assert config.open_max >= 1
    assert config.notional > 0
    assert config.fair_basis_half_life_ns > 0
    assert min(config.age_max_ns, config.cool_down_ns, config.holding_horizon_ns, config.warm_up_ns) >= 0

"""Whatever is put in, there come out settings or a SettingsError, and nothing else."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from zombot.settings.keys import keys
from zombot.settings.kinds import NotAllowed, duration_text, nanoseconds_of
from zombot.settings.loading import SettingsError, describe, load, settings_digest

PATHS = sorted({entry.path.replace("<name>", "okx:BTC-USDT") for entry in keys()})
TABLES = sorted({path.rpartition(".")[0] for path in PATHS} - {""})

scalars = (
    st.booleans()
    | st.integers()
    | st.integers(min_value=10**40, max_value=10**400)
    | st.floats()
    | st.decimals()
    | st.text(max_size=12)
    | st.dates()
    | st.times()
    | st.sampled_from(
        ["1", "0.5", "250ms", "3d", "BTC-USDT", "lively", "live", "power", "1e31", "-0", "\0", "~x/y"]
    )
)
names = st.text(max_size=8) | st.sampled_from(["intra", "USDT", "okx:BTC-USDT", "api_key", "tick", "gap"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
trees = st.dictionaries(st.sampled_from(PATHS + TABLES) | names, values, max_size=4)
likely = st.dictionaries(
    st.sampled_from(PATHS),
    st.sampled_from([0, 1, 3, "1", "5s", "60s", 0.5, Decimal("0.25"), True, "power"]),
    max_size=3,
)


def settings_or_error(overrides: dict[str, Any], environment: dict[str, str]) -> None:
    """Load; what loads can be described, digested and loaded again."""
    try:
        settings = load(None, overrides, environment=environment)
    except SettingsError as error:
        assert error.problems
        assert all(str(problem).isprintable() for problem in error.problems)
        return
    described = json.loads(json.dumps(describe(settings)))
    again = load(None, described, environment={})
    assert describe(again) == described
    assert settings_digest(again) == settings_digest(settings)


@given(trees)
def test_any_mapping_gives_settings_or_an_error(tree: dict[str, Any]) -> None:
    """A random mapping is never a traceback."""
    settings_or_error(tree, {})


@given(likely)
def test_likely_values_give_settings_or_an_error(tree: dict[str, Any]) -> None:
    """The same with values that often fit."""
    settings_or_error(tree, {})


@given(
    st.dictionaries(
        st.sampled_from(PATHS + TABLES).map(lambda path: f"ZOMBOT_{path.upper().replace('.', '__')}")
        | st.text(max_size=10).map(lambda text: f"ZOMBOT_{text}"),
        st.text(max_size=10)
        | st.sampled_from(["1", "{}", "[[1]]", "'a'", "{ a = 1 }", "2s", "\udc80", "[" * 50_000]),
        max_size=3,
    )
)
def test_any_environment_gives_settings_or_an_error(environment: dict[str, str]) -> None:
    """A random environment is never a traceback."""
    settings_or_error({}, environment)


@given(st.integers(min_value=0, max_value=10**18))
def test_durations_survive_being_written(nanoseconds: int) -> None:
    """A duration written out and read again is the same, to the nanosecond."""
    try:
        assert nanoseconds_of(duration_text(nanoseconds)) == nanoseconds
    except NotAllowed:
        assert nanoseconds >= 10**12  # more digits than any setting needs


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12, places=20))
def test_amounts_are_exact(amount: Decimal) -> None:
    """An amount keeps each of its digits, as a number and as a text."""
    for given_as in (amount, str(amount)):
        settings = load(None, {"simulator.balances": {"USDT": given_as}}, environment={})
        assert settings.simulator.balances["USDT"] == amount

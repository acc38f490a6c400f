"""Reading settings: sources, exactness, and errors that say everything at once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from zombot.settings.loading import SettingsError, describe, load, settings_digest
from zombot.settings.schema import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its settings file."""
    return tmp_path / "bot.toml"


def read(file: Path, text: str, **environment: str) -> Settings:
    """The settings of a file with this text."""
    file.write_text(text, encoding="utf-8")
    return load(file, environment=environment)


def complaint(file: Path, text: str, **environment: str) -> SettingsError:
    """The error that a file with this text gives."""
    with pytest.raises(SettingsError) as caught:
        read(file, text, **environment)
    return caught.value


# --- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("0.0005", "0.0005"),
        ('"0.0005"', "0.0005"),
        ("5e-4", "0.0005"),
        ("0.07500000000000000001", "0.07500000000000000001"),
        ("-0.0001", "-0.0001"),
        ("0", "0"),
    ],
)
def test_decimals_keep_every_digit(file: Path, written: str, exact: str) -> None:
    """A fee written as a number or as a text is the same Decimal, to the last digit."""
    settings = read(file, f"[simulator.fees]\nspot_taker = {written}")
    assert settings.simulator.fees.spot_taker == Decimal(exact)


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("0.1s", 100_000_000),
        ("100us", None),
        ("30 s", 30 * 10**9),
    ],
)
def test_durations_are_nanoseconds(file: Path, written: str, nanoseconds: int | None) -> None:
    """A duration is held in nanoseconds; one outside its range is refused."""
    text = f'[execution]\norder_time = "{written}"'
    if nanoseconds is None:
        assert "100us" in str(complaint(file, text))
    else:
        assert read(file, text).execution.order_time == nanoseconds


def test_strategies_get_their_tables_untouched(file: Path) -> None:
    """Only the strategies named in the file are enabled, with exact numbers inside."""
    text = '[strategies.carry]\nedge = 0.1\nwords = ["a", "b"]\n[strategies.carry.inner]\non = true'
    expected = {"edge": Decimal("0.1"), "words": ["a", "b"], "inner": {"on": True}}
    assert read(file, text).strategies == {"carry": expected}


def test_a_file_may_begin_with_a_byte_order_mark(file: Path) -> None:
    """Windows editors write one."""
    file.write_bytes(b"\xef\xbb\xbfseed = 7")
    assert load(file, environment={}).seed == 7


# --- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "parts"),
    [
        ("[risk]\nnotional_max = true", "risk.notional_max", ["true", "a number above 0"]),
        ('[risk]\nnotional_max = "much"', "risk.notional_max", ['"much"', "a number above 0"]),
        ("[risk]\nnotional_max = -1", "risk.notional_max", ["-1", "a number above 0"]),
        ("[risk]\nnotional_max = inf", "risk.notional_max", ["Infinity", "a number above 0"]),
        ("[risk]\nnotional_max = nan", "risk.notional_max", ["NaN", "a number above 0"]),
        ("[risk]\nnotional_max = 1e999999", "risk.notional_max", ["a number above 0"]),
        ("[risk]\nbalance_buffer = 1", "risk.balance_buffer", ["1", "from 0 to 0.9"]),
        ("[risk]\narbitrages_max = 1.5", "risk.arbitrages_max", ["1.5", "whole number from 1 to 1000"]),
        ("[risk]\narbitrages_max = 0", "risk.arbitrages_max", ["0", "whole number from 1 to 1000"]),
        ("[risk]\nnotional_max = 100", "risk.notional_max", ["100", "pair_notional_max (10000) or more"]),
        ("[risk]\nnotional_max = 20000", "risk.notional_max", ["venue_notional_max (50000) or more"]),
        ("[execution]\norder_time = 500", "execution.order_time", ["500", "with its unit", '"250ms"']),
        ('[execution]\norder_time = "5 days"', "execution.order_time", ["5 days", "ns, us, ms, s, m, h, d"]),
        ('[execution]\norder_time = "1.0000000001ms"', "execution.order_time", ["with its unit"]),
        ('[journal]\ndurability = "disk"', "journal.durability", ['"disk"', '"process" or "power"']),
        (
            "[simulator.fees]\nspot_buy_fee_in_base = 1",
            "simulator.fees.spot_buy_fee_in_base",
            ["true or false"],
        ),
        ('bot = "z"', "bot", ['"z"', "(but z)"]),
        ('bot = "sevenup"', "bot", ["1 to 6"]),
        ("bot = 7", "bot", ["7", "1 to 6"]),
        ('mode = "paper"', "mode", ['"paper"', "comes with the OKX connector", '"simulation" is allowed']),
        ('mode = "live"', "mode", ["comes with the OKX connector", "a flag on the command line"]),
        ('mode = "lief"', "mode", ['"lief"', '"simulation" is allowed']),
        ('pairs = ["BTCUSDT"]', "pairs", ['"BTCUSDT"', "BASE-QUOTE"]),
        ('pairs = ["BTC-USDT", "BTC-USDT"]', "pairs", ['"BTC-USDT" stands there twice']),
        ('pairs = ["BTC-BTC"]', "pairs", ["pairs BTC with itself"]),
        ("pairs = []", "pairs", ["a list of 1 to 200 pairs"]),
        ("pairs = [1]", "pairs", ["1 is not", "BASE-QUOTE"]),
        ('state_dir = ""', "state_dir", ["a path"]),
        ('[simulator.balances]\nusdt = "1"', "simulator.balances.usdt", ["in capitals"]),
        ('[simulator.balances]\nUSDT = "-1"', "simulator.balances.USDT", ['"-1"', "from 0 up"]),
        ('[backtest.instruments.BTC]\ntick = "1"', "backtest.instruments.BTC", ["venue:SYMBOL"]),
        (
            '[backtest.instruments."okx:BTC-USDT"]\ntick = 0',
            "backtest.instruments.okx:BTC-USDT.tick",
            ["0", "a number above 0"],
        ),
        (
            "[strategies.intra]\nsince = 2020-01-01",
            "strategies.intra.since",
            ["2020-01-01", "a text, a number"],
        ),
        ("strategies = 3", "strategies", ["3", "a table"]),
        ("risk = 3", "risk", ["3", "a table is allowed, as in [risk]"]),
        ('[synthetic.premiums]\ngap = "9s"\nbps_max = 3', "synthetic.premiums.bps_min", ["missing"]),
        (
            '[synthetic.premiums]\ngap = "9s"\nbps_min = 3\nbps_max = 2',
            "synthetic.premiums.bps_max",
            ["bps_min (3) or more"],
        ),
        (
            "[simulator.faults]\nreject = 0.5\nsilence = 0.6",
            "simulator.faults.silence",
            ["0.6", "together at most 1"],
        ),
        (f'[control]\nsocket = "/{"x" * 103}"', "control.socket", ["1 to 103 bytes"]),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    file: Path, text: str, key: str, parts: list[str]
) -> None:
    """The error names the key, the value as given, and what may stand there."""
    error = complaint(file, text)
    assert [problem.key for problem in error.problems] == [key]
    assert str(file) in str(error)
    for part in parts:
        assert part in str(error)


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[risk]\nnotinal_max = 1", "risk.notinal_max", "did you mean risk.notional_max?"),
        ("moed = 1", "moed", "did you mean mode?"),
        ("daily_loss_max = 1", "daily_loss_max", "did you mean risk.daily_loss_max?"),
        ("[journal]\nxyz = 1", "journal.xyz", "in [journal] are allowed: durability, segment_bytes"),
        ("xyz = 1", "xyz", "at the top are allowed: bot, mode"),
        (
            "[simulator.fees]\nspot_make = 1",
            "simulator.fees.spot_make",
            "did you mean simulator.fees.spot_maker?",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_a_hint(file: Path, text: str, key: str, hint: str) -> None:
    """A key that is not one is never ignored; the nearest one is offered, or those that there are."""
    error = complaint(file, text)
    assert [problem.key for problem in error.problems] == [key]
    assert hint in str(error)


def test_all_problems_come_at_once(file: Path) -> None:
    """One run shows every wrong key, each on its line."""
    error = complaint(file, "seed = -1\nxyz = 1\n[risk]\nfailures_max = 0\n[execution]\norder_time = 5\n")
    assert {problem.key for problem in error.problems} == {
        "seed",
        "xyz",
        "risk.failures_max",
        "execution.order_time",
    }
    assert str(error).startswith(f"{file}: 4 problems\n")
    assert len(str(error).splitlines()) == 5


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"seed = 1\nbot = \n", "line 2, column 7"),
        (b"seed = 1\nseed = 2\n", "line 2"),
        (b"[risk\n", "line 1"),
        (b'bot = "\xff"\n', "line 1, column 8"),
        (b"seed = 1\nbot = 'a\xff'\n", "line 2, column 9"),
        (b"seed = " + b"9" * 5_000, "not valid TOML"),
        (b"x = 1e99999999999999999999", "out of range"),
        (b"x = " + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_malformed_toml_says_where(file: Path, content: bytes, part: str) -> None:
    """A file that is no TOML is refused with the place of the mistake."""
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(file, environment={})
    assert part in str(caught.value)
    assert str(file) in str(caught.value)


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    """A file that is not there, a folder and an impossible path are named with the reason."""
    for path, reason in [
        (tmp_path / "absent.toml", "No such file"),
        (tmp_path, "Is a directory"),
        (Path("a\0b"), "not a path"),
    ]:
        with pytest.raises(SettingsError, match=reason):
            load(path, environment={})


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    """A file larger than any settings is refused before it fills the memory."""
    file = tmp_path / "large.toml"
    file.write_bytes(b"#" * (4 * 2**20 + 1))
    with pytest.raises(SettingsError, match="longer than"):
        load(file, environment={})


def test_deeply_nested_tables_are_refused(file: Path) -> None:
    """Tables within tables beyond any sense are refused in one line."""
    error = complaint(file, f"[strategies.intra.{'.'.join('a' * 3_000)}]\nx = 1")
    assert "nested deeper" in str(error)


# --- environment and command line --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("ZOMBOT_BOT", "007", "bot", "007"),
        ("ZOMBOT_SEED", "5", "seed", 5),
        ("ZOMBOT_PAIRS", "BTC-USDT, SOL-USDT", "pairs", ("BTC-USDT", "SOL-USDT")),
        ("ZOMBOT_PAIRS", '["SOL-USDT"]', "pairs", ("SOL-USDT",)),
        ("ZOMBOT_STATE_DIR", "/tmp/x", "state_dir", Path("/tmp/x")),
        ("ZOMBOT_RISK__NOTIONAL_MAX", "60000", "risk.notional_max", Decimal(60_000)),
        ("ZOMBOT_RISK__BALANCE_BUFFER", "0.05", "risk.balance_buffer", Decimal("0.05")),
        ("ZOMBOT_RISK__BREAKER_TIME", "5m", "risk.breaker_time", 300 * 10**9),
        ("ZOMBOT_JOURNAL__DURABILITY", "power", "journal.durability", "power"),
        (
            "ZOMBOT_SIMULATOR__FEES__SPOT_BUY_FEE_IN_BASE",
            "false",
            "simulator.fees.spot_buy_fee_in_base",
            False,
        ),
        ("ZOMBOT_SIMULATOR__BALANCES__BTC", "0.5", "simulator.balances", {"BTC": Decimal("0.5")}),
        ("ZOMBOT_SIMULATOR__BALANCES", '{ USDT = "1" }', "simulator.balances", {"USDT": Decimal(1)}),
        (
            "ZOMBOT_STRATEGIES__INTRA__ENTRY_BPS",
            "7.5",
            "strategies",
            {"intra": {"entry_bps": Decimal("7.5")}},
        ),
        ("ZOMBOT_STRATEGIES__INTRA__STYLE", "maker-taker", "strategies", {"intra": {"style": "maker-taker"}}),
    ],
)
def test_each_value_can_come_from_the_environment(variable: str, text: str, path: str, value: object) -> None:
    """A variable is read as the key it names wants it."""
    here: Any = load(environment={variable: text})
    for part in path.split("."):
        here = getattr(here, part)
    assert here == value


def test_later_sources_win(file: Path) -> None:
    """The environment beats the file, and the command line beats both, key by key."""
    file.write_text("seed = 2\n[risk]\nfailures_max = 2\narbitrages_max = 2\n", encoding="utf-8")
    environment = {"ZOMBOT_RISK__FAILURES_MAX": "3", "ZOMBOT_SEED": "3"}
    settings = load(file, {"seed": 4, "pairs": None}, environment=environment)
    assert (settings.risk.arbitrages_max, settings.risk.failures_max, settings.seed) == (2, 3, 4)
    assert settings.pairs == ("BTC-USDT", "ETH-USDT")


def test_overrides_may_have_dotted_keys() -> None:
    """The command line can name a key as an error does."""
    settings = load(None, {"risk.failures_max": 3, "risk": {"arbitrages_max": 4}}, environment={})
    assert (settings.risk.failures_max, settings.risk.arbitrages_max) == (3, 4)


@pytest.mark.parametrize(
    ("variable", "text", "parts"),
    [
        ("ZOMBOT_RISK__NOTINAL_MAX", "1", ["risk.notinal_max", "did you mean risk.notional_max?"]),
        ("ZOMBOT_RISK__FAILURES_MAX", "many", ["risk.failures_max", '"many"', "a whole number"]),
        ("ZOMBOT_PAIR", "BTC-USDT", ["did you mean pairs?"]),
        ("ZOMBOT_FOO__BAR", "1", ["foo", "at the top are allowed"]),
        ("ZOMBOT_RISK", "3", ["risk is 3", "a table"]),
        ("ZOMBOT_SEED", "1\nbot = 'x'", ["seed", "a whole number"]),
    ],
)
def test_a_wrong_variable_is_named(variable: str, text: str, parts: list[str]) -> None:
    """A variable that cannot be used is an error that names it."""
    with pytest.raises(SettingsError) as caught:
        load(environment={variable: text})
    for part in [*parts, f"(from the variable {variable})"]:
        assert part in str(caught.value)


def test_strangers_in_the_environment_are_left_alone() -> None:
    """Variables of others, a service's and a secret's among them, are no settings."""
    environment = {
        "PATH": "/bin",
        "ZOMBOT_": "x",
        "ZOMBOT_HYPOTHESIS_PROFILE": "ci",
        "ZOMBOT_OKX__API_KEY": "k",
        "ZOMBOT_OKX__API_KEY_FILE": "/run/key",
    }
    assert load(environment=environment) == Settings()


def test_a_wrong_override_is_named() -> None:
    """An error says when the value came from the command line."""
    with pytest.raises(SettingsError, match=r"seed is -1: .* \(from the command line\)"):
        load(None, {"seed": -1}, environment={"ZOMBOT_SEED": "5"})


# --- secrets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["api_key", "secret", "okx.passphrase", "strategies.intra.telegram_token"])
def test_a_secret_in_the_file_is_refused_and_not_printed(file: Path, key: str) -> None:
    """The error says where the secret belongs, and does not repeat it."""
    error = complaint(file, f'{key} = "hunter2"')
    assert error.problems[0].key == key
    assert "must not stand in the settings file" in str(error)
    assert f"ZOMBOT_{key.upper().replace('.', '__')}_FILE" in str(error)
    assert "hunter2" not in str(error) + repr(error)


def test_a_misspelled_secret_is_not_printed(file: Path) -> None:
    """The value under an unknown key stays out of the error: it may be a secret."""
    error = complaint(file, 'api_kee = "hunter2"')
    assert "hunter2" not in str(error) + repr(error)


# --- describe, digest --------------------------------------------------------------------------------------


def test_a_description_loads_to_the_same_settings() -> None:
    """What status and reports show is plain JSON in the form of the file."""
    overrides = {"seed": 3, "backtest.instruments": {"okx:BTC-USDT": {"tick": "0.1"}}}
    settings = load(None, {**overrides, "strategies.intra.entry_bps": "5.0"}, environment={})
    described = describe(settings)
    assert load(None, json.loads(json.dumps(described)), environment={}) == settings
    assert described["execution"]["order_time"] == "500ms"
    assert described["risk"]["balance_buffer"] == "0.02"


def test_a_description_masks_what_is_called_a_secret() -> None:
    """Should a table of a plug-in hold a secret all the same, it is not shown."""
    settings = Settings(strategies={"carry": {"api_token": "hunter2"}})
    assert describe(settings)["strategies"] == {"carry": {"api_token": "***"}}


def test_the_digest_is_about_what_a_bot_does(file: Path) -> None:
    """Another spelling or another folder gives the same digest, another value gives another."""
    digest = settings_digest(
        read(file, 'state_dir = "a"\n[risk]\ndaily_loss_max = 500.0\nbreaker_time = "1m"')
    )
    assert digest == settings_digest(Settings())
    assert digest != settings_digest(read(file, "[risk]\ndaily_loss_max = 501"))

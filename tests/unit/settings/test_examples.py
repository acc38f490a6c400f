"""The example files load, say what they claim, and the documentation lists every key."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.unit.settings.reference import BEGIN, END, PAGE, reference
from zombot.settings.keys import keys
from zombot.settings.loading import load
from zombot.settings.schema import Settings
from zombot.strategies.intra.config import KEYS as INTRA_KEYS
from zombot.strategies.intra.config import IntraConfig, parse_config

CONFIG: Final = PAGE.parents[1] / "config"
EXAMPLES: Final = sorted(CONFIG.glob("*.toml"))


def leaves(tree: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted keys of all values in a file; a table of free names counts as one value."""
    found: set[str] = set()
    for name, value in tree.items():
        key = f"{prefix}{name}"
        free = key.endswith((".balances", ".prices", ".instruments"))
        found |= leaves(value, f"{key}.") if isinstance(value, dict) and not free else {key}
    return found


def test_the_examples_are_there() -> None:
    """The files that the documentation lists are the files that there are."""
    assert {path.name for path in EXAMPLES} == {
        "simulation.toml",
        "maker-taker.toml",
        "backtest-ticks.toml",
        "backtest-ticks-free.toml",
        "backtest-carry.toml",
    }
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in page for path in EXAMPLES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads(path: Path) -> None:
    """Each example is correct, the strategy's own table included."""
    settings = load(path, environment={})
    parse_config(settings.strategies["intra"])


def test_simulation_toml_shows_every_key_with_its_default() -> None:
    """The full example holds all keys, and reading it changes nothing."""
    path = CONFIG / "simulation.toml"
    settings = load(path, environment={})
    assert settings.model_copy(update={"strategies": {"intra": {}}}) == Settings()
    assert parse_config(settings.strategies["intra"]) == IntraConfig()
    text = path.read_text(encoding="utf-8")
    written = leaves(tomllib.loads(text))
    assert {key.rpartition(".")[2] for key in written if key.startswith("strategies.intra.")} == set(
        INTRA_KEYS
    )
    for entry in keys():
        if entry.path != "strategies" and entry.default is not None:
            assert entry.path in written
        elif entry.default is None:  # absent by default: shown in a comment
            assert f"{entry.path.rpartition('.')[2]} = " in text


def test_the_examples_of_ticks_differ_in_fees_and_edges_only() -> None:
    """With fees it must refuse, without it must trade: nothing else is different."""
    real = load(CONFIG / "backtest-ticks.toml", environment={})
    free = load(CONFIG / "backtest-ticks-free.toml", environment={})
    assert real.backtest.fees.spot_taker == Decimal("0.001")
    assert free.backtest.fees.spot_taker == free.backtest.fees.perpetual_taker == 0
    edges = {"entry_bps", "minimum_bps", "exit_bps"}
    tables = [
        {key: value for key, value in settings.strategies["intra"].items() if key not in edges}
        for settings in (real, free)
    ]
    assert tables[0] == tables[1]
    assert real.risk == free.risk
    update = {"fees": free.backtest.fees}
    assert real.backtest.model_copy(update=update) == free.backtest


def test_the_documentation_lists_every_key() -> None:
    """The page holds the tables of today; `python -m tests.unit.settings.reference` writes them."""
    page = PAGE.read_text(encoding="utf-8")
    assert page.partition(BEGIN)[2].partition(END)[0] == reference()
    assert all(entry.description for entry in keys())


def test_the_documentation_lists_the_strategy_s_keys() -> None:
    """The page names each key of the intra strategy."""
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"\n| `{key}` | " in page for key in INTRA_KEYS)

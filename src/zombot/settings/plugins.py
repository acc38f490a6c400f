"""Loads the strategies that the settings enable, built-in ones by the same door as strangers."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import InstrumentId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.ports.strategy import Strategy, StrategyBuild

STRATEGIES = "zombot.strategies"


def build_strategies(
    enabled: Mapping[str, dict[str, Any]],
    instruments: Mapping[InstrumentId, Instrument],
    fees: Mapping[InstrumentId, FeeRates],
) -> list[Strategy]:
    """The strategy objects of every enabled plug-in. Nothing that is not enabled is imported.

    Raises:
        InvalidValue: a name that no installed package offers, or a wrong configuration of one.
    """
    offered = {entry.name: entry for entry in entry_points(group=STRATEGIES)}
    built: list[Strategy] = []
    for name, config in enabled.items():
        if name not in offered:
            raise InvalidValue(
                f"strategies.{name}: no installed package offers it; there is {', '.join(sorted(offered))}"
            )
        build: StrategyBuild = offered[name].load()
        built.extend(build(dict(config), instruments, fees))
    return built

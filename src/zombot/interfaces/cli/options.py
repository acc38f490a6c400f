"""Options that several commands share, with their checks."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Final

import typer

PAIR: Final = re.compile(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,20}")


def check_pairs(values: list[str] | None) -> list[str]:
    """Pairs in capitals, each once, in the order given."""
    pairs = [value.strip().upper() for value in values or ()]
    for pair in pairs:
        if not PAIR.fullmatch(pair):
            raise typer.BadParameter(f"{pair!r} is not a pair: BASE-QUOTE is wanted, for instance BTC-USDT")
    return list(dict.fromkeys(pairs))


def check_seconds(value: float | None) -> float | None:
    """A length of time that passes."""
    if value is not None and not (0 < value < math.inf):
        raise typer.BadParameter(f"{value:g} is not allowed: a number of seconds above 0 is wanted")
    return value


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="TOML file with the settings; config/ has commented examples. Default: the built-in ones.",
    ),
]
PairOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pair",
        metavar="BASE-QUOTE",
        callback=check_pairs,
        help="This pair only, for instance BTC-USDT; repeat it for more. Default: the pairs of the settings.",
    ),
]
ForOption = Annotated[
    float | None,
    typer.Option(
        "--for",
        metavar="SECONDS",
        callback=check_seconds,
        help="Stop by itself, in good order, after this long. Default: run until stopped.",
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, help="Seed of the simulated market and venue: the same seed gives the same run."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")
]

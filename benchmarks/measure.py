"""Timing in rounds: the variants take turns, every other round backwards, and ratios are taken per round.

A machine that others use as well drifts by a quarter from minute to minute. Two variants that ran within the
same second saw the same machine, so the ratio of one round holds where the absolute figures do not.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
Sampled = dict[str, list[float]]
"""By variant, one figure a round."""


class Plan(Struct, frozen=True, kw_only=True):
    """How much is measured, and where files may be written."""

    scratch: Path
    """A folder that is removed afterwards; the journal's figures are those of its disk."""
    size: float = 1.0
    """1 for the figures in the documentation; the tests run far less."""
    rounds: int | None = None
    """Instead of each bench's own number."""
    peer: Path | None = None
    """The interpreter of the peer's environment; None where it is not installed."""

    def count(self, usual: int, least: int = 1) -> int:
        """So many of whatever is repeated."""
        return max(round(usual * self.size), least)

    def turns(self, usual: int) -> int:
        """So many rounds."""
        return usual if self.rounds is None else self.rounds


class Row(Struct, frozen=True, kw_only=True):
    """One ratio: the median over the rounds, and the spread in which half of the rounds lie."""

    bench: str
    name: str
    ratio: float
    low: float
    high: float
    rounds: int
    goal: float | None = None
    at_least: bool = False
    """Whether the goal is a floor; otherwise it is a ceiling."""

    @property
    def verdict(self) -> str:
        """Pass or miss; empty without a goal."""
        if self.goal is None:
            return ""
        return "pass" if (self.ratio >= self.goal if self.at_least else self.ratio <= self.goal) else "miss"


class Figure(Struct, frozen=True, kw_only=True):
    """An absolute figure of this machine at this hour."""

    bench: str
    name: str
    value: float
    unit: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What one bench found."""

    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def in_rounds(variants: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: bool = True) -> Sampled:
    """Run all variants once a round, every other round backwards; one round beforehand does not count."""
    samples: Sampled = {name: [] for name in variants}
    if warm_up:
        for variant in variants.values():
            variant()
    for number in range(rounds):
        names = list(variants)
        for name in names if number % 2 == 0 else reversed(names):
            samples[name].append(variants[name]())
    return samples


def row(
    bench: str,
    name: str,
    above: Sequence[float],
    below: Sequence[float],
    *,
    goal: float | None = None,
    at_least: bool = False,
) -> Row:
    """The ratio of two variants, round by round."""
    ratios = sorted(a / b for a, b in zip(above, below, strict=True))
    return Row(
        bench=bench,
        name=name,
        ratio=statistics.median(ratios),
        low=percentile(ratios, 0.25),
        high=percentile(ratios, 0.75),
        rounds=len(ratios),
        goal=goal,
        at_least=at_least,
    )


def percentile(samples: Iterable[float], share: float) -> float:
    """The smallest sample that at least this share of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No collection falls into a measurement; what lives already is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def each(action: Callable[[T], object], items: Sequence[T]) -> float:
    """Nanoseconds of processor time for one call of ``action`` with one of ``items``, loop included."""
    with quiet_collector():
        began = time.thread_time_ns()
        for item in items:
            action(item)
        return (time.thread_time_ns() - began) / len(items)

"""Counting what an import took and what it left out, with the first examples of each reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from zombot.domain.identifiers import InstrumentId
from zombot.infrastructure.history.recording import Skew

EXAMPLES_MAX: Final = 5
_EXAMPLE_LENGTH: Final = 120
_SKEW_STEP_NS: Final = 100_000
"""Skews are counted in steps of 0.1 ms, so that a median costs bounded memory."""


class Example(Struct, frozen=True):
    """One line that was left out."""

    file: str
    line: int
    text: str


class Drop(Struct, frozen=True, kw_only=True):
    """Lines left out for one reason."""

    reason: str
    count: int
    examples: tuple[Example, ...]


class Drops:
    """Lines left out, by reason."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[Example]] = {}

    @property
    def total(self) -> int:
        """Lines left out for whatever reason."""
        return self._counts.total()

    def add(self, reason: str, file: str, line: int, text: str) -> None:
        """Count one line and keep it if it is among the first."""
        self._counts[reason] += 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < EXAMPLES_MAX:
            examples.append(Example(file, line, text[:_EXAMPLE_LENGTH]))

    def summary(self) -> tuple[Drop, ...]:
        """The most frequent reason first."""
        return tuple(
            Drop(reason=reason, count=count, examples=tuple(self._examples[reason]))
            for reason, count in sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        )


class SkewMeter:
    """The exchange's clock minus ours, for each stream of each instrument."""

    def __init__(self) -> None:
        self._steps: dict[tuple[InstrumentId, str], Counter[int]] = {}
        self._bounds: dict[tuple[InstrumentId, str], tuple[int, int]] = {}

    def add(self, instrument: InstrumentId, stream: str, skew_ns: int) -> None:
        """Take one frame that carries the exchange's time."""
        key = (instrument, stream)
        lowest, highest = self._bounds.get(key, (skew_ns, skew_ns))
        self._bounds[key] = (min(lowest, skew_ns), max(highest, skew_ns))
        self._steps.setdefault(key, Counter())[skew_ns // _SKEW_STEP_NS] += 1

    def summary(self) -> tuple[Skew, ...]:
        """Ordered by instrument and stream; the median is right to 0.1 ms."""
        return tuple(self._skew(key) for key in sorted(self._steps))

    def _skew(self, key: tuple[InstrumentId, str]) -> Skew:
        steps = self._steps[key]
        lowest, highest = self._bounds[key]
        return Skew(
            instrument=key[0],
            stream=key[1],
            count=steps.total(),
            lowest_ns=lowest,
            median_ns=min(max(_median(steps) * _SKEW_STEP_NS, lowest), highest),
            highest_ns=highest,
        )


class DecimalsMeter:
    """The finest decimals seen: a bound for the grid that the numbers lie on."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        self.places = 0

    def add(self, values: Iterable[float]) -> None:
        """Take numbers that came from decimal strings of at most 15 digits."""
        places = self.places
        for value in values:
            while places < _PLACES_MAX and round(value, places) != value:
                places += 1
        self.places = places


_PLACES_MAX: Final = 12


def _median(steps: Counter[int]) -> int:
    half = (steps.total() + 1) // 2
    for step in sorted(steps):
        half -= steps[step]
        if half <= 0:
            return step
    raise AssertionError("a median of nothing was asked for")

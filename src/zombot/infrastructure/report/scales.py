"""From values to places on a chart: linear scales, and ticks at figures that a reader would choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

SECOND_NS: Final = 1_000_000_000
DAY: Final = 86_400
_SECONDS: Final = (1, 2, 5, 10, 15, 30)
TIME_STEPS: Final = (
    *_SECONDS,
    *(60 * step for step in _SECONDS),
    *(3_600 * step for step in (1, 2, 3, 6, 12)),
    *(DAY * step for step in (1, 2, 7, 14)),
)
MONTH_STEPS: Final = (1, 2, 3, 6, 12)


class Tick(NamedTuple):
    """A place on an axis and its words."""

    value: float
    label: str


class Scale(NamedTuple):
    """A straight line from values to places."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.end - self.start)


def nice_range(values: Sequence[float], *, include: float | None = None) -> tuple[float, float]:
    """A range around all values with some air; never empty."""
    low, high = min(values), max(values)
    if include is not None:
        low, high = min(low, include), max(high, include)
    if low == high:
        air = abs(high) * 0.001 or 1.0
    else:
        # Floats of one size differ by little more than 1e-16 of it: closer values cannot be told apart.
        air = max((high - low) * 0.06, max(abs(low), abs(high)) * 1e-9)
    return low - air, high + air


def number_ticks(low: float, high: float, wanted: int) -> list[Tick]:
    """Ticks at multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    ticks = []
    for index in range(first, last + 1):
        value = index * step
        label = f"{value:,.{places}f}".replace("-", "−")
        ticks.append(Tick(value, label.lstrip("−") if value == 0 else label))
    return ticks


def time_ticks(low_ns: float, high_ns: float, wanted: int) -> list[Tick]:
    """Ticks at full seconds, minutes, hours, days or months, UTC."""
    rough = (high_ns - low_ns) / SECOND_NS / max(wanted, 1)
    for step in TIME_STEPS:
        if step >= rough:
            return _even_ticks(low_ns, high_ns, step)
    return _month_ticks(low_ns, high_ns, rough)


def _even_ticks(low_ns: float, high_ns: float, step: int) -> list[Tick]:
    first = math.ceil(low_ns / SECOND_NS / step)
    last = math.floor(high_ns / SECOND_NS / step)
    pattern = "%H:%M:%S" if step < 60 else "%H:%M" if step < DAY else "%d %b"
    ticks = []
    for index in range(first, last + 1):
        at = datetime.fromtimestamp(index * step, UTC)
        midnight = step < DAY and at.hour == at.minute == at.second == 0
        ticks.append(Tick(float(index * step * SECOND_NS), at.strftime("%d %b" if midnight else pattern)))
    return ticks


def _month_ticks(low_ns: float, high_ns: float, rough_seconds: float) -> list[Tick]:
    step = next((step for step in MONTH_STEPS if step * 30 * DAY >= rough_seconds), MONTH_STEPS[-1])
    start = datetime.fromtimestamp(low_ns / SECOND_NS, UTC)
    month = start.year * 12 + start.month - 1
    month -= month % step
    ticks: list[Tick] = []
    while True:
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        at_ns = at.timestamp() * SECOND_NS
        if at_ns > high_ns:
            return ticks
        if at_ns >= low_ns:
            ticks.append(Tick(at_ns, at.strftime("%Y" if step == 12 else "%b %Y")))
        month += step


def thinned(
    times: Sequence[int], values: Sequence[float | None], buckets: int
) -> list[tuple[int, float | None]]:
    """At most four points per bucket that draw the same line: first, lowest, highest and last of each.

    A gap (None) stays a gap.
    """
    points = list(zip(times, values, strict=False))
    if len(points) <= buckets * 4:
        return points
    size = len(points) / buckets
    kept: list[tuple[int, float | None]] = []
    for bucket in range(buckets):
        part = points[int(bucket * size) : int((bucket + 1) * size)]
        known = [(value, index) for index, (_, value) in enumerate(part) if value is not None]
        chosen = {0, len(part) - 1}
        if known:
            chosen |= {min(known)[1], max(known)[1]}
        kept.extend(part[index] for index in sorted(chosen))
    return kept

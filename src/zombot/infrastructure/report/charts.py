"""Charts as inline SVG that takes its colours from the page: lines over time, waterfall, bars, scatter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from zombot.infrastructure.report import numbers, svg
from zombot.infrastructure.report.scales import Scale, nice_range, number_ticks, thinned, time_ticks
from zombot.infrastructure.report.svg import Markup

WIDE, HALF, NARROW = 1020, 600, 360
"""Drawn twice, for a desk and for a phone: text of one size can be read on both."""
LEFT: Final = 62
RIGHT: Final = 12
TOP: Final = 14
BOTTOM: Final = 26
ROW: Final = 26


class Line(NamedTuple):
    """A line over time."""

    name: str
    class_: str
    values: Sequence[float | None]
    area: bool = False
    guide: bool = False
    """A level to compare with: it may not press the others flat, and is left out where it is far off."""


class Mark(NamedTuple):
    """Something that happened at a time; ``up`` points up, for an entry."""

    time_ns: int
    value: float
    up: bool
    title: str


class Span(NamedTuple):
    """A time during which something stood."""

    start_ns: int
    end_ns: int


class Drawing(NamedTuple):
    """The plane of a chart: both scales, and the axes already drawn."""

    x: Scale
    y: Scale
    axes: Markup


def both(draw: Callable[[int], Markup], *, wide: int = WIDE) -> Markup:
    """The chart for a wide page and the same for a phone; the page shows one of them."""
    return svg.join(
        (
            svg.tag("div", draw(wide), class_="wide"),
            svg.tag("div", draw(NARROW), class_="narrow"),
        )
    )


def beside(picture: Markup, words: Markup) -> Markup:
    """A picture with its table at its side, or below it where there is no room."""
    return svg.tag("div", svg.tag("div", picture), svg.tag("div", words), class_="beside")


def over_time(
    times: Sequence[int],
    lines: Sequence[Line],
    *,
    width: int,
    height: int,
    title: str,
    marks: Sequence[Mark] = (),
    spans: Sequence[Span] = (),
    zero: bool = False,
) -> Markup:
    """Lines over a common time axis, with what happened marked on them."""
    known = [value for line in lines if not line.guide for value in line.values if value is not None]
    known += [mark.value for mark in marks]
    if len(times) < 2 or not known:
        return nothing("Too little was recorded to draw this.")
    low, high = nice_range(_with_guides(known, lines), include=0.0 if zero else None)
    lines = [_within(line, low, high) if line.guide else line for line in lines]
    plane = _plane((times[0], times[-1]), (low, high), width, height)
    parts = [plane.axes]
    parts += [_span(span, plane) for span in spans]
    parts += [_drawn(line, times, plane, width) for line in lines]
    parts += [_mark(mark, plane) for mark in marks]
    return _svg(width, height, title, parts)


def _with_guides(known: Sequence[float], lines: Sequence[Line]) -> list[float]:
    """The values, and those of guides that are no farther off than the values are from each other."""
    low, high = min(known), max(known)
    reach = (high - low) or 1.0
    guides = [value for line in lines if line.guide for value in line.values if value is not None]
    return [low, high, *(value for value in guides if low - reach <= value <= high + reach)]


def _within(line: Line, low: float, high: float) -> Line:
    values = [value if value is not None and low <= value <= high else None for value in line.values]
    return line._replace(values=values)


def _plane(times: tuple[int, int], values: tuple[float, float], width: int, height: int) -> Drawing:
    x = Scale(times[0], times[1], LEFT, width - RIGHT)
    y = Scale(*values, height - BOTTOM, TOP)
    parts = []
    for tick in number_ticks(*values, max(2, height // 46)):
        at = y(tick.value)
        parts.append(svg.line(LEFT, at, width - RIGHT, at, "zero" if tick.value == 0 else "grid"))
        parts.append(svg.label(LEFT - 8, at + 4, tick.label, anchor="end"))
    for tick in time_ticks(*times, max(3, width // 130)):
        at = x(tick.value)
        if LEFT + 14 <= at <= width - RIGHT - 14:
            parts.append(svg.line(at, height - BOTTOM, at, height - BOTTOM + 4, "axis"))
            parts.append(svg.label(at, height - BOTTOM + 18, tick.label, anchor="middle"))
    return Drawing(x, y, svg.join(parts))


def _drawn(line: Line, times: Sequence[int], plane: Drawing, width: int) -> Markup:
    points = [
        None if value is None else (plane.x(time), plane.y(value))
        for time, value in thinned(times, line.values, width // 3)
    ]
    path = svg.tag("path", d=svg.path_of(points), class_=f"line {line.class_}")
    seen = [point for point in points if point is not None]
    if not line.area or not seen:
        return path
    base = plane.y(min(max(0.0, plane.y.low), plane.y.high))
    outline = [(seen[0][0], base), *seen, (seen[-1][0], base)]
    return svg.join((svg.tag("path", d=svg.path_of(outline), class_=f"area {line.class_}"), path))


def _span(span: Span, plane: Drawing) -> Markup:
    start, end = plane.x(span.start_ns), plane.x(span.end_ns)
    return svg.tag(
        "rect",
        x=start,
        y=plane.y.end,
        width=max(end - start, 1.0),
        height=plane.y.start - plane.y.end,
        class_="held",
    )


def _mark(mark: Mark, plane: Drawing) -> Markup:
    x, y = plane.x(mark.time_ns), plane.y(mark.value)
    far = 5.5 if mark.up else -5.5
    # The tip touches the line, the body stays clear of it.
    corners: list[tuple[float, float] | None] = [(x, y), (x - 5, y + far * 1.7), (x + 5, y + far * 1.7)]
    return svg.tag(
        "path",
        svg.tag("title", svg.text(mark.title)),
        d=svg.path_of(corners) + "Z",
        class_="entry" if mark.up else "exit",
    )


def waterfall(rows: Sequence[tuple[str, float, str]], *, width: int, title: str) -> Markup:
    """Each row goes on where the one before ended; the last stands on zero."""
    levels = [0.0]
    for _, value, _ in rows[:-1]:
        levels.append(levels[-1] + value)
    total = rows[-1][1]
    low, high = nice_range([*levels, total], include=0.0)
    label_width, figure_width = (84, 96) if width > NARROW else (70, 84)
    x = Scale(low, high, label_width, width - figure_width)
    height = ROW * len(rows) + 12
    parts = [svg.line(x(0.0), 2, x(0.0), height - 2, "zero")]
    for index, (name, value, words) in enumerate(rows):
        last = index == len(rows) - 1
        start, end = (0.0, total) if last else (levels[index], levels[index + 1])
        left, right = sorted((x(start), x(end)))
        top = index * ROW + 6
        kind = "total" if last else "gain" if value >= 0 else "loss"
        if last:
            parts.append(svg.line(0, top - 2, width, top - 2, "axis"))
        elif value:
            parts.append(svg.line(x(end), top + ROW - 9, x(end), top + ROW + 5, "step"))
        parts.append(svg.label(0, top + 14, name, "strong" if last else ""))
        if value:
            thick = max(right - left, 1.0)
            parts.append(svg.tag("rect", x=left, y=top + 2, width=thick, height=ROW - 10, class_=kind))
        parts.append(svg.label(width - 2, top + 14, words, "strong figure" if last else "figure", "end"))
    return _svg(width, height, title, parts)


def bars(rows: Sequence[tuple[str, float]], *, width: int, title: str) -> Markup:
    """One horizontal bar per row, all on one scale."""
    label_width = 210 if width > NARROW else 120
    x = Scale(0.0, max((value for _, value in rows), default=1.0) or 1.0, label_width, width - 90)
    height = ROW * len(rows) + 8
    parts = []
    for index, (name, value) in enumerate(rows):
        top = index * ROW + 4
        end = x(value)
        parts.append(svg.label(0, top + 14, _short(name, label_width // 7)))
        parts.append(
            svg.tag(
                "rect", x=label_width, y=top + 2, width=max(end - label_width, 1.0), height=16, class_="bar"
            )
        )
        parts.append(svg.label(end + 8, top + 14, numbers.number(value, 0), "figure"))
    return _svg(width, height, title, parts)


def scatter(
    points: Sequence[tuple[float, float, str]], *, width: int, height: int, title: str, axes: tuple[str, str]
) -> Markup:
    """Points against the diagonal on which both are equal."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    x_low, x_high = nice_range(xs, include=0.0)
    y_low, y_high = nice_range(ys, include=0.0)
    x = Scale(x_low, x_high, LEFT, width - RIGHT)
    y = Scale(y_low, y_high, height - BOTTOM - 14, TOP + 12)
    parts = []
    for tick in number_ticks(y_low, y_high, height // 50):
        parts.append(svg.line(LEFT, y(tick.value), width - RIGHT, y(tick.value), _grid(tick.value)))
        parts.append(svg.label(LEFT - 8, y(tick.value) + 4, tick.label, anchor="end"))
    for tick in number_ticks(x_low, x_high, width // 110):
        parts.append(svg.line(x(tick.value), y.end, x(tick.value), y.start, _grid(tick.value)))
        parts.append(svg.label(x(tick.value), y.start + 16, tick.label, anchor="middle"))
    start, end = max(x_low, y_low), min(x_high, y_high)
    if start < end:
        parts.append(svg.line(x(start), y(start), x(end), y(end), "diagonal"))
    for expected, got, words in points:
        parts.append(
            svg.tag(
                "circle",
                svg.tag("title", svg.text(words)),
                cx=x(expected),
                cy=y(got),
                r=4.0,
                class_="gain-dot" if got >= 0 else "loss-dot",
            )
        )
    parts.append(svg.label(width - RIGHT, height - 2, axes[0], "note", "end"))
    parts.append(svg.label(0, TOP - 2, axes[1], "note"))
    return _svg(width, height, title, parts)


def nothing(words: str) -> Markup:
    """Stands where a chart or a table would be empty."""
    return svg.tag("p", svg.text(words), class_="nothing")


def _svg(width: int, height: int, title: str, parts: Sequence[Markup]) -> Markup:
    return svg.tag(
        "svg",
        svg.tag("title", svg.text(title)),
        *parts,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=title,
    )


def _grid(value: float) -> str:
    return "zero" if value == 0 else "grid"


def _short(words: str, limit: int) -> str:
    return words if len(words) <= limit else words[: limit - 1] + "…"

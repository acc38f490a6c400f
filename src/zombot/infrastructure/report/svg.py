"""Small pieces of SVG and HTML; every text and attribute is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

Markup = NewType("Markup", str)
"""Escaped already. Only functions of this module make it from other people's text."""


def text(value: object) -> Markup:
    """A text as markup, free of characters that documents may not hold."""
    kept = "".join(
        character if character >= " " or character in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for character in str(value)
    )
    return Markup(escape(kept, quote=True))


def tag(element: str, /, *children: Markup, **attributes: object) -> Markup:
    """An element. Attribute names use ``_`` for ``-`` and may end in one (``class_``); None is left out."""
    words = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(_figure(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{element}{words}>{''.join(children)}</{element}>")


def join(parts: Iterable[Markup]) -> Markup:
    """One after the other."""
    return Markup("".join(parts))


def path_of(points: Sequence[tuple[float, float] | None]) -> str:
    """Straight lines through the points; None lifts the pen."""
    words = []
    down = False
    for point in points:
        if point is None:
            down = False
            continue
        words.append(f"{'L' if down else 'M'}{_figure(point[0])} {_figure(point[1])}")
        down = True
    return "".join(words)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def label(x: float, y: float, words: object, class_: str = "", anchor: str = "start") -> Markup:
    """A text at a place."""
    return tag("text", text(words), x=x, y=y, class_=class_ or None, text_anchor=anchor)


def _figure(value: object) -> object:
    """A tenth of a unit is finer than any screen shows."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value

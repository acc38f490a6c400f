"""Tables of the page: cells that know how to stand, and long ones folded away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from zombot.infrastructure.report import numbers, svg
from zombot.infrastructure.report.svg import Markup

ROWS_SHOWN: Final = 30
ROWS_MAX: Final = 2_000


class Cell(NamedTuple):
    """A text, how it stands, and all its digits for who wants them."""

    words: str
    class_: str = ""
    title: str = ""


def money(text: str, *, signed: bool = True) -> Cell:
    """An amount, coloured when it is signed, with its exact value behind it."""
    shown = numbers.amount(text, signed=signed)
    colour = ("loss" if numbers.is_loss(text) else "gain") if signed and shown.strip("0.,") else ""
    return Cell(shown, f"figure {colour}".strip(), numbers.exact(text))


def figure(value: float, places: int = 1, *, signed: bool = False) -> Cell:
    """A float."""
    return Cell(numbers.number(value, places, signed=signed), "figure")


def digits(text: str) -> Cell:
    """A decimal with all its digits."""
    return Cell(numbers.exact(text), "figure")


def table(titles: Sequence[str], rows: Sequence[Sequence[Cell]], *, more: str = "rows") -> Markup:
    """A table; what is beyond the first rows opens on request, and what is beyond all measure is counted."""
    first = _table(titles, rows[:ROWS_SHOWN])
    rest = rows[ROWS_SHOWN:ROWS_MAX]
    if not rest:
        return first
    parts = [first, _folded(f"{len(rest):,} more {more}", _table(titles, rest))]
    if len(rows) > ROWS_MAX:
        words = f"{len(rows) - ROWS_MAX:,} further {more} stand in report.json."
        parts.append(svg.tag("p", svg.text(words), class_="note"))
    return svg.join(parts)


def folded(summary: str, content: Markup) -> Markup:
    """Content that opens on request."""
    return _folded(summary, content)


def _folded(summary: str, content: Markup) -> Markup:
    return svg.tag("details", svg.tag("summary", svg.text(summary)), content)


def _table(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Markup:
    first = rows[0] if rows else [Cell("")] * len(titles)
    head = svg.join(
        svg.tag("th", svg.text(title), class_=_standing(cell))
        for title, cell in zip(titles, first, strict=True)
    )
    body = svg.join(svg.tag("tr", svg.join(_cell(cell) for cell in row)) for row in rows)
    inner = svg.tag("table", svg.tag("thead", svg.tag("tr", head)), svg.tag("tbody", body))
    return svg.tag("div", inner, class_="scroll")


def _standing(cell: Cell) -> str | None:
    """What a title has in common with its cells: the side it stands on, and whether it is printed."""
    return " ".join(word for word in ("figure", "legs") if word in cell.class_.split()) or None


def _cell(cell: Cell) -> Markup:
    title = cell.title if cell.title and cell.title != cell.words else None
    return svg.tag("td", svg.text(cell.words), class_=cell.class_ or None, title=title)

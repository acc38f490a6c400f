"""Tables of fixed columns that give up their least needed ones when the terminal is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text

GAP: Final = 2
Cell = tuple[str, str]
"""A text and its style."""


class Column(NamedTuple):
    """A column of a table."""

    title: str
    width: int
    keep: int
    """The column with the lowest number goes first."""
    right: bool = True
    grows: bool = False
    """Takes the space that is left; at most one column of a table does."""


class Table:
    """Lines of the columns that fit into ``width``, never wider than it."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        self._width = width
        self._chosen = _fitting(columns, width)
        spare = width - _total([columns[index] for index in self._chosen])
        self._columns = [columns[index] for index in self._chosen]
        self._widths = [column.width + (spare if column.grows else 0) for column in self._columns]

    def heading(self) -> Text:
        """The titles."""
        return self._line([(column.title, "bold bright_black") for column in self._columns])

    def row(self, cells: Sequence[Cell]) -> Text:
        """One line; ``cells`` has an entry for every column, also for those that were dropped."""
        return self._line([cells[index] for index in self._chosen])

    def _line(self, cells: Sequence[Cell]) -> Text:
        line = Text(no_wrap=True, overflow="crop", end="")
        for position, ((text, style), column, width) in enumerate(
            zip(cells, self._columns, self._widths, strict=True)
        ):
            if position:
                line.append(" " * GAP)
            line.append(fitted(text, width, right=column.right), style)
        return line


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly ``width`` cells, cut with an ellipsis where it is longer."""
    size = cell_len(text)
    if size > width:
        while text and cell_len(text) > width - 1:
            text = text[:-1]
        text = text + "…" if width > 0 else ""
        size = cell_len(text)
    space = " " * (width - size)
    return space + text if right else text + space


def _fitting(columns: Sequence[Column], width: int) -> list[int]:
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _total([columns[index] for index in chosen]) > width:
        chosen.remove(min(chosen, key=lambda index: columns[index].keep))
    return chosen


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)

"""What is wrong with the settings, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One key that cannot be used as it is."""

    key: str
    """Dotted path, for instance ``risk.notional_max``; empty when the whole file is unusable."""
    text: str
    """The value as given, what is allowed, and where it came from unless that is the file."""

    def __str__(self) -> str:
        return printable(f"{self.key} {self.text}" if self.key else self.text)


class SettingsError(Exception):
    """The settings cannot be used. Its text names every problem, one a line."""

    def __init__(self, problems: Iterable[Problem], *, source: str = "settings") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__(self.problems, source)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return f"{printable(self.source)}: {self.problems[0]}"
        lines = (f"  {problem}" for problem in self.problems)
        return "\n".join((f"{printable(self.source)}: {len(self.problems)} problems", *lines))


def printable(text: str) -> str:
    """The text on one line, safe for any terminal: what cannot be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)

"""The kinds of values that settings may hold: each reads, shows and explains itself.

A kind is put on a field by ``Annotated``. What it reads is what a TOML file, a variable of the environment or
the command line can hold: strings, whole numbers, decimals, true and false, lists.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from zombot.domain.money import text_of
from zombot.settings.errors import printable

EXPONENT_MAX: Final = 30
"""A larger number is a slip, and writing 1e999999 out in digits would fill the memory."""
DURATION_MAX_NS: Final = 3_650 * 86_400 * 10**9

_NUMBER: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_DURATION: Final = re.compile(r"(\d{1,12}(?:\.\d{1,12})?) ?(ns|us|ms|s|m|h|d)", re.ASCII)
_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
}


T = TypeVar("T")


class NotAllowed(ValueError):
    """A value is not of its kind; with a text when more is to be said than what is allowed."""


def refused(reason: str) -> PydanticCustomError:
    """The one form in which a kind or a check refuses a value: the reason says what is allowed."""
    return PydanticCustomError("not_allowed", "{reason}", {"reason": reason})


class Kind(ABC, Generic[T]):
    """One kind of value."""

    textual: ClassVar[bool] = False
    """The value is a text: what the environment holds is taken as it stands, ``007`` too."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may stand here, as the end of a sentence: "… is allowed"."""

    @abstractmethod
    def read(self, value: object) -> T:
        """The value as the program uses it.

        Raises:
            NotAllowed: it is not of this kind.
        """

    def show(self, value: T) -> object:
        """The value as it would stand in a file; reading that gives the same value again."""
        return value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._check, serialization=core_schema.plain_serializer_function_ser_schema(self._show)
        )

    def _check(self, value: object) -> T:
        try:
            return self.read(value)
        except NotAllowed as error:
            raise refused(str(error) or f"{self.allowed} is allowed") from None

    def _show(self, value: T | None) -> object:
        return None if value is None else self.show(value)


class Text(Kind[str]):
    """A text of a given form."""

    textual = True

    def __init__(self, pattern: str, allowed: str) -> None:
        self._pattern = re.compile(pattern, re.ASCII)
        self._allowed = allowed

    @property
    def allowed(self) -> str:
        return self._allowed

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise NotAllowed
        return value


class Choice(Kind[str]):
    """One of a few words. Some are known and come later: choosing one says so."""

    textual = True

    def __init__(self, *words: str, later: dict[str, str] | None = None) -> None:
        self._words = words
        self._later = later or {}

    @property
    def allowed(self) -> str:
        return " or ".join(f'"{word}"' for word in self._words)

    def read(self, value: object) -> str:
        if isinstance(value, str) and value in self._later:
            raise NotAllowed(f"{self._later[value]}; until then {self.allowed} is allowed")
        if not isinstance(value, str) or value not in self._words:
            raise NotAllowed
        return value


class Switch(Kind[bool]):
    """Yes or no."""

    @property
    def allowed(self) -> str:
        return "true or false"

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise NotAllowed
        return value


class Whole(Kind[int]):
    """A whole number in a closed range."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    @property
    def allowed(self) -> str:
        return f"a whole number from {self._low} to {self._high}"

    def read(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not self._low <= value <= self._high:
            raise NotAllowed
        return value


class _Number(Kind[T]):
    """A number in a closed range; ``above`` excludes the lower end."""

    def __init__(self, low: str | None = None, high: str | None = None, *, above: str | None = None) -> None:
        self._low = None if low is None else Decimal(low)
        self._high = None if high is None else Decimal(high)
        self._above = None if above is None else Decimal(above)

    @property
    def allowed(self) -> str:
        if self._low is not None and self._high is not None:
            return f"a number from {text_of(self._low)} to {text_of(self._high)}"
        bounds = []
        if self._above is not None:
            bounds.append(f"above {text_of(self._above)}")
        if self._low is not None:
            bounds.append(f"from {text_of(self._low)} up")
        if self._high is not None:
            bounds.append(f"up to {text_of(self._high)}")
        return " ".join(("a number", " and ".join(bounds))).strip()

    def _within(self, value: object) -> Decimal:
        number = decimal_from(value)
        if self._above is not None and number <= self._above:
            raise NotAllowed
        if self._low is not None and number < self._low:
            raise NotAllowed
        if self._high is not None and number > self._high:
            raise NotAllowed
        return number


class Exact(_Number[Decimal]):
    """A number kept to its last digit: it reaches a venue or the ledger."""

    def read(self, value: object) -> Decimal:
        return self._within(value)

    def show(self, value: Decimal) -> object:
        return text_of(value)


class Real(_Number[float]):
    """A number that decisions and models compute with, where the 15 digits of a float are plenty."""

    def read(self, value: object) -> float:
        return float(self._within(value))

    def show(self, value: float) -> object:
        return text_of(Decimal(repr(value)))


class Span(Kind[int]):
    """A duration: a number with its unit. The program holds it in nanoseconds."""

    def __init__(self, low: str = "0s", high: str | None = None) -> None:
        self._low = nanoseconds_of(low)
        self._high = DURATION_MAX_NS if high is None else nanoseconds_of(high)

    @property
    def allowed(self) -> str:
        bounds = f"{duration_text(self._low)} to {duration_text(self._high)}"
        return f'a duration with its unit (ns, us, ms, s, m, h, d) from {bounds}, as in "250ms",'

    def read(self, value: object) -> int:
        if not isinstance(value, str):
            raise NotAllowed
        span = nanoseconds_of(value)
        if not self._low <= span <= self._high:
            raise NotAllowed
        return span

    def show(self, value: int) -> object:
        return duration_text(value)


class Folder(Kind[Path]):
    """A path; ``~`` stands for the home folder, and a relative one begins at the working folder."""

    textual = True

    def __init__(self, *, length_max: int = 4_096) -> None:
        self._length_max = length_max

    @property
    def allowed(self) -> str:
        return f"a path of 1 to {self._length_max} bytes"

    def read(self, value: object) -> Path:
        if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
            raise NotAllowed
        try:
            path = Path(value).expanduser()
            length = len(str(path).encode())
        except RuntimeError:
            raise NotAllowed("the home folder is not known here; write the path out") from None
        except UnicodeEncodeError:
            raise NotAllowed from None
        if length > self._length_max:
            raise NotAllowed
        return path

    def show(self, value: Path) -> object:
        return str(value)


class ListOf(Kind[tuple[str, ...]]):
    """A list of texts without repetition, or one text with commas, which is how the environment gives it."""

    textual = True

    def __init__(self, kind: Text, *, plural: str, count_max: int, check: Callable[[str], None]) -> None:
        self._kind, self._plural, self._count_max, self._check_one = kind, plural, count_max, check

    @property
    def allowed(self) -> str:
        return f"a list of 1 to {self._count_max} {self._plural}, each once,"

    def read(self, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.strip("[] ").replace('"', "").split(",")]
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= self._count_max:
            raise NotAllowed
        seen: set[str] = set()
        for part in value:
            self._read_one(part, seen)
        return tuple(value)

    def _read_one(self, part: object, seen: set[str]) -> None:
        try:
            text = self._kind.read(part)
        except NotAllowed:
            raise NotAllowed(f"{shown(part)} is not {self._kind.allowed}") from None
        if text in seen:
            raise NotAllowed(f'"{text}" stands there twice; {self.allowed} is allowed')
        self._check_one(text)
        seen.add(text)

    def show(self, value: tuple[str, ...]) -> object:
        return list(value)


class Free(Kind[object]):
    """Values that somebody else checks, a plug-in for instance; whatever a TOML file can say but dates."""

    @property
    def allowed(self) -> str:
        return "a text, a number, true or false, or a list or table of these"

    def read(self, value: object) -> object:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _encodable(value)
        if isinstance(value, int):
            decimal_from(value)
            return value
        if isinstance(value, float | Decimal):
            return decimal_from(value)
        if isinstance(value, list | tuple):
            return [self.read(part) for part in value]
        if isinstance(value, dict):
            return {_encodable(str(name)): self.read(part) for name, part in value.items()}
        raise NotAllowed

    def show(self, value: object) -> object:
        if isinstance(value, Decimal):
            return text_of(value)
        if isinstance(value, list):
            return [self.show(part) for part in value]
        if isinstance(value, dict):
            return {name: self.show(part) for name, part in value.items()}
        return value


def _encodable(text: str) -> str:
    """The text, if it can be written: a variable of the environment may hold bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotAllowed("a text that UTF-8 can hold is allowed") from None
    return text


def decimal_from(value: object) -> Decimal:
    """A decimal from its digits. A float gives the digits that it prints, which are the ones that were typed.

    Raises:
        NotAllowed: not a number, or one that no setting can mean.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise NotAllowed
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise NotAllowed
    if isinstance(value, int) and value.bit_length() > 4 * EXPONENT_MAX:
        raise NotAllowed
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise NotAllowed from None
    if not number.is_finite() or (number and abs(number.adjusted()) > EXPONENT_MAX):
        raise NotAllowed
    if len(number.as_tuple().digits) > 2 * EXPONENT_MAX:
        raise NotAllowed
    return number if number else Decimal(0)


def nanoseconds_of(text: str) -> int:
    """A duration such as ``250ms`` or ``1.5h`` in nanoseconds.

    Raises:
        NotAllowed: no unit, an unknown one, or not a whole number of nanoseconds.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise NotAllowed
    exact = Decimal(match[1]) * _UNITS[match[2]]
    if exact != int(exact):
        raise NotAllowed
    return int(exact)


def duration_text(nanoseconds: int) -> str:
    """A duration in the largest unit that divides it: 90 s is ``90s``, 120 s is ``2m``."""
    if nanoseconds == 0:
        return "0s"
    unit = next(unit for unit in reversed(_UNITS) if nanoseconds % _UNITS[unit] == 0)
    return f"{nanoseconds // _UNITS[unit]}{unit}"


def shown(value: object) -> str:
    """A value of a file as an error may print it: short, on one line, and in the words of TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of more than 75 digits"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        parts = [shown(part) for part in value[:5]]
        return f"[{', '.join(parts)}{', …' if len(value) > 5 else ''}]"
    text = printable(f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 80 else f"{text[:76]}…"

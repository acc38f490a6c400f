"""Secrets: from the environment or a file, never from the settings file, and never shown."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from zombot.settings.errors import Problem, SettingsError

MASK: Final = "***"
PREFIX: Final = "ZOMBOT_"
SECRET_BYTES_MAX: Final = 65_536

_NAME: Final = re.compile(
    r"(?:.*_)?(?:secret|password|passwd|passphrase|token|credential|credentials|api_?key|(?:private|secret|access)_key)",
    re.IGNORECASE,
)


class Secret:
    """A text that shows as ``***`` wherever it is printed, logged or serialised; ``reveal`` gives it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, specification: str) -> str:
        return format(MASK, specification)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: it would leave the process in plain text")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


def is_secret_name(name: str) -> bool:
    """Whether a key of this name would hold a secret; ``…_file``, which names a file, would not."""
    return _NAME.fullmatch(name) is not None


def variable_of(key: str) -> str:
    """Its variable of the environment: for ``risk.notional_max`` it is ``ZOMBOT_RISK__NOTIONAL_MAX``."""
    return PREFIX + key.upper().replace(".", "__")


def read_secret(key: str, *, environment: Mapping[str, str], file: Path | None = None) -> Secret | None:
    """The secret called ``key``, for instance ``okx.api_key``; None when it is given nowhere.

    It may stand in the environment (``ZOMBOT_OKX__API_KEY``), in a file that the environment names
    (``ZOMBOT_OKX__API_KEY_FILE``), or in ``file``, which is what the settings say under ``okx.api_key_file``.

    Raises:
        SettingsError: given twice, empty, or its file cannot be read. The text never holds the secret.
    """
    variable = variable_of(key)
    named = environment.get(f"{variable}_FILE")
    if named is not None:
        file = Path(named)
    if variable not in environment:
        return None if file is None else _from_file(key, file)
    if file is not None:
        raise _problem(key, f"is given twice, by {variable} and by the file {file}; one of them is allowed")
    return _checked(key, environment[variable], f"the variable {variable}")


def _from_file(key: str, path: Path) -> Secret:
    try:
        with path.open("rb") as stream:
            content = stream.read(SECRET_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise _problem(key, f"cannot be read from its file {path}: {reason}") from None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        # Without a chain: the error's own text would quote bytes of the secret.
        raise _problem(key, f"cannot be read from its file {path}: it is not UTF-8 text") from None
    if len(content) > SECRET_BYTES_MAX:
        raise _problem(
            key, f"cannot be read from its file {path}: it is longer than {SECRET_BYTES_MAX} bytes"
        )
    return _checked(key, text.rstrip("\r\n"), f"the file {path}")


def _checked(key: str, value: str, source: str) -> Secret:
    if not value.strip():
        raise _problem(key, f"is empty in {source}")
    return Secret(value)


def _problem(key: str, text: str) -> SettingsError:
    return SettingsError([Problem(key, text)], source="secrets")

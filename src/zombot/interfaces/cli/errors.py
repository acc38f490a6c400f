"""How the command line fails: one clear line and an exit code for what users cause or can mend."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
HALTED: Final = 3


class CliError(Exception):
    """A failure that is already in the user's words."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def expected_errors() -> tuple[type[Exception], ...]:
    """The errors that get a line instead of a traceback.

    Called only once something was raised, so that a good start does not pay for the imports.
    """
    return (CliError, OSError, *_codes())


def code_of(error: Exception) -> int:
    """The exit code that an expected error ends with."""
    if isinstance(error, CliError):
        return error.code
    codes = _codes()
    # The nearest kind decides: a recording's error may be an invalid value too, and is not the user's typing.
    return next((codes[kind] for kind in type(error).__mro__ if kind in codes), FAILED)


def words_of(error: Exception) -> str:
    """An expected error as one line; only settings with several problems take one line for each."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error).strip() or type(error).__name__


def _codes() -> dict[type, int]:
    from zombot.interfaces.cli.wiring import container

    return dict(container().EXPECTED_ERRORS)

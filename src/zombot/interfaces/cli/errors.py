"""How the command line fails: one clear line and an exit code for what users cause or can mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def configuring() -> Iterator[None]:
    """Within this block an invalid value is a mistake in the configuration, or its kind says otherwise."""
    from zombot.domain.errors import InvalidValue
    from zombot.interfaces.cli.wiring import container

    try:
        yield
    except InvalidValue as error:
        if isinstance(error, tuple(container().EXPECTED_ERRORS)):
            raise
        raise CliError(str(error), USAGE) from error


def expected_errors() -> tuple[type[Exception], ...]:
    """The errors that get a line instead of a traceback.

    Called only once something was raised, so that a good start does not pay for the imports.
    """
    return (CliError, OSError, *_codes())


def code_of(error: Exception) -> int:
    """The exit code that an expected error ends with."""
    if isinstance(error, CliError):
        return error.code
    for kind, code in _codes().items():
        if isinstance(error, kind):
            return code
    return FAILED


def words_of(error: Exception) -> str:
    """An expected error as one line; only settings with several problems take one line for each."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error).strip() or type(error).__name__


def _codes() -> dict[type[Exception], int]:
    from zombot.domain.errors import InvalidValue
    from zombot.interfaces.cli.wiring import container
    from zombot.ports.journal import JournalError
    from zombot.settings.errors import SettingsError

    # The first that fits counts: those of the composition root are the more special ones.
    known: dict[type[Exception], int] = {SettingsError: USAGE, InvalidValue: FAILED, JournalError: FAILED}
    return {**container().EXPECTED_ERRORS, **known}

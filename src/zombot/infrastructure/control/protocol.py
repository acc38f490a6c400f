"""What goes over the control socket: one JSON object per line, a request from the client, then one answer."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

REQUEST_BYTES_MAX: Final = 4096
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
"""A snapshot of 200 pairs takes about 100 kB."""
STATUS: Final = "status"
BY_CHARACTERS_MAX: Final = 64
PATH_BYTES_MAX: Final = 107
"""What the kernel accepts as a socket's address, its closing zero aside."""


class ControlError(Exception):
    """The bot cannot be reached, or did not do what was asked; the message says why."""


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``status`` or one of the operator commands."""

    command: str
    by: str = ""
    """Who asks, as the client says; the server adds what the kernel says."""


class Answer(Struct, frozen=True, kw_only=True):
    """Either a result or an error in words."""

    ok: bool
    error: str = ""
    result: msgspec.Raw = msgspec.Raw(b"null")


encode: Final = msgspec.json.Encoder().encode
decode_request: Final = msgspec.json.Decoder(Request).decode
decode_answer: Final = msgspec.json.Decoder(Answer).decode


def printable(text: str, limit: int) -> str:
    """A stranger's text, cut to ``limit`` characters and free of control characters."""
    return "".join(character if character.isprintable() else "?" for character in text[:limit])


def check_path(path: str) -> None:
    """Refuse an address that the kernel would cut or refuse without saying so.

    Raises:
        ControlError: it is too long.
    """
    size = len(path.encode())
    if size > PATH_BYTES_MAX:
        raise ControlError(f"control socket {path}: {size} bytes are too long, {PATH_BYTES_MAX} are allowed")

"""The operator's end of the control plane: one request, one answer, and a limit on how long that may take."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from zombot.infrastructure.control.protocol import (
    ANSWER_BYTES_MAX,
    STATUS,
    ControlError,
    Request,
    check_path,
    decode_answer,
    encode,
)

ANSWER_SECONDS_MAX: Final = 5.0
CHUNK_BYTES: Final = 65536


class ControlClient:
    """Talks to the bot behind one socket file; each request has a connection of its own."""

    def __init__(self, path: Path, *, seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        self.path = path
        self._seconds_max = seconds_max

    def status(self) -> bytes:
        """The bot's snapshot, as JSON.

        Raises:
            ControlError: no bot, no answer in time, or a refusal.
        """
        return self.request(STATUS)

    def request(self, command: str, by: str = "") -> bytes:
        """Send one command and return its result, as JSON.

        Raises:
            ControlError: no bot, no answer in time, or a refusal.
        """
        check_path(str(self.path))
        line = self._exchange(encode(Request(command=command, by=by)) + b"\n")
        try:
            answer = decode_answer(line)
        except msgspec.DecodeError as error:
            raise ControlError(f"what answers at {self.path} is not a bot: {error}") from error
        if not answer.ok:
            raise ControlError(f"the bot refused: {answer.error}")
        return bytes(answer.result)

    def _exchange(self, request: bytes) -> bytes:
        deadline = monotonic() + self._seconds_max
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.settimeout(self._seconds_max)
                connection.connect(str(self.path))
                with suppress(BrokenPipeError):  # a bot with too many clients says so without listening
                    connection.sendall(request)
                return _read_line(connection, deadline)
            except (FileNotFoundError, ConnectionRefusedError) as error:
                raise ControlError(f"no bot is running at {self.path}") from error
            except TimeoutError as error:
                raise ControlError(
                    f"the bot at {self.path} did not answer within {self._seconds_max:g} s"
                ) from error
            except OSError as error:
                raise ControlError(f"control socket {self.path}: {error.strerror or error}") from error


def _read_line(connection: socket.socket, deadline: float) -> bytes:
    """Bytes up to the first line end; the deadline is for all of them together."""
    received = bytearray()
    while not received.endswith(b"\n"):
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(CHUNK_BYTES)
        if not chunk:
            raise ControlError("the bot hung up before it answered")
        received += chunk
        if len(received) > ANSWER_BYTES_MAX:
            raise ControlError(f"the bot's answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(received)

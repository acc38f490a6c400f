"""The bot's end of the control plane: a Unix socket in the bot's own event loop."""

from __future__ import annotations

import asyncio
import socket
import stat
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from zombot.domain.errors import DomainError
from zombot.domain.events import CommandKind
from zombot.infrastructure.control.protocol import (
    BY_CHARACTERS_MAX,
    REQUEST_BYTES_MAX,
    STATUS,
    Answer,
    ControlError,
    Request,
    check_path,
    decode_request,
    encode,
    printable,
)

CLIENTS_MAX: Final = 8
IDLE_SECONDS_MAX: Final = 30.0
SEND_SECONDS_MAX: Final = 5.0
PROBE_SECONDS_MAX: Final = 1.0
COMMANDS: Final = {kind.value: kind for kind in CommandKind}


class ControlServer:
    """Answers ``status`` with a snapshot and hands commands to the bot.

    Every client costs bounded memory and time: requests have a size, connections an idle limit and a number.
    Whoever may open the socket file (its owner) may operate the bot.
    """

    def __init__(
        self,
        path: Path,
        *,
        snapshot: Callable[[], msgspec.Struct],
        command: Callable[[CommandKind, str], dict[str, object]],
        clients_max: int = CLIENTS_MAX,
        idle_seconds_max: float = IDLE_SECONDS_MAX,
    ) -> None:
        self._path = path
        self._snapshot = snapshot
        self._command = command
        self._clients_max = clients_max
        self._idle_seconds_max = idle_seconds_max
        self._server: asyncio.Server | None = None
        self._inode = 0
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. A socket that a dead bot left behind is replaced.

        Raises:
            ControlError: another bot answers at this path, or no socket can be there.
        """
        assert self._server is None
        listener = _listen(self._path)
        self._inode = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=REQUEST_BYTES_MAX, start_serving=True
        )

    async def close(self) -> None:
        """Stop listening, drop the clients and take the file away if it is still ours."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            if len(self._clients) > self._clients_max:
                await _send(writer, _refusal(f"too many clients: {self._clients_max} are allowed"))
            else:
                await self._converse(reader, writer)
        except (TimeoutError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()  # slow, gone or in the way of closing: nothing is owed to this client
        finally:
            self._clients.discard(task)
            await _hang_up(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the client leaves; a line that never ends is where the talk ends."""
        peer = _peer(writer)
        while True:
            try:
                async with asyncio.timeout(self._idle_seconds_max):
                    line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                await _send(writer, _refusal(f"request too long: {REQUEST_BYTES_MAX} bytes are allowed"))
                return
            await _send(writer, self._answer(line, peer))

    def _answer(self, line: bytes, peer: str) -> Answer:
        try:
            request = decode_request(line)
        except msgspec.DecodeError as error:
            return _refusal(f"not a request: {error}")
        try:
            return Answer(ok=True, result=msgspec.Raw(encode(self._result(request, peer))))
        except (ControlError, DomainError) as error:
            return _refusal(str(error))

    def _result(self, request: Request, peer: str) -> msgspec.Struct | dict[str, object]:
        if request.command == STATUS:
            return self._snapshot()
        kind = COMMANDS.get(request.command)
        if kind is None:
            allowed = ", ".join((STATUS, *COMMANDS))
            raise ControlError(f"unknown command {printable(request.command, 40)!r}: {allowed} are allowed")
        by = printable(request.by, BY_CHARACTERS_MAX) or "unknown"
        return self._command(kind, by + peer)


def _listen(path: Path) -> socket.socket:
    """A socket bound to ``path`` and closed to others before the first client can come."""
    check_path(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)  # before listen(): until then every connection is refused anyway
        listener.listen(CLIENTS_MAX)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ControlError(f"control socket {path}: {error.strerror or error}") from error
    return listener


def _remove_stale(path: Path) -> None:
    """Take away a socket file that nobody answers at; leave anything else alone."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(f"control socket {path}: a file that is not a socket is in the way")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS_MAX)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ControlError(f"control socket {path}: {error.strerror or error}") from error
    raise ControlError(f"a bot is already running: it answers at {path}")


def _peer(writer: asyncio.StreamWriter) -> str:
    """Who is at the other end as the kernel says, where it does say so."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return ""
    connection = writer.get_extra_info("socket")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return f" (uid {uid})"


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close, and see it closed: the loop may end right after the server does."""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(SEND_SECONDS_MAX):
            await writer.wait_closed()


def _refusal(reason: str) -> Answer:
    return Answer(ok=False, error=reason)


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(encode(answer) + b"\n")
    async with asyncio.timeout(SEND_SECONDS_MAX):
        await writer.drain()

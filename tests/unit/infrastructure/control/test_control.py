"""Server and client of the control plane, over real Unix sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from zombot.domain.errors import InvalidValue
from zombot.domain.events import CommandKind
from zombot.infrastructure.control.client import ControlClient
from zombot.infrastructure.control.protocol import PATH_BYTES_MAX, REQUEST_BYTES_MAX, ControlError
from zombot.infrastructure.control.server import ControlServer


class Picture(msgspec.Struct):
    mode: str
    pairs: list[str]


class Bot:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[CommandKind, str]] = []

    def snapshot(self) -> Picture:
        return Picture(mode="enabled", pairs=["BTC-USDT"] * 3)

    def command(self, kind: CommandKind, by: str) -> dict[str, object]:
        if kind is CommandKind.RESUME:
            raise InvalidValue("cannot resume: the account is not reconciled")
        self.told.append((kind, by))
        return {"mode": "paused"}


@pytest.fixture
def path() -> Iterator[Path]:
    """A socket path that is short enough wherever the tests run."""
    with tempfile.TemporaryDirectory(prefix="zb") as folder:
        yield Path(folder) / "run" / "bot.sock"


@contextlib.asynccontextmanager
async def serving(path: Path, bot: Bot, **options: Any) -> AsyncIterator[ControlServer]:
    """A server that runs within the block."""
    server = ControlServer(path, snapshot=bot.snapshot, command=bot.command, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run on the loop that the bot uses."""

    async def limited() -> None:
        async with asyncio.timeout(20):
            await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(limited())


async def raw(path: Path, *chunks: bytes, end: bool = False) -> bytes:
    """Send bytes as they are and read until the server hangs up or a line has come."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    for chunk in chunks:
        writer.write(chunk)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        await asyncio.sleep(0.01)
    if end:
        writer.write_eof()
    try:
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        await left(writer)


async def left(writer: asyncio.StreamWriter) -> None:
    """Close a connection of ours and see it closed."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def test_status_and_command_reach_the_bot_and_come_back(path: Path) -> None:
    """A snapshot and a command's result arrive as the bot gave them, and the bot learns who asked."""

    async def work() -> None:
        bot = Bot()
        async with serving(path, bot):
            client = ControlClient(path)
            status = await asyncio.to_thread(client.status)
            assert json.loads(status) == {"mode": "enabled", "pairs": ["BTC-USDT"] * 3}
            answer = await asyncio.to_thread(client.request, "reduce-only", "alice")
            assert json.loads(answer) == {"mode": "paused"}
            kind, by = bot.told[0]
            assert kind is CommandKind.REDUCE_ONLY
            assert by.startswith("alice")
            if hasattr(socket, "SO_PEERCRED"):
                assert by == f"alice (uid {os.getuid()})"

    run(work)


def test_the_socket_is_its_owners_alone_and_goes_with_the_server(path: Path) -> None:
    """Mode 0600 while it serves; no file and no bot afterwards."""

    async def work() -> None:
        async with serving(path, Bot()):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not path.exists()

    run(work)
    with pytest.raises(ControlError, match=f"no bot is running at {path}"):
        ControlClient(path).status()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"garbage\n", "not a request"),
        (b"\xff\xfe\x00\n", "not a request"),
        (b"[1, 2]\n", "not a request"),
        (b'{"command": 7}\n', "not a request"),
        (b'{"command": "pause", "force": true}\n', "not a request"),
        (b'{"command": "explode"}\n', "status, pause, resume, reduce-only, flatten, kill are allowed"),
        (b'{"command": "resume"}\n', "not reconciled"),
        (b"\n", "not a request"),
    ],
)
def test_a_bad_request_gets_a_reason_and_the_next_one_an_answer(path: Path, line: bytes, words: str) -> None:
    """Garbage costs its sender an error and nobody else anything."""

    async def work() -> None:
        async with serving(path, Bot()):
            answer = json.loads(await raw(path, line))
            assert answer["ok"] is False
            assert words in answer["error"]
            assert (await asyncio.to_thread(ControlClient(path).status)).startswith(b"{")

    run(work)


def test_an_oversized_request_is_refused_while_it_comes(path: Path) -> None:
    """The limit holds with and without an end of line."""

    async def work() -> None:
        async with serving(path, Bot()):
            for tail in (b"", b"\n"):
                answer = json.loads(await raw(path, b"x" * (REQUEST_BYTES_MAX * 3) + tail))
                assert f"{REQUEST_BYTES_MAX} bytes are allowed" in answer["error"]

    run(work)


def test_a_request_in_pieces_is_one_request_and_half_of_one_is_none(path: Path) -> None:
    """Pieces are joined; a client that leaves in the middle has asked nothing."""

    async def work() -> None:
        bot = Bot()
        async with serving(path, bot):
            answer = json.loads(await raw(path, b'{"comm', b'and": "pau', b'se"}\n'))
            assert answer["ok"] is True
            assert await raw(path, b'{"command": "kill"', end=True) == b""
            assert [kind for kind, _ in bot.told] == [CommandKind.PAUSE]

    run(work)


def test_one_connection_may_ask_several_times(path: Path) -> None:
    """Requests on one connection are answered in order."""

    async def work() -> None:
        async with serving(path, Bot()):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b'{"command": "status"}\n{"command": "pause", "by": "x"}\n')
            first, second = json.loads(await reader.readline()), json.loads(await reader.readline())
            assert first["result"]["mode"] == "enabled"
            assert second["result"] == {"mode": "paused"}
            await left(writer)

    run(work)


def test_two_clients_are_served_side_by_side_and_too_many_are_turned_away(path: Path) -> None:
    """One that says nothing does not hold up the other; beyond the limit there is a reason."""

    async def work() -> None:
        async with serving(path, Bot(), clients_max=2):
            _, silent = await asyncio.open_unix_connection(str(path))
            await asyncio.sleep(0.05)
            assert json.loads(await raw(path, b'{"command": "status"}\n'))["ok"] is True
            _, second = await asyncio.open_unix_connection(str(path))
            await asyncio.sleep(0.05)
            with pytest.raises(ControlError, match="too many clients: 2 are allowed"):
                await asyncio.to_thread(ControlClient(path).status)
            await left(silent)
            await left(second)
            await asyncio.sleep(0.05)
            assert (await asyncio.to_thread(ControlClient(path).status)).startswith(b"{")

    run(work)


def test_a_silent_client_is_dropped(path: Path) -> None:
    """Nobody keeps a connection without using it."""

    async def work() -> None:
        async with serving(path, Bot(), idle_seconds_max=0.05):
            assert await raw(path) == b""

    run(work)


def test_a_second_bot_is_refused_and_the_first_goes_on(path: Path) -> None:
    """A live socket is not taken over, and losing against it does not remove it."""

    async def work() -> None:
        async with serving(path, Bot()):
            second = ControlServer(path, snapshot=Bot().snapshot, command=Bot().command)
            with pytest.raises(ControlError, match="already running"):
                await second.start()
            await second.close()
            assert (await asyncio.to_thread(ControlClient(path).status)).startswith(b"{")

    run(work)


def test_what_a_dead_bot_left_behind_is_replaced(path: Path) -> None:
    """A socket file without a listener is no bot for a client, and no obstacle for a server."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with pytest.raises(ControlError, match="no bot is running"):
        ControlClient(path).status()

    async def work() -> None:
        async with serving(path, Bot()):
            assert (await asyncio.to_thread(ControlClient(path).status)).startswith(b"{")

    run(work)


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    """Nothing of the user's is deleted to make room."""
    path.parent.mkdir()
    path.write_text("mine")

    async def work() -> None:
        with pytest.raises(ControlError, match="a file that is not a socket is in the way"):
            await ControlServer(path, snapshot=Bot().snapshot, command=Bot().command).start()

    run(work)
    assert path.read_text() == "mine"


def test_a_successors_socket_survives_our_closing(path: Path) -> None:
    """Only the file that this server made is removed."""

    async def work() -> None:
        async with serving(path, Bot()):
            path.unlink()
            path.write_text("another's")
        assert path.read_text() == "another's"

    run(work)


def test_a_path_beyond_what_the_kernel_takes_is_named() -> None:
    """The message says how long it is and how long it may be."""
    long = Path("/tmp") / ("x" * PATH_BYTES_MAX)
    with pytest.raises(ControlError, match=f"{PATH_BYTES_MAX} are allowed"):
        ControlClient(long).status()


def test_a_bot_that_hangs_and_one_that_talks_nonsense_end_in_words(path: Path) -> None:
    """The client gives up after its time and does not trust what it reads."""
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(ControlError, match=r"did not answer within 0\.1 s"):
            ControlClient(path, seconds_max=0.1).status()

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(replies.pop(0))
        await left(writer)

    replies = [b"hello\n", b""]

    async def work() -> None:
        path.unlink()
        server = await asyncio.start_unix_server(nonsense, str(path))
        async with server:
            for words in ("is not a bot", "hung up"):
                with pytest.raises(ControlError, match=words):
                    await asyncio.to_thread(ControlClient(path).status)

    run(work)

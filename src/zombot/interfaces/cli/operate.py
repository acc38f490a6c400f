"""The commands that look at and steer a running bot."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zombot.interfaces.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from zombot.engine.queries import Snapshot
    from zombot.interfaces.cli.wiring import ControlClient

COMMANDS = {
    "pause": """Open nothing new on the running bot.

    Arbitrages that are open go on and exit as usual. `zombot resume` ends it; a restart does not.""",
    "resume": """Let the running bot trade again after pause, reduce-only, flatten or kill.""",
    "reduce-only": """Let the running bot only reduce what it holds.

    As pause, and also what the bot sets itself when a risk limit is hit. `zombot resume` ends it.""",
    "flatten": """Close every open arbitrage of the running bot now, and open nothing new.

    Both legs of each arbitrage are closed together at executable prices. `zombot resume` ends it.""",
    "kill": """Stop the running bot's trading at once: cancel all orders, open nothing, close nothing.

    Positions stay as they are, and the stop survives a restart. `zombot resume` ends it; `zombot flatten`
    closes what is open.""",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    for name, text in COMMANDS.items():
        app.command(name, help=text)(_command(name))


def status(
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the running bot does: mode, pairs, open arbitrages, profit, limits, last events."""
    answer = _client(config).status()
    if as_json:
        typer.echo(answer.decode())
        return
    import msgspec

    from zombot.engine.queries import Snapshot

    _print_once(msgspec.json.decode(answer, type=Snapshot))


def _command(name: str) -> Callable[..., None]:
    def command(config: ConfigOption = None, as_json: JsonOption = False) -> None:
        answer = _client(config).request(name, _operator())
        typer.echo(answer.decode() if as_json else _in_words(name, answer))

    return command


def _client(config: Path | None) -> ControlClient:
    from zombot.interfaces.cli.wiring import container, load_settings

    return container().control_client(load_settings(config))


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return ""


def _in_words(name: str, answer: bytes) -> str:
    from zombot.interfaces.cli.summary import of_job

    result = json.loads(answer)
    if not isinstance(result, dict):
        return f"{name}: done"
    if "message" in result:
        return str(result["message"])
    return of_job({"command": name, **result})


def _print_once(snapshot: Snapshot) -> None:
    """The live view's page as it is now; coloured in a terminal, plain text elsewhere."""
    from rich.console import Console

    from zombot.interfaces.cli.view import Page

    console = Console(file=sys.stdout, highlight=False)
    seconds = (snapshot.now_ns - snapshot.started_ns) / 1e9
    page = Page(snapshot, snapshot.events / seconds if seconds > 0 else 0.0)
    height = len(snapshot.pairs) + 2 * len(snapshot.arbitrages) + 30
    for line in page.lines(console.width, height):
        console.print(line, no_wrap=True, overflow="crop", crop=True)

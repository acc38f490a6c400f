"""The ``zombot`` command: wires the groups together and turns expected errors into a line and a code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from zombot.interfaces.cli import backtest, importing, journal, operate, run
from zombot.interfaces.cli.errors import FAILED, code_of, expected_errors, words_of

# Help without boxes: it reads the same in a pipe, and rich need not be loaded for it.
app = typer.Typer(
    name="zombot",
    help="Spot and perpetual arbitrage: run the bot, operate it, test an idea on recordings.",
    epilog="Start with: zombot run (a simulated exchange, no money, no keys). Each command has --help.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"zombot {version('zombot')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    pass


run.add_to(app)
operate.add_to(app)
backtest.add_to(app)
importing.add_to(app)
journal.add_to(app)


def main() -> None:
    """Run the command line; it ends the process with 0 done, 1 failed, 2 usage or 3 stopped by a halt."""
    try:
        app()
    except BrokenPipeError:
        _forget_output()
        sys.exit(FAILED)
    except SystemExit:
        raise  # before the next line asks what is expected, which loads everything
    except expected_errors() as error:
        sys.stderr.write(f"error: {words_of(error)}\n")
        sys.exit(code_of(error))


def _forget_output() -> None:
    """Whoever read our output is gone: what is still buffered must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

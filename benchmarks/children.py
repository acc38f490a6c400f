"""Measured processes: started one at a time, each prints its figures as JSON on its last line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from benchmarks import terms

ROOT: Final = Path(__file__).resolve().parents[1]
PEER: Final = ROOT / ".venv-bench" / "bin" / "python"
TIMEOUT_SECONDS: Final = 300


class ChildError(Exception):
    """A measured process failed."""


class Finding(Struct, frozen=True, kw_only=True):
    """What a back-test in a process of its own says."""

    quotes: int
    wall_run: float
    wall_all: float
    cpu_run: float
    cpu_all: float
    closed: int
    fills: int
    profit: str
    peak_mb: float


def backtest(recording: Path, entry_bps: float = terms.ENTRY_BPS) -> Finding:
    """Run zombot over a recording."""
    return _finding([sys.executable, "-m", "benchmarks.stepping", str(recording), str(entry_bps)])


def peer_backtest(interpreter: Path, columns: Path, entry_bps: float = terms.ENTRY_BPS) -> Finding:
    """Run the peer over the same quotes."""
    return _finding([str(interpreter), "-m", "benchmarks.peer", str(columns), str(entry_bps)])


def wall_ms(arguments: list[str]) -> float:
    """From start to end of a process that runs the same interpreter."""
    began = time.perf_counter()
    _run([sys.executable, *arguments])
    return (time.perf_counter() - began) * 1e3


def _finding(command: list[str]) -> Finding:
    last = _run(command).splitlines()[-1:]
    try:
        return msgspec.json.decode(last[0], type=Finding)
    except (IndexError, msgspec.DecodeError) as error:
        raise ChildError(f"{' '.join(command)} did not print its figures: {error}") from error


def _run(command: list[str]) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ZOMBOT_", "PYTHON"))},
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
    }
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise ChildError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2_000:]}")
    return done.stdout

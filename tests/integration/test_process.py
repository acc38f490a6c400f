"""The program as its user runs it: a real process, its files, its socket, its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from zombot.infrastructure.control.client import ControlClient
from zombot.infrastructure.control.protocol import ControlError

ZOMBOT = [sys.executable, "-m", "zombot"]
FAST = """
[synthetic]
speed = 0
"""
PACED = """
[synthetic]
speed = 20
"""


def zombot(*arguments: str, cwd: Path, code: int = 0) -> str:
    """Run a command to its end; its output."""
    done = subprocess.run(
        [*ZOMBOT, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def config(folder: Path, text: str) -> str:
    """A configuration file in the folder."""
    path = folder / "bot.toml"
    path.write_text(text)
    return path.name


def wait_for_bot(folder: Path) -> None:
    """Until a bot answers at its socket, half a minute at most."""
    client = ControlClient(folder / "var" / "zombot.sock")
    deadline = time.monotonic() + 30
    while True:
        try:
            client.status()
        except ControlError:
            assert time.monotonic() < deadline, "no bot came up"
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_minutes_on_the_defaults(tmp_path: Path, seed: int) -> None:
    """`run --for 120` opens and closes arbitrages in both pairs, and its report satisfies I3, I4 and I8."""
    zombot(
        "run", "--config", config(tmp_path, FAST), "--for", "120", "--seed", str(seed), "--report", "r.json",
        cwd=tmp_path,
    )  # fmt: skip
    report: dict[str, Any] = json.loads((tmp_path / "r.json").read_text())
    closed = {trade["pair"] for trade in report["trades"] if trade["state"] == "closed"}
    assert closed == {"BTC-USDT", "ETH-USDT"}
    pnl = {name: Decimal(value) for name, value in report["pnl"].items()}
    assert pnl["total"] == Decimal(report["equity_end"]) - Decimal(report["equity_start"])
    costs = pnl["fees"] + pnl["slippage"] + pnl["interest"]
    assert pnl["total"] == pnl["basis"] + pnl["funding"] - costs + pnl["repair"]
    assert report["differences"] == {}
    assert Decimal(report["max_residual_notional"]) < 20
    assert "ok" in zombot("journal", "verify", cwd=tmp_path)


def test_a_killed_bot_goes_on_where_it_was(tmp_path: Path) -> None:
    """SIGKILL at any moment: the next start folds the journal, forgets nothing and sends no id twice."""
    name = config(tmp_path, PACED)
    for seconds in (0.1, 0.7, 1.3):
        process = subprocess.Popen(
            [*ZOMBOT, "run", "--config", name],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        wait_for_bot(tmp_path)
        time.sleep(seconds)
        assert process.poll() is None, process.stderr.read() if process.stderr else b""
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    zombot("run", "--config", name, "--for", "60", "--report", "r.json", cwd=tmp_path)
    rows = [
        json.loads(line)["fact"] for line in zombot("journal", "show", "--json", cwd=tmp_path).splitlines()
    ]
    kinds = [row["type"] for row in rows]
    assert kinds.count("BotStarted") == 4
    ids = [r["client_order_id"] for row in rows if row["type"] == "OrdersIntended" for r in row["requests"]]
    assert len(ids) == len(set(ids)) > 4
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["differences"] == {}
    total = Decimal(report["pnl"]["total"])
    assert total == Decimal(report["equity_end"]) - Decimal(report["equity_start"])


def test_a_running_bot_is_operated_over_its_socket(tmp_path: Path) -> None:
    """status, pause, resume, flatten and kill reach a running bot; a kill survives the restart (I7)."""
    name = config(tmp_path, PACED)
    process = subprocess.Popen(
        [*ZOMBOT, "run", "--config", name], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        wait_for_bot(tmp_path)
        assert json.loads(zombot("status", "--json", cwd=tmp_path))["mode"] == "enabled"
        assert "paused" in zombot("pause", cwd=tmp_path)
        assert "enabled" in zombot("resume", cwd=tmp_path)
        assert "reduce-only" in zombot("flatten", cwd=tmp_path)
        assert "halted" in zombot("kill", cwd=tmp_path)
        assert "in use by process" in zombot("run", "--for", "1", cwd=tmp_path, code=1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
    assert "no bot is running" in zombot("status", cwd=tmp_path, code=1)
    zombot("run", "--config", name, "--for", "20", "--report", "r.json", cwd=tmp_path)
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["mode"] == "halted"
    assert not report["halted"], "an operator's stop is no risk halt"

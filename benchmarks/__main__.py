"""Runs the benches: ``python -m benchmarks [--only NAME]… [--json FILE]``.

The exit code says whether the benches ran, never how fast: a busy machine breaks no build.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import answer, backtest, feeds, journal, memory, pairs, startup, table
from benchmarks.children import PEER, ChildError
from benchmarks.measure import Outcome, Plan

BENCHES: Final[dict[str, Callable[[Plan], Outcome]]] = {
    module.BENCH: module.measure for module in (answer, backtest, memory, pairs, journal, feeds, startup)
}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    wanted = _parser().parse_args(arguments)
    outcomes: list[Outcome] = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="zombot-bench-", dir=wanted.dir) as scratch:
        for name in wanted.only or BENCHES:
            print(f"{time.perf_counter() - began:4.0f} s  {name} …", file=sys.stderr, flush=True)
            folder = Path(scratch) / name
            folder.mkdir()
            plan = Plan(
                scratch=folder,
                size=wanted.size,
                rounds=wanted.rounds,
                peer=PEER if PEER.exists() and (PEER.parents[1] / ".ok").exists() else None,
            )
            try:
                outcomes.append(BENCHES[name](plan))
            except ChildError as error:
                print(f"bench {name}: {error}", file=sys.stderr)
                return 1
    print(table.whole(outcomes))
    if wanted.json is not None:
        wanted.json.write_bytes(msgspec.json.format(msgspec.json.encode(_plain(outcomes))))
    return 0


def _plain(outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "machine": table.machine(),
        "ratios": [
            {**msgspec.to_builtins(one), "verdict": one.verdict}
            for outcome in outcomes
            for one in outcome.rows
        ],
        "figures": [one for outcome in outcomes for one in outcome.figures],
        "notes": [note for outcome in outcomes for note in outcome.notes],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure zombot, as ratios.")
    parser.add_argument("--only", action="append", choices=tuple(BENCHES), help="this bench; repeat for more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to a file as well")
    parser.add_argument("--rounds", type=_positive, metavar="N", help="rounds of each bench")
    parser.add_argument("--size", type=float, default=1.0, metavar="X", help="share of the usual repetitions")
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="where scratch files go, and whose disk it is"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: at least 1 is allowed")
    return number


if __name__ == "__main__":
    sys.exit(main())

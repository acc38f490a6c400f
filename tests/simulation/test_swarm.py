"""Seeded worlds with faults: every invariant after every step, and rest once faults stop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.swarm import run_seed

BLOCKS = 12
SEEDS_PER_BLOCK = 10
SOAK_SEEDS = 4_000


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_invariant_holds_in_random_worlds(block: int) -> None:
    """I1-I5, I7-I9 hold after every step of every seed of the fixed block."""
    first = block * SEEDS_PER_BLOCK + 1
    for seed in range(first, first + SEEDS_PER_BLOCK):
        run_seed(seed)


@pytest.mark.soak
@pytest.mark.parametrize("block", range(40))
def test_every_invariant_holds_in_many_random_worlds(block: int) -> None:
    """The same over a few thousand seeds."""
    share = SOAK_SEEDS // 40
    for seed in range(10_000 + block * share, 10_000 + (block + 1) * share):
        run_seed(seed)


def test_the_worlds_reach_what_they_are_meant_to_reach() -> None:
    """The fixed block closes, repairs, aborts and restarts: a swarm that meets nothing proves nothing."""
    totals = {"closed": 0, "aborted": 0, "repaired": 0, "restarts": 0}
    for seed in range(1, 25):
        durable = run_seed(seed).engine.state.durable
        totals["closed"] += durable.counts.closed
        totals["aborted"] += durable.counts.aborted
        totals["repaired"] += durable.counts.repaired
        totals["restarts"] += durable.starts - 1
    assert all(total > 5 for total in totals.values()), totals


HASHES = """
from tests.simulation.swarm import run_seed
print([run_seed(seed).engine.state.state_hash() for seed in (1, 4, 9)])
"""


def test_one_seed_gives_one_state_hash_in_every_process() -> None:
    """I9: the same seed ends in the same state hash whatever PYTHONHASHSEED is."""
    root = Path(__file__).parents[2]
    printed = {
        subprocess.run(
            [sys.executable, "-c", HASHES],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    assert len(printed) == 1
    assert "'" in printed.pop()

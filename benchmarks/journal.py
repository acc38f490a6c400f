"""What it costs to write an order's intent down before it leaves, beside plain writes of the same bytes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.market import BEGIN_NS, PRICE, STEP_NS
from benchmarks.measure import Figure, Outcome, Plan, in_rounds, percentile, row
from benchmarks.world import Kept, World
from zombot.domain.events import ArbitragePlanned, Fact
from zombot.domain.market import TopOfBook
from zombot.infrastructure.journal.codec import encode
from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.layout import FRAME_HEADER_BYTES

BENCH: Final = "journal"
PAUSE_NS: Final = 200_000
"""Between two appends: orders are rare, and the worker that syncs has its turn."""
PREMIUM: Final = 1.003
MICRO: Final = 1e-3


def entry_batch() -> list[Fact]:
    """What is in the journal before both orders of an entry leave: the plan and the two intents."""
    journal = Kept()
    world = World({"notional": "4000"}, journal=journal)
    spot, perpetual = world.names
    for number, (name, price) in enumerate(((spot, PRICE), (perpetual, PRICE * PREMIUM)), 1):
        at_ns = BEGIN_NS + number * STEP_NS
        bid = round(price, 1)
        world.step([TopOfBook(name, bid, 5.0, round(bid + 0.1, 1), 5.0, at_ns, at_ns, number)])
    return next(batch for batch in journal.batches if any(type(fact) is ArbitragePlanned for fact in batch))


def measure(plan: Plan) -> Outcome:
    """Each append timed by itself, at the pace of a busy bot."""
    facts = entry_batch()
    text = bytes(FRAME_HEADER_BYTES) + encode(facts)
    plain = os.open(plan.scratch / "plain", os.O_WRONLY | os.O_CREAT, 0o600)
    ahead = os.open(plan.scratch / "ahead", os.O_WRONLY | os.O_CREAT, 0o600)
    process = FileJournal(plan.scratch / "process", durability="process")
    power = FileJournal(plan.scratch / "power", durability="power")
    times: dict[str, list[int]] = {"process": [], "write": [], "encoded": [], "power": [], "synced": []}
    many, few, rounds = plan.count(1_000, 5), plan.count(150, 3), plan.turns(7)
    try:
        _preallocate(ahead, len(text) * few * (rounds + 1))
        actions: dict[str, tuple[Callable[[], object], int]] = {
            "process": (partial(process.append, facts), many),
            "write": (partial(os.write, plain, text), many),
            "encoded": (lambda: os.write(plain, encode(facts)), many),
            "power": (partial(power.append, facts), few),
            "synced": (partial(_write_synced, ahead, text), few),
        }
        found = in_rounds(
            {name: partial(_paced, *action, times[name]) for name, action in actions.items()}, rounds
        )
    finally:
        process.close()
        power.close()
        os.close(plain)
        os.close(ahead)
    rows = (
        row(BENCH, "append, process mode ÷ os.write of the same bytes", found["process"], found["write"]),
        row(
            BENCH,
            "append, process mode ÷ encoding the facts and os.write",
            found["process"],
            found["encoded"],
        ),
        row(
            BENCH,
            "append, power mode ÷ os.write and fdatasync of the same bytes",
            found["power"],
            found["synced"],
        ),
    )
    return Outcome(rows=rows, figures=_figures(times, len(text), plan.scratch))


def _figures(times: dict[str, list[int]], length: int, folder: Path) -> tuple[Figure, ...]:
    texts = {
        "process": f"append of {length} bytes, process mode",
        "write": "os.write of the same bytes",
        "encoded": "encoding the facts and os.write",
        "power": "append, power mode",
        "synced": "os.write and fdatasync, file allocated beforehand",
    }
    shares = ((0.5, "p50"), (0.99, "p99"))
    return tuple(
        Figure(bench=BENCH, name=f"{texts[name]}, {label}", value=percentile(taken, share) * MICRO, unit="µs")
        for name, taken in times.items()
        for share, label in shares
    )


def _paced(action: Callable[[], object], count: int, times: list[int]) -> float:
    """The median of one round."""
    clock = time.perf_counter_ns
    taken: list[int] = []
    for _ in range(count):
        until = clock() + PAUSE_NS
        while clock() < until:
            time.sleep(0)  # lets the journal's worker in
        began = clock()
        action()
        taken.append(clock() - began)
    times += taken
    return percentile(taken, 0.5)


def _preallocate(descriptor: int, length: int) -> None:
    os.write(descriptor, bytes(length))
    os.fsync(descriptor)
    os.lseek(descriptor, 0, os.SEEK_SET)


def _write_synced(descriptor: int, text: bytes) -> None:
    os.write(descriptor, text)
    os.fdatasync(descriptor)

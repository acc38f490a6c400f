"""How fast events come out of a recording and out of the synthetic market."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from benchmarks import market
from benchmarks.answer import DECODER, frame
from benchmarks.measure import Figure, Outcome, Plan, each, in_rounds, percentile, quiet_collector, row
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.synthetic.config import lively
from zombot.infrastructure.synthetic.market import SyntheticMarket

BENCH: Final = "feeds"
SECOND_NS: Final = 1_000_000_000


def measure(plan: Plan) -> Outcome:
    """Nanoseconds an event."""
    count = plan.count(200_000, 500)
    columns = market.make_columns(count)
    began = time.thread_time_ns()
    size = market.record(columns, plan.scratch / "feeds")
    writing = (time.thread_time_ns() - began) / count
    source = RecordingSource(plan.scratch / "feeds")
    synthetic = SyntheticMarket(lively(), market.VENUE, market.BEGIN_NS, 1)
    frames = [frame(quote) for quote in market.Ticker([market.instruments()[0].id]).take(min(count, 2_000))]
    variants: dict[str, Callable[[], float]] = {
        "decode": lambda: each(DECODER.decode, frames * -(-20_000 // len(frames))),
        "reader": lambda: _drained(source.events(), count),
        "synthetic": lambda: _drained(islice(synthetic.events(), count), count),
    }
    found = in_rounds(variants, plan.turns(7))
    rows = (
        row(
            BENCH,
            "an event from Parquet ÷ decoding its frame with msgspec",
            found["reader"],
            found["decode"],
        ),
        row(
            BENCH,
            "an event of the synthetic market ÷ an event from Parquet",
            found["synthetic"],
            found["reader"],
        ),
    )
    rates = {
        "read from Parquet": percentile(found["reader"], 0.5),
        "synthetic market of two pairs, depth and trades included": percentile(found["synthetic"], 0.5),
        "written to Parquet, columns to events included": writing,
    }
    figures = [
        Figure(bench=BENCH, name=name, value=SECOND_NS / spent, unit="events/s")
        for name, spent in rates.items()
    ]
    figures.append(Figure(bench=BENCH, name="a quote on disk", value=size / count, unit="bytes"))
    return Outcome(rows=rows, figures=tuple(figures))


def _drained(events: Iterable[object], count: int) -> float:
    with quiet_collector():
        began = time.thread_time_ns()
        seen = sum(1 for _ in events)
        spent = time.thread_time_ns() - began
    assert seen == count, (seen, count)
    return spent / count

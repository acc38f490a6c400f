"""Samples equity and spreads over time, thinned so that the number of points stays bounded."""

from __future__ import annotations

from typing import Any, Final

from zombot.domain.ledger import account_key
from zombot.engine.engine import Engine
from zombot.engine.profit import Marks
from zombot.engine.snapshot import pair_rows
from zombot.ports.scheduler import Scheduler

POINTS_MAX: Final = 2_000
SECOND_NS: Final = 1_000_000_000


class Sampler:
    """Takes a sample each interval of engine time; at ``POINTS_MAX`` it drops every second and doubles it."""

    def __init__(self, engine: Engine, scheduler: Scheduler, interval_ns: int = SECOND_NS) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._interval_ns = interval_ns
        self._high = float("-inf")
        self._opening: Marks = {}
        self._spots = {
            account_key(i.venue, i.base): i.id for i in engine.state.instruments.values() if i.is_spot
        }
        self.series: dict[str, list[Any]] = {"time_ns": [], "equity": [], "drawdown": []}

    def start(self, opening_marks: Marks) -> None:
        """Begin sampling; ``opening_marks`` value what was owned at the start."""
        self._opening = opening_marks
        self._scheduler.call_at(self._scheduler.now_ns + self._interval_ns, self._tick)

    def _tick(self) -> None:
        self.sample()
        self._scheduler.call_at(self._scheduler.now_ns + self._interval_ns, self._tick)

    def sample(self) -> None:
        """Take one sample now."""
        engine, series = self._engine, self.series
        value = self._equity()
        self._high = max(self._high, value)
        series["time_ns"].append(self._scheduler.now_ns)
        series["equity"].append(value)
        series["drawdown"].append(value - self._high)
        for row in pair_rows(engine):
            # The spread at which it would enter: what it sees now plus what is missing.
            entry = None
            if row.spread_bps is not None and row.distance_bps is not None:
                entry = row.spread_bps + row.distance_bps
            samples = {"basis_bps": row.basis_bps, "spread_bps": row.spread_bps, "entry_bps": entry}
            for name, sample in samples.items():
                series.setdefault(f"{row.pair}:{name}", []).append(sample)
        if len(series["time_ns"]) >= POINTS_MAX:
            self._thin()

    def _equity(self) -> float:
        """Equity in floats: a picture needs no exact digits, and this runs often."""
        markets, ledger = self._engine.markets, self._engine.state.durable.ledger
        total = 0.0
        for key, amount in ledger.balances.items():
            spot = self._spots.get(key)
            if spot is None:
                total += float(amount)
                continue
            opening, mid = float(ledger.opening.get(key, 0)), markets[spot].mid
            total += opening * float(self._opening.get(spot, 0) or mid) + (float(amount) - opening) * mid
        for identifier, holding in ledger.holdings.items():
            total += float(holding.quantity) * markets[identifier].mid - float(holding.cost)
        return total

    def _thin(self) -> None:
        for name, samples in self.series.items():
            self.series[name] = samples[1::2]
        self._interval_ns *= 2

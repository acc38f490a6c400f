"""Simulated time: a queue of call-backs, the only thing in a back-test that moves the clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from zombot.domain.errors import InvariantViolation

NEVER: Final = 2**63 - 1
PENDING_MAX: Final = 1_000_000
"""More call-backs than this wait only when something schedules without end."""


class Agenda:
    """A ``Scheduler`` whose clock stands still until told.

    Whoever drives it runs what is due before it moves the clock past it: ``run_until(t)`` does both.
    """

    __slots__ = ("_heap", "_sequence", "next_ns", "now_ns")

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self.next_ns = NEVER
        """When the next call-back is due: one comparison a quote for the driver."""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = 0

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Run ``action`` at ``at_ns``, or next if that is past; ties run in the order of the calls."""
        at_ns = max(at_ns, self.now_ns)
        self._sequence += 1
        heapq.heappush(self._heap, (at_ns, self._sequence, action))
        if len(self._heap) > PENDING_MAX:
            raise InvariantViolation(f"{PENDING_MAX} call-backs wait: something schedules without end")
        self.next_ns = self._heap[0][0]

    def run_until(self, until_ns: int) -> None:
        """Run everything due up to and including ``until_ns`` in order, then let the clock stand there."""
        heap = self._heap
        while heap and heap[0][0] <= until_ns:
            at_ns, _, action = heapq.heappop(heap)
            self.next_ns = heap[0][0] if heap else NEVER
            if at_ns > self.now_ns:
                self.now_ns = at_ns
            action()
        self.next_ns = heap[0][0] if heap else NEVER
        if until_ns > self.now_ns:
            self.now_ns = until_ns

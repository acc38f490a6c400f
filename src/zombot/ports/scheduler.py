"""The port to time: simulated in back-tests, the system's in live runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Scheduler(Protocol):
    """Time and call-backs. Calls due at the same time run in the order in which they were asked for."""

    @property
    def now_ns(self) -> int:
        """Nanoseconds since 1970, UTC; never goes back."""
        ...

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Run ``action`` at ``at_ns``, or as soon as possible if that is past. It cannot be taken back."""
        ...

"""Fill models: where a resting order stands in the queue at its price and what moves it forward."""

from __future__ import annotations

import math
from typing import Final, Literal, Protocol

from msgspec import Struct

UNSEEN: Final = math.inf
"""The level was beyond the visible depth when the order joined: it waits behind whatever shows up there."""

FillKind = Literal["trades", "proportional"]


class Queue(Struct, kw_only=True):
    """A resting order's place. Floats, because it is built from public quantities, in base units."""

    ahead: float
    """Public quantity in front of us."""
    level: float
    """The level's public quantity when we last saw it."""
    traded: float = 0.0
    """Printed at our price since then, and so not cancelled."""


class FillModel(Protocol):
    """How cancels of others move us forward; trades always do."""

    def shrink(self, queue: Queue, level: float) -> None:
        """The level's public quantity is now ``level``."""
        ...


class TradesOnly:
    """Cautious: whoever cancels stood behind us, until the level is smaller than what we had in front."""

    def shrink(self, queue: Queue, level: float) -> None:
        """The level's public quantity is now ``level``."""
        queue.ahead = min(queue.ahead, level)
        queue.level = level
        queue.traded = 0.0


class Proportional:
    """Whoever cancels stood in front of us as likely as the queue in front is long."""

    def shrink(self, queue: Queue, level: float) -> None:
        """The level's public quantity is now ``level``."""
        canceled = queue.level - level - queue.traded
        if canceled > 0 and queue.level > 0 and queue.ahead < UNSEEN:
            queue.ahead -= canceled * min(1.0, queue.ahead / queue.level)
        queue.ahead = max(0.0, min(queue.ahead, level))
        queue.level = level
        queue.traded = 0.0


def build_fills(kind: FillKind) -> FillModel:
    """The model that a configuration names."""
    return Proportional() if kind == "proportional" else TradesOnly()


def on_print(queue: Queue, quantity: float) -> float:
    """Somebody traded ``quantity`` at our price: move forward, and return what is left for us."""
    left = quantity - queue.ahead
    queue.ahead = max(0.0, queue.ahead - quantity)
    queue.traded += quantity
    return max(0.0, left)

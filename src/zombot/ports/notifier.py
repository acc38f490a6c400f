"""The port that wakes a human."""

from __future__ import annotations

from typing import Protocol

from zombot.domain.effects import Alert


class Notifier(Protocol):
    """Takes alerts; must not block and must not raise."""

    def notify(self, alert: Alert, at_ns: int) -> None:
        """Hand one alert on."""
        ...

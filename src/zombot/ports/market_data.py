"""The port to market data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from zombot.domain.instrument import Instrument
from zombot.domain.market import MarketEvent


class MarketSource(Protocol):
    """Market events in the order of their receipt: a recording, or a synthetic market.

    Bounded memory whatever its length. Events of a synthetic market carry ``received_ns >= venue_ns``; the
    venue's matching sees them at ``venue_ns`` and the engine at ``received_ns``. For a recording both see
    them at ``received_ns``, because the venue's clock is not ours.
    """

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """What it has data of."""
        ...

    def events(self) -> Iterator[MarketEvent]:
        """A fresh pass from the beginning."""
        ...

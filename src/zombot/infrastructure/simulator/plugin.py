"""The simulator as a venue like any other: what the entry point ``zombot.venues`` names."""

from __future__ import annotations

from collections.abc import Iterable

from zombot.domain.identifiers import VenueId
from zombot.domain.instrument import Instrument
from zombot.infrastructure.simulator.config import SimulatorConfig
from zombot.infrastructure.simulator.venue import SimulatedVenue
from zombot.ports.scheduler import Scheduler


def build(
    config: SimulatorConfig, *, venue: VenueId, instruments: Iterable[Instrument], scheduler: Scheduler
) -> SimulatedVenue:
    """Build the venue.

    Raises:
        InvalidValue: the configuration is wrong; the message names the value and what is allowed.
    """
    return SimulatedVenue(venue, instruments, config, scheduler)

"""Fault models: everything that may go wrong between a bot and its venue, seeded and off by default."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from zombot.domain.errors import InvalidValue
from zombot.infrastructure.simulator.latency import NS_PER_MS

OUTAGES_MAX: Final = 10_000
"""A run has no more outages than this."""


class FaultConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often each fault strikes: probabilities from 0 to 1. All zero means a perfect connection."""

    reject: float = 0.0
    """The venue refuses a sound order."""
    unknown: float = 0.0
    """The acknowledgement is lost: ``OrderUnknown`` comes, and the order may have been executed."""
    silence: float = 0.0
    """Nothing at all is said about the order until it is asked for."""
    executed_share: float = 0.5
    """How many of the unknown and silent orders reached the venue."""
    partial: float = 0.0
    """An order that may not rest gets only a part of the liquidity that stands there."""
    duplicate: float = 0.0
    """A report comes twice."""
    reorder: float = 0.0
    """A report comes after later ones."""
    late_fill: float = 0.0
    """A fill comes after the end of its order was reported."""
    delay_ns_max: int = 500 * NS_PER_MS
    """How much later a delayed report comes at most."""
    outage_every_ns: int = 0
    """Mean time between disconnects; 0 for none."""
    outage_ns_max: int = 2_000 * NS_PER_MS
    """How long a disconnect lasts at most."""

    def __post_init__(self) -> None:
        for name in ("reject", "unknown", "silence", "executed_share", "partial", "duplicate"):
            self._check_share(name)
        self._check_share("reorder")
        self._check_share("late_fill")
        if self.reject + self.unknown + self.silence > 1:
            raise InvalidValue("faults reject, unknown and silence: together at most 1 is allowed")
        for name in ("delay_ns_max", "outage_every_ns", "outage_ns_max"):
            if getattr(self, name) < 0:
                raise InvalidValue(f"fault {name} is {getattr(self, name)}: 0 or more is allowed")

    def _check_share(self, name: str) -> None:
        value = getattr(self, name)
        if not 0 <= value <= 1:
            raise InvalidValue(f"fault {name} is {value}: a probability from 0 to 1 is allowed")

    @property
    def off(self) -> bool:
        """Whether nothing ever goes wrong."""
        chances = (self.reject, self.unknown, self.silence, self.partial)
        return not any((*chances, self.duplicate, self.reorder, self.late_fill, self.outage_every_ns))


class Fate(NamedTuple):
    """What becomes of one order on its way."""

    arrives: bool = True
    muted: bool = False
    """Its reports are lost until it is asked for."""
    answer: str = ""
    """``rejected`` or ``unknown``: what the bot is told in the venue's place."""


SOUND: Final = Fate()


class FaultModel(Protocol):
    """One account's luck."""

    def fate(self) -> Fate:
        """What becomes of the next order."""
        ...

    def share(self) -> Decimal | None:
        """How much of an order that may not rest can be filled, as a fraction; None for all of it."""
        ...

    def delay(self, *, is_fill: bool) -> int:
        """How much later than its turn the next report comes."""
        ...

    def copies(self) -> int:
        """How often the next report comes."""
        ...

    def outage(self) -> tuple[int, int] | None:
        """Nanoseconds until the next disconnect and how long it lasts; None for no more."""
        ...


class NoFaults:
    """A perfect connection."""

    def fate(self) -> Fate:
        """What becomes of the next order."""
        return SOUND

    def share(self) -> Decimal | None:
        """How much of an order that may not rest can be filled."""
        return None

    def delay(self, *, is_fill: bool) -> int:
        """How much later than its turn the next report comes."""
        return 0

    def copies(self) -> int:
        """How often the next report comes."""
        return 1

    def outage(self) -> tuple[int, int] | None:
        """No disconnect, ever."""
        return None


class SeededFaults:
    """Faults drawn from one seeded stream, so that a failing run can be repeated."""

    __slots__ = ("_config", "_outages", "_random")

    def __init__(self, config: FaultConfig, *, seed: str) -> None:
        self._config = config
        self._random = random.Random(seed)
        self._outages = 0

    def fate(self) -> Fate:
        """What becomes of the next order."""
        config, draw = self._config, self._random.random()
        if draw < config.reject:
            return Fate(arrives=False, answer="rejected")
        draw -= config.reject
        arrives = self._strikes(config.executed_share)
        if draw < config.unknown:
            # Half of the lost acknowledgements come from a venue that goes on reporting on another channel.
            return Fate(arrives=arrives, muted=self._strikes(0.5), answer="unknown")
        if draw < config.unknown + config.silence:
            return Fate(arrives=arrives, muted=True)
        return SOUND

    def share(self) -> Decimal | None:
        """How much of an order that may not rest can be filled, as a fraction; None for all of it."""
        if not self._strikes(self._config.partial):
            return None
        return Decimal(self._random.randint(0, 99)) / 100

    def delay(self, *, is_fill: bool) -> int:
        """How much later than its turn the next report comes."""
        config = self._config
        late = self._strikes(config.reorder)
        late = (is_fill and self._strikes(config.late_fill)) or late
        return self._random.randint(1, max(1, config.delay_ns_max)) if late else 0

    def copies(self) -> int:
        """How often the next report comes."""
        return 2 if self._strikes(self._config.duplicate) else 1

    def outage(self) -> tuple[int, int] | None:
        """Nanoseconds until the next disconnect and how long it lasts; None for no more."""
        config = self._config
        if not config.outage_every_ns or self._outages >= OUTAGES_MAX:
            return None
        self._outages += 1
        wait = int(self._random.expovariate(1.0) * config.outage_every_ns) + 1
        return wait, self._random.randint(1, max(1, config.outage_ns_max))

    def _strikes(self, probability: float) -> bool:
        return self._random.random() < probability


def build_faults(config: FaultConfig, *, seed: str) -> FaultModel:
    """The model that a configuration asks for."""
    return NoFaults() if config.off else SeededFaults(config, seed=seed)

"""Latency models: how long a message takes, seeded, and in order on one connection."""

from __future__ import annotations

import math
import random
from typing import Final, Literal, Protocol

from msgspec import Struct

from zombot.domain.errors import InvalidValue

NS_PER_MS: Final = 1_000_000
LOGNORMAL_CAP: Final = 100
"""A sample is at most this many times the median, so that one draw cannot stop a run."""


class LatencyConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One hop's latency, in nanoseconds."""

    kind: Literal["constant", "uniform", "lognormal"] = "constant"
    ns: int = 0
    """The constant, the lower end of the uniform, or the median of the lognormal."""
    ns_max: int = 0
    """The upper end of the uniform."""
    sigma: float = 0.5
    """Spread of the lognormal: the standard deviation of its logarithm."""

    def __post_init__(self) -> None:
        if self.ns < 0:
            raise InvalidValue(f"latency ns is {self.ns}: 0 or more is allowed")
        if self.kind == "uniform" and self.ns_max < self.ns:
            raise InvalidValue(f"latency ns_max is {self.ns_max}: at least ns, {self.ns}, is allowed")
        if not 0 <= self.sigma <= 5:
            raise InvalidValue(f"latency sigma is {self.sigma}: 0 to 5 is allowed")


class LatencyModel(Protocol):
    """One hop."""

    def sample(self) -> int:
        """Nanoseconds that the next message takes."""
        ...


class ConstantLatency:
    """The same for every message."""

    __slots__ = ("_ns",)

    def __init__(self, ns: int) -> None:
        self._ns = ns

    def sample(self) -> int:
        """Nanoseconds that the next message takes."""
        return self._ns


class UniformLatency:
    """Anything between two ends, equally likely."""

    __slots__ = ("_high", "_low", "_random")

    def __init__(self, low: int, high: int, *, seed: str) -> None:
        self._low = low
        self._high = high
        self._random = random.Random(seed)

    def sample(self) -> int:
        """Nanoseconds that the next message takes."""
        return self._random.randint(self._low, self._high)


class LognormalLatency:
    """Mostly near the median, with the long tail that real networks have."""

    __slots__ = ("_cap", "_mu", "_random", "_sigma")

    def __init__(self, median: int, sigma: float, *, seed: str) -> None:
        self._mu = math.log(max(median, 1))
        self._sigma = sigma
        self._cap = median * LOGNORMAL_CAP
        self._random = random.Random(seed)

    def sample(self) -> int:
        """Nanoseconds that the next message takes."""
        return min(int(self._random.lognormvariate(self._mu, self._sigma)), self._cap)


def build_latency(config: LatencyConfig, *, seed: str) -> LatencyModel:
    """The model that a configuration names, with its own stream of chance."""
    if config.kind == "uniform":
        return UniformLatency(config.ns, config.ns_max, seed=seed)
    if config.kind == "lognormal":
        return LognormalLatency(config.ns, config.sigma, seed=seed)
    return ConstantLatency(config.ns)


class Hop:
    """One direction of one connection: messages arrive late but never overtake each other."""

    __slots__ = ("_last_ns", "_model")

    def __init__(self, model: LatencyModel) -> None:
        self._model = model
        self._last_ns = 0

    def arrival(self, now_ns: int) -> int:
        """When a message that leaves now arrives."""
        at_ns = now_ns + self._model.sample()
        self._last_ns = max(self._last_ns, at_ns)
        return self._last_ns

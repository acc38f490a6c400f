"""Configuration of the intra strategy, with errors that name the key."""

from __future__ import annotations

import difflib
import math
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from zombot.domain.errors import InvalidValue
from zombot.domain.opportunity import Style

PREMIUM: Final = "premium"
"""Short perpetual, long spot."""
DISCOUNT: Final = "discount"
"""Long perpetual, short spot: sells spot from inventory."""

COUNT_MAX: Final = 1_000

_UNITS: Final = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}


class IntraConfig(Struct, frozen=True, kw_only=True):
    """What a user may set under ``[strategies.intra]``. Times are in ns once parsed."""

    directions: tuple[str, ...] = (PREMIUM,)
    style: Style = Style.TAKER_TAKER
    maker_leg: str = "perpetual"
    """Which leg rests in maker-taker: ``perpetual`` or ``spot``."""
    notional: Decimal = Decimal(2_000)
    entry_bps: float = 5.0
    minimum_bps: float = 1.0
    exit_bps: float = 2.0
    exit_slippage_bps: float = 10.0
    fair_basis: str = "zero"
    fair_basis_half_life_ns: int = 300 * 10**9
    warm_up_ns: int = 0
    """How long the rolling basis is watched before anything is entered; its half-life unless given."""
    holding_horizon_ns: int = 600 * 10**9
    funding_half_life_ns: int = 0
    """Settlements behind the next are expected at this moving average of rates; 0: at the present rate."""
    age_max_ns: int = 3 * 86_400 * 10**9
    funding_exit_bps: float = 5.0
    cool_down_ns: int = 5 * 10**9
    open_max: int = 1
    quote_age_max_ns: int = 2 * 10**9


_DURATIONS: Final = {
    "fair_basis_half_life": "fair_basis_half_life_ns",
    "warm_up": "warm_up_ns",
    "holding_horizon": "holding_horizon_ns",
    "funding_half_life": "funding_half_life_ns",
    "age_max": "age_max_ns",
    "cool_down": "cool_down_ns",
    "quote_age_max": "quote_age_max_ns",
}
_BPS: Final = ("entry_bps", "minimum_bps", "exit_bps", "exit_slippage_bps", "funding_exit_bps")
_CHOICES: Final = {"fair_basis": ("zero", "rolling"), "maker_leg": ("perpetual", "spot")}
KEYS: Final = ("directions", "style", "notional", "open_max", *_DURATIONS, *_BPS, *_CHOICES)


def parse_config(raw: dict[str, object]) -> IntraConfig:
    """Read ``[strategies.intra]``.

    Raises:
        InvalidValue: names key, value and what is allowed.
    """
    for key in raw:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; allowed are {', '.join(sorted(KEYS))}"
            raise InvalidValue(f"strategies.intra.{key}: unknown key{hint}")
    values: dict[str, object] = {}
    for key, value in raw.items():
        if key in _DURATIONS:
            values[_DURATIONS[key]] = _duration(key, value)
        elif key in _BPS:
            values[key] = _finite(key, value)
        elif key in _CHOICES:
            values[key] = _choice(key, value, _CHOICES[key])
        elif key == "style":
            values[key] = Style(_choice(key, value, tuple(s.value for s in Style)))
        elif key == "directions":
            values[key] = _directions(value)
        elif key == "notional":
            values[key] = _positive(key, _number(key, value))
        else:
            values[key] = _whole(key, value)
    if values.get("fair_basis") == "rolling":
        # What is seen first may be a spike: half a life of watching before anything is entered on it.
        watched = values.get("fair_basis_half_life_ns", IntraConfig().fair_basis_half_life_ns)
        values.setdefault("warm_up_ns", watched)
    config = IntraConfig(**values)  # type: ignore[arg-type]
    _cross_check(config)
    return config


def _cross_check(config: IntraConfig) -> None:
    if config.minimum_bps > config.entry_bps:
        raise InvalidValue(
            f"strategies.intra.minimum_bps: {config.minimum_bps} is above entry_bps {config.entry_bps}; "
            "at most entry_bps is allowed"
        )
    for key, name in _DURATIONS.items():
        if getattr(config, name) < 0 or (key == "fair_basis_half_life" and getattr(config, name) == 0):
            raise InvalidValue(f"strategies.intra.{key}: {getattr(config, name)} ns; above 0 is allowed")
    if config.funding_exit_bps < 0:
        raise InvalidValue(
            f"strategies.intra.funding_exit_bps: {config.funding_exit_bps:g}; 0 or more is allowed"
        )
    if not 0 <= config.exit_slippage_bps < 10_000:
        raise InvalidValue(
            f"strategies.intra.exit_slippage_bps: {config.exit_slippage_bps:g}; 0 or more is allowed, "
            "and less than 10000"
        )


def _duration(key: str, value: object) -> int:
    if isinstance(value, str):
        text = value.strip()
        unit = text.lstrip("0123456789.")
        number = text[: len(text) - len(unit)]
        if unit in _UNITS and number:
            return int(_number(key, number) * _UNITS[unit])
    raise InvalidValue(
        f"strategies.intra.{key}: {value!r}; a number with one of the units {', '.join(_UNITS)} is allowed, "
        'for instance "30s"'
    )


def _number(key: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise InvalidValue(f"strategies.intra.{key}: {value!r}; a number is allowed")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise InvalidValue(f"strategies.intra.{key}: {value!r}; a number is allowed") from None
    if not number.is_finite():
        raise InvalidValue(f"strategies.intra.{key}: {value!r}; a finite number is allowed")
    return number


def _finite(key: str, value: object) -> float:
    number = float(_number(key, value))
    if not math.isfinite(number):
        raise InvalidValue(f"strategies.intra.{key}: {value}; a number below 1e308 is allowed")
    return number


def _whole(key: str, value: object) -> int:
    number = _positive(key, _number(key, value))
    if number != number.to_integral_value() or number > COUNT_MAX:
        raise InvalidValue(
            f"strategies.intra.{key}: {value}; a whole number from 1 to {COUNT_MAX} is allowed"
        )
    return int(number)


def _positive(key: str, value: Decimal) -> Decimal:
    if value <= 0:
        raise InvalidValue(f"strategies.intra.{key}: {value}; above 0 is allowed")
    return value


def _choice(key: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidValue(f"strategies.intra.{key}: {value!r}; allowed are {', '.join(allowed)}")
    return str(value)


def _directions(value: object) -> tuple[str, ...]:
    allowed = (PREMIUM, DISCOUNT)
    if not isinstance(value, list | tuple) or not value:
        raise InvalidValue(
            f"strategies.intra.directions: {value!r}; a list of {', '.join(allowed)} is allowed"
        )
    return tuple(_choice("directions", item, allowed) for item in value)

"""Numbers, times and strangers' texts as short words of known width."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

NOTHING: Final = "–"
SECOND_NS: Final = 1_000_000_000
BAR_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def clean(text: str) -> str:
    """A text from outside without anything that could move the cursor or start a new line."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def bps(value: float | None) -> str:
    """Basis points with their sign."""
    if value is None:
        return NOTHING
    return f"{value:+.1f}" if abs(value) < 1_000 else f"{value:+.0f}"


def money(text: str, *, signed: bool = False) -> str:
    """A decimal string with thousands set apart, rounded to cents for reading only."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return clean(text)
    if not value.is_finite():
        return clean(text)
    rounded = value.quantize(Decimal("0.01"))
    if not rounded:
        return "0.00"  # no -0.00
    return f"{rounded:+,}" if signed else f"{rounded:,}"


def shortened(text: str) -> str:
    """A decimal string in at most seven digits, without an exponent."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return clean(text)
    if not value.is_finite() or value.adjusted() >= 7 or len(value.as_tuple().digits) <= 7:
        return clean(text)
    rounded = round(value, 6 - value.adjusted())
    return f"{rounded:f}".rstrip("0").rstrip(".")


def negated(text: str) -> str:
    """A cost, which stands as a positive figure, as what it takes away."""
    return text[1:] if text.startswith("-") else f"-{text}"


def price(value: float) -> str:
    """A price with about seven digits."""
    if value <= 0:
        return NOTHING
    decimals = 2 if value >= 1000 else 4 if value >= 1 else 6
    return f"{value:,.{decimals}f}"


def count(value: int) -> str:
    """A count in at most five characters."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if value >= size:
            scaled = value / (1000 if unit == "k" else size)
            return f"{scaled:.0f}{unit}" if scaled >= 100 else f"{scaled:.1f}{unit}"
    return str(value)


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return NOTHING
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    if minutes:
        return f"{minutes}m{rest:02}s"
    return f"{rest}s"


def milliseconds(value: float | None) -> str:
    """The age of a quote."""
    if value is None:
        return NOTHING
    if value < 1_000:
        return f"{value:.0f}ms"
    if value < 100_000:
        return f"{value / 1_000:.1f}s"
    return duration(value / 1_000)


def clock(at_ns: int) -> str:
    """The time of day, UTC."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%H:%M:%S")


def timestamp(at_ns: int) -> str:
    """Date and time to the millisecond, UTC."""
    moment = datetime.fromtimestamp(at_ns // SECOND_NS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ns % SECOND_NS // 1_000_000:03}Z"


def bar(fraction: float, width: int) -> str:
    """A bar of ``width`` cells, full at 1, in steps of an eighth of a cell."""
    eighths = round(min(max(fraction, 0.0), 1.0) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (BAR_EIGHTHS[part] if part else "")).ljust(width)

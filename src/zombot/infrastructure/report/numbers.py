"""Figures as a reader of the page wants them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

SECOND_NS: Final = 1_000_000_000
MINUS: Final = "−"


def amount(text: str, *, signed: bool = False) -> str:
    """Money to the cent, or to three digits where it is less than a tenth."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite():
        return text
    places = 2
    if value and abs(value) < Decimal("0.1"):
        places = min(max(2, 2 - value.adjusted()), 8)
    return _signed(f"{value:,.{places}f}", signed=signed)


def exact(text: str) -> str:
    """All digits, with a proper minus sign."""
    return text.replace("-", MINUS)


def number(value: float, places: int = 1, *, signed: bool = False) -> str:
    """A float with fixed places."""
    return _signed(f"{value:,.{places}f}", signed=signed)


def percent(part: str, whole: str) -> str:
    """One amount in per cent of another."""
    try:
        ratio = Decimal(part) / Decimal(whole) * 100
    except (InvalidOperation, ZeroDivisionError):
        return ""
    places = 2 if abs(ratio) < 100 else 0
    return _signed(f"{ratio:,.{places}f}", signed=True) + " %"


def _signed(text: str, *, signed: bool) -> str:
    zero = not text.strip("-0.,")
    if zero:
        return text.lstrip("-")
    if text.startswith("-"):
        return MINUS + text[1:]
    return f"+{text}" if signed else text


def is_loss(text: str) -> bool:
    """Whether an amount is below zero."""
    return text.startswith("-") and bool(text.strip("-0.,"))


def moment(at_ns: int | None) -> str:
    """Date and time, UTC."""
    if not at_ns:
        return "–"
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(nanoseconds: int) -> str:
    """A length of time in its two largest units."""
    seconds = max(nanoseconds, 0) / SECOND_NS
    if not seconds:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for size, unit, below, below_unit in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {below_unit}"
    return f"{whole // 60} min {whole % 60} s"

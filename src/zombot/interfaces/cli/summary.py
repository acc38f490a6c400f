"""The last words of a run or a back-test: its report on a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zombot.interfaces.cli import texts
from zombot.interfaces.cli.wiring import Report, Summary

REFUSALS_SHOWN: Final = 6
COSTS: Final = frozenset({"fees", "slippage", "interest"})


def of_report(report: Report) -> str:
    """What happened, what it earned and from where."""
    rows = [
        (
            "events",
            f"{report.events:,} in {report.seconds:,.1f} s ({report.events_per_second:,.0f} per second)",
        ),
        ("arbitrages", _counts(report.arbitrages)),
        ("orders", f"{report.orders:,}, fills {report.fills:,}"),
        ("refused", _refusals(report.refusals)),
        ("profit", _profit(report.pnl)),
        ("equity", f"{texts.money(report.equity_start)} → {texts.money(report.equity_end)}"),
        (
            "legs apart",
            f"{texts.money(report.max_residual_notional)} at most, {report.max_naked_ms:,.0f} ms at most",
        ),
        ("state hash", report.state_hash),
    ]
    return _aligned(rows)


def of_job(summary: Summary) -> str:
    """A name and a value per line, without what is empty."""
    return _aligned([_named(name, value) for name, value in summary.items() if value != ""])


def _aligned(rows: list[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:<{width}}  {texts.clean(value)}" for name, value in rows)


def _named(name: str, value: object) -> tuple[str, str]:
    words = name.replace("_", " ")
    if name.endswith("_ns") and isinstance(value, int):
        return words.removesuffix(" ns"), texts.timestamp(value) if value else texts.NOTHING
    return words, _value(value)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(part)}" for name, part in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(part) for part in value) or "none"
    return str(value)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def _refusals(refusals: Mapping[str, int]) -> str:
    if not refusals:
        return "nothing"
    ranked = sorted(refusals.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{reason} {number:,}" for reason, number in ranked[:REFUSALS_SHOWN])
    left = len(ranked) - REFUSALS_SHOWN
    return f"{shown}, and {left} more reasons" if left > 0 else shown


def _profit(pnl: Mapping[str, str]) -> str:
    parts = [
        f"{name} {texts.money(texts.negated(value) if name in COSTS else value, signed=True)}"
        for name, value in pnl.items()
        if name != "total" and texts.money(value) != "0.00"
    ]
    total = texts.money(pnl.get("total", "0"), signed=True)
    return f"{total} = {', '.join(parts)}" if parts else total

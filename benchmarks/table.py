"""Prints what was measured: one table of ratios, then this machine's absolute figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.measure import Figure, Outcome, Row

DIGITS_FROM: Final = 100.0
"""Figures from here on need no decimals."""


def machine() -> str:
    """What this ran on, as far as the system says."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return (
        f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def ratios(rows: Iterable[Row]) -> str:
    """The table of ratios."""
    lines = [("", "ratio", "half of the rounds", "goal", "")]
    for one in rows:
        sign = "≥" if one.at_least else "≤"
        goal = "" if one.goal is None else f"{sign} {one.goal:g}"
        spread = f"{one.low:.2f} to {one.high:.2f}"
        lines.append((f"{one.bench}: {one.name}", f"{one.ratio:.2f}", spread, goal, one.verdict))
    return aligned(lines)


def absolutes(figures: Iterable[Figure]) -> str:
    """The absolute figures."""
    return aligned([(f"{one.bench}: {one.name}", _text(one.value), one.unit) for one in figures])


def whole(outcomes: Sequence[Outcome]) -> str:
    """Everything, as it is printed."""
    parts = [ratios(row for outcome in outcomes for row in outcome.rows)]
    parts += [note for outcome in outcomes for note in outcome.notes]
    parts.append(f"Absolute figures, of this machine at this hour ({machine()}):")
    parts.append(absolutes(figure for outcome in outcomes for figure in outcome.figures))
    return "\n\n".join(parts)


def aligned(lines: Sequence[tuple[str, ...]]) -> str:
    """Columns of even width: the first to the left, the others to the right."""
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))] if lines else []
    text = []
    for first, *others in lines:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def _text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= DIGITS_FROM else f"{value:,.2f}"

"""The parts of the live view, each as lines that fit the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from rich.text import Text

from zombot.engine.queries import ArbitrageRow, EventRow, LimitRow, PairRow, Snapshot
from zombot.interfaces.cli import texts
from zombot.interfaces.cli.columns import Cell, Column, Table, fitted

MODE_STYLES: Final = {
    "enabled": "bold black on green",
    "paused": "bold black on yellow",
    "reduce-only": "bold black on yellow",
    "halted": "bold white on red",
}
LEVEL_STYLES: Final = {"info": "", "warning": "yellow", "critical": "bold red"}
DIM: Final = "bright_black"
GAIN, LOSS = "green", "red"
DISTANCE_BAR_BPS: Final = 20.0
"""The bar of a pair that is this far from entry, or farther, is empty."""
NEAR_BPS: Final = 5.0
LIMIT_CELLS_MIN: Final = 39
"""Two limits side by side on 80 columns."""
PROFIT_SIGNS: Final = (
    ("basis", 1),
    ("funding", 1),
    ("fees", -1),
    ("slippage", -1),
    ("interest", -1),
    ("repair", 1),
)

PAIR_COLUMNS: Final = (
    Column("pair", 9, 100, right=False),
    Column("spread", 6, 90),
    Column("basis", 6, 80),
    Column("funding in", 11, 60),
    Column("net", 6, 95),
    Column("to entry", 11, 70, right=False),
    Column("age", 5, 50),
    Column("open", 4, 20),
    Column("spot bid", 10, 6),
    Column("spot ask", 10, 5),
    Column("perp. bid", 10, 8),
    Column("perp. ask", 10, 7),
    Column("last refusal", 12, 40, right=False, grows=True),
)
ARBITRAGE_COLUMNS: Final = (
    Column("arb", 5, 100),
    Column("pair", 10, 95, right=False),
    Column("direction", 9, 30, right=False),
    Column("state", 9, 90, right=False),
    Column("P&L", 10, 85),
    Column("residual", 9, 80),
    Column("spread now → exit", 17, 75),
    Column("age", 6, 70),
    Column("funding", 9, 20),
    Column("fees", 9, 10),
    Column("legs: held of target @ average price", 40, 5, right=False, grows=True),
)


def header(snapshot: Snapshot, width: int, rate: float) -> list[Text]:
    """Who, in which mode, since when, and what it is worth."""
    uptime = texts.duration((snapshot.now_ns - snapshot.started_ns) / texts.SECOND_NS)
    mode = texts.clean(snapshot.mode)
    first: list[Cell] = [
        ("zombot ", "bold"),
        (texts.clean(snapshot.bot), "bold cyan"),
        ("  ", ""),
        (f" {mode.upper()} ", MODE_STYLES.get(snapshot.mode, "reverse")),
    ]
    if snapshot.mode_reason:
        first.append((f" {texts.clean(snapshot.mode_reason)}", "yellow"))
    for venue, live in sorted(snapshot.venue_links.items()):
        first.append((f"  {texts.clean(venue)} ", ""))
        first.append(("● live" if live else "○ lost", GAIN if live else "bold red"))
    first.append((f"  up {uptime}", DIM))
    first.append((f"  {texts.count(snapshot.events)} events, {rate:,.0f}/s", DIM))
    return [_line(first, width), _line(_worth(snapshot), width)]


def notice(text: str, width: int) -> list[Text]:
    """A word of the command line in the place where the eye is."""
    return [_line([(f" {texts.clean(text)} ", "bold black on yellow")], width)]


def _worth(snapshot: Snapshot) -> list[Cell]:
    earned = _difference(snapshot.equity, snapshot.equity_start)
    cells: list[Cell] = [
        ("equity ", DIM),
        (texts.money(snapshot.equity), "bold"),
        ("  P&L ", DIM),
        (texts.money(earned, signed=True), f"bold {_colour(earned)}"),
        (_percent(earned, snapshot.equity_start), _colour(earned)),
    ]
    if "day" in snapshot.profit:
        today = snapshot.profit["day"]
        cells += [("  today ", DIM), (texts.money(today, signed=True), f"bold {_colour(today)}")]
    for name in ("opened", "closed", "aborted", "repaired", "orders", "fills"):
        if name in snapshot.counts:
            cells += [(f"  {name} ", DIM), (texts.count(snapshot.counts[name]), "")]
    return cells


def pairs(rows: Sequence[PairRow], width: int, height: int) -> list[Text]:
    """The pairs as the strategy sees them; where not all fit, those that matter most."""
    if height < 2 or not rows:
        return []
    table = Table(PAIR_COLUMNS, width)
    shown, left = _most_relevant(rows, height - 1)
    lines = [table.heading(), *(table.row(_pair_cells(row)) for row in shown)]
    if left:
        lines.append(_line([(f"and {left} more pairs, farther from entry", DIM)], width))
    return lines


def _most_relevant(rows: Sequence[PairRow], space: int) -> tuple[list[PairRow], int]:
    """The rows to show, in the order of the configuration, and how many are left out."""
    if len(rows) <= space:
        return list(rows), 0
    if space == 1:
        return [min(rows, key=_relevance)], 0
    ranked = sorted(range(len(rows)), key=lambda index: _relevance(rows[index]))
    chosen = sorted(ranked[: space - 1])
    return [rows[index] for index in chosen], len(rows) - len(chosen)


def _relevance(row: PairRow) -> tuple[bool, bool, float]:
    """Sorts first what has something open, then what is nearest to entry; what is not known comes last."""
    return not row.open, row.distance_bps is None, row.distance_bps or 0.0


def _pair_cells(row: PairRow) -> list[Cell]:
    stale = DIM if row.spread_bps is None else ""
    near = row.distance_bps is not None and row.distance_bps <= 0
    return [
        (texts.clean(row.pair), f"bold {stale}"),
        (texts.bps(row.spread_bps), stale),
        (texts.bps(row.basis_bps), stale),
        (_funding(row), ""),
        (texts.bps(row.net_bps), "bold green" if near else stale),
        _distance(row.distance_bps),
        (texts.milliseconds(row.quote_age_ms), DIM),
        (str(row.open) if row.open else texts.NOTHING, "bold cyan" if row.open else DIM),
        (texts.price(row.spot_bid), DIM),
        (texts.price(row.spot_ask), DIM),
        (texts.price(row.perpetual_bid), DIM),
        (texts.price(row.perpetual_ask), DIM),
        (texts.clean(row.last_refusal), DIM),
    ]


def _funding(row: PairRow) -> str:
    """The rate of the next settlement and how long until then."""
    if row.funding_bps is None or row.funding_in_seconds is None:
        return texts.NOTHING
    return f"{texts.bps(row.funding_bps)} {texts.duration(row.funding_in_seconds):>5}"


def _distance(distance_bps: float | None) -> Cell:
    """How far the net edge is from entry: a bar that fills up, and the figure."""
    if distance_bps is None:
        return texts.NOTHING, DIM
    filled = texts.bar(1 - distance_bps / DISTANCE_BAR_BPS, 5).replace(" ", "·")
    style = GAIN if distance_bps <= 0 else "yellow" if distance_bps < NEAR_BPS else "blue"
    return f"{filled}{max(distance_bps, 0.0):6.1f}", style


def arbitrages(rows: Sequence[ArbitrageRow], width: int, height: int) -> list[Text]:
    """What is open: one line each, and the legs below where there is room and no column for them."""
    if height < 2:
        return []
    if not rows:
        return [_line([("no open arbitrage", DIM)], width)]
    table = Table(ARBITRAGE_COLUMNS, width)
    space = height - 1
    two_lines = "legs" not in table.heading().plain and len(rows) * 2 <= space
    room = len(rows) if len(rows) <= space else space - 1
    lines = [table.heading()]
    for row in rows[:room]:
        lines.append(table.row(_arbitrage_cells(row)))
        if two_lines:
            lines.append(_line([("       " + _legs(row), DIM)], width))
    if room < len(rows):
        lines.append(_line([(f"and {len(rows) - room} more arbitrages", DIM)], width))
    return lines


def _arbitrage_cells(row: ArbitrageRow) -> list[Cell]:
    alarming = row.state in {"repairing", "stuck"}
    uneven = texts.money(row.residual) != "0.00"
    state_style = "bold red" if alarming else GAIN if row.state == "open" else "yellow"
    # An arrow from where the spread of the way out is to the level it leaves at.
    way_out = f"{texts.bps(row.spread_bps)} → {texts.bps(row.exit_spread_bps)}"
    return [
        (f"#{row.id}", "bold"),
        (texts.clean(row.pair), "bold"),
        (texts.clean(row.direction), ""),
        (texts.clean(row.state), state_style),
        (texts.money(row.realized, signed=True), _colour(row.realized)),
        (texts.money(row.residual), "bold yellow" if uneven else DIM),
        (way_out, ""),
        (texts.duration(row.age_seconds), DIM),
        (texts.money(row.funding, signed=True), ""),
        (texts.money(row.fees), DIM),
        (_legs(row), DIM),
    ]


def _legs(row: ArbitrageRow) -> str:
    parts = []
    for leg in row.legs:
        at = f" @ {texts.shortened(leg.average_price)}" if leg.average_price else ""
        symbol = leg.instrument.partition(":")[2] or leg.instrument
        parts.append(f"{symbol} {texts.shortened(leg.net)} of {texts.shortened(leg.target)}{at}")
    return texts.clean(" · ".join(parts))


def profit(parts: dict[str, str], width: int) -> list[Text]:
    """The profit and the parts it came from, those that are not zero."""
    total = parts.get("total", "0")
    cells: list[Cell] = [(texts.money(total, signed=True), f"bold {_colour(total)}"), (" =", DIM)]
    for name, sign in PROFIT_SIGNS:
        value = parts.get(name, "0")
        value = value if sign > 0 else texts.negated(value)
        if texts.money(value) != "0.00":
            cells += [(f" {name} ", DIM), (texts.money(value, signed=True), _colour(value))]
    return [_line([("profit  ", f"bold {DIM}"), *cells], width)]


def limits(rows: Sequence[LimitRow], width: int, height: int) -> list[Text]:
    """How much of each limit is used, the fullest first where not all fit."""
    if height < 1 or not rows:
        return []
    per_line = max(1, (width + 2) // (LIMIT_CELLS_MIN + 2))
    cell = (width + 2) // per_line - 2
    space = per_line * height
    fullest = sorted(rows, key=lambda row: -_used(row))[:space] if len(rows) > space else list(rows)
    lines = []
    for start in range(0, len(fullest), per_line):
        cells: list[Cell] = []
        for row in fullest[start : start + per_line]:
            cells += [*([("  ", "")] if cells else []), *_limit_cells(row, cell)]
        lines.append(_line(cells, width))
    return lines


def _limit_cells(row: LimitRow, width: int) -> list[Cell]:
    used = _used(row)
    style = "red" if used >= 0.9 else "yellow" if used >= 0.6 else GAIN
    figure = f"{_short(row.used)}/{_short(row.limit)} {texts.clean(row.unit)}"
    return [
        (fitted(texts.clean(row.name), 17), DIM),
        (" ", ""),
        (texts.bar(used, 5), f"{style} on grey23"),
        (" ", ""),
        (fitted(figure, max(width - 24, 0)), ""),
    ]


def _used(row: LimitRow) -> float:
    return row.used / row.limit if row.limit > 0 else float(row.used > 0)


def _short(value: float) -> str:
    return texts.count(int(value)) if value >= 10_000 else f"{value + 0:.4g}"  # no -0


def events(rows: Sequence[EventRow], width: int, height: int) -> list[Text]:
    """The newest events, newest last."""
    if height < 1:
        return []
    lines = []
    for row in rows[-height:]:
        style = LEVEL_STYLES.get(row.level, "")
        lines.append(_line([(texts.clock(row.at_ns) + "  ", DIM), (texts.clean(row.text), style)], width))
    return lines


def _line(cells: Sequence[Cell], width: int) -> Text:
    """One line of cells, cut where the terminal ends."""
    line = Text(no_wrap=True, overflow="ellipsis", end="")
    for text, style in cells:
        line.append(text, style)
    line.truncate(width, overflow="ellipsis")
    return line


def _colour(value: str) -> str:
    shown = texts.money(value)
    return "" if shown == "0.00" else LOSS if shown.startswith("-") else GAIN


def _difference(left: str, right: str) -> str:
    try:
        return format(Decimal(left) - Decimal(right), "f")
    except InvalidOperation:
        return "0"


def _percent(part: str, whole: str) -> str:
    try:
        return f" ({Decimal(part) / Decimal(whole):+.2%})"
    except (InvalidOperation, ZeroDivisionError):
        return ""

"""The first half of the page: what was earned, when, and from which source."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from zombot.infrastructure.report import charts, numbers, svg
from zombot.infrastructure.report.charts import Line, Mark, Span
from zombot.infrastructure.report.model import ArbitrageResult, Report
from zombot.infrastructure.report.svg import Markup
from zombot.infrastructure.report.tables import Cell, money, table

SOURCES: Final = (
    ("basis", 1),
    ("funding", 1),
    ("fees", -1),
    ("slippage", -1),
    ("interest", -1),
    ("repair", 1),
)
MEANING: Final = (
    "Basis counts at the prices decided on; slippage is what execution took beyond them; repair is what "
    "bringing the legs into step gained or cost."
)
MARKS_MAX: Final = 300


def key_figures(report: Report) -> Markup:
    """The tiles at the top."""
    total = report.pnl.get("total", "0")
    closed = report.closed
    won = sum(1 for arbitrage in closed if not numbers.is_loss(arbitrage.total))
    drawdown = _deepest(report)
    counts = report.arbitrages
    tiles = [
        _tile("Net profit", money(total), numbers.percent(total, report.equity_start) + " of equity"),
        _tile(
            "Equity at the end",
            Cell(numbers.amount(report.equity_end)),
            f"from {_plain(report.equity_start)}",
        ),
        _tile("Deepest drawdown", Cell(drawdown), "below the highest equity so far"),
        _tile(
            "Arbitrages closed",
            Cell(f"{counts.get('closed', 0):,}"),
            f"{won:,} of {len(closed):,} with a profit" if closed else f"{counts.get('opened', 0):,} opened",
        ),
        _tile("Funding", money(report.pnl.get("funding", "0")), f"{len(report.funding):,} settlements"),
        _tile("Fees", Cell(_plain(report.pnl.get("fees", "0"))), f"{report.fills:,} fills"),
    ]
    return svg.tag("div", *tiles, class_="tiles")


def equity(report: Report) -> Markup:
    """Equity, and below it how far it stood under its highest."""
    times = report.times()
    rising = Line("equity", "primary", report.line("equity"), area=False)
    falling = Line("drawdown", "danger", [_below_zero(value) for value in report.line("drawdown")], area=True)
    upper = charts.both(
        lambda width: charts.over_time(times, [rising], width=width, height=240, title="Equity over time")
    )
    if not any(falling.values):
        return svg.join(
            (upper, svg.tag("p", svg.text("Equity never fell below a high before."), class_="note"))
        )
    lower = charts.both(
        lambda width: charts.over_time(
            times, [falling], width=width, height=120, title="Drawdown over time", zero=True
        )
    )
    return svg.join((upper, svg.tag("h3", svg.text("Drawdown")), lower))


def sources(report: Report) -> Markup:
    """Profit by source: the picture, and the sum to the last digit."""
    rows = []
    cells: list[Sequence[Cell]] = []
    for name, sign in SOURCES:
        value = signed(report.pnl.get(name, "0"), sign)
        rows.append((name, float(value), numbers.amount(value, signed=True)))
        cells.append((Cell(name), Cell(numbers.exact(value), "figure")))
    total = report.pnl.get("total", "0")
    rows.append(("total", float(total), numbers.amount(total, signed=True)))
    cells.append((Cell("total", "strong"), Cell(numbers.exact(total), "figure strong")))
    picture = charts.both(
        lambda width: charts.waterfall(rows, width=width, title="Profit by source"), wide=charts.HALF
    )
    sums = table(("source", "amount, all digits"), cells)
    return svg.join((charts.beside(picture, sums), _explained(report)))


def _explained(report: Report) -> Markup:
    """Whether the parts add up to the change of equity."""
    try:
        change = Decimal(report.equity_end) - Decimal(report.equity_start)
        gap = change - Decimal(report.pnl.get("total", "0"))
    except InvalidOperation:
        return svg.text("")
    if gap:
        words = f"The parts leave {numbers.exact(format(gap, 'f'))} of the change of equity unexplained."
        return svg.tag("p", svg.text(words), class_="alarm")
    words = f"The parts add up to the change of equity, to the last digit. {MEANING}"
    return svg.tag("p", svg.text(words), class_="note")


def pair_chart(report: Report, pair: str) -> Markup:
    """The spread that could be had, the basis and the level of entry, with every way in and out."""
    arbitrages = [arbitrage for arbitrage in report.trades if arbitrage.pair == pair]
    times = report.times()
    spread = report.line(f"{pair}:spread_bps")
    lines = [
        Line("basis", "faint", report.line(f"{pair}:basis_bps")),
        Line("spread", "primary", spread),
        Line("entry", "level", report.line(f"{pair}:entry_bps"), guide=True),
    ]
    lines = [line for line in lines if line.values]
    if len(times) < 2 or not lines:
        return charts.nothing("No prices were recorded for this pair.")
    marked = arbitrages[:MARKS_MAX]
    reference = spread or lines[0].values
    marks = [mark for arbitrage in marked for mark in _marks(arbitrage, times, reference)]
    spans = [
        Span(arbitrage.opened_ns, arbitrage.closed_ns or times[-1])
        for arbitrage in marked
        if arbitrage.opened_ns
    ]
    picture = charts.both(
        lambda width: charts.over_time(
            times,
            lines,
            width=width,
            height=260,
            title=f"{pair}: spread and basis in bps",
            marks=marks,
            spans=spans,
        )
    )
    return svg.join((_legend(lines, bool(marks), len(arbitrages) - len(marked)), picture))


def _marks(arbitrage: ArbitrageResult, times: Sequence[int], values: Sequence[float | None]) -> list[Mark]:
    marks = []
    for at_ns, up in ((arbitrage.opened_ns, True), (arbitrage.closed_ns, False)):
        value = _value_at(at_ns, times, values) if at_ns else None
        if at_ns and value is not None:
            words = "opened" if up else f"closed ({arbitrage.close_reason})"
            who = f"#{arbitrage.id} {arbitrage.direction} {words}"
            title = f"{who} {numbers.moment(at_ns)}, total {arbitrage.total}"
            marks.append(Mark(at_ns, value, up, title))
    return marks


def _value_at(at_ns: int, times: Sequence[int], values: Sequence[float | None]) -> float | None:
    """The known value nearest in time; None outside of what was recorded."""
    from bisect import bisect_left

    if not times[0] <= at_ns <= times[-1]:
        return None
    start = bisect_left(times, at_ns)
    for distance in range(len(times)):
        for index in (start - distance, start + distance):
            if 0 <= index < min(len(times), len(values)) and values[index] is not None:
                return values[index]
    return None


def _legend(lines: Sequence[Line], marked: bool, hidden: int) -> Markup:
    names = {
        "spread": "spread: executable, sell − buy, bps",
        "basis": "basis: mid to mid, bps",
        "entry": "level of entry, where it is in view",
    }
    keys = [svg.tag("span", svg.text(names[line.name]), class_=f"key {line.class_}") for line in lines]
    if marked:
        keys.append(svg.tag("span", svg.text("entry"), class_="key up"))
        keys.append(svg.tag("span", svg.text("exit"), class_="key down"))
        keys.append(svg.tag("span", svg.text("held"), class_="key held"))
    if hidden > 0:
        keys.append(svg.tag("span", svg.text(f"{hidden:,} later arbitrages are not marked"), class_="note"))
    return svg.tag("div", *keys, class_="legend")


def _tile(name: str, value: Cell, words: str) -> Markup:
    return svg.tag(
        "div",
        svg.tag("div", svg.text(name), class_="tile-name"),
        svg.tag("div", svg.text(value.words), class_=f"tile-value {value.class_}", title=value.title or None),
        svg.tag("div", svg.text(words), class_="tile-note"),
        class_="tile",
    )


def _deepest(report: Report) -> str:
    depths = [abs(value) for value in report.line("drawdown") if value is not None]
    deepest = max(depths, default=0.0)
    return numbers.amount(f"{-deepest:.8f}") if deepest else "0.00"


def _below_zero(value: float | None) -> float | None:
    return None if value is None else -abs(value)


def _plain(text: str) -> str:
    return numbers.amount(text)


def signed(text: str, sign: int) -> str:
    """A cost, which stands as a positive figure, as what it takes away."""
    if sign > 0 or not text.strip("-0."):
        return text
    return text[1:] if text.startswith("-") else f"-{text}"

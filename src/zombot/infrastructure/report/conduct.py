"""The second half of the page: how it was traded, what was not traded and why, and what it ran on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from zombot.infrastructure.report import charts, numbers, svg
from zombot.infrastructure.report.model import ArbitrageResult, Report, Settlement
from zombot.infrastructure.report.svg import Markup
from zombot.infrastructure.report.tables import Cell, digits, figure, folded, money, table

REASONS_MAX: Final = 14
MISSED_MAX: Final = 25
EPOCHAL_NS: Final = 10**17
"""Above this a figure in nanoseconds is a date, below it is a length of time."""
ABOUT: Final = ("#", "pair", "direction", "opened (UTC)", "held for", "notional")
EARNED: Final = ("profit", "expected bps", "got bps", "basis", "funding", "fees", "slippage", "repair")


def execution(report: Report) -> Markup:
    """What was expected at entry against what came out."""
    closed = [arbitrage for arbitrage in report.closed if float(arbitrage.notional)]
    if not closed:
        return charts.nothing("No arbitrage was closed: there is nothing to compare.")
    points = [
        (arbitrage.entry_bps, arbitrage.got_bps, f"#{arbitrage.id} {arbitrage.pair}: {arbitrage.total}")
        for arbitrage in closed
    ]
    picture = charts.both(
        lambda width: charts.scatter(
            points,
            width=width,
            height=300,
            title="Net edge expected at entry against profit, bps of notional",
            axes=("net edge expected at entry, bps", "profit, bps of notional"),
        ),
        wide=charts.HALF,
    )
    return charts.beside(picture, _quality(closed))


def _quality(closed: Sequence[ArbitrageResult]) -> Markup:
    expected = sum(arbitrage.entry_bps * float(arbitrage.notional) for arbitrage in closed)
    got = sum(arbitrage.got_bps * float(arbitrage.notional) for arbitrage in closed)
    notional = sum(float(arbitrage.notional) for arbitrage in closed)
    slippage = sum(float(arbitrage.realized.get("slippage", "0")) for arbitrage in closed) * 10_000
    kept = sum(1 for arbitrage in closed if arbitrage.got_bps >= arbitrage.entry_bps)
    rows = [
        ("net edge expected at entry", numbers.number(expected / notional, 2, signed=True) + " bps"),
        ("profit", numbers.number(got / notional, 2, signed=True) + " bps"),
        ("slippage, in and out", numbers.number(slippage / notional, 2, signed=True) + " bps"),
        ("arbitrages that kept what they promised", f"{kept:,} of {len(closed):,}"),
        ("notional opened", numbers.amount(f"{notional:.2f}")),
    ]
    return table(("weighted by notional", ""), [(Cell(name), Cell(words, "figure")) for name, words in rows])


def safety(report: Report) -> Markup:
    """How far and how long legs stood apart."""
    counts = report.arbitrages
    rows = [
        ("largest residual, notional", numbers.amount(report.max_residual_notional)),
        ("longest time with legs apart", f"{report.max_naked_ms:,.0f} ms"),
        ("arbitrages repaired", f"{counts.get('repaired', 0):,}"),
        ("arbitrages aborted, nothing filled", f"{counts.get('aborted', 0):,}"),
        ("still open at the end", f"{counts.get('open', 0):,}"),
        ("orders", f"{report.orders:,}"),
        ("fills", f"{report.fills:,}"),
    ]
    return table(("measure", ""), [(Cell(name), Cell(words, "figure")) for name, words in rows])


def refusals(report: Report) -> Markup:
    """Why not traded: reasons counted, and the best that was let go."""
    if not report.refusals and not report.refused:
        return charts.nothing("Nothing was refused.")
    ranked = sorted(report.refusals.items(), key=lambda item: (-item[1], item[0]))
    rows: list[tuple[str, float]] = [(reason, float(count)) for reason, count in ranked[:REASONS_MAX]]
    left = ranked[REASONS_MAX:]
    if left:
        rows.append((f"{len(left)} other reasons", float(sum(count for _, count in left))))
    parts = []
    if rows:
        parts.append(charts.both(lambda width: charts.bars(rows, width=width, title="Refusals by reason")))
    if report.refused:
        parts.append(svg.tag("h3", svg.text("Best edges let go")))
        parts.append(_missed(report))
    return svg.join(parts)


def _missed(report: Report) -> Markup:
    best = sorted(report.refused, key=lambda refused: -refused.net_bps)[:MISSED_MAX]
    rows = [
        (
            Cell(refused.pair, "strong"),
            Cell(refused.direction),
            Cell(refused.reason),
            figure(refused.gross_bps, 2, signed=True),
            figure(refused.net_bps, 2, signed=True),
            Cell(f"{refused.count:,}", "figure"),
            Cell(numbers.moment(refused.since_ns)),
            Cell(numbers.duration(refused.until_ns - refused.since_ns), "figure"),
        )
        for refused in best
    ]
    titles = ("pair", "direction", "reason", "gross bps", "net bps", "times", "since (UTC)", "stood for")
    return table(titles, rows)


def arbitrages(report: Report) -> Markup:
    """Every arbitrage on one line."""
    if not report.trades:
        return charts.nothing("No arbitrage was opened.")
    titles = (*ABOUT, *EARNED, "legs apart", "end", "quantity", "legs: entry → exit")
    return table(titles, [_arbitrage(arbitrage) for arbitrage in report.trades], more="arbitrages")


def _arbitrage(arbitrage: ArbitrageResult) -> tuple[Cell, ...]:
    held = numbers.duration(arbitrage.closed_ns - arbitrage.opened_ns) if arbitrage.closed_ns else "open"
    parts = arbitrage.realized
    legs = " · ".join(
        f"{leg.side} {leg.instrument.partition(':')[2] or leg.instrument} "
        f"{leg.entry_price or '–'} → {leg.exit_price or '–'}"
        for leg in arbitrage.legs
    )
    return (
        Cell(str(arbitrage.id), "figure"),
        Cell(arbitrage.pair, "strong"),
        Cell(arbitrage.direction),
        Cell(numbers.moment(arbitrage.opened_ns)),
        Cell(held, "figure"),
        money(arbitrage.notional, signed=False),
        money(arbitrage.total),
        figure(arbitrage.entry_bps, 2, signed=True),
        figure(arbitrage.got_bps, 2, signed=True),
        money(parts.get("basis", "0")),
        money(parts.get("funding", "0")),
        money(parts.get("fees", "0"), signed=False),
        money(parts.get("slippage", "0"), signed=False),
        money(parts.get("repair", "0")),
        Cell(f"{arbitrage.max_naked_ms:,.0f} ms", "figure"),
        Cell(f"{arbitrage.close_reason or '–'}{', repaired' if arbitrage.repaired else ''}"),
        Cell(numbers.exact(arbitrage.quantity), "figure legs"),
        Cell(legs, "note legs"),
    )


def funding(report: Report) -> Markup:
    """Every settlement, and what each instrument's came to."""
    settlements = report.funding
    if not settlements:
        return charts.nothing("No funding was settled while something was held.")
    rows = [_settlement(settlement) for settlement in settlements]
    titles = ("settled (UTC)", "instrument", "rate", "mark price", "position", "received")
    return svg.join((_by_instrument(settlements), table(titles, rows, more="settlements")))


def _by_instrument(settlements: Sequence[Settlement]) -> Markup:
    from decimal import Decimal

    sums: dict[str, tuple[int, Decimal]] = {}
    for settlement in settlements:
        count, total = sums.get(settlement.instrument, (0, Decimal(0)))
        sums[settlement.instrument] = (count + 1, total + Decimal(settlement.amount))
    rows = [
        (Cell(instrument, "strong"), Cell(f"{count:,}", "figure"), money(format(total, "f")))
        for instrument, (count, total) in sums.items()
    ]
    return table(("instrument", "settlements", "received"), rows)


def _settlement(settlement: Settlement) -> tuple[Cell, ...]:
    return (
        Cell(numbers.moment(settlement.time_ns)),
        Cell(settlement.instrument),
        digits(settlement.rate),
        digits(settlement.mark),
        digits(settlement.quantity),
        money(settlement.amount),
    )


def provenance(report: Report) -> Markup:
    """What it ran on: data, settings, and the hash that proves a second run equal."""
    rows = [(Cell(name, "note"), Cell(words)) for name, words in _flat(report.data)]
    rows += [
        (Cell(f"balance at the end, {asset}", "note"), Cell(numbers.exact(total)))
        for asset, total in report.balances.items()
    ]
    rows += [
        (Cell(f"market events dropped: {reason}", "note"), Cell(f"{count:,}"))
        for reason, count in report.dropped.items()
    ]
    rows += [
        (Cell("account reports seen twice", "note"), Cell(f"{report.duplicates:,}")),
        (Cell("events", "note"), Cell(f"{report.events:,}")),
        (
            Cell("processed in", "note"),
            Cell(f"{report.seconds:,.1f} s, {report.events_per_second:,.0f} events per second"),
        ),
        (Cell("state hash", "note"), Cell(report.state_hash, "code")),
    ]
    parts = [table(("", ""), rows)]
    settings = [(Cell(name, "code"), Cell(words)) for name, words in _flat(report.configuration)]
    if settings:
        parts.append(folded(f"Configuration: {len(settings)} values", _all(settings)))
    return svg.join(parts)


def _all(rows: Sequence[tuple[Cell, Cell]]) -> Markup:
    return svg.tag(
        "dl",
        *(
            svg.join(
                (
                    svg.tag("dt", svg.text(name.words)),
                    svg.tag("dd", svg.text(value.words)),
                )
            )
            for name, value in rows
        ),
    )


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested tables as dotted names; times as times."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)) and value and all(isinstance(v, Mapping) for v in value):
            for number, part in enumerate(value, start=1):
                yield from _flat(part, f"{prefix}{name}.{number}.")
        else:
            yield _leaf(prefix + name, value)


def _leaf(name: str, value: object) -> tuple[str, str]:
    if name.endswith("_ns") and isinstance(value, int):
        short = name.removesuffix("_ns")
        return (f"{short} (UTC)", numbers.moment(value)) if value > EPOCHAL_NS else (short, _ms(value))
    if isinstance(value, (list, tuple)):
        return name, ", ".join(str(item) for item in value) or "none"
    return name, str(value) if value != "" else "–"


def _ms(nanoseconds: int) -> str:
    return f"{numbers.number(nanoseconds / 1e6, 3)} ms"

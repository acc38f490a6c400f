"""The page: one file that needs nothing else, no script, no network."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from zombot.infrastructure.report import conduct, numbers, results, svg
from zombot.infrastructure.report.model import Report
from zombot.infrastructure.report.svg import Markup


def page_of(report: Report) -> str:
    """The whole document."""
    title = f"zombot {_kind(report)}: {', '.join(report.pairs()[:6]) or 'no pairs'}"
    head = svg.tag(
        "head",
        # Void elements: they have no end tag.
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        svg.tag("title", svg.text(title)),
        svg.tag("style", Markup(_style())),
    )
    body = svg.tag("body", svg.tag("main", _header(report), *_sections(report), _footer(report)))
    return f"<!doctype html>\n{svg.tag('html', head, body, lang='en')}\n"


def _header(report: Report) -> Markup:
    parts = [
        svg.tag(
            "div",
            svg.tag("span", svg.text("zombot"), class_="brand"),
            svg.tag("span", svg.text(_kind(report)), class_="kind"),
            class_="line",
        ),
        svg.tag("h1", svg.text(", ".join(report.pairs()[:6]) or "No pairs")),
        svg.tag("p", svg.text(_range(report)), class_="note"),
    ]
    parts += [svg.tag("p", svg.text(words), class_="alarm") for words in _alarms(report)]
    return svg.tag("header", *parts)


def _alarms(report: Report) -> Iterator[str]:
    """What a reader must know before any figure."""
    if report.failure:
        yield f"This run failed: {report.failure}"
    elif report.halted:
        yield "A risk halt stopped this run: what follows ends where it was halted."
    for name, (ours, theirs) in report.differences.items():
        yield f"Our books and the venue's differ in {name}: {ours} here, {theirs} there."


def _sections(report: Report) -> list[Markup]:
    sections = [
        results.key_figures(report),
        _section("Equity", results.equity(report)),
        _section("Profit by source", results.sources(report)),
    ]
    pairs = [
        svg.join((svg.tag("h3", svg.text(pair)), results.pair_chart(report, pair))) for pair in report.pairs()
    ]
    if pairs:
        sections.append(_section("Spread, entries and exits", svg.join(pairs)))
    return [
        *sections,
        _section("Expected against got", conduct.execution(report)),
        _section("Legs in step", conduct.safety(report)),
        _section("Why not traded", conduct.refusals(report)),
        _section("Arbitrages", conduct.arbitrages(report)),
        _section("Funding settlements", conduct.funding(report)),
        _section("What it ran on", conduct.provenance(report)),
    ]


def _section(title: str, content: Markup) -> Markup:
    return svg.tag("section", svg.tag("h2", svg.text(title)), content)


def _footer(report: Report) -> Markup:
    words = (
        "Amounts are in the quote asset, times are UTC. "
        "Profit = basis + funding − fees − slippage − interest + repair. "
        "The same data, settings and seed give the same state hash."
    )
    return svg.tag(
        "footer",
        svg.tag("p", svg.text(words)),
        svg.tag("p", svg.text(f"state hash {report.state_hash}"), class_="code"),
    )


def _kind(report: Report) -> str:
    """Back-test or run, as the data says; only recorded data has a start and an end of its own."""
    return str(report.data.get("kind") or ("back-test" if "start_ns" in report.data else "run"))


def _range(report: Report) -> str:
    times = report.times()
    parts = []
    if "source" in report.data:
        parts.append(str(report.data["source"]))
    if times:
        length = numbers.duration(times[-1] - times[0])
        parts.append(f"{numbers.moment(times[0])} to {numbers.moment(times[-1])} UTC ({length})")
    parts.append(f"{report.events:,} events")
    return " · ".join(parts)


def _style() -> str:
    return (files("zombot.infrastructure.report") / "style.css").read_text(encoding="utf-8")

"""Facts of the journal as lines for people and for programs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, get_args

import msgspec

from zombot.domain import events
from zombot.domain.money import text_of
from zombot.interfaces.cli import texts
from zombot.interfaces.cli.errors import USAGE, CliError
from zombot.ports.journal import JournalEntry

KINDS: Final = {kind.__name__: kind for kind in get_args(events.Fact)}
_TIMES: Final = frozenset({"received_ns", "venue_ns"})


def check_kinds(names: Sequence[str]) -> frozenset[type]:
    """The fact types of these names, capitals aside."""
    by_name = {name.lower(): kind for name, kind in KINDS.items()}
    for name in names:
        if name.lower() not in by_name:
            raise CliError(f"--type {name}: one of {', '.join(sorted(KINDS))} is allowed", USAGE)
    return frozenset(by_name[name.lower()] for name in names)


def line(entry: JournalEntry) -> str:
    """Number, time, type and what it says."""
    fact = entry.fact
    describe = _DESCRIBE.get(type(fact), _fields)
    words = texts.clean(describe(fact))
    return f"{entry.sequence:>8} {texts.timestamp(fact.received_ns)} {type(fact).__name__:<19} {words}"


def json_line(entry: JournalEntry) -> str:
    """The entry as one JSON object."""
    return msgspec.json.encode({"sequence": entry.sequence, "fact": entry.fact}).decode()


def _fields(fact: Any) -> str:  # noqa: ANN401 - any fact
    """Every field but the times, as ``name=value``."""
    return " ".join(
        f"{name}={_value(getattr(fact, name))}" for name in fact.__struct_fields__ if name not in _TIMES
    )


def _value(value: object) -> str:
    if isinstance(value, Decimal):
        return text_of(value)
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value) if value != "" else "-"


def _filled(fact: events.OrderFilled) -> str:
    fill = fact.fill
    return _fields(fill)


def _planned(fact: events.ArbitragePlanned) -> str:
    legs = " | ".join(
        f"{leg.side.value} {text_of(leg.order_quantity)} {leg.instrument} at {text_of(leg.decision_price)}, "
        f"worst {text_of(leg.worst_price)}"
        for leg in fact.legs
    )
    return (
        f"arbitrage={fact.arbitrage} {fact.pair} {fact.direction} gross={fact.gross_bps:.2f} "
        f"cost={fact.cost_bps:.2f} funding={fact.funding_bps:.2f} net={fact.net_bps:.2f} bps: {legs}"
    )


def _intended(fact: events.OrdersIntended) -> str:
    orders = " | ".join(_fields(request) for request in fact.requests)
    return f"arbitrage={fact.arbitrage} step={fact.step}: {orders}"


_DESCRIBE: Final[dict[type, Callable[[Any], str]]] = {
    events.OrderFilled: _filled,
    events.ArbitragePlanned: _planned,
    events.OrdersIntended: _intended,
}

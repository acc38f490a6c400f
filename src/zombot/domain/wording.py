"""Facts in words: one short kind and one line for people, for every kind of fact."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from zombot.domain import events
from zombot.domain.events import Fact
from zombot.domain.money import text_of
from zombot.domain.order import OrderRequest


def kind_of(fact: Fact) -> str:
    """The fact's kind in one word, as ``--kind`` takes it."""
    return _WORDS[type(fact)][0]


def kinds() -> tuple[str, ...]:
    """Every kind there is."""
    return tuple(word for word, _ in _WORDS.values())


def describe(fact: Fact) -> str:
    """What the fact says, without its time."""
    return _WORDS[type(fact)][1](fact)


def _number(value: Decimal) -> str:
    """A quantity: no exponent, no trailing zeros."""
    return text_of(value)


def _price(value: Decimal | None) -> str:
    """A price with its thousands apart."""
    if value is None:
        return "any price"
    text = format(value, ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _order(request: OrderRequest) -> str:
    price = "" if request.price is None else f" {_price(request.price)}"
    reduce = " reduce-only" if request.reduce_only else ""
    return (
        f"{request.side.value.upper()} {_number(request.quantity)} {request.instrument} "
        f"{request.order_type.value}{price} {request.time_in_force.value}{reduce} "
        f"({request.purpose.value}, arbitrage {request.arbitrage} leg {request.leg})"
    )


def _intended(fact: events.OrdersIntended) -> str:
    return "; ".join(_order(request) for request in fact.requests) or f"no order (arbitrage {fact.arbitrage})"


def _accepted(fact: events.OrderAccepted) -> str:
    return f"{fact.client_order_id}, the venue's {fact.venue_order_id}"


def _filled(fact: events.OrderFilled) -> str:
    fill = fact.fill
    role = "maker" if fill.maker else "taker"
    return (
        f"{fill.side.value.upper()} {_number(fill.quantity)} {fill.instrument} at {_price(fill.price)}, "
        f"fee {_number(fill.fee)} {fill.fee_asset}, {role} ({fill.client_order_id}, trade {fill.trade_id})"
    )


def _canceled(fact: events.OrderCanceled) -> str:
    return f"{fact.client_order_id}, {_number(fact.filled)} filled{_because(fact.reason)}"


def _forced(fact: events.ForcedFill) -> str:
    return (
        f"{fact.kind}: {fact.side.value.upper()} {_number(fact.quantity)} {fact.instrument} at "
        f"{_price(fact.price)}, fee {_number(fact.fee)}, realized {_number(fact.realized)} "
        f"(trade {fact.trade_id})"
    )


def _funding(fact: events.FundingPaid) -> str:
    verb = "received" if fact.amount >= 0 else "paid"
    return (
        f"{verb} {_number(abs(fact.amount))} on {_number(fact.quantity)} {fact.instrument} at rate "
        f"{_number(fact.rate)}, mark {_price(fact.mark)} (bill {fact.bill_id})"
    )


def _balance(fact: events.BalanceReported) -> str:
    return f"{_number(fact.total)} {fact.asset} at {fact.venue}, {_number(fact.available)} available"


def _position(fact: events.PositionReported) -> str:
    danger = "" if fact.liquidation_price is None else f", liquidation at {_price(fact.liquidation_price)}"
    return (
        f"{_number(fact.quantity)} {fact.instrument} at {_price(fact.average_price)}, "
        f"margin {_number(fact.margin)}{danger}"
    )


def _planned(fact: events.ArbitragePlanned) -> str:
    legs = ", ".join(
        f"{leg.side.value.upper()} {_number(leg.order_quantity)} {leg.instrument} "
        f"at {_price(leg.decision_price)}"
        for leg in fact.legs
    )
    return (
        f"arbitrage {fact.arbitrage} of {fact.strategy} on {fact.pair} "
        f"({fact.direction}, {fact.style.value}): {legs}; "
        f"net {fact.net_bps:.2f} bps of gross {fact.gross_bps:.2f}"
    )


def _exit(fact: events.ExitDecided) -> str:
    prices = " / ".join(_price(price) for price in fact.decision_prices)
    return f"arbitrage {fact.arbitrage} at {prices}{_because(fact.reason)}"


def _advanced(fact: events.ArbitrageAdvanced) -> str:
    return f"arbitrage {fact.arbitrage} {fact.event.value}, now {fact.state.value}{_because(fact.reason)}"


def _refused(fact: events.OpportunityRefused) -> str:
    return (
        f"{fact.pair} {fact.direction} of {fact.strategy}, {fact.count} times: {fact.reason}; "
        f"at best net {fact.net_bps:.2f} bps of gross {fact.gross_bps:.2f}"
    )


_WORDS: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    events.OrderAccepted: ("accepted", _accepted),
    events.OrderRejected: ("rejected", lambda f: f"{f.client_order_id}{_because(f.reason)}"),
    events.OrderFilled: ("filled", _filled),
    events.OrderCanceled: ("canceled", _canceled),
    events.OrderUnknown: ("unknown", lambda f: f"{f.client_order_id}{_because(f.reason)}"),
    events.OrderNotFound: ("not-found", lambda f: f"{f.client_order_id} is not known to the venue"),
    events.CancelRejected: ("cancel-rejected", lambda f: f"{f.client_order_id}{_because(f.reason)}"),
    events.ForcedFill: ("forced", _forced),
    events.FundingPaid: ("funding", _funding),
    events.BalanceReported: ("balance", _balance),
    events.PositionReported: ("position", _position),
    events.BotStarted: ("started", lambda f: f"bot {f.bot}, version {f.version}, epoch {f.epoch}"),
    events.BotStopped: ("stopped", lambda f: f.reason),
    events.Recovered: ("recovered", lambda _: "the journal is folded and the account is read"),
    events.LinkChanged: ("link", lambda f: f"{f.venue} {'live' if f.live else 'lost'}{_because(f.reason)}"),
    events.Command: ("command", lambda f: f"{f.kind.value} by {f.by}"),
    events.ArbitragePlanned: ("planned", _planned),
    events.OrdersIntended: ("intended", _intended),
    events.CancelIntended: ("cancel", lambda f: f"{f.client_order_id}{_because(f.reason)}"),
    events.QueryIntended: ("query", lambda f: f"{f.client_order_id}"),
    events.ExitDecided: ("exit", _exit),
    events.ArbitrageAdvanced: ("advanced", _advanced),
    events.OpportunityRefused: ("refused", _refused),
    events.ModeChanged: ("mode", lambda f: f"{f.mode.value} by {f.by}{_because(f.reason)}"),
    events.FillIgnored: ("ignored", lambda f: f"{f.what} ({f.client_order_id or 'no order id'})"),
}

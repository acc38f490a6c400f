"""How a half-done arbitrage is made whole: complete, reduce or wait, whichever costs least."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from msgspec import Struct

from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.money import ZERO
from zombot.domain.order import Purpose, Side
from zombot.domain.sizing import order_quantity
from zombot.engine.closing import leg_terms
from zombot.engine.config import ExecutionConfig
from zombot.engine.legs import Instruments, is_even, is_flat, orderable, ratio, units
from zombot.engine.orders import Draft, reaching_price
from zombot.engine.view import InstrumentMarket, Markets

PATIENCE: Final = 3
"""Attempts at the cheaper way before the other one is tried in turn."""


class Move(Struct, frozen=True):
    """One leg's part of a repair: base units to trade, on the lot and above the venue's minimum."""

    leg: int
    side: Side
    quantity: Decimal


class Repair(Struct, frozen=True, kw_only=True):
    """One way to make the legs even again. Cost is in quote units; infinite while a price is missing."""

    kind: str
    """``complete`` or ``reduce``."""
    drafts: tuple[Draft, ...]
    cost: float


def is_settled(arbitrage: Arbitrage, instruments: Instruments) -> bool:
    """Whether nothing is left to mend: flat, even, or apart by less than any order the venue would take."""
    return (
        is_flat(arbitrage, instruments)
        or is_even(arbitrage, instruments)
        or not (_reducing(arbitrage, instruments) or _completing(arbitrage, instruments))
    )


def _completing(arbitrage: Arbitrage, instruments: Instruments) -> list[Move]:
    """Moves that bring the laggards up to the leader; none once the arbitrage is to be closed."""
    if arbitrage.closing:
        return []
    held = units(arbitrage)
    moves = []
    for index, leg in enumerate(arbitrage.legs):
        missing = (max(held) - held[index]) * ratio(arbitrage, leg)
        quantity = orderable(instruments[leg.instrument], missing, leg.decision_price)
        if quantity:
            moves.append(Move(index, leg.side, quantity))
    return moves


def _reducing(arbitrage: Arbitrage, instruments: Instruments) -> list[Move]:
    """Moves that bring the leaders down to the laggard.

    What cannot be sold is dust: on the way out the others go down to nothing beside it, and where the leader
    itself is such dust, everything that can still be sold is.
    """
    held = units(arbitrage)
    floor = max(min(held), ZERO)
    if arbitrage.closing:
        sellable = [
            unit
            for unit, leg in zip(held, arbitrage.legs, strict=True)
            if orderable(instruments[leg.instrument], abs(leg.net), leg.decision_price)
        ]
        floor = max(min(sellable), ZERO) if len(sellable) == len(held) else ZERO
    moves = _down_to(arbitrage, instruments, floor)
    return _down_to(arbitrage, instruments, ZERO) if arbitrage.closing and not moves else moves


def _down_to(arbitrage: Arbitrage, instruments: Instruments, floor: Decimal) -> list[Move]:
    moves = []
    for index, (unit, leg) in enumerate(zip(units(arbitrage), arbitrage.legs, strict=True)):
        surplus = min((unit - floor) * ratio(arbitrage, leg), abs(leg.net))
        quantity = orderable(instruments[leg.instrument], surplus, leg.decision_price)
        if quantity:
            moves.append(Move(index, leg.side.opposite, quantity))
    return moves


def plan_repair(
    arbitrage: Arbitrage,
    instruments: Instruments,
    markets: Markets,
    config: ExecutionConfig,
    *,
    prefer_reduce: bool,
    at_market: bool,
) -> Repair | None:
    """The cheapest way to even legs; None when the venue would take no order that makes them more even.

    Args:
        arbitrage: with all its orders final.
        instruments: for lots and minimums.
        markets: for the prices to be had now.
        config: for slippage and escalation.
        prefer_reduce: complete only where nothing can be reduced (trading is halted).
        at_market: the naked-exposure budget is spent: no price bound, and reduce where possible.
    """
    reduce = _priced(
        "reduce", _reducing(arbitrage, instruments), arbitrage, markets, config, at_market=at_market
    )
    complete = _priced(
        "complete", _completing(arbitrage, instruments), arbitrage, markets, config, at_market=at_market
    )
    if reduce is None or complete is None:
        return reduce or complete
    first, second = (reduce, complete) if reduce.cost <= complete.cost else (complete, reduce)
    if prefer_reduce or at_market:
        first, second = reduce, complete
    # What has failed this often may fail for a reason of its own (no balance, no margin): the other way then.
    other = arbitrage.repairs >= PATIENCE and arbitrage.repairs % 2
    return second if other else first


def _priced(
    kind: str,
    moves: list[Move],
    arbitrage: Arbitrage,
    markets: Markets,
    config: ExecutionConfig,
    *,
    at_market: bool,
) -> Repair | None:
    """Prices and cost for a set of moves; None for no move."""
    if not moves:
        return None
    cost, drafts = 0.0, []
    for move in moves:
        leg = arbitrage.legs[move.leg]
        market = markets[leg.instrument]
        touch = _touch(market, move.side)
        size = float(move.quantity)
        # What it costs against the price that was decided on, and the fee.
        cost += move.side.sign * (touch - float(leg.decision_price)) * size
        cost += float(market.fees.taker) * touch * size
        if kind == "complete":
            # What is completed keeps the edge that it was opened for.
            cost -= size * touch * arbitrage.net_bps / 10_000.0
        if touch <= 0.0:
            cost = float("inf")
        drafts.append(_draft(move, arbitrage, market, config, at_market=at_market))
    return Repair(kind=kind, drafts=tuple(drafts), cost=0.0 if at_market else cost)


def _draft(
    move: Move, arbitrage: Arbitrage, market: InstrumentMarket, config: ExecutionConfig, *, at_market: bool
) -> Draft:
    leg = arbitrage.legs[move.leg]
    reduces = move.side is not leg.side
    touch = _touch(market, move.side)
    price = None
    if not at_market and touch > 0.0:
        # Reaches further with each attempt.
        slippage = config.repair_slippage_bps * (1 + arbitrage.repairs)
        price = reaching_price(touch, move.side, market.instrument.tick, slippage)
    return Draft(
        leg=move.leg,
        side=move.side,
        quantity=order_quantity(leg_terms(leg, move.side, market), move.quantity),
        price=price,
        purpose=Purpose.REPAIR,
        decision_price=decided_price(arbitrage, leg),
        reduce_only=reduces and not market.instrument.is_spot,
    )


def decided_price(arbitrage: Arbitrage, leg: Leg) -> Decimal:
    """What a repair's price is compared with: the decision that it mends."""
    return leg.exit_price if arbitrage.closing and leg.exit_price is not None else leg.decision_price


def usable(repair: Repair) -> bool:
    """Whether every price it needs is there."""
    return repair.cost != float("inf")


def _touch(market: InstrumentMarket, side: Side) -> float:
    if not market.usable:
        return 0.0
    return market.ask if side is Side.BUY else market.bid

"""The orders of an exit: all legs by the same share, bounded by the depth that each has now."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.money import ZERO, floor_to
from zombot.domain.opportunity import Exit
from zombot.domain.order import Purpose, Side
from zombot.domain.sizing import LegTerms, common_step, order_quantity
from zombot.engine.legs import orderable, ratio, units
from zombot.engine.orders import Draft
from zombot.engine.risk_gate import on_tick
from zombot.engine.view import InstrumentMarket, Markets

UNBOUNDED: Final = Decimal(10) ** 18


FORCED: Final = frozenset({"flatten", "liquidation_near"})
"""Exits that do not wait for depth."""


def exit_drafts(arbitrage: Arbitrage, exit_: Exit, markets: Markets) -> list[Draft]:
    """Orders that close as much of all legs as the depth of each allows; empty if nothing can be sold."""
    worst = [
        on_tick(price, leg.side.opposite, markets[leg.instrument].instrument.tick)
        for price, leg in zip(exit_.worst_prices, arbitrage.legs, strict=True)
    ]
    share = _exit_units(arbitrage, worst, markets)
    if share == 0:
        if exit_.reason not in FORCED:
            return []
        share = None
    drafts = []
    for index, leg in enumerate(arbitrage.legs):
        market = markets[leg.instrument]
        side = leg.side.opposite
        wanted = abs(leg.net) if share is None else share * ratio(arbitrage, leg)
        quantity = orderable(market.instrument, min(wanted, abs(leg.net)), leg.decision_price)
        if not quantity:
            continue
        drafts.append(
            Draft(
                leg=index,
                side=side,
                quantity=order_quantity(leg_terms(leg, side, market), quantity),
                price=worst[index],
                purpose=Purpose.CLOSE,
                decision_price=on_tick(exit_.decision_prices[index], side, market.instrument.tick),
                reduce_only=not market.instrument.is_spot,
            )
        )
    return drafts


def _exit_units(arbitrage: Arbitrage, worst: list[Decimal], markets: Markets) -> Decimal | None:
    """How much of the arbitrage the depth of all legs takes now, in units; None for all of it, 0 for nothing.

    A part that would leave too little to be sold later is not split off.
    """
    terms, bound = [], UNBOUNDED
    for leg, price in zip(arbitrage.legs, worst, strict=True):
        side = leg.side.opposite
        depth = markets[leg.instrument].depth(side, float(price))
        bound = min(bound, depth / ratio(arbitrage, leg))
        terms.append(leg_terms(leg, side, markets[leg.instrument]))
    held = max(abs(unit) for unit in units(arbitrage))
    part = floor_to(bound, common_step(tuple(terms)))
    rest = held - part
    for leg, term in zip(arbitrage.legs, terms, strict=True):
        share = ratio(arbitrage, leg)
        if not orderable(term.instrument, part * share, leg.decision_price):
            return ZERO
        if not orderable(term.instrument, rest * share, leg.decision_price):
            return None
    return part


def leg_terms(leg: Leg, side: Side, market: InstrumentMarket) -> LegTerms:
    """What bounds an order of a leg under way: its grid and its fees, not the depth."""
    return LegTerms(
        instrument=market.instrument,
        fees=market.fees,
        side=side,
        ratio=Decimal(1),
        worst_price=leg.worst_price,
        depth=UNBOUNDED,
    )

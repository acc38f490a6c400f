"""How a half-done arbitrage is made whole: complete, reduce or wait, whichever costs least."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.money import floor_to
from zombot.domain.order import Purpose, Side
from zombot.domain.sizing import order_quantity
from zombot.engine.closing import leg_terms
from zombot.engine.config import ExecutionConfig
from zombot.engine.legs import orderable, ratio, units
from zombot.engine.orders import Draft, reaching_price
from zombot.engine.view import InstrumentMarket, Markets


class Repair(Struct, frozen=True, kw_only=True):
    """One way to make the legs even again. Cost is in quote units; infinite while a price is missing."""

    kind: str
    """``complete`` or ``reduce``."""
    drafts: tuple[Draft, ...]
    cost: float


def plan_repair(
    arbitrage: Arbitrage,
    markets: Markets,
    config: ExecutionConfig,
    *,
    may_complete: bool,
    at_market: bool,
) -> Repair | None:
    """The cheapest way to even legs, or None when no order that the venue would take makes them more even.

    Args:
        arbitrage: with all its orders final.
        markets: for the prices to be had now.
        config: for slippage and escalation.
        may_complete: whether the laggards may be brought up; else the leaders come down.
        at_market: the naked-exposure budget is spent: reduce without a price bound.
    """
    reduce = _reduce(arbitrage, markets, config, at_market=at_market)
    complete = _complete(arbitrage, markets, config) if may_complete and not at_market else None
    options = [option for option in (complete, reduce) if option is not None and option.drafts]
    return min(options, key=lambda option: option.cost, default=None)


def _complete(arbitrage: Arbitrage, markets: Markets, config: ExecutionConfig) -> Repair:
    """Bring the laggards up to the leader."""
    held = units(arbitrage)
    top = max(held)
    drafts, cost = [], 0.0
    for index, leg in enumerate(arbitrage.legs):
        market = markets[leg.instrument]
        missing = floor_to((top - held[index]) * ratio(arbitrage, leg), market.instrument.lot)
        if not orderable(market.instrument, missing, leg.decision_price):
            continue
        price = _touch(market, leg.side)
        cost += _adverse(leg.side, price, leg, missing) + _fee(market, price, missing)
        # What is completed keeps the edge that it was opened for.
        cost -= float(missing) * price * arbitrage.net_bps / 10_000.0
        drafts.append(
            Draft(
                leg=index,
                side=leg.side,
                quantity=order_quantity(leg_terms(leg, leg.side, market), missing),
                price=_limit(market, leg.side, config, arbitrage.repairs),
                purpose=Purpose.REPAIR,
                decision_price=leg.decision_price,
            )
        )
    return Repair(kind="complete", drafts=tuple(drafts), cost=_known(cost, drafts))


def _reduce(arbitrage: Arbitrage, markets: Markets, config: ExecutionConfig, *, at_market: bool) -> Repair:
    """Bring the leaders down to the laggard."""
    held = units(arbitrage)
    bottom = max(min(held), Decimal(0))
    drafts, cost = [], 0.0
    for index, leg in enumerate(arbitrage.legs):
        market = markets[leg.instrument]
        surplus = (held[index] - bottom) * ratio(arbitrage, leg)
        quantity = orderable(market.instrument, surplus, leg.decision_price)
        if not quantity:
            continue
        side = leg.side.opposite
        price = _touch(market, side)
        cost += _adverse(side, price, leg, quantity) + _fee(market, price, quantity)
        drafts.append(
            Draft(
                leg=index,
                side=side,
                quantity=order_quantity(leg_terms(leg, side, market), quantity),
                price=None if at_market else _limit(market, side, config, arbitrage.repairs),
                purpose=Purpose.REPAIR,
                decision_price=decided_price(arbitrage, leg),
                reduce_only=not market.instrument.is_spot,
            )
        )
    return Repair(kind="reduce", drafts=tuple(drafts), cost=0.0 if at_market else _known(cost, drafts))


def decided_price(arbitrage: Arbitrage, leg: Leg) -> Decimal:
    """What a repair's price is compared with: the decision that it mends."""
    return leg.exit_price if arbitrage.closing and leg.exit_price is not None else leg.decision_price


def usable(repair: Repair) -> bool:
    """Whether every price it needs is there."""
    return repair.cost != float("inf")


def _known(cost: float, drafts: Sequence[Draft]) -> float:
    return float("inf") if any(draft.price is None for draft in drafts) else cost


def _touch(market: InstrumentMarket, side: Side) -> float:
    if not market.usable:
        return 0.0
    return market.ask if side is Side.BUY else market.bid


def _limit(market: InstrumentMarket, side: Side, config: ExecutionConfig, repairs: int) -> Decimal | None:
    """Reaches further with each attempt; None while the market is not usable."""
    touch = _touch(market, side)
    if touch <= 0.0:
        return None
    return reaching_price(touch, side, market.instrument.tick, config.repair_slippage_bps * (1 + repairs))


def _adverse(side: Side, price: float, leg: Leg, quantity: Decimal) -> float:
    """What trading at ``price`` costs against the price that was decided on."""
    return side.sign * (price - float(leg.decision_price)) * float(quantity)


def _fee(market: InstrumentMarket, price: float, quantity: Decimal) -> float:
    return float(market.fees.taker) * price * float(quantity)

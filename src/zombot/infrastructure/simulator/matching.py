"""Matching: what an order would meet now, in the venue's order of price, then time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from zombot.domain.identifiers import InstrumentId
from zombot.domain.money import ZERO
from zombot.domain.order import Side
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.market import Level, MarketState
from zombot.infrastructure.simulator.orders import VenueOrder


class Match(Struct, frozen=True, kw_only=True):
    """One step of a plan: a part of a public level, or of a resting order of ours."""

    price: Decimal
    quantity: Decimal
    resting: VenueOrder | None = None
    key: float = 0.0
    visible: float = 0.0


class Plan(Struct, kw_only=True):
    """What an order would do if it were executed now. Nothing has changed yet."""

    matches: list[Match]
    own: list[VenueOrder]
    """Resting orders of the same account in its way: self-trade prevention cancels them."""

    @property
    def quantity(self) -> Decimal:
        """What would be filled."""
        return sum((match.quantity for match in self.matches), ZERO)

    @property
    def crosses(self) -> bool:
        """Whether the order would take at all."""
        return bool(self.matches or self.own)


class Planner:
    """Walks public levels and our resting orders together for one order."""

    __slots__ = ("_held", "_left", "_levels", "_market", "_order", "_plan", "_worst", "_accounts")

    def __init__(
        self, order: VenueOrder, market: MarketState, accounts: dict[str, Account], worst: Decimal | None
    ) -> None:
        self._order = order
        self._market = market
        self._accounts = accounts
        self._worst = worst
        self._left = order.remaining
        self._levels = market.levels(order.side)
        self._held: dict[str, Decimal] = {}
        self._plan = Plan(matches=[], own=[])

    def plan(self, quantity: Decimal) -> Plan:
        """The steps that would fill up to ``quantity``."""
        self._left = quantity
        resting = iter(self._market.resting(self._order.side.opposite))
        level, other = next(self._levels, None), next(resting, None)
        while self._left > 0 and (level is not None or other is not None):
            if other is not None and (level is None or not self._beats(level, other)):
                if self._beyond(other.price):
                    break
                if level is not None and level.price == other.price and self._queue_first(level, other):
                    continue
                self._meet(other)
                other = next(resting, None)
            elif level is not None:
                if self._beyond(level.price):
                    break
                self._take(level, level.left)
                level = next(self._levels, None)
        return self._plan

    def _beats(self, level: Level, other: VenueOrder) -> bool:
        price = other.price or ZERO
        return level.price < price if self._order.side is Side.BUY else level.price > price

    def _beyond(self, price: Decimal | None) -> bool:
        if self._worst is None or price is None:
            return False
        return price > self._worst if self._order.side is Side.BUY else price < self._worst

    def _queue_first(self, level: Level, other: VenueOrder) -> bool:
        """Take what stands in front of our resting order at the same price; False when nothing does."""
        queue = other.queue
        if queue is None or queue.ahead <= 0 or level.left <= 0:
            return False
        ahead = level.left if queue.ahead >= level.visible else self._market.quantity_of(queue.ahead)
        already = sum((m.quantity for m in self._plan.matches if m.key == level.key), ZERO)
        front = min(level.left, ahead - already)
        if front <= 0:
            return False
        self._take(level, front)
        return True

    def _take(self, level: Level, quantity: Decimal) -> None:
        quantity = min(quantity, self._left, level.left)
        if quantity > 0:
            level.left -= quantity
            self._left -= quantity
            self._plan.matches.append(
                Match(price=level.price, quantity=quantity, key=level.key, visible=level.visible)
            )

    def _meet(self, other: VenueOrder) -> None:
        if other.account_id == self._order.account_id:
            self._plan.own.append(other)
            return
        quantity = min(other.remaining, self._left)
        held = self._held_by(other)
        if other.request.reduce_only and not other.instrument.is_spot:
            quantity = min(quantity, max(ZERO, -other.side.sign * held))
        if quantity > 0 and other.price is not None:
            self._held[other.account_id] = held + other.side.sign * quantity
            self._left -= quantity
            self._plan.matches.append(Match(price=other.price, quantity=quantity, resting=other))

    def _held_by(self, other: VenueOrder) -> Decimal:
        """The other account's position as this plan would leave it so far."""
        instrument: InstrumentId = other.instrument.id
        return self._held.get(other.account_id, self._accounts[other.account_id].held(instrument))


def prints_reached(market: MarketState, side: Side, price: float) -> Iterator[VenueOrder]:
    """Our resting orders of a side that a public trade at this price reaches, first in the queue first."""
    for order in list(market.resting(side)):
        if order.key < price if side is Side.BUY else order.key > price:
            return
        yield order

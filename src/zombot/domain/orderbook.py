"""An order book that is right or unusable, never wrong."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from zombot.domain.errors import BookGap
from zombot.domain.market import BookUpdate, Levels

INFINITE: Final = float("inf")
DEPTH_MAX = 1000
"""Levels kept a side; deeper ones are dropped when an update pushes past this."""


class OrderBook:
    """Both sides of one instrument: a dict of quantities and a sorted list of prices a side.

    Measured as the fastest pure-Python shape (perf.md, section 3). Prices are ascending on both sides: the
    best bid is the last one, the best ask the first.
    """

    __slots__ = ("asks", "bids", "ask_prices", "bid_prices", "sequence", "usable", "gaps")

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.bid_prices: list[float] = []
        self.ask_prices: list[float] = []
        self.sequence = 0
        self.usable = False
        """False before the first snapshot and from a gap until the next snapshot."""
        self.gaps = 0

    def apply(self, update: BookUpdate) -> None:
        """Take a snapshot or an update.

        Raises:
            BookGap: the update does not follow; the book is unusable until a snapshot comes.
        """
        if not (_sound(update.bids) and _sound(update.asks)):
            self.invalidate()
            raise BookGap(f"{update.instrument}: update {update.sequence} has a level that cannot be")
        if update.snapshot:
            self._replace(update)
            return
        if not self.usable:
            return
        if update.previous and update.previous != self.sequence:
            self.invalidate()
            raise BookGap(
                f"{update.instrument}: update follows {update.previous}, the book stands at {self.sequence}"
            )
        _merge(self.bids, self.bid_prices, update.bids)
        _merge(self.asks, self.ask_prices, update.asks)
        if update.sequence:
            self.sequence = update.sequence
        if self.bid_prices and self.ask_prices and self.bid_prices[-1] >= self.ask_prices[0]:
            self.invalidate()
            raise BookGap(f"{update.instrument}: crossed after update {update.sequence}")
        while len(self.bid_prices) > DEPTH_MAX:
            self.bids.pop(self.bid_prices.pop(0))
        while len(self.ask_prices) > DEPTH_MAX:
            self.asks.pop(self.ask_prices.pop())

    def invalidate(self) -> None:
        """Nothing may be decided on this book until it gets a snapshot."""
        if self.usable:
            self.gaps += 1
        self.usable = False

    def levels_to_buy(self, worst: float) -> list[tuple[float, float]]:
        """The asks at ``worst`` or better, best first."""
        found = []
        for price in self.ask_prices:
            if price > worst:
                break
            found.append((price, self.asks[price]))
        return found

    def levels_to_sell(self, worst: float) -> list[tuple[float, float]]:
        """The bids at ``worst`` or better, best first."""
        found = []
        for price in reversed(self.bid_prices):
            if price < worst:
                break
            found.append((price, self.bids[price]))
        return found

    def _replace(self, update: BookUpdate) -> None:
        self.bids = {price: quantity for price, quantity in update.bids if quantity > 0}
        self.asks = {price: quantity for price, quantity in update.asks if quantity > 0}
        self.bid_prices = sorted(self.bids)
        self.ask_prices = sorted(self.asks)
        self.sequence = update.sequence
        self.usable = not (self.bid_prices and self.ask_prices and self.bid_prices[-1] >= self.ask_prices[0])
        if not self.usable:
            self.gaps += 1
            raise BookGap(f"{update.instrument}: snapshot {update.sequence} is crossed")


def _sound(levels: Levels) -> bool:
    """Whether every price is above 0 and every quantity is 0 or more; a NaN is neither."""
    return all(0.0 < price < INFINITE and 0.0 <= quantity < INFINITE for price, quantity in levels)


def _merge(side: dict[float, float], prices: list[float], levels: Levels) -> None:
    for price, quantity in levels:
        if quantity == 0:
            if price in side:
                del side[price]
                del prices[bisect_left(prices, price)]
        else:
            if price not in side:
                insort(prices, price)
            side[price] = quantity

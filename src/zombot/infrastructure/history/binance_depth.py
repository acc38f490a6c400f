"""Binance's rules for joining depth updates to a snapshot, for spot and for usdm.

Updates are held until a snapshot with ``lastUpdateId`` L comes. What is older than it is left out. The first
update that counts must straddle it (spot: ``U <= L + 1 <= u``; usdm: ``U <= L <= u``, and as usdm's numbers
have holes, ``pu <= L`` in place of ``U <= L``: nothing lies between ``pu`` and ``U``); each further one must
follow the one before (spot: ``U`` is the last ``u`` + 1; usdm: ``pu`` is the last ``u``). Anything else is a
gap: the depth is lost until the next snapshot.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

from zombot.infrastructure.history.binance_frames import Depth, Market

HELD_MAX: Final = 10_000
"""Updates held while no snapshot is there: over a quarter of an hour at the usual ten a second."""

T = TypeVar("T")


class DepthChain(Generic[T]):
    """Where the depth of one instrument stands; ``T`` is what the caller wants back with each held update."""

    def __init__(self, market: Market, sequence: int = 0) -> None:
        self._market = market
        self.sequence = sequence
        """Of the last update taken; 0 while the depth is lost."""
        self.straddled = sequence != 0
        """Whether an update was joined to the last snapshot, so that from now on they must chain."""
        self.held: deque[tuple[Depth, T]] = deque()

    @property
    def joined(self) -> bool:
        """Whether there is a book to which updates can be applied."""
        return self.sequence != 0

    def is_newer(self, last_update_id: int) -> bool:
        """Whether a snapshot says more than the chain already knows."""
        return not self.joined or last_update_id > self.sequence

    def restart(self, last_update_id: int) -> None:
        """A snapshot becomes the book; the held updates are then offered again."""
        self.sequence = last_update_id
        self.straddled = False

    def lose(self) -> None:
        """The chain is broken: hold updates until the next snapshot."""
        self.sequence = 0
        self.straddled = False

    def hold(self, update: Depth, tag: T) -> T | None:
        """Keep an update for the next snapshot; the tag of the oldest comes back when there are too many."""
        self.held.append((update, tag))
        return self.held.popleft()[1] if len(self.held) > HELD_MAX else None

    def is_old(self, update: Depth) -> bool:
        """Whether the snapshot already holds this update."""
        if self.straddled:
            return update.u <= self.sequence
        return update.u <= self.sequence if self._market is Market.SPOT else update.u < self.sequence

    def follows(self, update: Depth) -> bool:
        """Whether this update is the next one; if so the chain stands at its end."""
        if self.straddled:
            fits = (
                update.pu == self.sequence if self._market is Market.USDM else self.sequence == update.U - 1
            )
        else:
            fits = (
                update.pu <= self.sequence <= update.u
                if self._market is Market.USDM
                else update.U <= self.sequence + 1 <= update.u
            )
        if fits:
            self.sequence = update.u
            self.straddled = True
        return fits

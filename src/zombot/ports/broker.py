"""The port to a venue's order entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zombot.domain.effects import CancelOrder, QueryOrder
from zombot.domain.events import AccountEvent, LinkChanged
from zombot.domain.order import OrderRequest

AccountSink = Callable[[AccountEvent | LinkChanged], None]


class Broker(Protocol):
    """Order entry. No call waits and none raises for what a venue may answer: answers come to the sink later.

    An implementation must answer each order with ``OrderAccepted`` and later fills and an end, or with
    ``OrderRejected``, or with ``OrderUnknown`` when it cannot tell. It must answer a query with what it knows
    of the order (its fills again, then its state) or with ``OrderNotFound``. It may repeat and reorder.
    """

    def submit(self, requests: Sequence[OrderRequest]) -> None:
        """Send orders, all in one message where the venue allows."""
        ...

    def cancel(self, cancel: CancelOrder) -> None:
        """Ask for the cancellation of one order."""
        ...

    def query(self, query: QueryOrder) -> None:
        """Ask what became of one order."""
        ...

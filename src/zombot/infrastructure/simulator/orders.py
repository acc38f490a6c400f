"""An order as the venue holds it."""

from __future__ import annotations

import enum
from decimal import Decimal

from zombot.domain.instrument import Instrument
from zombot.domain.money import ZERO
from zombot.domain.order import Fill, OrderRequest, Side
from zombot.infrastructure.simulator.fills import Queue


class VenueOrderState(enum.Enum):
    """Where the order stands at the venue, whatever its owner has heard."""

    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class VenueOrder:
    """Mutable: the venue's own record of one order."""

    __slots__ = (
        "account_id",
        "filled",
        "fills",
        "instrument",
        "key",
        "muted",
        "price",
        "quantity",
        "queue",
        "reason",
        "request",
        "reserved",
        "sequence",
        "side",
        "state",
        "venue_order_id",
    )

    def __init__(
        self, account_id: str, request: OrderRequest, instrument: Instrument, *, sequence: int, order_id: str
    ) -> None:
        self.account_id = account_id
        self.request = request
        self.instrument = instrument
        self.side = request.side
        self.price = request.price
        self.key = float(request.price or 0)
        """The price as a float, to compare with market data."""
        self.quantity = request.quantity
        """What may be filled: less than was asked for when a reduce-only order was trimmed."""
        self.filled = ZERO
        self.fills: list[Fill] = []
        self.state = VenueOrderState.LIVE
        self.reason = ""
        self.reserved = ZERO
        self.queue: Queue | None = None
        """Set while the order rests."""
        self.muted = False
        self.sequence = sequence
        self.venue_order_id = order_id

    @property
    def remaining(self) -> Decimal:
        """Base units that may still be filled."""
        return self.quantity - self.filled

    @property
    def live(self) -> bool:
        """Whether it may still be filled."""
        return self.state is VenueOrderState.LIVE

    @property
    def priority(self) -> tuple[float, int]:
        """Ascending: better price first, then older first."""
        return (-self.key if self.side is Side.BUY else self.key, self.sequence)

    @property
    def reserved_asset(self) -> str:
        """What it ties up while it rests: a spot sale its coin, everything else the quote asset."""
        sells_coin = self.instrument.is_spot and self.side is Side.SELL
        return self.instrument.base if sells_coin else self.instrument.quote

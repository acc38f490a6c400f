"""Everything the engine may ask its shell to do; an answer is always a later event."""

from __future__ import annotations

import enum

from msgspec import Struct

from zombot.domain.events import Fact
from zombot.domain.identifiers import ClientOrderId, InstrumentId
from zombot.domain.order import OrderRequest


class Record(Struct, frozen=True):
    """Append this fact to the journal, before any other effect of the same batch is performed."""

    fact: Fact


class PlaceOrders(Struct, frozen=True):
    """Send these orders together, one frame a venue where the venue allows."""

    requests: tuple[OrderRequest, ...]


class CancelOrder(Struct, frozen=True):
    """Ask the venue to cancel."""

    client_order_id: ClientOrderId
    instrument: InstrumentId


class QueryOrder(Struct, frozen=True):
    """Ask the venue what became of an order: fills, state, or that it does not know it."""

    client_order_id: ClientOrderId
    instrument: InstrumentId


class SetTimer(Struct, frozen=True):
    """Feed ``TimerFired(key)`` at this time; a later one with the same key replaces it."""

    key: str
    at_ns: int


class AlertLevel(enum.Enum):
    """How loud."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Alert(Struct, frozen=True):
    """Tell a human."""

    level: AlertLevel
    text: str


Effect = Record | PlaceOrders | CancelOrder | QueryOrder | SetTimer | Alert

"""Orders: what we ask a venue for, and the life cycle that ends only when the venue's evidence is final."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from zombot.domain.errors import IllegalTransition
from zombot.domain.identifiers import ArbitrageId, Asset, ClientOrderId, InstrumentId
from zombot.domain.money import ZERO


class Side(enum.Enum):
    """Which way base units move."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(enum.Enum):
    """How the price is bounded."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(enum.Enum):
    """How long an order may rest."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post-only"


class Purpose(enum.Enum):
    """Why an order was sent; it decides into which part of the profit its price difference goes."""

    OPEN = "open"
    HEDGE = "hedge"
    """Follows the fills of a maker order."""
    CLOSE = "close"
    REPAIR = "repair"


class OrderRequest(Struct, frozen=True, kw_only=True):
    """One order as it leaves: everything an adapter needs, exact and on the instrument's grid."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    quantity: Decimal
    """Base units."""
    price: Decimal | None
    """The worst price; None only for a market order."""
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.IOC
    reduce_only: bool = False
    expire_ns: int = 0
    """The venue must refuse it after this time; 0 for none."""
    arbitrage: ArbitrageId
    leg: int
    purpose: Purpose
    decision_price: Decimal
    """The price the decision counted on; executed against it gives the slippage."""


class Fill(Struct, frozen=True, kw_only=True):
    """One match of our order."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    price: Decimal
    quantity: Decimal
    """Base units, before fees."""
    fee: Decimal
    """Positive is a cost."""
    fee_asset: Asset
    trade_id: str
    """Unique per instrument at its venue: the key that a fill is booked once by."""
    maker: bool
    realized: Decimal = ZERO
    """Perpetuals: profit that the venue paid out for the closed part, in the quote asset."""
    venue_ns: int
    received_ns: int

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy."""
        return self.quantity if self.side is Side.BUY else -self.quantity


class OrderState(enum.Enum):
    """Where an order stands by what the venue has said so far."""

    IN_FLIGHT = "in-flight"
    LIVE = "live"
    PARTIALLY_FILLED = "partially-filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class OrderEvent(enum.Enum):
    """What can happen to an order."""

    ACCEPTED = "accepted"
    FILL = "fill"
    COMPLETED = "completed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    LOST = "lost"
    """No answer in time, or an answer that says neither yes nor no."""
    NOT_FOUND = "not-found"
    """Asked past its deadline, the venue does not know it: it never came to be."""


_S, _E = OrderState, OrderEvent
TERMINAL: Final = frozenset({_S.FILLED, _S.CANCELED, _S.REJECTED})

# state x event -> state, every cell written out. The rules behind it:
# - A fill is a fact whenever it comes: after a cancel (late), after a reject (the venue contradicts itself).
# - Silence is never failure: LOST leads to UNKNOWN, and only the venue's word leads out of it.
# - A contradiction (rejected after accepted) is not believed: UNKNOWN, ask the venue.
# - A terminal state is left only by a fill.
TRANSITIONS: Final[dict[tuple[OrderState, OrderEvent], OrderState]] = {
    (_S.IN_FLIGHT, _E.ACCEPTED): _S.LIVE,
    (_S.IN_FLIGHT, _E.FILL): _S.PARTIALLY_FILLED,
    (_S.IN_FLIGHT, _E.COMPLETED): _S.FILLED,
    (_S.IN_FLIGHT, _E.CANCELED): _S.CANCELED,
    (_S.IN_FLIGHT, _E.REJECTED): _S.REJECTED,
    (_S.IN_FLIGHT, _E.LOST): _S.UNKNOWN,
    (_S.LIVE, _E.ACCEPTED): _S.LIVE,
    (_S.LIVE, _E.FILL): _S.PARTIALLY_FILLED,
    (_S.LIVE, _E.COMPLETED): _S.FILLED,
    (_S.LIVE, _E.CANCELED): _S.CANCELED,
    (_S.LIVE, _E.REJECTED): _S.UNKNOWN,
    (_S.LIVE, _E.LOST): _S.UNKNOWN,
    (_S.PARTIALLY_FILLED, _E.ACCEPTED): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _E.FILL): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _E.COMPLETED): _S.FILLED,
    (_S.PARTIALLY_FILLED, _E.CANCELED): _S.CANCELED,
    (_S.PARTIALLY_FILLED, _E.REJECTED): _S.UNKNOWN,
    (_S.PARTIALLY_FILLED, _E.LOST): _S.UNKNOWN,
    (_S.UNKNOWN, _E.ACCEPTED): _S.LIVE,
    (_S.UNKNOWN, _E.FILL): _S.PARTIALLY_FILLED,
    (_S.UNKNOWN, _E.COMPLETED): _S.FILLED,
    (_S.UNKNOWN, _E.CANCELED): _S.CANCELED,
    (_S.UNKNOWN, _E.REJECTED): _S.REJECTED,
    (_S.UNKNOWN, _E.LOST): _S.UNKNOWN,
    (_S.UNKNOWN, _E.NOT_FOUND): _S.REJECTED,
    (_S.FILLED, _E.ACCEPTED): _S.FILLED,
    (_S.FILLED, _E.FILL): _S.FILLED,
    (_S.FILLED, _E.COMPLETED): _S.FILLED,
    (_S.FILLED, _E.CANCELED): _S.FILLED,
    (_S.FILLED, _E.REJECTED): _S.FILLED,
    (_S.FILLED, _E.LOST): _S.FILLED,
    (_S.FILLED, _E.NOT_FOUND): _S.FILLED,
    (_S.CANCELED, _E.ACCEPTED): _S.CANCELED,
    (_S.CANCELED, _E.FILL): _S.CANCELED,
    (_S.CANCELED, _E.COMPLETED): _S.FILLED,
    (_S.CANCELED, _E.CANCELED): _S.CANCELED,
    (_S.CANCELED, _E.REJECTED): _S.CANCELED,
    (_S.CANCELED, _E.LOST): _S.CANCELED,
    (_S.CANCELED, _E.NOT_FOUND): _S.CANCELED,
    (_S.REJECTED, _E.ACCEPTED): _S.REJECTED,
    (_S.REJECTED, _E.FILL): _S.PARTIALLY_FILLED,
    (_S.REJECTED, _E.COMPLETED): _S.FILLED,
    (_S.REJECTED, _E.CANCELED): _S.CANCELED,
    (_S.REJECTED, _E.REJECTED): _S.REJECTED,
    (_S.REJECTED, _E.LOST): _S.REJECTED,
    (_S.REJECTED, _E.NOT_FOUND): _S.REJECTED,
}
# (IN_FLIGHT | LIVE | PARTIALLY_FILLED, NOT_FOUND) have no cell: only an unknown order is asked for.


class Order(Struct, kw_only=True):
    """An order of ours and all that the venue said about it. Mutated only by ``EngineState.apply``."""

    request: OrderRequest
    state: OrderState = OrderState.IN_FLIGHT
    filled: Decimal = ZERO
    """Base units, from fills seen."""
    reported_filled: Decimal = ZERO
    """What the venue's last terminal report says was filled in total: a fill may still be on its way."""
    fee_base: Decimal = ZERO
    """Fees taken from the base asset so far."""
    cost: Decimal = ZERO
    """Sum of price x quantity over the fills, quote units."""
    trade_ids: dict[str, None] = field(default_factory=dict)
    """Fills booked, in their order; a dict so that the state hash does not depend on hashing."""
    reason: str = ""
    """Why it was rejected or cancelled, as the venue says."""
    cancel_requested: bool = False
    sent_ns: int = 0
    queries: int = 0
    """How often the venue was asked about it."""

    def advance(self, event: OrderEvent) -> None:
        """Move along the table.

        Raises:
            IllegalTransition: the table has no cell.
        """
        try:
            self.state = TRANSITIONS[self.state, event]
        except KeyError:
            raise IllegalTransition(
                f"order {self.request.client_order_id}: {event.value} while {self.state.value}"
            ) from None

    @property
    def remaining(self) -> Decimal:
        """Base units not filled yet."""
        return self.request.quantity - self.filled

    @property
    def final(self) -> bool:
        """Nothing more is expected: a terminal state, and every fill that the venue reported is here."""
        return self.state in TERMINAL and self.filled >= self.reported_filled

    @property
    def signed_net(self) -> Decimal:
        """Base units gained (positive) or given, after fees taken from the base asset."""
        return self.request.side.sign * self.filled - self.fee_base

"""Everything that enters the engine, and every fact that the journal keeps.

Market data (``domain.market``) enters and is not journaled. Account events, commands and decisions are facts.
``EngineState.apply`` folds them, and folding the journal gives the state back without deciding again.
"""

from __future__ import annotations

import enum
from decimal import Decimal

from msgspec import Struct

from zombot.domain.arbitrage import ArbitrageEvent, ArbitrageState
from zombot.domain.identifiers import ArbitrageId, Asset, ClientOrderId, InstrumentId, StrategyId, VenueId
from zombot.domain.market import (
    BookLost,
    BookUpdate,
    FundingRate,
    InstrumentStatus,
    MarkPrice,
    PublicTrade,
    TopOfBook,
)
from zombot.domain.opportunity import Style
from zombot.domain.order import Fill, OrderRequest, Side

# --- What a venue says about our account -----------------------------------------------------------------


class OrderAccepted(Struct, frozen=True, tag=True, kw_only=True):
    """The venue has the order."""

    client_order_id: ClientOrderId
    venue_order_id: str
    venue_ns: int
    received_ns: int


class OrderRejected(Struct, frozen=True, tag=True, kw_only=True):
    """The venue refused the order: nothing of it was or will be filled."""

    client_order_id: ClientOrderId
    reason: str
    venue_ns: int
    received_ns: int


class OrderFilled(Struct, frozen=True, tag=True, kw_only=True):
    """One match of an order of ours."""

    fill: Fill
    received_ns: int


class OrderCanceled(Struct, frozen=True, tag=True, kw_only=True):
    """The order is over with ``filled`` base units filled in all; fills may still be on their way."""

    client_order_id: ClientOrderId
    filled: Decimal
    reason: str
    venue_ns: int
    received_ns: int


class OrderUnknown(Struct, frozen=True, tag=True, kw_only=True):
    """Nobody knows what became of the order: no answer in time, or one that says neither yes nor no."""

    client_order_id: ClientOrderId
    reason: str
    received_ns: int


class OrderNotFound(Struct, frozen=True, tag=True, kw_only=True):
    """Asked for this order, the venue answers that it does not know it."""

    client_order_id: ClientOrderId
    venue_ns: int
    received_ns: int


class CancelRejected(Struct, frozen=True, tag=True, kw_only=True):
    """The venue did not cancel; the order may be filled, cancelled or gone."""

    client_order_id: ClientOrderId
    reason: str
    received_ns: int


class ForcedFill(Struct, frozen=True, tag=True, kw_only=True):
    """The venue closed (part of) a position itself: liquidation or auto-deleveraging."""

    instrument: InstrumentId
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    """In the quote asset; a liquidation's penalty is in here."""
    realized: Decimal
    kind: str
    """``liquidation`` or ``adl``."""
    trade_id: str
    venue_ns: int
    received_ns: int


class FundingPaid(Struct, frozen=True, tag=True, kw_only=True):
    """A funding settlement of one of our positions."""

    instrument: InstrumentId
    amount: Decimal
    """Positive is received, in the quote asset."""
    rate: Decimal
    mark: Decimal
    quantity: Decimal
    """The signed position at the instant of settlement."""
    bill_id: str
    """Unique at its venue: the key that it is booked once by."""
    venue_ns: int
    received_ns: int


class BalanceReported(Struct, frozen=True, tag=True, kw_only=True):
    """What the venue says we own of one asset, isolated margin included, unrealised profit not."""

    venue: VenueId
    asset: Asset
    total: Decimal
    available: Decimal
    venue_ns: int
    received_ns: int


class PositionReported(Struct, frozen=True, tag=True, kw_only=True):
    """What the venue says we hold of one perpetual."""

    instrument: InstrumentId
    quantity: Decimal
    """Signed base units."""
    average_price: Decimal
    margin: Decimal
    liquidation_price: Decimal | None
    venue_ns: int
    received_ns: int


# --- What the shell says ---------------------------------------------------------------------------------


class BotStarted(Struct, frozen=True, tag=True, kw_only=True):
    """A run begins. The first one of a journal fixes the epoch that client order ids carry."""

    bot: str
    epoch: int
    """Whole seconds since 1970."""
    version: str
    received_ns: int


class BotStopped(Struct, frozen=True, tag=True, kw_only=True):
    """An orderly end; a journal without it at its end belongs to a bot that crashed or runs."""

    reason: str
    received_ns: int


class Recovered(Struct, frozen=True, tag=True, kw_only=True):
    """The journal is folded and the account is read: trading may go on."""

    received_ns: int


class Draining(Struct, frozen=True, tag=True, kw_only=True):
    """The bot is about to stop: begin nothing, take back what rests, let the rest end."""

    received_ns: int


class LinkChanged(Struct, frozen=True, tag=True, kw_only=True):
    """A venue's link was lost or is back."""

    venue: VenueId
    live: bool
    reason: str
    received_ns: int


class TimerFired(Struct, frozen=True, tag=True, kw_only=True):
    """A timer that an effect asked for is due."""

    key: str
    received_ns: int


class CommandKind(enum.Enum):
    """What an operator can ask for."""

    PAUSE = "pause"
    """Open nothing new; arbitrages under way go on and exit as usual."""
    RESUME = "resume"
    REDUCE_ONLY = "reduce-only"
    FLATTEN = "flatten"
    """Close every arbitrage now and open nothing new."""
    KILL = "kill"
    """Stop: cancel all orders, open nothing, close nothing until resumed."""


class Command(Struct, frozen=True, tag=True, kw_only=True):
    """An operator's wish, journaled with who and when."""

    kind: CommandKind
    by: str
    received_ns: int


# --- What we decided -------------------------------------------------------------------------------------


class TradingMode(enum.Enum):
    """What the engine may do."""

    ENABLED = "enabled"
    PAUSED = "paused"
    """No entries; exits and repairs as always."""
    REDUCE_ONLY = "reduce-only"
    """No entries; as paused, but set by risk or operator until an operator resumes."""
    HALTED = "halted"
    """No entries and no exits; a half-done arbitrage is still repaired, by reducing."""


class LegPlan(Struct, frozen=True, kw_only=True):
    """A leg as sized: exact and on the grid."""

    instrument: InstrumentId
    side: Side
    target: Decimal
    """Signed base units after fees."""
    order_quantity: Decimal
    """Base units to order: the target, grossed up where the fee is taken from the base asset."""
    decision_price: Decimal
    worst_price: Decimal
    maker: bool = False


class ArbitragePlanned(Struct, frozen=True, tag=True, kw_only=True):
    """The risk gate approved: an arbitrage begins, with the market it was decided on."""

    arbitrage: ArbitrageId
    strategy: StrategyId
    pair: str
    direction: str
    style: Style
    legs: tuple[LegPlan, ...]
    quantity: Decimal
    gross_bps: float
    cost_bps: float
    funding_bps: float
    net_bps: float
    exit_spread_bps: float
    received_ns: int


class OrdersIntended(Struct, frozen=True, tag=True, kw_only=True):
    """These orders are about to leave. In the journal before they do (I1)."""

    arbitrage: ArbitrageId
    step: int
    requests: tuple[OrderRequest, ...]
    received_ns: int


class CancelIntended(Struct, frozen=True, tag=True, kw_only=True):
    """A cancel is about to leave."""

    client_order_id: ClientOrderId
    reason: str
    received_ns: int


class QueryIntended(Struct, frozen=True, tag=True, kw_only=True):
    """The venue is about to be asked what became of an order."""

    client_order_id: ClientOrderId
    received_ns: int


class ExitDecided(Struct, frozen=True, tag=True, kw_only=True):
    """An arbitrage is to be closed, and at which prices the decision counts."""

    arbitrage: ArbitrageId
    reason: str
    decision_prices: tuple[Decimal, ...]
    received_ns: int


class ArbitrageAdvanced(Struct, frozen=True, tag=True, kw_only=True):
    """A step along the table of ``domain.arbitrage``."""

    arbitrage: ArbitrageId
    event: ArbitrageEvent
    state: ArbitrageState
    """The state after the event."""
    reason: str
    received_ns: int
    retry_ns: int = 0


class OpportunityRefused(Struct, frozen=True, tag=True, kw_only=True):
    """Why not traded: an episode in which an opportunity stood and was refused, written when it ends."""

    strategy: StrategyId
    pair: str
    direction: str
    reason: str
    count: int
    """How many evaluations refused it."""
    gross_bps: float
    """The best seen."""
    net_bps: float
    """What it would have earned at its best, after costs."""
    since_ns: int
    received_ns: int


class ModeChanged(Struct, frozen=True, tag=True, kw_only=True):
    """The trading mode changed, by whom and why; it survives a restart (I7)."""

    mode: TradingMode
    reason: str
    by: str
    received_ns: int


class FillIgnored(Struct, frozen=True, tag=True, kw_only=True):
    """A fill or report that is not about an order of this bot: a human should look."""

    client_order_id: str
    what: str
    received_ns: int


AccountEvent = (
    OrderAccepted
    | OrderRejected
    | OrderFilled
    | OrderCanceled
    | OrderUnknown
    | OrderNotFound
    | CancelRejected
    | ForcedFill
    | FundingPaid
    | BalanceReported
    | PositionReported
)
ShellEvent = BotStarted | BotStopped | Recovered | Draining | LinkChanged | TimerFired | Command
MarketInput = TopOfBook | BookUpdate | BookLost | PublicTrade | MarkPrice | FundingRate | InstrumentStatus
Event = MarketInput | AccountEvent | ShellEvent

Fact = (
    AccountEvent
    | BotStarted
    | BotStopped
    | Recovered
    | LinkChanged
    | Command
    | ArbitragePlanned
    | OrdersIntended
    | CancelIntended
    | QueryIntended
    | ExitDecided
    | ArbitrageAdvanced
    | OpportunityRefused
    | ModeChanged
    | FillIgnored
)

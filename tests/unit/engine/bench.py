"""A bench for the engine: two quoted instruments, a strategy that wants what it is told, facts by hand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from tests.unit.domain.samples import (
    BTC,
    PERPETUAL,
    PERPETUAL_FEES,
    SECOND,
    SPOT,
    SPOT_FEES,
    T0,
    USDT,
    VENUE,
    D,
    perpetual,
    spot,
)
from zombot.domain.arbitrage import Arbitrage, ArbitrageEvent, Leg
from zombot.domain.effects import PlaceOrders
from zombot.domain.events import (
    ArbitrageAdvanced,
    ArbitragePlanned,
    BalanceReported,
    BotStarted,
    Event,
    LegPlan,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrdersIntended,
    Recovered,
)
from zombot.domain.identifiers import ArbitrageId, Asset, ClientOrderId, InstrumentId, StrategyId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.market import TopOfBook
from zombot.domain.money import ONE
from zombot.domain.opportunity import Exit, LegProposal, Missed, Opportunity, Outlook, Style
from zombot.domain.order import Fill, OrderRequest, Purpose, Side
from zombot.engine.config import EngineConfig
from zombot.engine.engine import Engine
from zombot.engine.state import EngineState
from zombot.ports.strategy import MarketView, PositionView

Kind = TypeVar("Kind")
INSTRUMENTS: dict[InstrumentId, Instrument] = {SPOT: spot(), PERPETUAL: perpetual()}
FEES: dict[InstrumentId, FeeRates] = {SPOT: SPOT_FEES, PERPETUAL: PERPETUAL_FEES}


class Wish:
    """A strategy that proposes what it was told to."""

    def __init__(self) -> None:
        self.id = StrategyId("wish")
        self.pair = "BTC-USDT"
        self.wanted: Opportunity | Missed | None = None
        self.exit: Exit | None = None

    def instruments(self) -> tuple[InstrumentId, ...]:
        return (SPOT, PERPETUAL)

    def decide(self, market: MarketView, positions: PositionView, now_ns: int) -> Opportunity | Missed | None:
        return self.wanted

    def decide_exit(self, arbitrage: Arbitrage, market: MarketView, now_ns: int) -> Exit | None:
        return self.exit

    def exit_now(self, arbitrage: Arbitrage, market: MarketView, reason: str) -> Exit | None:
        return self.exit

    def outlook(self, market: MarketView, positions: PositionView, now_ns: int) -> Outlook:
        return Outlook("premium", 0.0, 0.0, 0.0)


def opportunity(*, style: Style = Style.TAKER_TAKER, notional: str = "1000", **changes: Any) -> Opportunity:
    """Buy spot at 100.0, sell the perpetual at 101.0; the perpetual rests in maker-taker."""
    maker = style is Style.MAKER_TAKER
    fields: dict[str, Any] = {
        "strategy": StrategyId("wish"),
        "pair": "BTC-USDT",
        "direction": "premium",
        "style": style,
        "legs": (
            LegProposal(instrument=SPOT, side=Side.BUY, ratio=D(1), decision_price=100.0, worst_price=100.2),
            LegProposal(
                instrument=PERPETUAL,
                side=Side.SELL,
                ratio=D(1),
                decision_price=101.1 if maker else 101.0,
                worst_price=101.1 if maker else 100.8,
                maker=maker,
            ),
        ),
        "notional_max": D(notional),
        "gross_bps": 100.0,
        "cost_bps": 30.0,
        "funding_bps": 0.0,
        "net_bps": 70.0,
        "minimum_bps": 1.0,
        "exit_spread_bps": 5.0,
        "expire_ns": T0 + 3_600 * SECOND,
    }
    return Opportunity(**{**fields, **changes})


class Bench:
    """An engine that has started, with money and both instruments quoted."""

    def __init__(
        self,
        config: EngineConfig | None = None,
        *,
        quote: str = "100000",
        base: str = "0",
        recovered: bool = True,
    ) -> None:
        self.wish = Wish()
        self.now_ns = T0
        self.effects: list[Any] = []
        self.engine = Engine(
            config=config or EngineConfig(bot="bot1"),
            instruments=INSTRUMENTS,
            fees=FEES,
            strategies=[self.wish],
        )
        self.feed(BotStarted(bot="bot1", epoch=1_700_000_000, version="0", received_ns=T0))
        for asset, total in ((USDT, quote), (BTC, base)):
            self.balance(asset, total)
        if recovered:
            self.feed(Recovered(received_ns=T0))
        self.quotes()

    @property
    def state(self) -> EngineState:
        return self.engine.state

    def feed(self, event: Event) -> list[Any]:
        """Process one event; its effects are returned and kept."""
        effects = list(self.engine.process(event))
        self.effects += effects
        return effects

    def balance(self, asset: Asset, total: str) -> None:
        """The venue reports what is owned."""
        self.feed(
            BalanceReported(
                venue=VENUE,
                asset=asset,
                total=D(total),
                available=D(total),
                venue_ns=T0,
                received_ns=self.now_ns,
            )
        )

    def top(
        self, instrument: InstrumentId, bid: float, ask: float, quantity: float = 50.0, *, late_ns: int = 0
    ) -> list[Any]:
        """A quote, now; ``late_ns`` is how long it was on its way."""
        return self.feed(
            TopOfBook(instrument, bid, quantity, ask, quantity, self.now_ns - late_ns, self.now_ns)
        )

    def quotes(self, quantity: float = 50.0) -> list[Any]:
        """Spot at 99.9 / 100.0 and its perpetual at 101.0 / 101.1."""
        return self.top(SPOT, 99.9, 100.0, quantity) + self.top(PERPETUAL, 101.0, 101.1, quantity)

    def wait(self, ns: int) -> None:
        """Let time pass; the next event carries it."""
        self.now_ns += ns

    def want(self, wanted: Opportunity | Missed | None) -> list[Any]:
        """Let the strategy propose this once, on a quote."""
        self.wish.wanted = wanted
        effects = self.top(SPOT, 99.9, 100.0)
        self.wish.wanted = None
        return effects

    def open(self, **changes: Any) -> list[OrderRequest]:
        """Take the opportunity; returns the orders that left."""
        return orders_in(self.want(opportunity(**changes)))

    def verdict(self, **changes: Any) -> str:
        """The risk gate's reason for a refusal, or "approved"; nothing is sent."""
        answer = self.engine.gate.check(opportunity(**changes), self.now_ns)
        return getattr(answer, "reason", "approved")

    def fill(
        self,
        request: OrderRequest,
        quantity: str | None = None,
        *,
        price: str | None = None,
        trade: str = "1",
    ) -> list[Any]:
        """A fill of this order at the fees of its instrument."""
        return self.feed(filled(request, quantity, price=price, trade=trade, at_ns=self.now_ns))

    def accept(self, request: OrderRequest) -> list[Any]:
        """The venue has it."""
        return self.feed(
            OrderAccepted(
                client_order_id=request.client_order_id,
                venue_order_id="v",
                venue_ns=0,
                received_ns=self.now_ns,
            )
        )

    def cancel(self, request: OrderRequest, filled_quantity: str = "0") -> list[Any]:
        """The venue ended it."""
        return self.feed(canceled(request, filled_quantity, at_ns=self.now_ns))

    def reject(self, request: OrderRequest) -> list[Any]:
        """The venue refused it."""
        return self.feed(
            OrderRejected(
                client_order_id=request.client_order_id, reason="no", venue_ns=0, received_ns=self.now_ns
            )
        )


def filled(
    request: OrderRequest,
    quantity: str | None = None,
    *,
    price: str | None = None,
    trade: str = "1",
    at_ns: int,
) -> OrderFilled:
    """A fill with the fee that the venue takes: from the coin on a spot buy, else from the quote."""
    amount = request.quantity if quantity is None else D(quantity)
    at = D(price) if price else request.price or request.decision_price
    fees = FEES[request.instrument]
    in_base = fees.buy_in_base and request.side is Side.BUY
    fee = amount * fees.taker if in_base else amount * at * fees.taker
    return OrderFilled(
        fill=Fill(
            client_order_id=request.client_order_id,
            instrument=request.instrument,
            side=request.side,
            price=at,
            quantity=amount,
            fee=fee,
            fee_asset=BTC if in_base else USDT,
            trade_id=f"{request.client_order_id}/{trade}",
            maker=False,
            venue_ns=at_ns,
            received_ns=at_ns,
        ),
        received_ns=at_ns,
    )


def canceled(request: OrderRequest, quantity: str = "0", *, at_ns: int) -> OrderCanceled:
    """The end of an order that filled this much in all."""
    return OrderCanceled(
        client_order_id=request.client_order_id,
        filled=D(quantity),
        reason="ioc",
        venue_ns=at_ns,
        received_ns=at_ns,
    )


def only(effects: Sequence[Any], kind: type[Kind]) -> list[Kind]:
    """The effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def orders_in(effects: Sequence[Any]) -> list[OrderRequest]:
    """The orders that these effects send."""
    return [request for batch in only(effects, PlaceOrders) for request in batch.requests]


# --- facts by hand, for what needs a state and no engine ---------------------------------------------------


def planned(
    identifier: int,
    quantity: Decimal = ONE,
    *,
    sides: tuple[Side, Side] = (Side.BUY, Side.SELL),
    at_ns: int = T0,
) -> ArbitragePlanned:
    """An arbitrage of spot and perpetual of this size, decided at 100 and 101."""
    legs = tuple(
        LegPlan(
            instrument=instrument,
            side=side,
            target=side.sign * quantity,
            order_quantity=quantity,
            decision_price=D(price),
            worst_price=D(price),
        )
        for instrument, side, price in zip((SPOT, PERPETUAL), sides, ("100", "101"), strict=True)
    )
    return ArbitragePlanned(
        arbitrage=ArbitrageId(identifier), strategy=StrategyId("wish"), pair="BTC-USDT", direction="premium",
        style=Style.TAKER_TAKER, legs=legs, quantity=quantity, gross_bps=100.0, cost_bps=30.0,
        funding_bps=0.0, net_bps=70.0, exit_spread_bps=5.0, received_ns=at_ns,
    )  # fmt: skip


def request(
    arbitrage: int,
    leg: int,
    attempt: int = 0,
    *,
    side: Side = Side.BUY,
    quantity: str | Decimal = "1",
    price: str | Decimal | None = "100",
    purpose: Purpose = Purpose.OPEN,
    decided: str | Decimal = "100",
    reduce_only: bool = False,
) -> OrderRequest:
    """One order of a leg."""
    return OrderRequest(
        client_order_id=ClientOrderId(f"bot1zpz{arbitrage}z{leg}z{attempt}"),
        instrument=(SPOT, PERPETUAL)[leg],
        side=side,
        quantity=D(quantity),
        price=None if price is None else D(price),
        reduce_only=reduce_only,
        arbitrage=ArbitrageId(arbitrage),
        leg=leg,
        purpose=purpose,
        decision_price=D(decided),
    )


def intended(*requests: OrderRequest, step: int = 1, at_ns: int = T0) -> OrdersIntended:
    """These orders leave."""
    return OrdersIntended(arbitrage=requests[0].arbitrage, step=step, requests=requests, received_ns=at_ns)


def advanced(
    state: EngineState, identifier: int, event: ArbitrageEvent, at_ns: int = T0
) -> ArbitrageAdvanced:
    """A step of an arbitrage along its table, as a fact that is yet to be applied."""
    arbitrage = state.durable.arbitrage(ArbitrageId(identifier))
    return ArbitrageAdvanced(
        arbitrage=arbitrage.id, event=event, state=arbitrage.advance(event), reason="", received_ns=at_ns
    )


def arbitrage_of(*nets: str, targets: Sequence[str] = ("1", "-1"), quantity: str = "1") -> Arbitrage:
    """An arbitrage whose legs hold this much."""
    legs = [
        Leg(
            instrument=(SPOT, PERPETUAL)[index],
            side=Side.BUY if D(target) > 0 else Side.SELL,
            target=D(target),
            decision_price=D(100 + index),
            worst_price=D(100 + index),
            net=D(net),
        )
        for index, (net, target) in enumerate(zip(nets, targets, strict=True))
    ]
    return Arbitrage(
        id=ArbitrageId(1), strategy=StrategyId("wish"), pair="BTC-USDT", direction="premium",
        style=Style.TAKER_TAKER, legs=legs, quantity=D(quantity), net_bps=70.0,
    )  # fmt: skip

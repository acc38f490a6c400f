"""Builds small simulated venues for tests and drives them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from zombot.domain.effects import CancelOrder, QueryOrder
from zombot.domain.events import AccountEvent, LinkChanged
from zombot.domain.identifiers import ArbitrageId, Asset, ClientOrderId, InstrumentId, VenueId
from zombot.domain.instrument import Instrument, InstrumentKind
from zombot.domain.market import BookUpdate, FundingRate, Levels, MarkPrice, PublicTrade, TopOfBook
from zombot.domain.money import text_of
from zombot.domain.order import OrderRequest, OrderType, Purpose, Side, TimeInForce
from zombot.infrastructure.simulator.config import AccountConfig, SimulatorConfig
from zombot.infrastructure.simulator.venue import SimulatedVenue
from zombot.ports.broker import Broker
from zombot.runtime.agenda import Agenda

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
VENUE = VenueId("sim")
SPOT = InstrumentId("sim:BTC-USDT")
SWAP = InstrumentId("sim:BTC-USDT-SWAP")
BTC = Asset("BTC")
USDT = Asset("USDT")

D = Decimal


def spot(**changes: Any) -> Instrument:
    """BTC-USDT: tick 0.1, lot 0.001, minimum 0.001."""
    values: dict[str, Any] = {
        "id": SPOT,
        "venue": VENUE,
        "symbol": "BTC-USDT",
        "kind": InstrumentKind.SPOT,
        "base": BTC,
        "quote": USDT,
        "tick": D("0.1"),
        "lot": D("0.001"),
        "minimum": D("0.001"),
    }
    return Instrument(**{**values, **changes})


def swap(**changes: Any) -> Instrument:
    """BTC-USDT-SWAP: tick 0.1, lot 0.01, minimum 0.01."""
    own: dict[str, Any] = {
        "id": SWAP,
        "symbol": "BTC-USDT-SWAP",
        "kind": InstrumentKind.PERPETUAL,
        "lot": D("0.01"),
        "minimum": D("0.01"),
    }
    return spot(**{**own, **changes})


def account(name: str = "main", **changes: Any) -> AccountConfig:
    """100,000 USDT and 10 BTC, leverage 5."""
    values: dict[str, Any] = {"balances": {USDT: D(100_000), BTC: D(10)}, "leverage": D(5)}
    return AccountConfig(id=name, **{**values, **changes})


class Bench:
    """A venue on an agenda, with what each account's bot has heard."""

    def __init__(
        self,
        *accounts: AccountConfig,
        instruments: Iterable[Instrument] | None = None,
        **config: Any,
    ) -> None:
        self.agenda = Agenda(START_NS)
        self.accounts = accounts or (account(),)
        self.venue = SimulatedVenue(
            VENUE,
            [spot(), swap()] if instruments is None else instruments,
            SimulatorConfig(accounts=self.accounts, **config),
            self.agenda,
        )
        self.heard: dict[str, list[AccountEvent | LinkChanged]] = {}
        self.brokers: dict[str, Broker] = {}
        self._count = 0
        for one in self.accounts:
            self.connect(one.id)
        self.run(0)
        self.forget()

    def connect(self, name: str) -> None:
        """Connect a (new) bot to an account."""
        self.heard.setdefault(name, [])
        self.brokers[name] = self.venue.broker(name, self.heard[name].append)

    def forget(self) -> None:
        """Start listening afresh."""
        for events in self.heard.values():
            events.clear()

    def run(self, ns: int = SECOND_NS) -> None:
        """Let time pass."""
        self.agenda.run_until(self.agenda.now_ns + ns)

    # --- market ---

    def quote(
        self,
        instrument: InstrumentId,
        bid: float,
        ask: float,
        *,
        bid_quantity: float = 1.0,
        ask_quantity: float = 1.0,
    ) -> None:
        """A new best bid and ask."""
        now = self.agenda.now_ns
        self.venue.on_market(TopOfBook(instrument, bid, bid_quantity, ask, ask_quantity, now, now))
        self.run(0)

    def depth(self, instrument: InstrumentId, bids: Levels, asks: Levels, *, snapshot: bool = True) -> None:
        """Depth, as a snapshot or as changes."""
        now = self.agenda.now_ns
        self.venue.on_market(BookUpdate(instrument, bids, asks, snapshot, now, now))
        self.run(0)

    def trade(self, instrument: InstrumentId, price: float, quantity: float, *, buyer_taker: bool) -> None:
        """Somebody's print."""
        now = self.agenda.now_ns
        self.venue.on_market(PublicTrade(instrument, price, quantity, buyer_taker, now, now))
        self.run(0)

    def mark(self, price: float, instrument: InstrumentId = SWAP) -> None:
        """A new mark price."""
        now = self.agenda.now_ns
        self.venue.on_market(MarkPrice(instrument, price, price, now, now))
        self.run(0)

    def funding(
        self, rate: float, *, in_s: int, then_s: int = 28_800, instrument: InstrumentId = SWAP
    ) -> None:
        """The running rate for the settlement in so many seconds."""
        now = self.agenda.now_ns
        at = now + in_s * SECOND_NS
        self.venue.on_market(FundingRate(instrument, rate, at, at + then_s * SECOND_NS, now, now))

    # --- orders ---

    def request(
        self, instrument: InstrumentId, side: Side, quantity: str, price: str | None = None, **changes: Any
    ) -> OrderRequest:
        """A limit (or, without a price, a market) order; immediate-or-cancel unless told otherwise."""
        self._count += 1
        values: dict[str, Any] = {
            "client_order_id": ClientOrderId(f"o{self._count}"),
            "instrument": instrument,
            "side": side,
            "quantity": D(quantity),
            "price": None if price is None else D(price),
            "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
            "time_in_force": TimeInForce.IOC,
            "arbitrage": ArbitrageId(1),
            "leg": 0,
            "purpose": Purpose.OPEN,
            "decision_price": D(price or "1"),
        }
        return OrderRequest(**{**values, **changes})

    def send(
        self,
        instrument: InstrumentId,
        side: Side,
        quantity: str,
        price: str | None = None,
        *,
        by: str = "",
        **changes: Any,
    ) -> ClientOrderId:
        """Submit an order and let it arrive."""
        request = self.request(instrument, side, quantity, price, **changes)
        self.brokers[by or self.accounts[0].id].submit([request])
        self.run(0)
        return request.client_order_id

    def buy(
        self, instrument: InstrumentId, quantity: str, price: str | None = None, **changes: Any
    ) -> ClientOrderId:
        """Submit a buy."""
        return self.send(instrument, Side.BUY, quantity, price, **changes)

    def sell(
        self, instrument: InstrumentId, quantity: str, price: str | None = None, **changes: Any
    ) -> ClientOrderId:
        """Submit a sale."""
        return self.send(instrument, Side.SELL, quantity, price, **changes)

    def cancel(self, name: ClientOrderId, instrument: InstrumentId = SPOT, *, by: str = "") -> None:
        """Ask for a cancel."""
        self.brokers[by or self.accounts[0].id].cancel(CancelOrder(name, instrument))
        self.run(0)

    def query(self, name: ClientOrderId, instrument: InstrumentId = SPOT, *, by: str = "") -> None:
        """Ask about an order."""
        self.brokers[by or self.accounts[0].id].query(QueryOrder(name, instrument))
        self.run(0)

    # --- what was heard ---

    def of(self, kind: type, by: str = "") -> list[Any]:
        """Reports of one kind."""
        return [event for event in self.heard[by or self.accounts[0].id] if isinstance(event, kind)]

    def about(self, name: ClientOrderId, by: str = "") -> list[Any]:
        """Reports about one order, in order."""
        found = []
        for event in self.heard[by or self.accounts[0].id]:
            subject = getattr(event, "fill", event)
            if getattr(subject, "client_order_id", None) == name:
                found.append(event)
        return found

    def told(self, name: ClientOrderId, by: str = "") -> list[str]:
        """The same, shortened: ``accepted``, ``filled 1@100``, ``canceled 0 ioc_remainder``."""
        return [_short(event) for event in self.about(name, by)]

    def total(self, asset: Asset, by: str = "") -> Decimal:
        """What the venue says is owned."""
        return self.venue.account(by or self.accounts[0].id).total(asset)

    def available(self, asset: Asset, by: str = "") -> Decimal:
        """What the venue says is free."""
        return self.venue.account(by or self.accounts[0].id).available(asset)

    def held(self, by: str = "") -> Decimal:
        """The position in the perpetual."""
        return self.venue.account(by or self.accounts[0].id).held(SWAP)


def _short(event: Any) -> str:
    kind = type(event).__name__.removeprefix("Order").lower()
    if kind == "filled":
        return f"filled {text_of(event.fill.quantity)}@{text_of(event.fill.price)}"
    if kind == "canceled":
        return f"canceled {text_of(event.filled)} {event.reason}"
    reason = getattr(event, "reason", "")
    return f"{kind} {reason}".strip()

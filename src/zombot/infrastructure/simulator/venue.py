"""The simulated venue: market data in, reports out, driven by a scheduler and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import ClientOrderId, InstrumentId, VenueId
from zombot.domain.instrument import FeeRates, Instrument, InstrumentState
from zombot.domain.market import (
    BookLost,
    BookUpdate,
    FundingRate,
    InstrumentStatus,
    MarketEvent,
    MarkPrice,
    PublicTrade,
    TopOfBook,
)
from zombot.domain.money import ONE, ZERO
from zombot.domain.order import OrderRequest
from zombot.infrastructure.simulator import reasons, reports
from zombot.infrastructure.simulator.account import Account, open_account
from zombot.infrastructure.simulator.checks import Limits
from zombot.infrastructure.simulator.clearing import Clearing
from zombot.infrastructure.simulator.config import SimulatorConfig
from zombot.infrastructure.simulator.desk import OrderDesk
from zombot.infrastructure.simulator.faults import build_faults
from zombot.infrastructure.simulator.fees import FixedFees
from zombot.infrastructure.simulator.fills import build_fills
from zombot.infrastructure.simulator.gateway import Link, SimulatedBroker
from zombot.infrastructure.simulator.latency import Hop, build_latency
from zombot.infrastructure.simulator.margin import MarginRules
from zombot.infrastructure.simulator.market import MarketState
from zombot.infrastructure.simulator.matcher import Matcher
from zombot.infrastructure.simulator.orders import VenueOrderState
from zombot.infrastructure.simulator.state import VenueState
from zombot.ports.broker import AccountSink, Broker
from zombot.ports.scheduler import Scheduler


class SimulatedVenue:
    """One venue with its instruments and accounts.

    Whoever drives it lets the scheduler run up to the time of an event before handing the event over, so that
    orders which arrived earlier are matched against the market as it was.
    """

    def __init__(
        self, venue: VenueId, instruments: Iterable[Instrument], config: SimulatorConfig, scheduler: Scheduler
    ) -> None:
        self._config = config
        self._scheduler = scheduler
        # Ids begin at the microseconds of the start: a venue that is built again for a bot that was restarted
        # gives no id twice.
        number = scheduler.now_ns // 1000
        self._fees = FixedFees(config.fees, spot=config.spot_fees, perpetual=config.perpetual_fees)
        rules = MarginRules(config.tiers)
        self._state = VenueState(venue, scheduler, fees=self._fees, rules=rules, first_number=number)
        self._markets = self._state.markets
        for instrument in instruments:
            self._markets[instrument.id] = MarketState(instrument, first_trade=number)
        known = {name: market.instrument for name, market in self._markets.items()}
        self._desk = OrderDesk(self._state)
        self._clearing = Clearing(self._state, self._desk)
        limits = Limits(price_band=config.price_band)
        self._matcher = Matcher(
            self._state, self._desk, self._clearing, fills=build_fills(config.fills), limits=limits
        )
        for settings in config.accounts:
            prefix = f"{settings.id}-{number}-"
            account = open_account(settings, known, rules, bill_prefix=prefix, now_ns=scheduler.now_ns)
            self._state.accounts[account.id] = account
            self._clearing.adopt(account)
            account.dirty_assets, account.dirty_positions = {}, {}
        self.feed = Hop(build_latency(config.feed_latency, seed=f"{config.seed}/feed"))
        """When market data that leaves the venue now reaches the bot: ``feed.arrival(now_ns)``."""
        self._handlers: dict[type, Callable[[Any], None]] = {
            TopOfBook: self.on_top,
            BookUpdate: self._on_book,
            BookLost: self._on_lost,
            PublicTrade: self._on_trade,
            MarkPrice: self._on_mark,
            FundingRate: self._on_funding,
            InstrumentStatus: self._on_status,
        }

    # --- market data ---

    def on_market(self, event: MarketEvent) -> None:
        """True market data, at the scheduler's time. Events of unknown instruments are ignored."""
        self._handlers[type(event)](event)

    def on_top(self, event: TopOfBook) -> None:
        """``on_market`` for a quote, for drivers that know what they hold: most events are quotes."""
        market = self._markets.get(event.instrument)
        if market is None:
            return
        market.top = event
        if market.watched:
            self._react_to_top(market, event)

    def _react_to_top(self, market: MarketState, event: TopOfBook) -> None:
        market.refresh(event)
        if market.trading and (market.bids_resting or market.asks_resting):
            self._matcher.on_top(market, event)
        if market.holders and market.mark is None:
            mid = market.mid()
            if mid is not None:
                self._clearing.check_liquidations(market, mid)
        market.watch()
        self._state.flush()

    def _on_book(self, event: BookUpdate) -> None:
        market = self._markets.get(event.instrument)
        if market is None:
            return
        market.apply(event)
        if market.watched and market.trading:
            self._matcher.on_depth(market, event)
            market.watch()
            self._state.flush()

    def _on_lost(self, event: BookLost) -> None:
        market = self._markets.get(event.instrument)
        if market is not None:
            market.lose()

    def _on_trade(self, event: PublicTrade) -> None:
        market = self._markets.get(event.instrument)
        if market is not None and market.trading and (market.bids_resting or market.asks_resting):
            self._matcher.on_print(market, event)
            market.watch()
            self._state.flush()

    def _on_mark(self, event: MarkPrice) -> None:
        market = self._markets.get(event.instrument)
        if market is None:
            return
        market.mark = event.mark
        if market.holders:
            self._clearing.check_liquidations(market, event.mark)
            market.watch()
            self._state.flush()

    def _on_status(self, event: InstrumentStatus) -> None:
        market = self._markets.get(event.instrument)
        if market is not None:
            market.trading = event.state is not InstrumentState.SUSPENDED

    def _on_funding(self, event: FundingRate) -> None:
        """Keep the newest rate; a settlement time that is new is put on the agenda."""
        market = self._markets.get(event.instrument)
        now_ns = self._scheduler.now_ns
        if market is None or event.funding_ns < now_ns or event.funding_ns <= market.settled_ns:
            return
        known = market.funding
        if known is not None and known.funding_ns <= now_ns and known.funding_ns > market.settled_ns:
            self._settle_funding(market, known.funding_ns)  # due at this very instant: before the next one
        market.funding = event
        if known is None or known.funding_ns != event.funding_ns:
            self._scheduler.call_at(event.funding_ns, partial(self._settle_funding, market, event.funding_ns))

    def _settle_funding(self, market: MarketState, funding_ns: int) -> None:
        event = market.funding
        # A time that was moved is not settled, and none is settled twice.
        if event is None or event.funding_ns != funding_ns or funding_ns <= market.settled_ns:
            return
        market.settled_ns = funding_ns
        market.settling_until_ns = funding_ns + self._config.funding_window_ns
        self._clearing.pay_funding(market, event)
        self._state.flush()

    # --- accounts ---

    def broker(self, account_id: str, sink: AccountSink) -> Broker:
        """Connect a bot to an account: balances and positions are reported to it at once.

        A bot that was connected before is cut off, with all that was on its way to it.
        """
        account = self.account(account_id)
        if account.link is not None:
            account.link.close()
        seed = f"{self._config.seed}/{account_id}/{self._scheduler.now_ns}"
        account.link = Link(
            self._state.venue,
            sink,
            self._scheduler,
            inbound=Hop(build_latency(self._config.order_latency, seed=f"{seed}/order")),
            outbound=Hop(build_latency(self._config.report_latency, seed=f"{seed}/report")),
            faults=build_faults(self._config.faults, seed=f"{seed}/faults"),
            on_live=partial(self.snapshot, account_id),
        )
        self.snapshot(account_id)
        return SimulatedBroker(account_id, account.link, self)

    def snapshot(self, account_id: str) -> None:
        """Report all balances and positions of an account to its bot."""
        account = self.account(account_id)
        account.dirty_assets.update(dict.fromkeys(account.totals))
        account.dirty_positions.update(dict.fromkeys(account.positions))
        self._state.flush()

    def stop_faults(self) -> None:
        """Nothing goes wrong from now on; lost links come back."""
        for account in self._state.accounts.values():
            if account.link is not None:
                account.link.stop_faults()

    def arrive(self, account_id: str, request: OrderRequest, *, muted: bool = False) -> None:
        """An order is at the venue's door."""
        account = self.account(account_id)
        share = account.link.faults.share() if account.link is not None else None
        self._matcher.arrive(account, request, muted=muted, share=share)
        self._state.flush()

    def cancel(self, account_id: str, client_order_id: ClientOrderId) -> None:
        """A cancel is at the venue's door."""
        account = self.account(account_id)
        order = account.pending.get(client_order_id)
        if order is None:
            known = client_order_id in account.done
            reason = reasons.ORDER_DONE if known else reasons.ORDER_NOT_FOUND
            self._state.say(account, reports.not_canceled(client_order_id, reason))
            return
        self._desk.cancel(order, reasons.CANCELED_BY_USER)
        self._desk.settle(account, self._markets[order.instrument.id])
        self._state.flush()

    def query(self, account_id: str, client_order_id: ClientOrderId) -> None:
        """A question about an order is at the venue's door: its fills again, then its state."""
        account = self.account(account_id)
        link, order, now_ns = account.link, account.find(client_order_id), self._scheduler.now_ns
        if link is None:
            return
        if order is None:
            link.answer(reports.not_found(client_order_id, now_ns))
            return
        order.muted = False  # whoever asks has found the channel on which the venue answers
        for fill in order.fills:
            link.answer(reports.filled(fill))
        if order.state is VenueOrderState.LIVE:
            link.answer(reports.accepted(order, now_ns))
        elif order.state is VenueOrderState.CANCELED:
            link.answer(reports.canceled(order, now_ns))
        elif order.state is VenueOrderState.REJECTED:
            link.answer(reports.rejected(client_order_id, order.reason, now_ns))

    def add_margin(self, account_id: str, instrument: InstrumentId, amount: Decimal) -> Decimal:
        """Move free money into a position's margin; returns how much was moved."""
        return self._clearing.add_margin(self.account(account_id), self._markets[instrument], amount)

    def force_adl(self, account_id: str, instrument: InstrumentId, quantity: Decimal) -> None:
        """Deleverage a position by up to ``quantity`` base units, as when the insurance fund is empty."""
        self._clearing.deleverage(self.account(account_id), self._markets[instrument], quantity)
        self._state.flush()

    # --- inspection ---

    def account(self, account_id: str) -> Account:
        """The venue's books of one account, to read: balances, positions, orders, fills and bills.

        Raises:
            InvalidValue: there is no such account.
        """
        try:
            return self._state.accounts[account_id]
        except KeyError:
            known = ", ".join(self._state.accounts)
            raise InvalidValue(f"account {account_id!r}: {known} are allowed") from None

    def market(self, instrument: InstrumentId) -> MarketState:
        """The venue's view of one instrument, to read."""
        return self._markets[instrument]

    def fees(self, instrument: InstrumentId) -> FeeRates:
        """What accounts pay on an instrument."""
        return self._fees.rates(self._markets[instrument].instrument)

    def equity(self, account_id: str, marks: Mapping[InstrumentId, Decimal]) -> Decimal:
        """Worth in the quote asset: coins at their spot's mark, positions at their own, margin included.

        Raises:
            InvalidValue: ``marks`` lacks the price of a coin that the account owns.
        """
        account = self.account(account_id)
        prices: dict[str, Decimal] = {market.instrument.quote: ONE for market in self._markets.values()}
        worth = ZERO
        for name, mark in marks.items():
            instrument = self._markets[name].instrument
            if instrument.is_spot:
                prices[instrument.base] = mark
            elif name in account.positions:
                worth += account.positions[name].unrealized(mark)
        for asset, total in account.totals.items():
            if total and asset not in prices:
                raise InvalidValue(f"equity of {account_id}: marks lack a spot price of {asset}")
            worth += total * prices.get(asset, ZERO)
        return worth

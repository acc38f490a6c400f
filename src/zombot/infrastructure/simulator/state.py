"""What all parts of the simulated venue share: accounts, markets, rules, numbers, and a voice."""

from __future__ import annotations

from decimal import Decimal

from zombot.domain.identifiers import InstrumentId, VenueId
from zombot.domain.instrument import Instrument
from zombot.domain.money import ZERO
from zombot.infrastructure.simulator import reports
from zombot.infrastructure.simulator.account import Account
from zombot.infrastructure.simulator.fees import FeeModel
from zombot.infrastructure.simulator.gateway import Make
from zombot.infrastructure.simulator.margin import MarginRules, liquidation_price
from zombot.infrastructure.simulator.market import MarketState
from zombot.infrastructure.simulator.orders import VenueOrder
from zombot.ports.scheduler import Scheduler


class VenueState:
    """Owned by ``SimulatedVenue``; its parts change it, nobody outside does."""

    __slots__ = ("_order_count", "accounts", "fees", "markets", "rules", "scheduler", "venue")

    def __init__(
        self, venue: VenueId, scheduler: Scheduler, *, fees: FeeModel, rules: MarginRules, first_number: int
    ) -> None:
        self.venue = venue
        self.scheduler = scheduler
        self.fees = fees
        self.rules = rules
        self.markets: dict[InstrumentId, MarketState] = {}
        self.accounts: dict[str, Account] = {}
        self._order_count = first_number

    def next_order(self) -> int:
        """A number that no other order has; later orders have higher ones."""
        self._order_count += 1
        return self._order_count

    def risk_rate(self, instrument: Instrument, quantity: Decimal) -> Decimal:
        """Maintenance plus liquidation fee, as a fraction of the notional at mark price."""
        fee = max(ZERO, self.fees.rates(instrument).taker)
        return self.rules.maintenance(instrument.id, quantity) + fee

    def say(self, account: Account, make: Make, *, durable: bool = False) -> None:
        """Report to an account's bot, if one is connected."""
        if account.link is not None:
            account.link.report(make, durable=durable)

    def say_order(self, order: VenueOrder, make: Make, *, is_fill: bool = False) -> None:
        """Report about an order, unless its reports are being lost."""
        link = self.accounts[order.account_id].link
        if link is not None and not order.muted:
            link.report(make, is_fill=is_fill)

    def flush(self) -> None:
        """Report every balance and position that has changed since the last flush, once."""
        for account in self.accounts.values():
            if account.dirty_positions:
                for instrument in account.dirty_positions:
                    self.say(account, self.position_report(account, instrument))
                account.dirty_positions = {}
            if account.dirty_assets:
                self._say_balances(account)

    def position_report(self, account: Account, instrument: InstrumentId) -> Make:
        """What the account holds of a perpetual now."""
        held = account.position(instrument)
        rate = self.risk_rate(self.markets[instrument].instrument, held.quantity)
        return reports.position(
            instrument,
            quantity=held.quantity,
            average_price=held.average_price,
            margin=held.margin,
            liquidation_price=liquidation_price(held, rate),
            venue_ns=self.scheduler.now_ns,
        )

    def _say_balances(self, account: Account) -> None:
        for asset in account.dirty_assets:
            self.say(
                account,
                reports.balance(
                    self.venue,
                    asset,
                    total=account.total(asset),
                    available=account.available(asset),
                    venue_ns=self.scheduler.now_ns,
                ),
            )
        account.dirty_assets = {}

"""One account at the venue: what it owns, what is tied up, and every booking that made it so."""

from __future__ import annotations

from collections import OrderedDict, deque
from decimal import Decimal
from typing import Final

from msgspec import Struct

from zombot.domain.errors import InvalidValue, InvariantViolation
from zombot.domain.identifiers import Asset, ClientOrderId, InstrumentId
from zombot.domain.instrument import Instrument
from zombot.domain.money import ZERO
from zombot.domain.order import Fill
from zombot.infrastructure.simulator.config import AccountConfig
from zombot.infrastructure.simulator.gateway import Link
from zombot.infrastructure.simulator.margin import MarginRules, Position, initial_margin
from zombot.infrastructure.simulator.orders import VenueOrder

HISTORY_MAX: Final = 100_000
"""Fills, bills and done orders kept per account; older bills are summed up in ``carried``."""


class Bill(Struct, frozen=True, kw_only=True):
    """One change of one balance. The bills of an account replay to its balances, digit for digit."""

    id: str
    asset: Asset
    change: Decimal
    balance: Decimal
    """Total after the change."""
    kind: str
    """deposit, trade, fee, realized, funding or liquidation."""
    instrument: InstrumentId | None
    reference: str
    """The trade id, where there is one."""
    venue_ns: int


class BalanceView(Struct, frozen=True, kw_only=True):
    """What the account owns of one asset."""

    total: Decimal
    available: Decimal


class Account:
    """Balances, positions, orders and history. Only ``change`` moves money."""

    __slots__ = (
        "_bill_count",
        "_bill_prefix",
        "_locked",
        "bills",
        "carried",
        "dirty_assets",
        "dirty_positions",
        "done",
        "fills",
        "id",
        "insured",
        "leverages",
        "leverage",
        "link",
        "pending",
        "positions",
        "totals",
    )

    def __init__(self, config: AccountConfig, *, bill_prefix: str) -> None:
        self.id = config.id
        self.leverage = config.leverage
        self.leverages = config.leverages
        self.totals: dict[Asset, Decimal] = {}
        self._locked: dict[Asset, Decimal] = {}
        self.positions: dict[InstrumentId, Position] = {}
        self.pending: dict[ClientOrderId, VenueOrder] = {}
        self.done: OrderedDict[ClientOrderId, VenueOrder] = OrderedDict()
        self.fills: deque[Fill] = deque(maxlen=HISTORY_MAX)
        self.bills: deque[Bill] = deque()
        self.carried: dict[Asset, Decimal] = {}
        """Sums of the bills that are no longer kept."""
        self.insured = ZERO
        """Losses beyond all that the account could pay, in quote: the insurance fund's part."""
        self.link: Link | None = None
        self.dirty_assets: dict[Asset, None] = {}
        self.dirty_positions: dict[InstrumentId, None] = {}
        self._bill_prefix = bill_prefix
        self._bill_count = 0

    def total(self, asset: Asset) -> Decimal:
        """Owned, margin included, unrealised profit not."""
        return self.totals.get(asset, ZERO)

    def available(self, asset: Asset) -> Decimal:
        """Owned and tied up neither by an order nor as margin."""
        return self.totals.get(asset, ZERO) - self._locked.get(asset, ZERO)

    def change(
        self,
        asset: Asset,
        change: Decimal,
        kind: str,
        *,
        instrument: InstrumentId | None,
        reference: str,
        now_ns: int,
        bill_id: str = "",
    ) -> None:
        """Book one change of one balance; 0 is not booked unless the bill has an id of its own."""
        if not change and not bill_id:
            return
        balance = self.total(asset) + change
        if balance < 0:
            raise InvariantViolation(f"account {self.id}: {kind} of {change} would leave {balance} {asset}")
        self.totals[asset] = balance
        self.dirty_assets[asset] = None
        if not bill_id:
            self._bill_count += 1
            bill_id = f"{self._bill_prefix}{self._bill_count}"
        self.bills.append(
            Bill(
                id=bill_id,
                asset=asset,
                change=change,
                balance=balance,
                kind=kind,
                instrument=instrument,
                reference=reference,
                venue_ns=now_ns,
            )
        )
        if len(self.bills) > HISTORY_MAX:
            oldest = self.bills.popleft()
            self.carried[oldest.asset] = self.carried.get(oldest.asset, ZERO) + oldest.change

    def lock(self, asset: Asset, amount: Decimal) -> None:
        """Tie up (or, below 0, free) an amount of an asset."""
        if not amount:
            return
        self._locked[asset] = self._locked.get(asset, ZERO) + amount
        self.dirty_assets[asset] = None

    def reserve(self, order: VenueOrder, amount: Decimal) -> None:
        """Tie up exactly this much for an order from now on."""
        self.lock(Asset(order.reserved_asset), amount - order.reserved)
        order.reserved = amount

    def position(self, instrument: InstrumentId) -> Position:
        """The holding, which may be empty."""
        found = self.positions.get(instrument)
        if found is None:
            found = self.positions[instrument] = Position()
        return found

    def held(self, instrument: InstrumentId) -> Decimal:
        """Signed quantity held of a perpetual."""
        found = self.positions.get(instrument)
        return found.quantity if found is not None else ZERO

    def leverage_of(self, instrument: InstrumentId) -> Decimal:
        """Leverage that new positions of a perpetual get."""
        return self.leverages.get(instrument, self.leverage)

    def find(self, client_order_id: ClientOrderId) -> VenueOrder | None:
        """The newest order of this id that the venue still remembers."""
        return self.pending.get(client_order_id) or self.done.get(client_order_id)

    def remember(self, order: VenueOrder) -> None:
        """File an order that is over, and forget the oldest when there are too many."""
        name = order.request.client_order_id
        earlier = self.done.get(name)
        if earlier is not None and earlier.fills and not order.fills:
            return  # a refused reuse of an id must not hide fills that did happen
        self.done[name] = order
        self.done.move_to_end(name)
        if len(self.done) > HISTORY_MAX:
            self.done.popitem(last=False)

    def balances(self) -> dict[Asset, BalanceView]:
        """Every asset that was ever touched."""
        return {
            asset: BalanceView(total=total, available=self.available(asset))
            for asset, total in self.totals.items()
        }


def open_account(
    config: AccountConfig,
    instruments: dict[InstrumentId, Instrument],
    rules: MarginRules,
    *,
    bill_prefix: str,
    now_ns: int,
) -> Account:
    """An account with its first deposits and the positions it is given.

    Raises:
        InvalidValue: a position is of no known perpetual, too large, or its margin is not in the balance.
    """
    account = Account(config, bill_prefix=bill_prefix)
    for asset, total in config.balances.items():
        account.change(asset, total, "deposit", instrument=None, reference="", now_ns=now_ns)
    for seed in config.positions:
        held = instruments.get(seed.instrument)
        if held is None or held.is_spot:
            raise InvalidValue(
                f"account {config.id}: position in {seed.instrument}, which is no perpetual here"
            )
        if not seed.quantity:
            continue
        cost = abs(seed.cost)
        margin = seed.margin
        if margin is None:
            margin = initial_margin(cost, account.leverage_of(held.id))
        if margin < 0 or margin > account.available(held.quote):
            raise InvalidValue(
                f"account {config.id}: margin {margin} of the position in {held.id}, "
                f"0 to {account.available(held.quote)} {held.quote} is allowed"
            )
        account.lock(held.quote, margin)
        account.positions[held.id] = Position(
            quantity=seed.quantity, cost=cost if seed.quantity > 0 else -cost, margin=margin
        )
    for name, instrument in instruments.items():
        leverage = account.leverage_of(name)
        if not instrument.is_spot and not rules.quantity_max(name, leverage):
            raise InvalidValue(
                f"account {config.id}: leverage {leverage} of {name} is above what its tiers allow"
            )
    return account

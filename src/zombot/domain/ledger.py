"""The ledger: every fill, fee and payment booked once, equal to the venue's books to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from zombot.domain.identifiers import Asset, InstrumentId, VenueId
from zombot.domain.instrument import Instrument
from zombot.domain.money import ZERO, quotient
from zombot.domain.order import Fill

BILLS_KEPT: Final = 100_000
"""Bill ids remembered for booking once; a venue does not deliver one again after that many others."""


def account_key(venue: VenueId, asset: Asset) -> str:
    """The key of one asset at one venue."""
    return f"{venue}/{asset}"


class Holding(Struct, kw_only=True):
    """A perpetual position as cash flows: ``quantity * mark - cost`` is its unrealised profit."""

    quantity: Decimal = ZERO
    """Signed base units."""
    cost: Decimal = ZERO
    """Sum of signed quantity x price, plus profit already paid out; 0 again when flat."""


class Ledger(Struct, kw_only=True):
    """Balances and positions as our own bookings make them. Balances include isolated margin."""

    opening: dict[str, Decimal] = field(default_factory=dict)
    """What was owned when the journal began."""
    balances: dict[str, Decimal] = field(default_factory=dict)
    holdings: dict[InstrumentId, Holding] = field(default_factory=dict)
    bills: dict[str, None] = field(default_factory=dict)
    """Ids booked, oldest first."""

    def open_balance(self, venue: VenueId, asset: Asset, total: Decimal) -> None:
        """Take what the venue reports as the opening balance, once."""
        key = account_key(venue, asset)
        if key not in self.balances:
            self.opening[key] = total
            self.balances[key] = total

    def balance(self, venue: VenueId, asset: Asset) -> Decimal:
        """What is owned, isolated margin included."""
        return self.balances.get(account_key(venue, asset), ZERO)

    def book_fill(self, fill: Fill, instrument: Instrument) -> None:
        """Book one fill and its fee."""
        if instrument.is_spot:
            self._add(instrument.venue, instrument.base, fill.signed_quantity)
            self._add(instrument.venue, instrument.quote, -fill.signed_quantity * fill.price)
        else:
            self.book_position(instrument, fill.signed_quantity, fill.price, fill.realized)
        self._add(instrument.venue, fill.fee_asset, -fill.fee)

    def book_position(
        self, instrument: Instrument, signed_quantity: Decimal, price: Decimal, realized: Decimal
    ) -> None:
        """Change a perpetual position and take the profit that the venue paid out."""
        holding = self.holdings.setdefault(instrument.id, Holding())
        holding.quantity += signed_quantity
        holding.cost += signed_quantity * price + realized
        self._add(instrument.venue, instrument.quote, realized)

    def book_payment(self, instrument: Instrument, amount: Decimal) -> None:
        """Book a funding payment (positive is received) or a fee (negative) in the quote asset."""
        self._add(instrument.venue, instrument.quote, amount)

    def first_time(self, bill: str) -> bool:
        """Remember a bill id; False when it was booked before."""
        if bill in self.bills:
            return False
        self.bills[bill] = None
        if len(self.bills) > BILLS_KEPT:
            del self.bills[next(iter(self.bills))]
        return True

    def _add(self, venue: VenueId, asset: Asset, amount: Decimal) -> None:
        key = account_key(venue, asset)
        self.balances[key] = self.balances.get(key, ZERO) + amount

    def equity(
        self,
        instruments: Mapping[InstrumentId, Instrument],
        marks: Mapping[InstrumentId, Decimal],
        opening_marks: Mapping[InstrumentId, Decimal],
    ) -> Decimal:
        """Everything in the quote asset at ``marks``.

        What was owned at the beginning is valued at ``opening_marks`` for ever: an inventory that was there
        before is not this bot's profit when its price moves, only what the bot adds or takes is.
        """
        spot_marks = {account_key(i.venue, i.base): i.id for i in instruments.values() if i.is_spot}
        total = ZERO
        for key, amount in self.balances.items():
            spot = spot_marks.get(key)
            if spot is None:
                total += amount
                continue
            opening = self.opening.get(key, ZERO)
            if opening:
                total += opening * opening_marks[spot]
            if amount != opening:
                total += (amount - opening) * marks[spot]
        for identifier, holding in self.holdings.items():
            if holding.quantity:
                total += holding.quantity * marks[identifier] - holding.cost
            else:
                total -= holding.cost
        return total


def shares(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Split ``amount`` by ``weights`` (not all 0) into parts that add up to it exactly."""
    total = sum(weights, ZERO)
    parts = [quotient(amount * weight, total) for weight in weights[:-1]]
    return [*parts, amount - sum(parts, ZERO)]

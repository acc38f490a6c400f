"""What is free to use: the ledger's balances less what positions lock and orders in flight have reserved."""

from __future__ import annotations

from decimal import Decimal

from zombot.domain.arbitrage import ArbitrageState
from zombot.domain.identifiers import InstrumentId, VenueId
from zombot.domain.money import ONE, ZERO
from zombot.domain.opportunity import Style
from zombot.domain.order import Order, Side
from zombot.engine.config import EngineConfig
from zombot.engine.state import EngineState
from zombot.engine.view import Markets


class Capital:
    """Answers from the durable state, so that a reservation is as sure as the order's record."""

    def __init__(self, state: EngineState, markets: Markets, config: EngineConfig) -> None:
        self._state = state
        self._markets = markets
        self._config = config

    def margin_rate(self, instrument: InstrumentId) -> Decimal:
        """Share of the notional that a position of this perpetual locks."""
        return self._config.margin_rates.get(instrument, ONE)

    def free_quote(self, venue: VenueId, asset: str) -> Decimal:
        """Free quote asset, less the buffer that entries leave alone."""
        durable, instruments = self._state.durable, self._state.instruments
        free = durable.ledger.balances.get(f"{venue}/{asset}", ZERO) * (
            ONE - self._config.limits.balance_buffer
        )
        for identifier, holding in durable.ledger.holdings.items():
            instrument = instruments[identifier]
            if holding.quantity and instrument.venue == venue and instrument.quote == asset:
                free -= abs(holding.cost) * self.margin_rate(identifier)
        for order in self._in_flight():
            instrument = instruments[order.request.instrument]
            if instrument.venue == venue and instrument.quote == asset:
                free -= self._reserved_quote(order)
        return free - self._owed(venue, asset) - self._hedges_to_come(venue, asset)

    def _hedges_to_come(self, venue: VenueId, asset: str) -> Decimal:
        """What the legs will take that follow a maker's fills and have no order yet."""
        needed = ZERO
        for arbitrage in self._state.durable.arbitrages.values():
            if arbitrage.style is not Style.MAKER_TAKER or arbitrage.state is not ArbitrageState.OPENING:
                continue
            orders = [self._state.durable.orders[identifier] for identifier in arbitrage.working]
            for index, leg in enumerate(arbitrage.legs):
                instrument = self._state.instruments[leg.instrument]
                if instrument.venue != venue or instrument.quote != asset:
                    continue
                sent = sum((o.remaining for o in orders if o.request.leg == index and not o.final), ZERO)
                missing = max(abs(leg.target) - abs(leg.net) - sent, ZERO) * leg.worst_price
                if not instrument.is_spot:
                    needed += missing * self.margin_rate(leg.instrument)
                elif leg.side is Side.BUY:
                    needed += missing
        return needed

    def _owed(self, venue: VenueId, asset: str) -> Decimal:
        """What it takes to buy back spot that was sold from inventory: its proceeds are not free."""
        owed = ZERO
        for arbitrage in self._state.durable.arbitrages.values():
            for leg in arbitrage.legs:
                instrument = self._state.instruments[leg.instrument]
                if instrument.is_spot and instrument.venue == venue and instrument.quote == asset:
                    owed += max(-leg.net, ZERO) * leg.decision_price
        return owed

    def free_base(self, venue: VenueId, asset: str) -> Decimal:
        """Free base asset for a spot leg that sells from inventory: what no arbitrage holds or sells."""
        durable, instruments = self._state.durable, self._state.instruments
        free = durable.ledger.balances.get(f"{venue}/{asset}", ZERO)
        for arbitrage in durable.arbitrages.values():
            for leg in arbitrage.legs:
                instrument = instruments[leg.instrument]
                if instrument.is_spot and instrument.venue == venue and instrument.base == asset:
                    free -= max(leg.net, ZERO)
        for order in self._in_flight():
            instrument = instruments[order.request.instrument]
            sells_base = instrument.is_spot and order.request.side is Side.SELL
            if sells_base and instrument.venue == venue and instrument.base == asset:
                free -= order.remaining
        return free

    def open_notional(self, *, pair: str | None = None, venue: VenueId | None = None) -> Decimal:
        """Notional of arbitrages under way, on their first leg at full target, so that in flight counts."""
        total = ZERO
        for arbitrage in self._state.durable.arbitrages.values():
            leg = arbitrage.legs[0]
            if pair is not None and arbitrage.pair != pair:
                continue
            if venue is not None and self._state.instruments[leg.instrument].venue != venue:
                continue
            size = abs(leg.net) if arbitrage.state is ArbitrageState.OPEN else abs(leg.target)
            total += size * leg.decision_price
        return total

    def _in_flight(self) -> list[Order]:
        orders = self._state.durable.orders
        return [
            orders[identifier]
            for arbitrage in self._state.durable.arbitrages.values()
            for identifier in arbitrage.working
            if not orders[identifier].final
        ]

    def _reserved_quote(self, order: Order) -> Decimal:
        request = order.request
        market = self._markets[request.instrument]
        taken_from_base = market.instrument.is_spot and market.fees.buy_in_base
        fee = ZERO if taken_from_base else max(market.fees.taker, ZERO)
        notional = max(order.remaining, ZERO) * (request.price or request.decision_price)
        if market.instrument.is_spot:
            return notional * (ONE + fee) if request.side is Side.BUY else ZERO
        return ZERO if request.reduce_only else notional * (self.margin_rate(request.instrument) + fee)

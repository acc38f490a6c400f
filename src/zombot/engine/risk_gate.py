"""The one gate before every entry: named checks in a fixed order, and the only maker of ``Approved``."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from zombot.domain.events import TradingMode
from zombot.domain.instrument import InstrumentState
from zombot.domain.margin import liquidation_distance_bps, liquidation_price
from zombot.domain.money import ONE, ceil_float, floor_float
from zombot.domain.opportunity import LegProposal, Opportunity
from zombot.domain.order import OrderState, Side
from zombot.domain.risk import Approved, Refused, gate_key
from zombot.domain.sizing import LegTerms, NotSized, size_jointly
from zombot.engine.capital import Capital
from zombot.engine.config import EngineConfig
from zombot.engine.state import DAY_NS, EngineState
from zombot.engine.trading_mode import may_enter
from zombot.engine.view import InstrumentMarket, Markets

SECOND_NS = 1_000_000_000
LIQUIDATION_ROOM = 1.25
"""An entry wants this much more distance to liquidation than the distance at which it would be closed."""


def on_tick(price: float, side: Side, tick: Decimal) -> Decimal:
    """A worst price on the grid, rounded against ourselves: never worse than what was decided."""
    return floor_float(price, tick) if side is Side.BUY else ceil_float(price, tick)


class RiskGate:
    """Checks an opportunity against state, market and limits, and sizes it."""

    def __init__(self, state: EngineState, markets: Markets, capital: Capital, config: EngineConfig) -> None:
        self._state = state
        self._markets = markets
        self._capital = capital
        self._config = config
        self._limits = config.limits
        self.draining = False
        """Set while the bot stops: what is under way ends, nothing begins."""
        self._sent_ns: deque[int] = deque(maxlen=config.limits.orders_per_second_max)

    def sent(self, at_ns: int) -> None:
        """Count an order that leaves."""
        self._sent_ns.append(at_ns)

    def check(self, opportunity: Opportunity, now_ns: int) -> Approved | Refused:
        """The verdict on an entry; every refusal has a name."""
        reason = (
            self._mode_reason()
            or self._breaker_reason(now_ns)
            or self._pair_reason(opportunity)
            or self._rate_reason(len(opportunity.legs), now_ns)
            or self._legs_reason(opportunity, now_ns)
        )
        if reason:
            return Refused(reason)
        return self._size(opportunity)

    def _mode_reason(self) -> str:
        durable = self._state.durable
        if self.draining:
            return "stopping"
        if not durable.recovered:
            return "not_recovered"
        if not may_enter(durable.mode):
            return {
                TradingMode.PAUSED: "paused",
                TradingMode.REDUCE_ONLY: "reduce_only",
                TradingMode.HALTED: "halted",
            }[durable.mode]
        return ""

    def _breaker_reason(self, now_ns: int) -> str:
        durable, limits = self._state.durable, self._limits
        if durable.day_profit < -limits.daily_loss_max and now_ns // DAY_NS == durable.day:
            return "daily_loss"
        tripped = durable.failures >= limits.failures_max
        return "circuit_breaker" if tripped and now_ns < durable.failed_ns + limits.breaker_ns else ""

    def _pair_reason(self, opportunity: Opportunity) -> str:
        """What other arbitrages forbid."""
        durable = self._state.durable
        if len(durable.arbitrages) >= self._limits.arbitrages_max:
            return "arbitrages_max"
        instruments = {leg.instrument for leg in opportunity.legs}
        for arbitrage in durable.arbitrages.values():
            if instruments.isdisjoint(leg.instrument for leg in arbitrage.legs):
                continue
            if any(durable.orders[c].state is OrderState.UNKNOWN for c in arbitrage.working):
                return "unknown_order"
            sides = {leg.instrument: leg.side for leg in arbitrage.legs}
            if any(sides.get(leg.instrument, leg.side) is not leg.side for leg in opportunity.legs):
                # A reduce-only exit of one would be refused against the other's position.
                return "opposite_open"
        return ""

    def _rate_reason(self, legs: int, now_ns: int) -> str:
        allowed = self._limits.orders_per_second_max
        recent = sum(1 for at_ns in self._sent_ns if at_ns > now_ns - SECOND_NS)
        return "order_rate" if recent + legs > allowed else ""

    def _legs_reason(self, opportunity: Opportunity, now_ns: int) -> str:
        if now_ns > opportunity.expire_ns:
            return "opportunity_expired"
        for leg in opportunity.legs:
            market = self._markets[leg.instrument]
            reason = (
                self._market_reason(market, now_ns)
                or self._price_reason(leg, market)
                or self._margin_reason(leg, market)
            )
            if reason:
                return reason
        return ""

    def _market_reason(self, market: InstrumentMarket, now_ns: int) -> str:
        limits = self._limits
        if not market.linked:
            return "link_lost"
        if market.state is not InstrumentState.LIVE:
            return "instrument_not_live"
        if not market.usable:
            return "book_unusable"
        if now_ns - market.received_ns > limits.quote_age_max_ns:
            return "quote_stale"
        if abs(market.received_ns - market.venue_ns) > limits.clock_skew_max_ns:
            return "clock_skew"
        window = limits.funding_window_ns
        if window and market.funding_ns and 0 <= market.funding_ns - now_ns <= window:
            return "funding_near"
        return ""

    def _price_reason(self, leg: LegProposal, market: InstrumentMarket) -> str:
        if not leg.worst_price > 0:
            return "price_invalid"
        if market.mark > 0:
            deviation = abs(leg.decision_price / market.mark - 1.0) * 10_000.0
            if deviation > self._limits.mark_deviation_max_bps:
                return "mark_deviation"
        return ""

    def _margin_reason(self, leg: LegProposal, market: InstrumentMarket) -> str:
        """A position must begin well away from where the watch over liquidation would close it again."""
        if market.instrument.is_spot:
            return ""
        price = leg.decision_price
        liquidation = liquidation_price(
            quantity=float(leg.side.sign),
            average_price=price,
            margin=price * float(self._capital.margin_rate(leg.instrument)),
            maintenance_rate=self._config.maintenance_rate,
            fee_rate=float(market.fees.taker),
        )
        if liquidation <= 0.0:
            return ""
        wanted = self._limits.liquidation_distance_min_bps * LIQUIDATION_ROOM
        return "liquidation_near" if liquidation_distance_bps(price, liquidation) < wanted else ""

    def _size(self, opportunity: Opportunity) -> Approved | Refused:
        terms = tuple(self._terms(leg) for leg in opportunity.legs)
        first = terms[0].instrument
        limits, capital = self._limits, self._capital
        rooms = (
            ("pair_notional_max", limits.pair_notional_max - capital.open_notional(pair=opportunity.pair)),
            ("venue_notional_max", limits.venue_notional_max - capital.open_notional(venue=first.venue)),
            ("notional_max", limits.notional_max - capital.open_notional()),
        )
        name, room = min(rooms, key=lambda item: item[1])
        if room <= 0:
            return Refused(name)
        sized = size_jointly(
            terms,
            notional_max=min(opportunity.notional_max, room),
            quote_available=capital.free_quote(first.venue, first.quote),
            base_available=capital.free_base(first.venue, first.base),
        )
        if isinstance(sized, NotSized):
            return Refused(sized.reason)
        return Approved(opportunity, sized, key=gate_key())

    def _terms(self, leg: LegProposal) -> LegTerms:
        market = self._markets[leg.instrument]
        instrument = market.instrument
        worst = on_tick(leg.worst_price, leg.side, instrument.tick)
        return LegTerms(
            instrument=instrument,
            fees=market.fees,
            side=leg.side,
            ratio=leg.ratio,
            worst_price=worst,
            # A maker order brings its own depth: only the legs that take are bounded by what is there.
            depth=Decimal(10) ** 18 if leg.maker else market.depth(leg.side, float(worst)),
            margin_rate=ONE if instrument.is_spot else self._capital.margin_rate(leg.instrument),
            maker=leg.maker,
        )

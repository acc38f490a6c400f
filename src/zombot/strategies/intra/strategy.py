"""Spot against perpetual at one venue: enter on net edge, exit on convergence, funding, age or risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from zombot.domain.arbitrage import Arbitrage
from zombot.domain.errors import InvalidValue
from zombot.domain.funding import expected_funding_bps, settlements_within
from zombot.domain.identifiers import InstrumentId, StrategyId
from zombot.domain.instrument import FeeRates, Instrument, InstrumentKind
from zombot.domain.opportunity import Exit, LegProposal, Missed, Opportunity, Outlook, Style
from zombot.domain.order import Side
from zombot.ports.strategy import InstrumentView, MarketView, PositionView
from zombot.strategies.intra.arithmetic import (
    entry_spread_bps,
    exit_spread_bps,
    net_edge_bps,
    next_mean,
    way_out_bps,
    worst_prices,
    worst_purchase,
    worst_sale,
)
from zombot.strategies.intra.config import DISCOUNT, PREMIUM, IntraConfig, parse_config

ID: Final = StrategyId("intra")
ONE: Final = Decimal(1)
PATIENCE: Final = 30
"""Exits for age and funding may use prices this many times older than entries may: a quiet top of book is
pushed only when it changes."""
RECOUNT_NS: Final = 1_000_000_000
"""How often the settlements within the horizon are counted anew while the rate stays the same."""


class IntraStrategy:
    """One pair. Its only memory is the moving average of the basis, which a warm-up window brings back."""

    __slots__ = (
        "id", "pair", "spot", "perpetual", "config", "fees_bps", "fair_bps",
        "_basis_ns", "_since_ns", "_premium", "_discount", "_rests_spot",
        "_rests_perpetual", "_funding_bps", "_funding_due_ns", "_rate", "_next_ns", "_mean_rate",
        "_settled_ns",
    )  # fmt: skip

    def __init__(
        self, pair: str, spot: InstrumentId, perpetual: InstrumentId, config: IntraConfig, fees_bps: float
    ) -> None:
        self.id = ID
        self.pair = pair
        self.spot = spot
        self.perpetual = perpetual
        self.config = config
        self.fees_bps = fees_bps
        """Both legs in and out, at the account's own rates."""
        self.fair_bps = 0.0
        """Where the basis is expected to come back to."""
        self._basis_ns = self._since_ns = 0
        maker = config.style is Style.MAKER_TAKER
        self._rests_spot = maker and config.maker_leg == "spot"
        self._rests_perpetual = maker and config.maker_leg == "perpetual"
        self._premium = PREMIUM in config.directions
        self._discount = DISCOUNT in config.directions
        self._funding_bps = 0.0
        self._funding_due_ns = 0
        self._rate = 0.0
        self._next_ns = 0
        self._mean_rate = 0.0
        self._settled_ns = 0

    def instruments(self) -> tuple[InstrumentId, ...]:
        """Spot and perpetual."""
        return (self.spot, self.perpetual)

    # --- entry -------------------------------------------------------------------------------------------

    def decide(self, market: MarketView, positions: PositionView, now_ns: int) -> Opportunity | Missed | None:
        """Look at both directions. HOT: runs on every quote of the pair."""
        spot = market[self.spot]
        perpetual = market[self.perpetual]
        spot_bid, spot_ask = spot.bid, spot.ask
        perpetual_bid, perpetual_ask = perpetual.bid, perpetual.ask
        if spot_bid <= 0.0 or perpetual_bid <= 0.0:
            return None
        config = self.config
        if config.fair_basis == "rolling":
            self._follow_basis(spot_bid + spot_ask, perpetual_bid + perpetual_ask, now_ns)
        if self._premium:
            gross = self._premium_spread(spot, perpetual)
            if gross - self.fair_bps + self._carries(perpetual, now_ns, -1) >= config.entry_bps:
                return self._weigh(PREMIUM, gross, spot, perpetual, positions, now_ns)
        if self._discount:
            gross = self._discount_spread(spot, perpetual)
            if gross + self.fair_bps + self._carries(perpetual, now_ns, 1) >= config.entry_bps:
                return self._weigh(DISCOUNT, gross, spot, perpetual, positions, now_ns)
        return None

    def _premium_spread(self, spot: InstrumentView, perpetual: InstrumentView) -> float:
        """Buy spot, sell the perpetual: a resting leg at the price it joins, others at what they take."""
        buy = spot.bid if self._rests_spot else spot.ask
        return entry_spread_bps(buy, perpetual.ask if self._rests_perpetual else perpetual.bid)

    def _discount_spread(self, spot: InstrumentView, perpetual: InstrumentView) -> float:
        """Buying the perpetual and selling spot, counted the same way."""
        buy = perpetual.bid if self._rests_perpetual else perpetual.ask
        return entry_spread_bps(buy, spot.ask if self._rests_spot else spot.bid)

    def _follow_basis(self, spot_sum: float, perpetual_sum: float, now_ns: int) -> None:
        basis = (perpetual_sum / spot_sum - 1.0) * 10_000.0
        if self._basis_ns == 0:
            self.fair_bps = basis
            self._since_ns = now_ns
        else:
            self.fair_bps = next_mean(
                self.fair_bps, basis, now_ns - self._basis_ns, self.config.fair_basis_half_life_ns
            )
        self._basis_ns = now_ns

    def _carries(self, perpetual: InstrumentView, now_ns: int, sign: int) -> float:
        """Funding expected over the holding horizon for a perpetual position of this sign.

        Counted anew when the rate changes and once a second, not on every quote.
        """
        if (
            now_ns < self._funding_due_ns
            and perpetual.funding_rate == self._rate
            and perpetual.funding_ns == self._next_ns
        ):
            return self._funding_bps * sign
        self._follow_funding(perpetual)
        # Counted anew once a second, and when the next settlement is over.
        self._funding_due_ns = now_ns + RECOUNT_NS
        if now_ns <= perpetual.funding_ns < self._funding_due_ns:
            self._funding_due_ns = perpetual.funding_ns + 1
        self._funding_bps = self._expected(perpetual, now_ns)
        return self._funding_bps * sign

    def _expected(self, perpetual: InstrumentView, now_ns: int) -> float:
        """Funding that a long position expects; changes nothing, so that looking does not shift decisions."""
        settlements = settlements_within(
            now_ns, self.config.holding_horizon_ns, perpetual.funding_ns, perpetual.next_funding_ns
        )
        later = self._mean_rate if self.config.funding_half_life_ns else perpetual.funding_rate
        return expected_funding_bps(perpetual.funding_rate, later, settlements, 1)

    def _follow_funding(self, perpetual: InstrumentView) -> None:
        """Take the rate that was last seen for a settlement into the moving average once that is over."""
        half_life_ns = self.config.funding_half_life_ns
        if half_life_ns and 0 < self._next_ns < perpetual.funding_ns:
            if self._settled_ns:
                elapsed_ns = self._next_ns - self._settled_ns
                self._mean_rate = next_mean(self._mean_rate, self._rate, elapsed_ns, half_life_ns)
            else:
                self._mean_rate = self._rate
            self._settled_ns = self._next_ns
        elif not self._settled_ns:
            self._mean_rate = perpetual.funding_rate
        self._rate = perpetual.funding_rate
        self._next_ns = perpetual.funding_ns

    def _weigh(
        self,
        direction: str,
        gross: float,
        spot: InstrumentView,
        perpetual: InstrumentView,
        positions: PositionView,
        now_ns: int,
    ) -> Opportunity | Missed | None:
        """An edge before costs is there: count the costs, then say what to do or why not."""
        config = self.config
        premium = direction == PREMIUM
        fair = self.fair_bps if premium else -self.fair_bps
        funding = self._carries(perpetual, now_ns, -1 if premium else 1)
        way_out = way_out_bps(spot.bid, spot.ask, perpetual.bid, perpetual.ask)
        net = net_edge_bps(gross, fair, self.fees_bps, way_out, funding)
        oldest_ns = min(spot.received_ns, perpetual.received_ns)
        if now_ns - oldest_ns > config.quote_age_max_ns:
            # Not an edge at all: two prices of different times.
            return Missed(self.pair, direction, "quote_stale", gross, net)
        if net < config.entry_bps:
            return Missed(self.pair, direction, "edge_below_entry", gross, net)
        if funding < -config.funding_exit_bps:
            # It would be left again at once.
            return Missed(self.pair, direction, "funding_against", gross, net)
        reason = self._hold_back(spot, perpetual, positions, now_ns)
        if reason:
            return Missed(self.pair, direction, reason, gross, net)
        buy, sell = (spot, perpetual) if premium else (perpetual, spot)
        legs = self._legs(buy, sell, net)
        return Opportunity(
            strategy=self.id,
            pair=self.pair,
            direction=direction,
            style=config.style,
            legs=legs if premium else (legs[1], legs[0]),
            notional_max=config.notional,
            gross_bps=gross,
            cost_bps=self.fees_bps + way_out,
            funding_bps=funding,
            net_bps=net,
            minimum_bps=config.minimum_bps,
            exit_spread_bps=fair + config.exit_bps + way_out,
            expire_ns=now_ns + config.quote_age_max_ns,
        )

    def outlook(self, market: MarketView, positions: PositionView, now_ns: int) -> Outlook:
        """The direction that is nearer to an entry."""
        del positions
        spot, perpetual = market[self.spot], market[self.perpetual]
        way_out = way_out_bps(spot.bid, spot.ask, perpetual.bid, perpetual.ask)
        found = []
        for direction in self.config.directions:
            premium = direction == PREMIUM
            spread = self._premium_spread if premium else self._discount_spread
            gross = spread(spot, perpetual)
            fair = self.fair_bps if premium else -self.fair_bps
            carry = self._expected(perpetual, now_ns) * (-1 if premium else 1)
            net = net_edge_bps(gross, fair, self.fees_bps, way_out, carry)
            found.append(Outlook(direction, gross, net, self.config.entry_bps))
        return max(found, key=lambda outlook: outlook.net_bps)

    def _hold_back(
        self,
        spot: InstrumentView,
        perpetual: InstrumentView,
        positions: PositionView,
        now_ns: int,
    ) -> str:
        """Why an edge after costs is not proposed; empty if it is."""
        config = self.config
        if not (spot.usable and perpetual.usable):
            return "market_unusable"
        if config.warm_up_ns and now_ns - self._since_ns < config.warm_up_ns:
            return "warming_up"
        if len(positions.open) >= config.open_max:
            return "pair_open"
        if positions.ended_ns and now_ns - positions.ended_ns < config.cool_down_ns:
            return "cool_down"
        return ""

    def _legs(self, buy: InstrumentView, sell: InstrumentView, net: float) -> tuple[LegProposal, LegProposal]:
        """Buy and sell leg; what is between the edge and its minimum is room for those that take."""
        buy_rests, sell_rests = self._rests(buy), self._rests(sell)
        buy_price = buy.bid if buy_rests else buy.ask
        sell_price = sell.ask if sell_rests else sell.bid
        minimum = self.config.minimum_bps
        if buy_rests:
            worst_buy, worst_sell = buy_price, worst_sale(buy_price, sell_price, net, minimum)
        elif sell_rests:
            worst_buy, worst_sell = worst_purchase(buy_price, sell_price, net, minimum), sell_price
        else:
            worst_buy, worst_sell = worst_prices(buy_price, sell_price, net, minimum)
        return (
            _proposal(buy, Side.BUY, buy_price, worst_buy, maker=buy_rests),
            _proposal(sell, Side.SELL, sell_price, worst_sell, maker=sell_rests),
        )

    def _rests(self, view: InstrumentView) -> bool:
        return self._rests_spot if view.instrument.is_spot else self._rests_perpetual

    # --- exit --------------------------------------------------------------------------------------------

    def decide_exit(self, arbitrage: Arbitrage, market: MarketView, now_ns: int) -> Exit | None:
        """Leave on convergence, on funding that turned, or on age. HOT while something is open.

        Converged means that nothing is left to earn: the spread still to close plus the funding still
        expected over the horizon is down to ``exit_bps``. Without funding that is the spread alone.
        """
        spot = market[self.spot]
        perpetual = market[self.perpetual]
        if not (spot.usable and perpetual.usable):
            return None
        premium = arbitrage.direction == PREMIUM
        spread = (
            exit_spread_bps(spot.bid, perpetual.ask) if premium else exit_spread_bps(perpetual.bid, spot.ask)
        )
        age_ns = now_ns - min(spot.received_ns, perpetual.received_ns)
        if age_ns > self.config.quote_age_max_ns * PATIENCE:
            return None
        carry = self._carries(perpetual, now_ns, -1 if premium else 1)
        if carry < -self.config.funding_exit_bps:
            return self._exit(arbitrage, "funding_turned", spot, perpetual)
        if now_ns - arbitrage.opened_ns >= self.config.age_max_ns:
            return self._exit(arbitrage, "age", spot, perpetual)
        # Convergence is read off the two prices, and prices of different times may show one that is not.
        fresh = age_ns <= self.config.quote_age_max_ns
        if fresh and spread + carry <= arbitrage.exit_spread_bps:
            return self._exit(arbitrage, "converged", spot, perpetual)
        return None

    def exit_now(self, arbitrage: Arbitrage, market: MarketView, reason: str) -> Exit | None:
        """Prices for an exit that was decided elsewhere."""
        spot = market[self.spot]
        perpetual = market[self.perpetual]
        # The top of book is enough to get out by: a gap in the depth behind it does not keep anybody in.
        reachable = spot.linked and perpetual.linked
        if not reachable or spot.bid <= 0.0 or perpetual.bid <= 0.0:
            return None
        return self._exit(arbitrage, reason, spot, perpetual)

    def _exit(
        self, arbitrage: Arbitrage, reason: str, spot: InstrumentView, perpetual: InstrumentView
    ) -> Exit:
        slack = self.config.exit_slippage_bps / 10_000.0
        views = {self.spot: spot, self.perpetual: perpetual}
        worst, decided = [], []
        for leg in arbitrage.legs:
            view = views[leg.instrument]
            sells = leg.side is Side.BUY
            touch = view.bid if sells else view.ask
            decided.append(touch)
            worst.append(touch * (1.0 - slack) if sells else touch * (1.0 + slack))
        return Exit(reason=reason, worst_prices=tuple(worst), decision_prices=tuple(decided))


def _proposal(view: InstrumentView, side: Side, price: float, worst: float, *, maker: bool) -> LegProposal:
    return LegProposal(
        instrument=view.instrument.id,
        side=side,
        ratio=ONE,
        decision_price=price,
        worst_price=worst,
        maker=maker,
    )


def build(
    config: dict[str, object],
    instruments: Mapping[InstrumentId, Instrument],
    fees: Mapping[InstrumentId, FeeRates],
) -> Sequence[IntraStrategy]:
    """One strategy object for each spot instrument that has a perpetual on the same base and quote."""
    parsed = parse_config(config)
    perpetuals = {
        (i.venue, i.base, i.quote): i for i in instruments.values() if i.kind is InstrumentKind.PERPETUAL
    }
    built = []
    for spot in instruments.values():
        perpetual = perpetuals.get((spot.venue, spot.base, spot.quote))
        if not spot.is_spot or perpetual is None:
            continue
        built.append(
            IntraStrategy(
                pair=f"{spot.base}-{spot.quote}",
                spot=spot.id,
                perpetual=perpetual.id,
                config=parsed,
                fees_bps=_round_trip_bps(parsed, fees[spot.id], fees[perpetual.id]),
            )
        )
    if not built:
        raise InvalidValue(
            "strategies.intra: no pair of a spot and a perpetual on one base and quote is there"
        )
    return built


def _round_trip_bps(config: IntraConfig, spot: FeeRates, perpetual: FeeRates) -> float:
    """Fees in and out: the way in as configured, the way out always as a taker."""
    makes = config.style is Style.MAKER_TAKER
    spot_in = spot.maker if makes and config.maker_leg == "spot" else spot.taker
    perpetual_in = perpetual.maker if makes and config.maker_leg == "perpetual" else perpetual.taker
    return float(spot_in + perpetual_in + spot.taker + perpetual.taker) * 10_000.0

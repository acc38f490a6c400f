"""When the intra strategy enters, holds back and leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.samples import (
    HOUR,
    NO_FEES,
    PERPETUAL,
    PERPETUAL_FEES,
    SECOND,
    SPOT,
    SPOT_FEES,
    T0,
    D,
    instrument,
    perpetual,
    spot,
)
from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import ArbitrageId, StrategyId
from zombot.domain.instrument import FeeRates, InstrumentKind
from zombot.domain.opportunity import Exit, Missed, Opportunity, Style
from zombot.domain.order import Side
from zombot.engine.risk_gate import on_tick
from zombot.engine.view import InstrumentMarket, Markets
from zombot.strategies.intra.arithmetic import entry_spread_bps
from zombot.strategies.intra.config import DISCOUNT, PREMIUM
from zombot.strategies.intra.strategy import IntraStrategy, build


@dataclass
class Held:
    """What the strategy holds."""

    open: Sequence[Arbitrage] = field(default_factory=list)
    ended_ns: int = 0


class Desk:
    """A strategy with its market; prices of spot and perpetual are set by hand."""

    def __init__(
        self, *, spot_fees: FeeRates = NO_FEES, perpetual_fees: FeeRates = NO_FEES, **config: Any
    ) -> None:
        instruments = {SPOT: spot(), PERPETUAL: perpetual()}
        fees = {SPOT: spot_fees, PERPETUAL: perpetual_fees}
        (self.strategy,) = build(dict(config), instruments, fees)
        self.markets: Markets = {i: InstrumentMarket(instruments[i], fees[i]) for i in instruments}
        self.held = Held()
        self.now_ns = T0

    def quote(self, spot_bid: float, perpetual_bid: float, width: float = 0.1) -> None:
        """Both sides of both instruments, received now."""
        for identifier, bid in ((SPOT, spot_bid), (PERPETUAL, perpetual_bid)):
            market = self.markets[identifier]
            market.bid, market.ask = bid, bid + width
            market.bid_quantity = market.ask_quantity = 10.0
            market.received_ns = market.venue_ns = self.now_ns
            market.quoted()

    def fund(self, rate: float, in_ns: int, interval_ns: int = 8 * HOUR) -> None:
        """The next settlement and its running rate."""
        market = self.markets[PERPETUAL]
        market.funding_rate = rate
        market.funding_ns = self.now_ns + in_ns
        market.next_funding_ns = market.funding_ns + interval_ns

    def decide(self) -> Opportunity | Missed | None:
        """The answer on a quote."""
        return self.strategy.decide(self.markets, self.held, self.now_ns)

    def proposal(self) -> Opportunity:
        """An opportunity, which it has to be."""
        found = self.decide()
        assert isinstance(found, Opportunity), found
        return found

    def reason(self) -> str:
        """Why it was missed, which it has to be."""
        found = self.decide()
        assert isinstance(found, Missed), found
        return found.reason

    def leave(self, arbitrage: Arbitrage) -> Exit | None:
        """The answer about an open arbitrage."""
        return self.strategy.decide_exit(arbitrage, self.markets, self.now_ns)


def arbitrage(direction: str = PREMIUM, *, exit_spread_bps: float = 5.0) -> Arbitrage:
    """An open arbitrage of one unit."""
    sides = (Side.BUY, Side.SELL) if direction == PREMIUM else (Side.SELL, Side.BUY)
    legs = [
        Leg(
            instrument=identifier,
            side=side,
            target=D(side.sign),
            net=D(side.sign),
            decision_price=D(100),
            worst_price=D(100),
        )
        for identifier, side in zip((SPOT, PERPETUAL), sides, strict=True)
    ]
    return Arbitrage(
        id=ArbitrageId(1), strategy=StrategyId("intra"), pair="BTC-USDT", direction=direction,
        style=Style.TAKER_TAKER, legs=legs, quantity=D(1), exit_spread_bps=exit_spread_bps, opened_ns=T0,
    )  # fmt: skip


bids = st.integers(9_900, 10_100).map(lambda ticks: ticks / 10)
rates = st.sampled_from([-0.002, -0.0003, 0.0, 0.0001, 0.001, 0.003])
fee_rates = st.sampled_from(["-0.0001", "0", "0.0002", "0.0005", "0.001"])


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """Any prices, fees, funding and thresholds."""
    entry = draw(st.integers(-5, 60))
    desk = Desk(
        spot_fees=FeeRates(maker=D(0), taker=D(draw(fee_rates)), buy_in_base=True),
        perpetual_fees=FeeRates(maker=D(0), taker=D(draw(fee_rates))),
        directions=draw(st.sampled_from([["premium"], ["discount"], ["premium", "discount"]])),
        entry_bps=entry,
        minimum_bps=entry - draw(st.integers(0, 20)),
        exit_bps=draw(st.integers(-10, 10)),
        holding_horizon=draw(st.sampled_from(["10m", "9h", "2d"])),
        style=draw(st.sampled_from(["taker-taker", "maker-taker"])),
        maker_leg=draw(st.sampled_from(["perpetual", "spot"])),
    )
    desk.quote(draw(bids), draw(bids), draw(st.sampled_from([0.1, 0.3, 1.0])))
    desk.fund(draw(rates), draw(st.integers(0, 10)) * HOUR)
    return desk


@given(desks())
def test_what_is_proposed_earns_its_minimum_at_its_worst_prices(desk: Desk) -> None:
    """Net edge adds up from its parts, is at least the entry, and survives fills at both rounded limits."""
    found = desk.decide()
    if not isinstance(found, Opportunity):
        return
    assert found.net_bps == pytest.approx(found.gross_bps - found.cost_bps + found.funding_bps)
    assert found.net_bps >= desk.strategy.config.entry_bps >= found.minimum_bps
    prices = {leg.side: leg for leg in found.legs}
    tick = D("0.1")
    buy = on_tick(prices[Side.BUY].worst_price, Side.BUY, tick)
    sell = on_tick(prices[Side.SELL].worst_price, Side.SELL, tick)
    worst = entry_spread_bps(float(buy), float(sell)) - found.cost_bps + found.funding_bps
    assert worst >= found.minimum_bps - 1e-6
    assert prices[Side.BUY].instrument == (SPOT if found.direction == PREMIUM else PERPETUAL)
    assert [leg.instrument for leg in found.legs] == [SPOT, PERPETUAL]
    assert sum(leg.maker for leg in found.legs) == (found.style is Style.MAKER_TAKER)


@given(desks())
def test_the_answer_has_one_meaning(desk: Desk) -> None:
    """None: no edge before costs. Missed: an edge before costs that costs eat. Else it is proposed."""
    found = desk.decide()
    config = desk.strategy.config
    spot_market, perpetual_market = desk.markets[SPOT], desk.markets[PERPETUAL]
    # A leg that rests is counted at its own side of the book, one that takes at the other.
    rests = config.maker_leg if config.style is Style.MAKER_TAKER else ""
    spot_sides = (spot_market.bid, spot_market.ask)
    perpetual_sides = (perpetual_market.bid, perpetual_market.ask)
    grosses = {
        PREMIUM: entry_spread_bps(spot_sides[rests != "spot"], perpetual_sides[rests == "perpetual"]),
        DISCOUNT: entry_spread_bps(perpetual_sides[rests != "perpetual"], spot_sides[rests == "spot"]),
    }
    if found is None:
        for direction in config.directions:
            assert grosses[direction] < config.entry_bps or perpetual_market.funding_rate
        return
    assert found.direction in config.directions
    assert found.gross_bps == grosses[found.direction]
    if isinstance(found, Missed):
        against = found.reason == "funding_against"
        assert against or found.reason == "edge_below_entry"
        assert against or found.net_bps < config.entry_bps
    assert desk.decide() == found


@given(desks(), st.sampled_from(["0.0001", "0.001"]))
def test_higher_fees_are_less_edge(desk: Desk, more: str) -> None:
    """With a higher fee the same market is worth four times that less, and never entered where it was not."""
    dearer = IntraStrategy(
        "BTC-USDT", SPOT, PERPETUAL, desk.strategy.config, desk.strategy.fees_bps + 4 * float(more) * 10_000
    )
    before = desk.decide()
    after = dearer.decide(desk.markets, desk.held, desk.now_ns)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert after.net_bps == pytest.approx(before.net_bps - 4 * float(more) * 10_000)
        assert not (isinstance(before, Missed) and isinstance(after, Opportunity))


@given(desks())
def test_an_entry_is_not_left_at_once(desk: Desk) -> None:
    """At the prices it was entered at, an arbitrage stays open as long as it leaves below where it enters.

    Entry and exit levels have hysteresis, so nothing opens again and again around one threshold.
    """
    found = desk.decide()
    config = desk.strategy.config
    assume(config.exit_bps <= config.entry_bps + desk.strategy.fees_bps)
    if not isinstance(found, Opportunity):
        return
    taken = arbitrage(found.direction, exit_spread_bps=found.exit_spread_bps)
    wanted = desk.leave(taken)
    # Entering against funding for the spread is the user's choice of funding_exit_bps.
    assert wanted is None or wanted.reason == "funding_turned"


@given(desks(), st.integers(0, 2**62))
def test_looking_does_not_change_what_is_decided(desk: Desk, late: int) -> None:
    """A picture for people at any moment leaves the next decision as it would have been (I9)."""
    market = desk.markets[PERPETUAL]
    config = desk.strategy.config
    plain = IntraStrategy("BTC-USDT", SPOT, PERPETUAL, config, 10.0)
    looked = IntraStrategy("BTC-USDT", SPOT, PERPETUAL, config, 10.0)
    market.funding_ns = T0 + 2 * SECOND
    market.next_funding_ns = market.funding_ns + 8 * HOUR
    looked.outlook(desk.markets, desk.held, market.funding_ns - late % SECOND)
    now_ns = market.funding_ns + 1
    assert looked.decide(desk.markets, desk.held, now_ns) == plain.decide(desk.markets, desk.held, now_ns)


# --- funding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "rate", "expected"),
    [(PREMIUM, 0.001, 10.0), (PREMIUM, -0.001, -10.0), (DISCOUNT, 0.001, -10.0), (DISCOUNT, -0.001, 10.0)],
)
def test_funding_has_the_sign_of_the_perpetual_leg(direction: str, rate: float, expected: float) -> None:
    """A short perpetual receives a positive rate, a long one pays it."""
    desk = Desk(directions=[direction], holding_horizon="1h", entry_bps=1, minimum_bps=0, funding_exit_bps=20)
    desk.quote(1_000.0, 1_020.0 if direction == PREMIUM else 980.0)
    desk.fund(rate, HOUR // 2)
    assert desk.proposal().funding_bps == pytest.approx(expected)


@pytest.mark.parametrize(("horizon", "count"), [("29m", 0), ("30m", 1), ("8h", 1), ("9h", 2), ("17h", 3)])
def test_only_settlements_within_the_horizon_count(horizon: str, count: int) -> None:
    """Settlements in half an hour and every eight hours: none is counted that will not be met."""
    desk = Desk(holding_horizon=horizon)
    desk.quote(1_000.0, 1_020.0)
    desk.fund(0.0001, HOUR // 2)
    assert desk.proposal().funding_bps == pytest.approx(count * 1.0)


@pytest.mark.parametrize("after_ns", [1, SECOND // 10, SECOND // 2, SECOND - 1])
def test_a_settlement_that_is_over_is_not_counted_any_more(after_ns: int) -> None:
    """Right after a settlement its payment is gone, whatever was counted a moment ago."""
    desk = Desk(holding_horizon="1h")
    desk.quote(1_000.0, 1_020.0)
    desk.fund(0.001, 1)
    assert desk.proposal().funding_bps == pytest.approx(10.0)
    desk.now_ns += 1 + after_ns
    desk.quote(1_000.0, 1_020.0)
    assert desk.proposal().funding_bps == 0.0


def test_the_moment_after_a_settlement_a_carry_is_still_held() -> None:
    """Until the venue names the next rate the settlements to come are known: nothing has converged."""
    desk = Desk(holding_horizon="2d", exit_bps=2)
    desk.quote(1_000.0, 1_000.2)
    desk.fund(0.001, SECOND)
    taken = arbitrage(exit_spread_bps=5.0)
    assert desk.leave(taken) is None
    desk.now_ns += 3 * SECOND
    desk.quote(1_000.0, 1_000.2)
    assert desk.leave(taken) is None


# --- holding back ----------------------------------------------------------------------------------------


def test_a_stale_leg_is_not_entered() -> None:
    """Older than its allowed age, either leg's quote holds the entry back."""
    for stale in (SPOT, PERPETUAL):
        desk = Desk(quote_age_max="2s")
        desk.quote(1_000.0, 1_020.0)
        desk.markets[stale].received_ns -= 2 * SECOND
        assert isinstance(desk.decide(), Opportunity)
        desk.markets[stale].received_ns -= 1
        assert desk.reason() == "quote_stale"


def test_an_unusable_market_is_not_entered_nor_left() -> None:
    """On a book with a gap nothing is decided, in either direction (I10)."""
    desk = Desk()
    desk.quote(1_000.0, 1_020.0)
    desk.markets[SPOT].usable = False
    assert desk.reason() == "market_unusable"
    assert desk.leave(arbitrage(exit_spread_bps=1_000.0)) is None
    # An exit that was decided elsewhere needs only the tops of both books and a venue that can be reached.
    assert desk.strategy.exit_now(arbitrage(), desk.markets, "flatten") is not None
    desk.markets[SPOT].linked = False
    assert desk.strategy.exit_now(arbitrage(), desk.markets, "flatten") is None


def test_before_both_sides_are_seen_there_is_nothing_to_say() -> None:
    """Without a quote of both instruments the answer is None, not an error."""
    desk = Desk()
    assert desk.decide() is None


def test_one_arbitrage_of_a_pair_at_a_time_unless_told() -> None:
    """open_max holds a further entry back."""
    desk = Desk(open_max=2)
    desk.quote(1_000.0, 1_020.0)
    desk.held.open = [arbitrage()]
    assert isinstance(desk.decide(), Opportunity)
    desk.held.open = [arbitrage(), arbitrage()]
    assert desk.reason() == "pair_open"


def test_after_an_end_the_pair_cools_down() -> None:
    """No new entry until the cool-down since the last arbitrage ended is over."""
    desk = Desk(cool_down="5s")
    desk.quote(1_000.0, 1_020.0)
    desk.held.ended_ns = desk.now_ns
    assert desk.reason() == "cool_down"
    desk.now_ns += 5 * SECOND - 1
    desk.quote(1_000.0, 1_020.0)
    assert desk.reason() == "cool_down"
    desk.now_ns += 1
    assert isinstance(desk.decide(), Opportunity)


def test_a_rolling_basis_is_watched_before_it_is_traded() -> None:
    """With a warm-up nothing is entered until the mean has been followed that long."""
    desk = Desk(fair_basis="rolling", fair_basis_half_life="1h", warm_up="60s", entry_bps=5)
    desk.quote(1_000.0, 1_000.0)
    desk.decide()
    desk.now_ns += 59 * SECOND
    desk.quote(1_000.0, 1_020.0)
    assert desk.reason() == "warming_up"
    desk.now_ns += SECOND
    desk.quote(1_000.0, 1_020.0)
    assert isinstance(desk.decide(), Opportunity)


# --- leaving ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [PREMIUM, DISCOUNT])
def test_it_leaves_when_the_spread_has_converged(direction: str) -> None:
    """At or below the exit level it leaves, above it stays; prices are the touch and its slippage bound."""
    desk = Desk(exit_slippage_bps=10)
    wide = 10.0 if direction == PREMIUM else -10.0
    desk.quote(1_000.0, 1_000.0 + wide)
    taken = arbitrage(direction, exit_spread_bps=5.0)
    assert desk.leave(taken) is None
    desk.quote(1_000.0, 1_000.0)
    found = desk.leave(taken)
    assert found is not None
    assert found.reason == "converged"
    bid, ask = 1_000.0, 1_000.1
    first, second = (bid, ask) if direction == PREMIUM else (ask, bid)
    assert found.decision_prices == (first, second)
    slack = 0.001 if direction == PREMIUM else -0.001
    assert found.worst_prices == pytest.approx((first * (1 - slack), second * (1 + slack)))


@pytest.mark.parametrize(("direction", "rate"), [(PREMIUM, -0.001), (DISCOUNT, 0.001)])
def test_it_leaves_when_funding_has_turned(direction: str, rate: float) -> None:
    """Paying more than funding_exit_bps within the horizon ends it, whatever the spread."""
    desk = Desk(funding_exit_bps=5, holding_horizon="1h")
    desk.quote(1_000.0, 1_010.0 if direction == PREMIUM else 990.0)
    desk.fund(rate / 4, HOUR // 2)
    assert desk.leave(arbitrage(direction)) is None
    desk.now_ns += 2 * SECOND
    desk.quote(1_000.0, 1_010.0 if direction == PREMIUM else 990.0)
    desk.fund(rate, HOUR // 2)
    found = desk.leave(arbitrage(direction))
    assert found is not None
    assert found.reason == "funding_turned"


def test_it_leaves_when_it_is_too_old() -> None:
    """At its greatest age it leaves at the prices of now."""
    desk = Desk(age_max="1h")
    desk.now_ns = T0 + HOUR - 1
    desk.quote(1_000.0, 1_010.0)
    assert desk.leave(arbitrage()) is None
    desk.now_ns += 1
    desk.quote(1_000.0, 1_010.0)
    found = desk.leave(arbitrage())
    assert found is not None
    assert found.reason == "age"


def test_no_exit_is_decided_on_a_stale_quote() -> None:
    """Stale data decides nothing, on the way out neither."""
    desk = Desk(quote_age_max="2s")
    desk.quote(1_000.0, 1_000.0)
    taken = arbitrage(exit_spread_bps=50.0)
    assert desk.leave(taken) is not None
    desk.markets[SPOT].received_ns -= 2 * SECOND + 1
    assert desk.leave(taken) is None


# --- building --------------------------------------------------------------------------------------------


def test_one_strategy_for_each_pair_of_spot_and_perpetual() -> None:
    """A spot market without its perpetual is passed over; fees are those of the account, in and out."""
    many = [
        instrument(kind, base=base)
        for base in ("BTC", "ETH")
        for kind in (InstrumentKind.SPOT, InstrumentKind.PERPETUAL)
    ] + [instrument(InstrumentKind.SPOT, base="DOGE")]
    fees = {i.id: SPOT_FEES if i.is_spot else PERPETUAL_FEES for i in many}
    built = build({}, {i.id: i for i in many}, fees)
    assert [strategy.pair for strategy in built] == ["BTC-USDT", "ETH-USDT"]
    assert built[0].instruments() == (SPOT, PERPETUAL)
    assert built[0].fees_bps == pytest.approx(2 * 10.0 + 2 * 5.0)
    (maker, _) = build({"style": "maker-taker"}, {i.id: i for i in many}, fees)
    assert maker.fees_bps == pytest.approx(10.0 + 2.0 + 10.0 + 5.0)


def test_no_pair_at_all_is_an_error() -> None:
    """A strategy without anything to trade says so at the start."""
    only = spot()
    with pytest.raises(InvalidValue, match="no pair"):
        build({}, {only.id: only}, {only.id: SPOT_FEES})

"""A repair makes the legs more even with orders that the venue takes, the cheapest way that is allowed."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.samples import PERPETUAL, PERPETUAL_FEES, SPOT, SPOT_FEES, T0, D, perpetual, spot
from tests.unit.engine.bench import arbitrage_of
from zombot.domain.arbitrage import Arbitrage
from zombot.domain.order import Purpose, Side
from zombot.engine.config import ExecutionConfig
from zombot.engine.legs import is_even, orderable, residual
from zombot.engine.repair import Repair, is_settled, plan_repair, usable
from zombot.engine.view import InstrumentMarket, Markets

CONFIG = ExecutionConfig()
lots = st.sampled_from(["0.001", "0.01", "0.1"])


def markets(spot_lot: str, perpetual_lot: str, minimum: int = 1, *, quoted: bool = True) -> Markets:
    """Both instruments on these grids, quoted around 100 and 101."""
    found = {}
    for grid, fees, bid in (
        (spot(lot=spot_lot, minimum=str(D(spot_lot) * minimum)), SPOT_FEES, 99.9),
        (perpetual(lot=perpetual_lot, minimum=str(D(perpetual_lot) * minimum)), PERPETUAL_FEES, 101.0),
    ):
        market = found[grid.id] = InstrumentMarket(grid, fees)
        if quoted:
            market.bid, market.ask = bid, bid + 0.1
            market.bid_quantity = market.ask_quantity = 100.0
            market.received_ns = T0
            market.quoted()
    return found


def plan(
    taken: Arbitrage, found: Markets, *, prefer_reduce: bool = False, at_market: bool = False
) -> Repair | None:
    """The repair of an arbitrage."""
    instruments = {identifier: market.instrument for identifier, market in found.items()}
    return plan_repair(taken, instruments, found, CONFIG, prefer_reduce=prefer_reduce, at_market=at_market)


def performed(taken: Arbitrage, repair: Repair) -> None:
    """Fill every order of a repair in full, with the fee in base that a spot buy pays."""
    for draft in repair.drafts:
        leg = taken.legs[draft.leg]
        kept = D("0.999") if leg.instrument == SPOT and draft.side is Side.BUY else D(1)
        leg.net += draft.side.sign * draft.quantity * kept


held = st.integers(0, 1_500).map(lambda thousandths: D(thousandths) / 1000)


@given(
    bought=held, sold=held, spot_lot=lots, perpetual_lot=lots, minimum=st.sampled_from([1, 1, 5]),
    closing=st.booleans(), prefer_reduce=st.booleans(), at_market=st.booleans(), discount=st.booleans(),
)  # fmt: skip
def test_a_repair_ends_with_legs_that_are_settled(
    *, bought: Decimal, sold: Decimal, spot_lot: str, perpetual_lot: str, minimum: int,
    closing: bool, prefer_reduce: bool, at_market: bool, discount: bool,
) -> None:  # fmt: skip
    """Filled in full, one repair or a second one leaves nothing to mend, and never more apart than before."""
    found = markets(spot_lot, perpetual_lot, minimum)
    way = -1 if discount else 1
    taken = arbitrage_of(str(way * bought), str(-way * sold), targets=(str(way), str(-way)))
    taken.closing = closing
    instruments = {identifier: market.instrument for identifier, market in found.items()}
    for _ in range(3):
        repair = plan(taken, found, prefer_reduce=prefer_reduce, at_market=at_market)
        if is_settled(taken, instruments):
            break
        assert repair is not None
        apart = residual(taken)
        performed(taken, repair)
        coarse = max(D(spot_lot), D(perpetual_lot)) * max(minimum, 1)
        assert residual(taken) < max(apart, coarse)
    assert is_settled(taken, instruments)


@given(
    bought=held, sold=held, spot_lot=lots, perpetual_lot=lots, closing=st.booleans(), at_market=st.booleans()
)
def test_every_order_of_a_repair_is_one_the_venue_takes(
    bought: Decimal, sold: Decimal, spot_lot: str, perpetual_lot: str, closing: bool, at_market: bool
) -> None:
    """On the lot, at least the minimum, on the tick, reduce-only where it reduces a perpetual."""
    found = markets(spot_lot, perpetual_lot, 3)
    taken = arbitrage_of(str(bought), str(-sold))
    taken.closing = closing
    repair = plan(taken, found, at_market=at_market)
    if repair is None:
        return
    assert repair.drafts
    assert repair.kind == "reduce" or not closing
    for draft in repair.drafts:
        leg = taken.legs[draft.leg]
        grid = found[leg.instrument].instrument
        assert orderable(grid, draft.quantity, leg.decision_price) == draft.quantity
        assert draft.purpose is Purpose.REPAIR
        reduces = draft.side is not leg.side
        assert reduces == (repair.kind == "reduce")
        assert draft.reduce_only == (reduces and leg.instrument == PERPETUAL)
        if reduces:
            assert draft.quantity <= abs(leg.net)
        assert (draft.price is None) == at_market
        assert draft.price is None or draft.price % grid.tick == 0


@given(held, held)
def test_halted_or_out_of_budget_the_leader_comes_down(bought: Decimal, sold: Decimal) -> None:
    """Where something can be reduced nothing is completed once trading is halted or the budget is spent."""
    found = markets("0.001", "0.001")
    assume(abs(bought - sold) >= D("0.001"))
    taken = arbitrage_of(str(bought), str(-sold))
    for repair in (plan(taken, found, prefer_reduce=True), plan(taken, found, at_market=True)):
        assert repair is not None
        assert repair.kind == "reduce"


def test_the_cheaper_way_is_taken() -> None:
    """With the edge still there the laggard is completed; when its price ran away the leader is reduced."""
    found = markets("0.001", "0.001")
    taken = arbitrage_of("1", "-0.5")
    first = plan(taken, found)
    assert first is not None
    assert first.kind == "complete"
    found[PERPETUAL].bid, found[PERPETUAL].ask = 95.0, 95.1
    second = plan(taken, found)
    assert second is not None
    assert second.kind == "reduce"


def test_each_attempt_reaches_further() -> None:
    """The limit of a repair moves away from the touch with the number of repairs tried."""
    found = markets("0.001", "0.001")
    taken = arbitrage_of("1", "0")
    reached = []
    for repairs in range(3):
        taken.repairs = repairs
        repair = plan(taken, found, prefer_reduce=True)
        assert repair is not None
        reached.append(repair.drafts[0].price)
    # 15, 30 and 45 bps below the bid of 99.9, on the tick of 0.1.
    assert reached == [D("99.8"), D("99.7"), D("99.5")]


def test_without_a_price_a_repair_waits() -> None:
    """While a market is not usable the repair costs infinitely much and is not sent."""
    repair = plan(arbitrage_of("1", "0"), markets("0.001", "0.001", quoted=False))
    assert repair is not None
    assert not usable(repair)


@pytest.mark.parametrize("net", ["0", "0.5", "1"])
def test_even_legs_need_no_repair(net: str) -> None:
    """Legs at one fraction are settled, and there is nothing to plan."""
    found = markets("0.001", "0.001")
    taken = arbitrage_of(net, str(-D(net)))
    instruments = {identifier: market.instrument for identifier, market in found.items()}
    assert is_even(taken, instruments)
    assert is_settled(taken, instruments)
    assert plan(taken, found) is None

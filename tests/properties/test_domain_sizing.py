"""The size of an arbitrage is planned for all legs together, against a naive search in fractions."""

import math
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from tests.unit.domain.samples import PERPETUAL_FEES, SPOT_FEES, D, instrument, perpetual, spot
from zombot.domain.instrument import FeeRates, InstrumentKind
from zombot.domain.order import Side
from zombot.domain.sizing import (
    LegTerms,
    NotSized,
    Sized,
    common_step,
    cost_per_unit,
    order_quantity,
    size_jointly,
)

LOTS = ("0.00001", "0.01", "0.1", "0.1", "0.25", "1", "1", "3", "1E+1")


class Plan(Struct, frozen=True):
    """One question to ``size_jointly``."""

    legs: tuple[LegTerms, ...]
    notional_max: Decimal
    quote_available: Decimal
    base_available: Decimal


@st.composite
def leg_terms(draw: st.DrawFn, ratios: tuple[str, ...] = ("1", "1", "1", "2", "0.5")) -> LegTerms:
    """A leg on any grid, at any fee, with more depth and balance than anybody wants."""
    lot = draw(st.sampled_from(LOTS))
    rate = st.sampled_from([D("-0.0002"), D(0), D("0.0005"), D("0.001"), D("0.00123"), D("0.01")])
    return LegTerms(
        instrument=instrument(
            draw(st.sampled_from([InstrumentKind.SPOT, InstrumentKind.SPOT, InstrumentKind.PERPETUAL])),
            lot=lot,
            minimum=str(D(lot) * draw(st.sampled_from([1, 1, 3, 20]))),
            notional_min=draw(st.sampled_from(["0", "0", "5", "100"])),
        ),
        fees=FeeRates(
            maker=draw(rate), taker=draw(rate), buy_in_base=draw(st.sampled_from([True, True, False]))
        ),
        side=draw(st.sampled_from([Side.BUY, Side.BUY, Side.SELL])),
        ratio=D(draw(st.sampled_from(ratios))),
        worst_price=draw(st.decimals("0.1", 100, places=1)),
        depth=D(10) ** 18,
        margin_rate=draw(st.sampled_from([D(1), D("0.5"), D("0.1")])),
        maker=draw(st.booleans()),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Bounds a little above or below what some number of steps needs, so that each binds now and then."""
    legs = draw(st.lists(leg_terms(), min_size=1, max_size=3))
    size = naive_step(tuple(legs)) * draw(st.integers(1, 100))
    around = st.sampled_from(["0.5", "0.99", "0.999", "1", "1.001", "4", "4", "4"])

    def bound(need: Fraction) -> Decimal:
        return D(need.numerator) / D(need.denominator) * D(draw(around))

    bounded = []
    for leg in legs:
        order = least_order(leg, size)
        largest_order = bound(order) if draw(st.booleans()) else None
        grid = structs.replace(leg.instrument, quantity_max=largest_order)
        bounded.append(structs.replace(leg, instrument=grid, depth=bound(order)))
    first = legs[0]
    return Plan(
        legs=tuple(bounded),
        notional_max=bound(size * Fraction(first.ratio) * Fraction(first.worst_price)),
        quote_available=bound(sum((cost(leg, least_order(leg, size)) for leg in legs), Fraction(0))),
        base_available=bound(max(least_order(leg, size) for leg in legs)),
    )


def base_fee(leg: LegTerms) -> Fraction:
    """The share of a buy that the venue keeps."""
    rate = leg.fees.maker if leg.maker else leg.fees.taker
    in_base = leg.instrument.is_spot and leg.side is Side.BUY and leg.fees.buy_in_base
    return max(Fraction(rate), Fraction(0)) if in_base else Fraction(0)


def least_order(leg: LegTerms, quantity: Fraction) -> Fraction:
    """The fewest lots that leave this many units of the arbitrage after the fee."""
    lot = Fraction(leg.instrument.lot)
    return math.ceil(quantity * Fraction(leg.ratio) / (1 - base_fee(leg)) / lot) * lot


def cost(leg: LegTerms, order: Fraction) -> Fraction:
    """Quote units that this order takes from the account at its worst price."""
    fee = max(Fraction(leg.fees.maker if leg.maker else leg.fees.taker), Fraction(0))
    notional = order * Fraction(leg.worst_price)
    if not leg.instrument.is_spot:
        return notional * (Fraction(leg.margin_rate) + fee)
    if leg.side is Side.SELL:
        return Fraction(0)
    return notional if base_fee(leg) else notional * (1 + fee)


def fits(plan: Plan, quantity: Fraction, *, spare_lot: bool = False) -> bool:
    """Whether no bound is broken; with ``spare_lot`` a grossed-up order may cost a lot more than it does."""
    spent = Fraction(0)
    for leg in plan.legs:
        order = least_order(leg, quantity)
        if order > Fraction(leg.depth) or order > Fraction(leg.instrument.quantity_max or "1e30"):
            return False
        if leg.instrument.is_spot and leg.side is Side.SELL and order > Fraction(plan.base_available):
            return False
        spare = spare_lot and base_fee(leg) > 0
        spent += cost(leg, order + (Fraction(leg.instrument.lot) if spare else 0))
    first = plan.legs[0]
    if quantity * Fraction(first.ratio) * Fraction(first.worst_price) > Fraction(plan.notional_max):
        return False
    return spent <= max(Fraction(plan.quote_available), Fraction(0))


def naive_step(legs: tuple[LegTerms, ...]) -> Fraction:
    """The least common multiple of the legs' lots, in units of the arbitrage."""
    parts = [Fraction(leg.instrument.lot) / Fraction(leg.ratio) for leg in legs]
    return Fraction(math.lcm(*(p.numerator for p in parts)), math.gcd(*(p.denominator for p in parts)))


def largest(plan: Plan, *, spare_lot: bool) -> Fraction:
    """The largest multiple of the step that fits, by halving; what fits is closed downwards."""
    step = naive_step(plan.legs)
    low, high = 0, 2
    while fits(plan, high * step, spare_lot=spare_lot):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(plan, middle * step, spare_lot=spare_lot) else (low, middle)
    return low * step


def too_small(leg: LegTerms, quantity: Fraction) -> bool:
    """Whether the venue would refuse this leg for its size."""
    base = quantity * Fraction(leg.ratio)
    instrument = leg.instrument
    value = base * Fraction(leg.worst_price)
    return base <= 0 or base < Fraction(instrument.minimum) or value < Fraction(instrument.notional_min)


def sized(plan: Plan) -> Sized | NotSized:
    """The answer of the code."""
    return size_jointly(
        plan.legs,
        notional_max=plan.notional_max,
        quote_available=plan.quote_available,
        base_available=plan.base_available,
    )


@settings(max_examples=400)
@given(plans())
def test_every_order_is_one_that_the_venue_and_the_account_take(plan: Plan) -> None:
    """Sized orders are on the lot, at least the minimum, at most depth and maximum, and paid for.

    So no leg can be refused for its size or for the balance after the other leg was sent.
    """
    answer = sized(plan)
    if isinstance(answer, NotSized):
        return
    assert len(answer.orders) == len(plan.legs)
    spent = Fraction(0)
    for leg, order in zip(plan.legs, answer.orders, strict=True):
        assert order % leg.instrument.lot == 0
        assert order >= leg.instrument.minimum
        assert order * leg.worst_price >= leg.instrument.notional_min
        assert order <= leg.depth
        assert leg.instrument.quantity_max is None or order <= leg.instrument.quantity_max
        if leg.instrument.is_spot and leg.side is Side.SELL:
            assert order <= plan.base_available
        spent += cost(leg, Fraction(order))
    assert answer.quantity * plan.legs[0].ratio * plan.legs[0].worst_price <= plan.notional_max
    assert spent <= max(Fraction(plan.quote_available), Fraction(0))


@given(plans())
def test_what_is_left_after_a_fee_in_base_covers_the_hedge(plan: Plan) -> None:
    """Each order leaves at least the leg's target after the fee, and less than a lot more than that."""
    answer = sized(plan)
    if isinstance(answer, NotSized):
        return
    for leg, order in zip(plan.legs, answer.orders, strict=True):
        left = Fraction(order) * (1 - base_fee(leg))
        target = Fraction(answer.quantity) * Fraction(leg.ratio)
        assert 0 <= left - target < Fraction(leg.instrument.lot)


@given(plans())
def test_the_size_is_the_largest_that_fits(plan: Plan) -> None:
    """One common step more would break a bound; nothing is refused that a smaller step could have saved."""
    answer = sized(plan)
    modest = largest(plan, spare_lot=True)
    if isinstance(answer, NotSized):
        assert any(too_small(leg, modest) for leg in plan.legs)
        assert answer.reason.endswith("_below_minimum")
    else:
        assert modest <= Fraction(answer.quantity)
        assert not fits(plan, Fraction(answer.quantity) + naive_step(plan.legs))


@given(plans())
def test_all_legs_or_none(plan: Plan) -> None:
    """If the largest size is below one leg's minimum nothing is sized, however large the others are."""
    if any(too_small(leg, largest(plan, spare_lot=False)) for leg in plan.legs):
        assert isinstance(sized(plan), NotSized)


@given(st.lists(leg_terms(("1", "2", "0.5", "3", "0.7", "1.1")), min_size=1, max_size=4).map(tuple))
def test_a_common_step_is_whole_lots_of_every_leg(legs: tuple[LegTerms, ...]) -> None:
    """The step is the least size of which each leg is a whole number of lots, for any ratio of the legs."""
    expected = naive_step(legs)
    # A third has no end as a decimal: the step may be off behind its thirtieth digit, never by a multiple.
    assert abs(Fraction(common_step(legs)) - expected) <= expected / 10**30


@given(leg_terms(), st.decimals("0.001", 1_000, places=5))
def test_the_unit_cost_is_the_cost_of_an_order_without_rounding(leg: LegTerms, quantity: Decimal) -> None:
    """What a unit costs times the units is what an order that is not rounded to the lot would cost."""
    exact = Fraction(quantity) * Fraction(leg.ratio) / (1 - base_fee(leg))
    expected = cost(leg, exact)
    assert abs(Fraction(cost_per_unit(leg) * quantity) - expected) <= expected / 10**40


def test_a_leg_below_its_minimum_stops_both() -> None:
    """One leg refused for its minimum after the other was sent cannot happen: nothing is sent at all."""
    small = LegTerms(
        instrument=spot(lot="0.00001"), fees=SPOT_FEES, side=Side.BUY, ratio=D(1),
        worst_price=D(60_000), depth=D(10),
    )  # fmt: skip
    coarse = LegTerms(
        instrument=perpetual(lot="0.01"), fees=PERPETUAL_FEES, side=Side.SELL, ratio=D(1),
        worst_price=D(60_000), depth=D("0.0099"),
    )  # fmt: skip
    answer = size_jointly(
        (small, coarse), notional_max=D(100_000), quote_available=D(10**6), base_available=D(0)
    )
    assert answer == NotSized("depth_below_minimum")


def test_a_fee_in_base_does_not_leave_the_hedge_short() -> None:
    """A spot buy of 0.5 with 0.1 % taken from the coin orders 0.501, of which 0.500499 are left."""
    leg = LegTerms(
        instrument=spot(), fees=SPOT_FEES, side=Side.BUY, ratio=D(1), worst_price=D(100), depth=D(10)
    )
    assert order_quantity(leg, D("0.5")) == D("0.501")


def test_the_order_is_paid_for_not_only_its_target() -> None:
    """One coin of a whole lot needs two coins' money once the fee in base makes the order two lots."""
    leg = LegTerms(
        instrument=spot(lot="1"), fees=SPOT_FEES, side=Side.BUY, ratio=D(1), worst_price=D(100), depth=D(100)
    )
    answer = size_jointly((leg,), notional_max=D(10_000), quote_available=D("100.2"), base_available=D(0))
    assert isinstance(answer, NotSized)


def test_a_grossed_up_order_stays_within_the_largest_that_the_venue_takes() -> None:
    """With at most 1.05 allowed and lots of 0.1, an order of 1.1 is not sent for a target of 1.0."""
    leg = LegTerms(
        instrument=spot(lot="0.1", quantity_max="1.05"), fees=SPOT_FEES, side=Side.BUY, ratio=D(1),
        worst_price=D(100), depth=D(100),
    )  # fmt: skip
    answer = size_jointly((leg,), notional_max=D(10_000), quote_available=D(10_000), base_available=D(0))
    assert isinstance(answer, Sized)
    assert answer.orders == (D("1.0"),)

"""The life of an arbitrage: the table is closed, repair is reached from everywhere, nothing else moves."""

from itertools import product

import pytest

from tests.unit.domain.samples import D
from zombot.domain.arbitrage import (
    FINAL,
    TRANSITIONS,
    Arbitrage,
    ArbitrageEvent,
    ArbitrageState,
    ProfitParts,
)
from zombot.domain.errors import IllegalTransition
from zombot.domain.identifiers import ArbitrageId, StrategyId
from zombot.domain.opportunity import Style

S, E = ArbitrageState, ArbitrageEvent


def arbitrage(state: ArbitrageState) -> Arbitrage:
    """An arbitrage without legs in this state."""
    return Arbitrage(
        id=ArbitrageId(7), strategy=StrategyId("intra"), pair="BTC-USDT", direction="premium",
        style=Style.TAKER_TAKER, legs=[], state=state,
    )  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(product(ArbitrageState, ArbitrageEvent)))
def test_every_cell_leads_somewhere_or_is_an_error(state: ArbitrageState, event: ArbitrageEvent) -> None:
    """advance tells the next state and changes nothing itself; a missing cell raises with both names."""
    taken = arbitrage(state)
    if (state, event) in TRANSITIONS:
        assert taken.advance(event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"arbitrage 7: {event.value} while {state.value}"):
            taken.advance(event)
    assert taken.state is state


@pytest.mark.parametrize("state", [state for state in ArbitrageState if state is not S.PLANNED])
def test_how_the_legs_stand_has_a_cell_in_every_state_that_has_orders(state: ArbitrageState) -> None:
    """A late or forced fill may come at any time, so even, flat and uneven legs always lead somewhere."""
    assert (state, E.EVEN) in TRANSITIONS
    assert (state, E.FLAT) in TRANSITIONS
    assert TRANSITIONS[state, E.UNEVEN] in {S.REPAIRING, S.STUCK}


def test_uneven_legs_are_never_at_rest() -> None:
    """From no state does UNEVEN lead to one in which nothing more would be done (I3)."""
    targets = {target for (_, event), target in TRANSITIONS.items() if event is E.UNEVEN}
    assert targets == {S.REPAIRING, S.STUCK}


def test_orders_to_open_are_sent_once() -> None:
    """Nothing but a plan opens, and nothing but an open arbitrage closes by its strategy's wish."""
    assert [state for state, event in TRANSITIONS if event is E.SENT_OPEN] == [S.PLANNED]
    assert [state for state, event in TRANSITIONS if event is E.SENT_CLOSE] == [S.OPEN]


def test_an_abort_means_that_nothing_was_filled() -> None:
    """ABORTED is reached by NOTHING_FILLED alone, and only from an opening."""
    ways = {cell for cell, target in TRANSITIONS.items() if target is S.ABORTED}
    assert ways == {(S.OPENING, E.NOTHING_FILLED), (S.ABORTED, E.NOTHING_FILLED)}


def test_every_state_can_be_reached_and_left_for_an_end() -> None:
    """From PLANNED all states can be reached, and from each of them an end."""
    reached, edge = {S.PLANNED}, {S.PLANNED}
    while edge:
        edge = {target for (state, _), target in TRANSITIONS.items() if state in edge} - reached
        reached |= edge
    assert reached == set(ArbitrageState)
    for state in ArbitrageState:
        assert state in FINAL or any(
            source is state and (target in FINAL or target is not state)
            for (source, _), target in TRANSITIONS.items()
        )


def test_profit_adds_up_part_by_part() -> None:
    """total = basis + funding - fees - slippage - interest + repair, and adding adds each part."""
    first = ProfitParts(basis=D(100), funding=D(20), fees=D(3), slippage=D(4), interest=D(5), repair=D(-6))
    assert first.total == D(102)
    second = ProfitParts(basis=D(1), funding=D(2), fees=D(3), slippage=D(4), interest=D(5), repair=D(6))
    first.add(second)
    assert first.total == D(102) + second.total
    assert (first.basis, first.interest, first.repair) == (D(101), D(10), D(0))

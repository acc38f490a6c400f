"""The life of an order: what the venue said decides, in whatever order its words arrive."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from tests.unit.domain.samples import SPOT, D
from zombot.domain.errors import IllegalTransition
from zombot.domain.identifiers import ArbitrageId, ClientOrderId
from zombot.domain.order import (
    TERMINAL,
    TRANSITIONS,
    Order,
    OrderEvent,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
)

S, E = OrderState, OrderEvent
FILLS = {E.FILL, E.COMPLETED}
ASKED_TOO_EARLY = {(state, E.NOT_FOUND) for state in (S.IN_FLIGHT, S.LIVE, S.PARTIALLY_FILLED)}


def order(state: OrderState = S.IN_FLIGHT) -> Order:
    """An order of one unit in this state."""
    request = OrderRequest(
        client_order_id=ClientOrderId("botz1z1z0z0"),
        instrument=SPOT,
        side=Side.BUY,
        quantity=D(1),
        price=D(100),
        arbitrage=ArbitrageId(1),
        leg=0,
        purpose=Purpose.OPEN,
        decision_price=D(100),
    )
    return Order(request=request, state=state)


def told(reports: list[OrderEvent]) -> OrderState:
    """Where an order stands after these reports."""
    taken = order()
    for report in reports:
        taken.advance(report)
    return taken.state


@pytest.mark.parametrize(("state", "event"), list(product(OrderState, OrderEvent)))
def test_every_cell_is_written_out_or_an_error(state: OrderState, event: OrderEvent) -> None:
    """Each pair of state and event moves along the table; a missing cell raises and changes nothing."""
    taken = order(state)
    if (state, event) in TRANSITIONS:
        taken.advance(event)
        assert taken.state is TRANSITIONS[state, event]
    else:
        assert (state, event) in ASKED_TOO_EARLY
        with pytest.raises(IllegalTransition, match=f"{event.value} while {state.value}"):
            taken.advance(event)
        assert taken.state is state


@pytest.mark.parametrize("state", [state for state in OrderState if state in TERMINAL])
@pytest.mark.parametrize("event", [event for event in OrderEvent if event not in FILLS])
def test_a_terminal_state_is_left_only_by_a_fill(state: OrderState, event: OrderEvent) -> None:
    """No report but a fill makes an order that had ended a live or an unknown one again."""
    assert TRANSITIONS[state, event] in TERMINAL


@pytest.mark.parametrize("state", OrderState)
def test_silence_is_never_failure(state: OrderState) -> None:
    """No answer makes an order unknown or leaves it ended; it never ends one."""
    assert TRANSITIONS[state, E.LOST] is (state if state in TERMINAL else S.UNKNOWN)


@given(st.lists(st.sampled_from(OrderEvent), max_size=12))
def test_rejected_needs_the_venues_word(events: list[OrderEvent]) -> None:
    """An order is rejected only after the venue said so or, asked, did not know it."""
    taken, words = order(), set[OrderEvent]()
    for event in events:
        if (taken.state, event) not in TRANSITIONS:
            continue
        taken.advance(event)
        words.add(event)
        if taken.state is S.REJECTED:
            assert words & {E.REJECTED, E.NOT_FOUND}


@st.composite
def legal_reports(draw: st.DrawFn) -> tuple[list[OrderEvent], OrderState]:
    """What a venue says about one order, some of it twice, some of it after silence; and how it ends."""
    fills = draw(st.integers(0, 4))
    ending = draw(st.sampled_from([E.COMPLETED, E.CANCELED, E.REJECTED]))
    reports = {
        E.COMPLETED: [E.ACCEPTED, *[E.FILL] * fills, E.COMPLETED],
        E.CANCELED: [E.ACCEPTED, *[E.FILL] * fills, E.CANCELED],
        E.REJECTED: [E.REJECTED],
    }[ending]
    # The same fill twice is told apart by its trade id before it comes here; other words may come again.
    again = draw(st.lists(st.sampled_from([r for r in reports if r not in FILLS] + [E.LOST]), max_size=4))
    ends = {E.COMPLETED: S.FILLED, E.CANCELED: S.CANCELED, E.REJECTED: S.REJECTED}
    return [*reports, *again], ends[ending]


@given(legal_reports(), st.randoms())
def test_the_end_does_not_depend_on_the_order_of_the_reports(
    case: tuple[list[OrderEvent], OrderState], chance: Any
) -> None:
    """Late, early and repeated reports of one story all end in the state that the story ends in."""
    reports, end = case
    shuffled = list(reports)
    chance.shuffle(shuffled)
    if E.COMPLETED in shuffled:
        # Whichever fill comes last is the one that completes the order: the engine counts quantities.
        last = max(i for i, report in enumerate(shuffled) if report in FILLS)
        shuffled = [E.FILL if report is E.COMPLETED else report for report in shuffled]
        shuffled[last] = E.COMPLETED
    assert told(shuffled) is end


class OrderMachine(RuleBasedStateMachine):
    """A venue that says anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.order = order()
        self.before = S.IN_FLIGHT
        self.last: OrderEvent | None = None
        self.filled_once = False

    @rule(event=st.sampled_from(OrderEvent))
    def report(self, event: OrderEvent) -> None:
        """Any word, also one that makes no sense now."""
        self.before = self.order.state
        self.last = event
        self.filled_once = self.filled_once or event in FILLS
        if (self.before, event) in ASKED_TOO_EARLY:
            with pytest.raises(IllegalTransition):
                self.order.advance(event)
        else:
            self.order.advance(event)

    @invariant()
    def filled_stays_filled(self) -> None:
        """A complete order stays complete, and nothing goes back to in flight."""
        if self.before is S.FILLED:
            assert self.order.state is S.FILLED
        assert self.last is None or self.order.state is not S.IN_FLIGHT or self.last is E.NOT_FOUND

    @invariant()
    def only_silence_or_a_contradiction_makes_it_unknown(self) -> None:
        """UNKNOWN comes from silence or from words that contradict each other, never from a fill."""
        if self.order.state is S.UNKNOWN and self.before is not S.UNKNOWN:
            assert self.last in {E.LOST, E.REJECTED, E.ACCEPTED}


TestOrder: Any = OrderMachine.TestCase


@given(st.decimals(0, 2, places=3), st.decimals(0, 2, places=3), st.sampled_from(OrderState))
def test_final_means_that_nothing_is_on_its_way(filled: Any, reported: Any, state: OrderState) -> None:
    """An order is final when its state is terminal and every fill that the venue counted has come."""
    taken = order(state)
    taken.filled, taken.reported_filled = filled, reported
    assert taken.final == (state in TERMINAL and filled >= reported)
    assert taken.remaining == 1 - filled


@given(st.decimals(0, 5, places=5), st.decimals(0, 1, places=5), st.sampled_from(Side))
def test_the_net_of_an_order_is_after_fees_in_base(filled: Any, fee: Any, side: Side) -> None:
    """A buy brings less by the fee taken from the coin, a sell costs more by it."""
    taken = order()
    taken.request = structs.replace(taken.request, side=side)
    taken.filled, taken.fee_base = filled, fee
    assert taken.signed_net == (filled if side is Side.BUY else -filled) - fee

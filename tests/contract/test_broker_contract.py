"""What every broker must do: only what the port promises, so that engine and adapters can rely on it.

An adapter joins with a harness: how to build it, how to show it a market, and how to let it answer.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

import pytest

from tests.unit.infrastructure.simulator.bench import SPOT, SWAP, Bench, account
from zombot.domain.effects import CancelOrder, QueryOrder
from zombot.domain.events import (
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    OrderUnknown,
)
from zombot.domain.identifiers import ArbitrageId, ClientOrderId, InstrumentId
from zombot.domain.order import OrderRequest, OrderType, Purpose, Side, TimeInForce
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.ports.broker import Broker

ANSWERS = (OrderAccepted, OrderRejected, OrderUnknown)
UNKNOWN = InstrumentId("nowhere:NO-SUCH")


class Harness(Protocol):
    """One adapter on an account with enough of everything, on a spot and a perpetual near 100."""

    broker: Broker
    heard: list[Any]
    spot: InstrumentId
    perpetual: InstrumentId

    def quote(self, instrument: InstrumentId, bid: float, ask: float, quantity: float) -> None:
        """Show a market of this quantity on both sides."""
        ...

    def settle(self) -> None:
        """Let everything that is under way arrive and be answered."""
        ...


class SimulatorHarness:
    """The simulated venue; its faults are off, its messages take time."""

    spot = SPOT
    perpetual = SWAP

    def __init__(self, **config: Any) -> None:
        hop = LatencyConfig(kind="uniform", ns=1_000, ns_max=9_000)
        self._bench = Bench(account(), order_latency=hop, report_latency=hop, **config)
        self.settle()
        self.broker = self._bench.brokers["main"]
        self.heard: list[Any] = self._bench.heard["main"]
        self._bench.forget()

    def quote(self, instrument: InstrumentId, bid: float, ask: float, quantity: float) -> None:
        """Show a market of this quantity on both sides."""
        self._bench.quote(instrument, bid, ask, bid_quantity=quantity, ask_quantity=quantity)

    def settle(self) -> None:
        """A second is far more than two messages take."""
        self._bench.run()


def _repeating() -> Harness:
    return SimulatorHarness(faults=FaultConfig(duplicate=1.0, reorder=0.5, delay_ns_max=50_000))


ADAPTERS: dict[str, Callable[[], Harness]] = {
    "simulator": SimulatorHarness,
    "simulator-that-repeats-and-reorders": _repeating,
}


@pytest.fixture(params=ADAPTERS)
def harness(request: pytest.FixtureRequest) -> Harness:
    """Each adapter, with both instruments at 99.9 / 100.1."""
    made = ADAPTERS[request.param]()
    for instrument in (made.spot, made.perpetual):
        made.quote(instrument, 99.9, 100.1, 5.0)
    return made


def order(
    instrument: InstrumentId, side: Side, quantity: str, price: str | None, name: str = "c1", **changes: Any
) -> OrderRequest:
    """A limit order, immediate-or-cancel unless told otherwise; market without a price."""
    values: dict[str, Any] = {
        "client_order_id": ClientOrderId(name),
        "instrument": instrument,
        "side": side,
        "quantity": Decimal(quantity),
        "price": None if price is None else Decimal(price),
        "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
        "time_in_force": TimeInForce.IOC,
        "arbitrage": ArbitrageId(1),
        "leg": 0,
        "purpose": Purpose.OPEN,
        "decision_price": Decimal("100"),
    }
    return OrderRequest(**{**values, **changes})


def about(harness: Harness, name: str = "c1") -> list[Any]:
    """All reports about one order."""
    return [e for e in harness.heard if getattr(getattr(e, "fill", e), "client_order_id", None) == name]


def fills(harness: Harness, name: str = "c1") -> dict[str, Any]:
    """Fills of one order by trade id: a report may come twice, a trade happens once."""
    return {e.fill.trade_id: e.fill for e in about(harness, name) if isinstance(e, OrderFilled)}


def terms_of(found: dict[str, Any]) -> dict[str, tuple[Decimal, ...]]:
    """What was traded, by trade id; when it was heard does not matter."""
    return {key: (fill.price, fill.quantity, fill.fee) for key, fill in found.items()}


def filled(harness: Harness, name: str = "c1") -> Decimal:
    """What the fills sum up to."""
    return sum((fill.quantity for fill in fills(harness, name).values()), Decimal(0))


def submit(harness: Harness, *requests: OrderRequest) -> None:
    """Send and wait for the answers."""
    harness.broker.submit(list(requests))
    harness.settle()


def test_no_call_answers_before_it_returns(harness: Harness) -> None:
    """Answers come to the sink later, never from inside a call."""
    name = ClientOrderId("c1")
    harness.broker.submit([order(harness.spot, Side.BUY, "1", "101")])
    harness.broker.cancel(CancelOrder(name, harness.spot))
    harness.broker.query(QueryOrder(name, harness.spot))
    assert harness.heard == []


@pytest.mark.parametrize("perpetual", [False, True])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("price", ["limit", None])
def test_a_marketable_order_is_accepted_and_filled(
    harness: Harness, side: Side, price: str | None, *, perpetual: bool
) -> None:
    """Its fills sum up to its quantity, at its limit or better, and name instrument and side."""
    instrument = harness.perpetual if perpetual else harness.spot
    limit = None if price is None else ("100.5" if side is Side.BUY else "99.5")
    submit(harness, order(instrument, side, "1", limit))
    assert any(isinstance(e, OrderAccepted) for e in about(harness))
    assert filled(harness) == 1
    for fill in fills(harness).values():
        assert (fill.instrument, fill.side) == (instrument, side)
        assert limit is None or side.sign * (Decimal(limit) - fill.price) >= 0


def test_an_immediate_order_that_meets_nobody_ends_unfilled(harness: Harness) -> None:
    """It is accepted and cancelled with 0 filled."""
    submit(harness, order(harness.spot, Side.BUY, "1", "99"))
    ends = [e for e in about(harness) if isinstance(e, OrderCanceled)]
    assert ends
    assert {e.filled for e in ends} == {0}
    assert filled(harness) == 0


def test_a_partly_filled_order_states_its_total_at_the_end(harness: Harness) -> None:
    """The cancel says how much was filled in all, and the fills sum up to that."""
    submit(harness, order(harness.spot, Side.BUY, "7", "100.1"))
    ends = {e.filled for e in about(harness) if isinstance(e, OrderCanceled)}
    assert ends == {filled(harness)} == {5}


@pytest.mark.parametrize(
    "changes",
    [
        {"instrument": UNKNOWN},
        {"quantity": Decimal("1.00000001")},
        {"quantity": Decimal("0.00000001")},
        {"quantity": Decimal("1e9")},
        {"price": Decimal("100.000001")},
        {"expire_ns": 1},
    ],
)
def test_what_a_venue_may_refuse_is_an_answer_not_an_error(harness: Harness, changes: dict[str, Any]) -> None:
    """No call raises; the refusal comes as a report with a reason, and nothing is filled."""
    submit(harness, order(harness.spot, Side.BUY, "1", "100.1"))
    before = filled(harness)
    request = order(harness.spot, Side.BUY, "1", "100.1", "c2")
    values = {name: getattr(request, name) for name in request.__struct_fields__}
    submit(harness, OrderRequest(**{**values, **changes}))
    answers = about(harness, "c2")
    assert answers
    assert all(isinstance(e, OrderRejected) and e.reason for e in answers)
    assert filled(harness, "c2") == 0
    assert before == 1


def test_every_order_of_a_batch_is_answered(harness: Harness) -> None:
    """A bad order in a message does not silence the others."""
    submit(
        harness,
        order(harness.spot, Side.BUY, "1", "100.5", "c1"),
        order(harness.spot, Side.BUY, "1", "100.000001", "c2"),
        order(harness.perpetual, Side.SELL, "1", "99.5", "c3"),
    )
    for name in ("c1", "c2", "c3"):
        assert any(isinstance(e, ANSWERS) for e in about(harness, name))
    assert [filled(harness, name) for name in ("c1", "c2", "c3")] == [1, 0, 1]


def test_a_resting_order_can_be_canceled(harness: Harness) -> None:
    """It is accepted, and its end comes as a report."""
    submit(harness, order(harness.spot, Side.BUY, "1", "99", time_in_force=TimeInForce.GTC))
    assert {type(e) for e in about(harness)} == {OrderAccepted}
    harness.broker.cancel(CancelOrder(ClientOrderId("c1"), harness.spot))
    harness.settle()
    assert {e.filled for e in about(harness) if isinstance(e, OrderCanceled)} == {0}


def test_a_post_only_order_never_takes(harness: Harness) -> None:
    """It ends or is refused, unfilled, when it would cross."""
    submit(harness, order(harness.spot, Side.BUY, "1", "100.5", time_in_force=TimeInForce.POST_ONLY))
    assert any(isinstance(e, OrderCanceled | OrderRejected) for e in about(harness))
    assert filled(harness) == 0


def test_reduce_only_never_grows_a_position(harness: Harness) -> None:
    """Without a position it is refused; with one it closes at most that."""
    submit(harness, order(harness.perpetual, Side.SELL, "1", "99.5", "c1", reduce_only=True))
    assert filled(harness, "c1") == 0
    submit(harness, order(harness.perpetual, Side.BUY, "1", "100.5", "c2"))
    submit(harness, order(harness.perpetual, Side.SELL, "2", "99.5", "c3", reduce_only=True))
    assert filled(harness, "c3") in (0, 1)
    ends = [e for e in about(harness, "c3") if isinstance(e, OrderCanceled | OrderRejected)]
    assert ends


def test_asked_about_an_order_nobody_sent_it_is_not_found(harness: Harness) -> None:
    """The venue's word that an order does not exist is an answer of its own."""
    harness.broker.query(QueryOrder(ClientOrderId("never"), harness.spot))
    harness.settle()
    assert {type(e) for e in about(harness, "never")} == {OrderNotFound}


@pytest.mark.parametrize(
    ("quantity", "price", "terms", "end"),
    [
        ("1", "100.5", TimeInForce.IOC, OrderFilled),
        ("7", "100.1", TimeInForce.IOC, OrderCanceled),
        ("1", "99", TimeInForce.GTC, OrderAccepted),
    ],
)
def test_a_query_tells_fills_and_state_again(
    harness: Harness, quantity: str, price: str, terms: TimeInForce, end: type
) -> None:
    """The same trades under the same ids, then where the order stands."""
    submit(harness, order(harness.spot, Side.BUY, quantity, price, time_in_force=terms))
    before = fills(harness)
    harness.heard.clear()
    harness.broker.query(QueryOrder(ClientOrderId("c1"), harness.spot))
    harness.settle()
    again = fills(harness)
    assert terms_of(again) == terms_of(before)
    assert isinstance(about(harness)[-1], end)


def test_trade_ids_are_unique_per_instrument(harness: Harness) -> None:
    """The key that a fill is booked once by."""
    for count in range(5):
        harness.quote(harness.spot, 99.9, 100.1, 1.0 + count / 10)
        submit(harness, order(harness.spot, Side.BUY, "1", "100.5", f"n{count}"))
    found = [key for count in range(5) for key in fills(harness, f"n{count}")]
    assert len(found) == len(set(found)) == 5

"""The risk gate: every refusal has a name that can come up, and nobody else approves."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from tests.conftest import PROJECT
from tests.unit.domain.samples import BTC, HOUR, PERPETUAL, SECOND, SPOT, T0, VENUE, D
from tests.unit.engine.bench import Bench, opportunity
from zombot.domain.events import Command, CommandKind, LinkChanged, ModeChanged, OrderUnknown, TradingMode
from zombot.domain.instrument import InstrumentState
from zombot.domain.market import BookLost, FundingRate, InstrumentStatus, MarkPrice
from zombot.domain.opportunity import LegProposal, Style
from zombot.domain.order import Side
from zombot.domain.risk import Approved, Limits, Refused, gate_key
from zombot.domain.sizing import Sized
from zombot.engine.config import EngineConfig
from zombot.engine.risk_gate import on_tick
from zombot.engine.state import DAY_NS


@dataclass
class Case:
    """How to get one refusal: limits, what happens before, and what is wrong with the opportunity."""

    reason: str
    happens: Callable[[Bench], Any] = lambda bench: None
    limits: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    bench: dict[str, Any] = field(default_factory=dict)


def mode(to: TradingMode) -> Callable[[Bench], None]:
    """Set the trading mode."""
    return lambda bench: bench.state.apply(ModeChanged(mode=to, reason="", by="test", received_ns=T0))


def drain(bench: Bench) -> None:
    """The bot is about to stop."""
    bench.engine.gate.draining = True


def fail(bench: Bench) -> None:
    """Five arbitrages failed in a row, just now."""
    bench.state.durable.failures, bench.state.durable.failed_ns = 5, bench.now_ns


def lose_an_order(bench: Bench) -> None:
    """An arbitrage of the pair has an order whose outcome nobody knows."""
    request = bench.open(notional="100")[0]
    bench.feed(OrderUnknown(client_order_id=request.client_order_id, reason="", received_ns=bench.now_ns))


def hold(bench: Bench) -> None:
    """An arbitrage of about 1000 is open."""
    for request in bench.open():
        bench.fill(request)


def late(bench: Bench) -> None:
    """A quote that was on its way for six seconds."""
    bench.top(SPOT, 99.9, 100.0, late_ns=6 * SECOND)


def turned(side: Side) -> LegProposal:
    """The spot leg the other way round, from an inventory."""
    return LegProposal(instrument=SPOT, side=side, ratio=D(1), decision_price=99.9, worst_price=99.8)


def reversed_legs() -> tuple[LegProposal, ...]:
    """A discount: spot sold from inventory, the perpetual bought."""
    bought = LegProposal(
        instrument=PERPETUAL, side=Side.BUY, ratio=D(1), decision_price=101.1, worst_price=101.2
    )
    return (turned(Side.SELL), bought)


def worthless() -> tuple[LegProposal, ...]:
    """A leg at a price that is none."""
    first, second = opportunity().legs
    return (structs.replace(first, worst_price=float("nan")), second)


def lose_the_day(bench: Bench) -> None:
    """Today's losses are over the limit, and an operator has resumed all the same."""
    bench.state.durable.day = bench.now_ns // DAY_NS
    bench.state.durable.day_profit = D(-501)


CASES = [
    Case("stopping", drain),
    Case("not_recovered", bench={"recovered": False}),
    Case("paused", mode(TradingMode.PAUSED)),
    Case("reduce_only", mode(TradingMode.REDUCE_ONLY)),
    Case("halted", mode(TradingMode.HALTED)),
    Case("circuit_breaker", fail),
    Case("daily_loss", lose_the_day),
    Case("arbitrages_max", limits={"arbitrages_max": 0}),
    Case("unknown_order", lose_an_order),
    Case("opposite_open", hold, changes={"legs": reversed_legs()}, bench={"base": "100"}),
    Case("order_rate", limits={"orders_per_second_max": 1}),
    Case("opportunity_expired", changes={"expire_ns": T0 - 1}),
    Case(
        "link_lost",
        lambda bench: bench.feed(LinkChanged(venue=VENUE, live=False, reason="", received_ns=bench.now_ns)),
    ),
    Case(
        "instrument_not_live",
        lambda bench: bench.feed(InstrumentStatus(PERPETUAL, InstrumentState.SUSPENDED, T0, T0)),
    ),
    Case("book_unusable", lambda bench: bench.feed(BookLost(PERPETUAL, T0, T0))),
    Case("quote_stale", lambda bench: bench.wait(2 * SECOND + 1)),
    Case("clock_skew", late),
    Case(
        "funding_near",
        lambda bench: bench.feed(
            FundingRate(PERPETUAL, 0.0001, T0 + 59 * SECOND, T0 + 8 * HOUR, T0, bench.now_ns)
        ),
        limits={"funding_window_ns": 60 * SECOND},
    ),
    Case("price_invalid", changes={"legs": worthless()}),
    Case("mark_deviation", lambda bench: bench.feed(MarkPrice(PERPETUAL, 105.0, 105.0, T0, T0))),
    Case("liquidation_near", limits={"liquidation_distance_min_bps": 9_000.0}),
    Case("pair_notional_max", limits={"pair_notional_max": D(0)}),
    Case("venue_notional_max", limits={"venue_notional_max": D(0)}),
    Case("notional_max", limits={"notional_max": D(0)}),
    Case("notional_below_minimum", changes={"notional": "0.01"}),
    Case("depth_below_minimum", lambda bench: bench.quotes(0.0009)),
    Case("inventory_below_minimum", changes={"legs": reversed_legs()}),
    Case("balance_below_minimum", bench={"quote": "0.1"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reason)
def test_every_refusal_can_come_up(case: Case) -> None:
    """The gate names this reason, and without what brings it about it approves."""
    bench = Bench(EngineConfig(bot="bot1", limits=Limits(**case.limits)), **case.bench)
    case.happens(bench)
    assert bench.verdict(**case.changes) == case.reason
    assert Bench().verdict() == "approved"


def test_the_reasons_here_are_all_that_the_gate_knows() -> None:
    """Every reason written in the gate has its case above, so that none is dead."""
    source = (PROJECT / "src/zombot/engine/risk_gate.py").read_text(encoding="utf-8")
    words = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    }
    sizes = {f"{name}_below_minimum" for name in ("notional", "depth", "inventory", "balance")}
    assert {word for word in words if word.islower()} | sizes == {case.reason for case in CASES}


@pytest.mark.parametrize(
    ("limit", "within"),
    [
        (lambda bench: bench.wait(2 * SECOND), "approved"),
        (lambda bench: bench.feed(MarkPrice(PERPETUAL, 101.0, 101.0, T0, T0)), "approved"),
        (lambda bench: bench.top(SPOT, 99.9, 100.0, late_ns=5 * SECOND), "approved"),
    ],
)
def test_a_limit_itself_is_allowed(limit: Callable[[Bench], Any], within: str) -> None:
    """What stands exactly at its limit passes: age, skew and mark."""
    bench = Bench()
    limit(bench)
    assert bench.verdict() == within


def test_the_breaker_closes_again_after_its_time() -> None:
    """After the cool-down of the circuit breaker entries are possible again."""
    bench = Bench()
    fail(bench)
    bench.wait(Limits().breaker_ns)
    bench.quotes()
    assert bench.verdict() == "approved"


def test_orders_are_counted_in_a_sliding_second() -> None:
    """Two orders an entry, five allowed: a third entry waits until the first is a second ago."""
    bench = Bench(EngineConfig(bot="bot1", limits=Limits(orders_per_second_max=5)))
    for _ in range(2):
        assert bench.open(notional="100")
        bench.wait(SECOND // 4)
    assert bench.verdict() == "order_rate"
    bench.wait(SECOND // 2)
    assert bench.verdict() == "approved"


@given(
    pair=st.integers(50, 3_000), venue=st.integers(50, 3_000), total=st.integers(50, 3_000),
    wanted=st.lists(st.integers(10, 2_000), min_size=1, max_size=6),
)  # fmt: skip
def test_notional_never_passes_any_limit(pair: int, venue: int, total: int, wanted: list[int]) -> None:
    """However many entries are wanted, open and in-flight notional stay within pair, venue and total (I5)."""
    limits = Limits(pair_notional_max=D(pair), venue_notional_max=D(venue), notional_max=D(total))
    bench = Bench(EngineConfig(bot="bot1", limits=limits))
    for notional in wanted:
        requests = bench.open(notional=str(notional))
        if len(requests) == 2:
            bench.fill(requests[0])
        assert bench.engine.capital.open_notional() <= min(pair, venue, total)
        bench.wait(SECOND)
        bench.quotes()


def test_only_the_gate_approves() -> None:
    """An Approved cannot be made without the gate's key."""
    with pytest.raises(TypeError, match="only the risk gate"):
        Approved(opportunity(), Sized(quantity=D(1), orders=(D(1), D(1))), key=object())
    assert Approved(opportunity(), Sized(quantity=D(1), orders=()), key=gate_key()).sized.quantity == 1
    assert isinstance(Refused("x").reason, str)


def _uses(tree: ast.AST, names: set[str]) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.alias) and node.name in names)
        for node in ast.walk(tree)
    )


def test_only_the_risk_gate_asks_for_the_key() -> None:
    """In the whole package gate_key is named by its definition and by engine/risk_gate.py alone."""
    root = PROJECT / "src" / "zombot"
    asking = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if _uses(ast.parse(Path(path).read_text(encoding="utf-8")), {"gate_key", "_KEY"})
    }
    assert asking == {"domain/risk.py", "engine/risk_gate.py"}


def test_a_command_to_pause_refuses_from_the_next_quote_on() -> None:
    """An operator's pause reaches the gate; resume lets entries through again."""
    bench = Bench()
    bench.feed(Command(kind=CommandKind.PAUSE, by="ann", received_ns=bench.now_ns))
    assert bench.verdict() == "paused"
    assert not bench.open()
    bench.feed(Command(kind=CommandKind.RESUME, by="ann", received_ns=bench.now_ns))
    assert len(bench.open()) == 2


@given(st.integers(1, 10**7), st.sampled_from(["0.1", "0.01", "0.5", "0.00001"]), st.sampled_from(Side))
@example(3, "0.1", Side.BUY)
@example(1, "0.1", Side.SELL)
def test_a_price_that_is_on_the_tick_stays_there(count: int, tick: str, side: Side) -> None:
    """The float of a price on the grid is that price: the touch is not worsened by a tick."""
    price = count * D(tick)
    assert on_tick(float(price), side, D(tick)) == price


@given(st.floats(0.5, 10**6), st.sampled_from(["0.1", "0.01", "0.5"]), st.sampled_from(Side))
def test_a_worst_price_is_rounded_against_ourselves(price: float, tick: str, side: Side) -> None:
    """On the grid, less than a tick away, and beyond the float's own error never worse than decided."""
    rounded = on_tick(price, side, D(tick))
    assert rounded % D(tick) == 0
    worse = side.sign * (rounded - D(price))
    assert -D(tick) < worse <= D(price) * D("1e-15")


def test_the_decision_price_of_a_leg_is_the_touch() -> None:
    """An arbitrage decided at 100.3 and 101.3 says so: its slippage is counted from there."""
    bench = Bench()
    bench.top(SPOT, 100.2, 100.3)
    bench.top(PERPETUAL, 101.3, 101.4)
    spot_leg, perpetual_leg = opportunity().legs
    legs = (
        structs.replace(spot_leg, decision_price=100.3, worst_price=100.3),
        structs.replace(perpetual_leg, decision_price=101.3, worst_price=101.3),
    )
    bench.wish.wanted = opportunity(legs=legs)
    bench.top(SPOT, 100.2, 100.3)
    (arbitrage,) = bench.state.durable.arbitrages.values()
    assert [leg.decision_price for leg in arbitrage.legs] == [D("100.3"), D("101.3")]
    assert [leg.worst_price for leg in arbitrage.legs] == [D("100.3"), D("101.3")]


def test_a_maker_leg_joins_the_best_price() -> None:
    """The resting order stands at the touch of its own side, not a tick behind it."""
    bench = Bench()
    (request,) = bench.open(style=Style.MAKER_TAKER)
    assert request.price == D("101.1")
    assert request.instrument == PERPETUAL


def test_assets_are_looked_up_per_venue() -> None:
    """A balance of another asset pays for nothing."""
    bench = Bench(quote="0")
    bench.balance(BTC, "1000")
    assert bench.verdict() == "balance_below_minimum"

"""Profit is explained: its parts add up to the change of equity to the last digit (I8)."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.samples import BTC, PERPETUAL, SPOT, T0, USDT, VENUE, D
from tests.unit.engine.bench import INSTRUMENTS, advanced, intended, planned, request
from zombot.domain.arbitrage import TRANSITIONS, ArbitrageEvent
from zombot.domain.events import (
    BalanceReported,
    BotStarted,
    ExitDecided,
    Fact,
    ForcedFill,
    FundingPaid,
    OrderFilled,
    Recovered,
)
from zombot.domain.identifiers import ArbitrageId
from zombot.domain.order import Fill, OrderRequest, Purpose, Side
from zombot.engine.profit import arbitrage_profit, equity, total_profit
from zombot.engine.state import EngineState

prices = st.decimals(1, 1_000, places=2)
sizes = st.decimals("0.001", 20, places=3)
ENCODER = msgspec.msgpack.Encoder(decimal_format="string")
DECODER = msgspec.msgpack.Decoder(list[Fact])
OPENING_MARKS = {SPOT: D(99), PERPETUAL: D(99)}


class Tale:
    """Facts as a session could have made them, applied as they come."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.state = EngineState(INSTRUMENTS)
        self.orders: list[OrderRequest] = []
        self.trades = 0
        self.tell(BotStarted(bot="bot1", epoch=1, version="0", received_ns=T0))
        for asset, total in ((USDT, D(10_000)), (BTC, D(5))):
            self.tell(
                BalanceReported(
                    venue=VENUE, asset=asset, total=total, available=total, venue_ns=T0, received_ns=T0
                )
            )
        self.tell(Recovered(received_ns=T0))

    def tell(self, fact: Fact) -> None:
        """Apply one fact and remember it."""
        self.state.apply(fact)
        self.facts.append(fact)

    def advance(self, identifier: int, event: ArbitrageEvent) -> None:
        """Move an arbitrage, if the table has a cell."""
        arbitrage = self.state.durable.arbitrage(ArbitrageId(identifier))
        if (arbitrage.state, event) in TRANSITIONS:
            self.tell(advanced(self.state, identifier, event))


def known(tale: Tale) -> list[int]:
    """Arbitrages that can still take orders."""
    return [*tale.state.durable.arbitrages, *tale.state.durable.retired]


def send(tale: Tale, draw: Any) -> None:
    """An order of any purpose and side for a leg of some arbitrage."""
    identifier = draw(st.sampled_from(known(tale)))
    leg = draw(st.integers(0, 1))
    attempt = tale.state.durable.arbitrage(ArbitrageId(identifier)).legs[leg].attempts
    order = request(
        identifier,
        leg,
        attempt,
        side=draw(st.sampled_from(Side)),
        quantity=draw(sizes),
        purpose=draw(st.sampled_from(Purpose)),
        decided=draw(prices),
    )
    tale.tell(intended(order))
    tale.orders.append(order)


def fill(tale: Tale, draw: Any) -> None:
    """A fill of some order at any price, its fee in base or quote, or a rebate."""
    order = draw(st.sampled_from(tale.orders))
    if order.client_order_id not in tale.state.durable.orders:
        return
    tale.trades += 1
    in_base = order.instrument == SPOT and draw(st.booleans())
    tale.tell(
        OrderFilled(
            fill=Fill(
                client_order_id=order.client_order_id,
                instrument=order.instrument,
                side=order.side,
                price=draw(prices),
                quantity=draw(sizes),
                fee=draw(st.decimals("-0.001", "0.1", places=7)),
                fee_asset=BTC if in_base else USDT,
                trade_id=str(tale.trades),
                maker=False,
                realized=D(0) if order.instrument == SPOT else draw(st.decimals(-50, 50, places=6)),
                venue_ns=T0,
                received_ns=T0,
            ),
            received_ns=T0,
        )
    )


def fund(tale: Tale, draw: Any) -> None:
    """A funding bill of any amount."""
    tale.trades += 1
    tale.tell(
        FundingPaid(
            instrument=PERPETUAL, amount=draw(st.decimals(-5, 5, places=15)), rate=D("0.0001"), mark=D(100),
            quantity=D(1), bill_id=str(tale.trades), venue_ns=T0, received_ns=T0,
        )
    )  # fmt: skip


def force(tale: Tale, draw: Any) -> None:
    """A liquidation or auto-deleveraging of any size, also of more than anybody holds."""
    tale.trades += 1
    tale.tell(
        ForcedFill(
            instrument=PERPETUAL, side=draw(st.sampled_from(Side)), price=draw(prices), quantity=draw(sizes),
            fee=draw(st.decimals(0, 1, places=7)), realized=draw(st.decimals(-50, 50, places=6)),
            kind="adl", trade_id=str(tale.trades), venue_ns=T0, received_ns=T0,
        )
    )  # fmt: skip


def move(tale: Tale, draw: Any) -> None:
    """A step along the table: an end, a return, a repair."""
    tale.advance(draw(st.sampled_from(known(tale))), draw(st.sampled_from(ArbitrageEvent)))


def leave(tale: Tale, draw: Any) -> None:
    """An exit is decided."""
    tale.tell(
        ExitDecided(
            arbitrage=ArbitrageId(draw(st.sampled_from(known(tale)))), reason="converged",
            decision_prices=(draw(prices), draw(prices)), received_ns=T0,
        )
    )  # fmt: skip


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    """Up to 40 things that happen to up to five arbitrages of one pair."""
    tale = Tale()
    steps = draw(
        st.lists(st.sampled_from([send, send, fill, fill, fill, fund, force, move, move, leave]), max_size=40)
    )
    for number, step in enumerate(steps):
        if number % 9 == 0:
            sides = (Side.BUY, Side.SELL) if draw(st.booleans()) else (Side.SELL, Side.BUY)
            tale.tell(planned(tale.state.durable.next_arbitrage, draw(sizes), sides=sides))
            tale.advance(tale.state.durable.next_arbitrage - 1, ArbitrageEvent.SENT_OPEN)
        possible = send if step is fill and not tale.orders else step
        possible(tale, draw)
    return tale


@settings(max_examples=200)
@given(tales(), prices, prices)
def test_the_parts_of_profit_are_the_change_of_equity(
    tale: Tale, spot_mark: Decimal, perpetual_mark: Decimal
) -> None:
    """total = equity now - equity at the start, for any fills, payments, forced fills and any marks."""
    marks = {SPOT: spot_mark, PERPETUAL: perpetual_mark}
    start = D(10_000) + 5 * OPENING_MARKS[SPOT]
    parts = total_profit(tale.state, marks)
    assert parts.total == equity(tale.state, marks, OPENING_MARKS) - start
    shown = parts.basis + parts.funding - parts.fees - parts.slippage - parts.interest + parts.repair
    assert shown == parts.total


@given(tales(), prices, prices)
def test_forgetting_old_arbitrages_forgets_no_profit(
    tale: Tale, spot_mark: Decimal, perpetual_mark: Decimal
) -> None:
    """What is dropped from memory after many more have ended stays in the totals, with its dust."""
    marks = {SPOT: spot_mark, PERPETUAL: perpetual_mark}
    before = total_profit(tale.state, marks)
    for identifier in list(tale.state.durable.retired):
        tale.state._forget(identifier)
    assert total_profit(tale.state, marks) == before
    assert set(tale.state.durable.orders) == {
        order for ids in tale.state.durable.order_ids.values() for order in ids
    }


@given(tales())
def test_the_legs_hold_what_the_ledger_holds(tale: Tale) -> None:
    """Positions and coins of all arbitrages, dust and unclaimed included, are those of the ledger (I4)."""
    durable = tale.state.durable
    held = {SPOT: D(5), PERPETUAL: D(0)}
    for arbitrage in (*durable.arbitrages.values(), *durable.retired.values()):
        for leg in arbitrage.legs:
            held[leg.instrument] += leg.net
    for identifier, remainder in durable.remainders.items():
        held[identifier] += remainder.net
    for identifier, lots in durable.unclaimed.items():
        held[identifier] += sum((lot.quantity for lot in lots), D(0))
    position = durable.ledger.holdings.get(PERPETUAL)
    assert held[SPOT] == durable.ledger.balance(VENUE, BTC)
    assert held[PERPETUAL] == (position.quantity if position else 0)


@given(tales(), prices, prices)
def test_each_arbitrage_explains_itself(tale: Tale, spot_mark: Decimal, perpetual_mark: Decimal) -> None:
    """The parts of single arbitrages, what belongs to none and the unclaimed add up to the whole."""
    marks = {SPOT: spot_mark, PERPETUAL: perpetual_mark}
    durable = tale.state.durable
    total = durable.profit.total
    for arbitrage in (*durable.arbitrages.values(), *durable.retired.values()):
        total += arbitrage_profit(arbitrage, marks).total
    for lots in durable.unclaimed.values():
        total += sum((lot.quantity * (marks[PERPETUAL] - lot.price) for lot in lots), D(0))
    assert total == total_profit(tale.state, marks).total


def test_a_repair_is_named_as_one_and_a_fee_in_base_is_priced_as_decided() -> None:
    """Bought 1 at 101 instead of 100 with 0.001 kept, sold it in a repair at 98: every part by hand."""
    tale = Tale()
    tale.tell(planned(1))
    tale.advance(1, ArbitrageEvent.SENT_OPEN)
    buy = request(1, 0, 0, quantity="1", decided="100")
    sell = request(1, 0, 1, side=Side.SELL, quantity="0.999", purpose=Purpose.REPAIR, decided="100")
    for order, price, quantity, fee, asset in (
        (buy, "101", "1", "0.001", BTC), (sell, "98", "0.999", "0.1", USDT),
    ):  # fmt: skip
        tale.tell(intended(order))
        tale.trades += 1
        match = Fill(
            client_order_id=order.client_order_id, instrument=SPOT, side=order.side, price=D(price),
            quantity=D(quantity), fee=D(fee), fee_asset=asset, trade_id=str(tale.trades), maker=False,
            venue_ns=T0, received_ns=T0,
        )  # fmt: skip
        tale.tell(OrderFilled(fill=match, received_ns=T0))
    parts = total_profit(tale.state, OPENING_MARKS)
    assert parts.basis == 0
    assert parts.slippage == D(1)
    assert parts.repair == D("-1.998")
    assert parts.fees == D("0.2")
    assert parts.total == D("-3.198")


@given(tales())
def test_the_same_facts_give_the_same_state(tale: Tale) -> None:
    """Facts that went through bytes and are folded into a new state give its hash again (I9)."""
    written = ENCODER.encode(tale.facts)
    facts = DECODER.decode(written)
    assert facts == tale.facts
    folded = EngineState(INSTRUMENTS)
    for fact in facts:
        folded.apply(fact)
    assert folded.state_hash() == tale.state.state_hash()
    assert ENCODER.encode(facts) == written

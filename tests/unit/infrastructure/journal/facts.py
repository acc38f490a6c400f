"""Facts for the tests of journal and read model: one arbitrage told from plan to end, and any fact at all."""

import typing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from zombot.domain import events
from zombot.domain.arbitrage import ArbitrageEvent, ArbitrageState
from zombot.domain.events import Fact
from zombot.domain.identifiers import ArbitrageId, Asset, ClientOrderId, InstrumentId, StrategyId, VenueId
from zombot.domain.opportunity import Style
from zombot.domain.order import Fill, OrderRequest, Purpose, Side
from zombot.infrastructure.journal.layout import segment_path

SPOT: Final = InstrumentId("okx:BTC-USDT")
PERPETUAL: Final = InstrumentId("okx:BTC-USDT-SWAP")
T0: Final = 1_700_000_000_000_000_000
SECOND: Final = 1_000_000_000
KINDS: Final[tuple[type, ...]] = typing.get_args(Fact)


def order_id(arbitrage: int, leg: int, attempt: int = 0) -> ClientOrderId:
    """An id that names what it is for."""
    return ClientOrderId(f"botz1z{arbitrage}z{leg}z{attempt}")


def request(arbitrage: int, leg: int, attempt: int = 0, *, closing: bool = False) -> OrderRequest:
    """One order of the arbitrage: buys spot and sells the perpetual, or the reverse to close."""
    side = Side.BUY if (leg == 0) is not closing else Side.SELL
    return OrderRequest(
        client_order_id=order_id(arbitrage, leg, attempt),
        instrument=SPOT if leg == 0 else PERPETUAL,
        side=side,
        quantity=Decimal("0.0163"),
        price=Decimal("61837.6"),
        arbitrage=ArbitrageId(arbitrage),
        leg=leg,
        purpose=Purpose.CLOSE if closing else Purpose.OPEN,
        decision_price=Decimal("61830.10"),
    )


def planned(arbitrage: int, at_ns: int) -> events.ArbitragePlanned:
    """An arbitrage of two legs begins."""
    legs = tuple(
        events.LegPlan(
            instrument=SPOT if leg == 0 else PERPETUAL,
            side=Side.BUY if leg == 0 else Side.SELL,
            target=Decimal("0.0163") if leg == 0 else Decimal("-0.0163"),
            order_quantity=Decimal("0.0163"),
            decision_price=Decimal("61830.10"),
            worst_price=Decimal("61837.6"),
        )
        for leg in (0, 1)
    )
    return events.ArbitragePlanned(
        arbitrage=ArbitrageId(arbitrage),
        strategy=StrategyId("intra"),
        pair="BTC-USDT",
        direction="premium",
        style=Style.TAKER_TAKER,
        legs=legs,
        quantity=Decimal("0.0163"),
        gross_bps=21.5,
        cost_bps=14.0,
        funding_bps=0.5,
        net_bps=8.0,
        exit_spread_bps=2.0,
        received_ns=at_ns,
    )


def sent(arbitrage: int, at_ns: int, attempt: int = 0, *, closing: bool = False) -> tuple[Fact, ...]:
    """Both orders are about to leave."""
    event = ArbitrageEvent.SENT_CLOSE if closing else ArbitrageEvent.SENT_OPEN
    state = ArbitrageState.CLOSING if closing else ArbitrageState.OPENING
    requests = tuple(request(arbitrage, leg, attempt, closing=closing) for leg in (0, 1))
    return (
        events.OrdersIntended(
            arbitrage=ArbitrageId(arbitrage), step=attempt + 1, requests=requests, received_ns=at_ns
        ),
        advanced(arbitrage, event, state, at_ns),
    )


def advanced(
    arbitrage: int, event: ArbitrageEvent, state: ArbitrageState, at_ns: int
) -> events.ArbitrageAdvanced:
    """A step along the table."""
    return events.ArbitrageAdvanced(
        arbitrage=ArbitrageId(arbitrage), event=event, state=state, reason="", received_ns=at_ns
    )


def accepted(identifier: ClientOrderId, at_ns: int) -> events.OrderAccepted:
    """The venue has the order."""
    return events.OrderAccepted(
        client_order_id=identifier, venue_order_id=f"V{identifier}", venue_ns=at_ns, received_ns=at_ns
    )


def filled(order: OrderRequest, quantity: str, trade: str, at_ns: int) -> events.OrderFilled:
    """A match of the order at its limit; a spot buy pays its fee in the coin."""
    coin = order.instrument == SPOT and order.side is Side.BUY
    fill = Fill(
        client_order_id=order.client_order_id,
        instrument=order.instrument,
        side=order.side,
        price=Decimal("61835.2"),
        quantity=Decimal(quantity),
        fee=Decimal("0.0000163") if coin else Decimal("0.50395688"),
        fee_asset=Asset("BTC" if coin else "USDT"),
        trade_id=trade,
        maker=False,
        venue_ns=at_ns,
        received_ns=at_ns,
    )
    return events.OrderFilled(fill=fill, received_ns=at_ns)


def funding(bill: str, amount: str, at_ns: int) -> events.FundingPaid:
    """A settlement of the perpetual."""
    return events.FundingPaid(
        instrument=PERPETUAL,
        amount=Decimal(amount),
        rate=Decimal("0.0001"),
        mark=Decimal("61836"),
        quantity=Decimal("-0.0163"),
        bill_id=bill,
        venue_ns=at_ns,
        received_ns=at_ns,
    )


def life(arbitrage: int = 1, start_ns: int = T0) -> list[tuple[Fact, ...]]:
    """The batches of one arbitrage: planned, opened in three fills, paid by funding, closed."""
    at = [start_ns + n * SECOND for n in range(12)]
    opening = [request(arbitrage, leg) for leg in (0, 1)]
    closing = [request(arbitrage, leg, 1, closing=True) for leg in (0, 1)]
    name = f"{arbitrage}-{start_ns}"
    return [
        (planned(arbitrage, at[0]), *sent(arbitrage, at[0])),
        (accepted(opening[0].client_order_id, at[1]),),
        (filled(opening[0], "0.01", f"{name}a", at[2]),),
        (filled(opening[0], "0.0063", f"{name}b", at[2]),),
        (filled(opening[1], "0.0163", f"{name}c", at[3]),),
        (advanced(arbitrage, ArbitrageEvent.EVEN, ArbitrageState.OPEN, at[3]),),
        (funding(f"bill{name}", "0.1007917", at[4]),),
        (
            events.ExitDecided(
                arbitrage=ArbitrageId(arbitrage),
                reason="converged",
                decision_prices=(Decimal("61840"), Decimal("61841.3")),
                received_ns=at[5],
            ),
            *sent(arbitrage, at[5], 1, closing=True),
        ),
        (filled(closing[0], "0.0163", f"{name}d", at[6]), filled(closing[1], "0.0163", f"{name}e", at[6])),
        (advanced(arbitrage, ArbitrageEvent.FLAT, ArbitrageState.CLOSED, at[7]),),
    ]


def refused(reason: str, at_ns: int, count: int = 3) -> events.OpportunityRefused:
    """An episode of an opportunity that was not taken."""
    return events.OpportunityRefused(
        strategy=StrategyId("intra"),
        pair="ETH-USDT",
        direction="premium",
        reason=reason,
        count=count,
        gross_bps=9.0,
        net_bps=-5.0,
        since_ns=at_ns - SECOND,
        received_ns=at_ns,
    )


def balance(at_ns: int) -> events.BalanceReported:
    """What the venue says we own."""
    return events.BalanceReported(
        venue=VenueId("okx"),
        asset=Asset("USDT"),
        total=Decimal("10000.10"),
        available=Decimal("9000"),
        venue_ns=at_ns,
        received_ns=at_ns,
    )


# --- Any fact at all ---------------------------------------------------------------------------------------

_TEXT: Final = st.text(max_size=12)
_TIME: Final = st.integers(min_value=0, max_value=2**63 - 1)
_DECIMAL: Final = st.decimals(allow_nan=False, allow_infinity=False)
_LEAVES: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: _TEXT,
    int: _TIME,
    float: st.floats(allow_nan=False),
    Decimal: _DECIMAL,
    bool: st.booleans(),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that this annotation admits."""
    hint = getattr(hint, "__supertype__", hint)
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if arguments:  # X | None
        return st.one_of(*(_values(argument) for argument in arguments))
    if hint is type(None):
        return st.none()
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return of_type(hint)
    return _LEAVES[hint] if hint in _LEAVES else st.from_type(hint)


def of_type(kind: type) -> st.SearchStrategy[Any]:
    """Any fact of this type."""
    hints = typing.get_type_hints(kind)
    names: tuple[str, ...] = kind.__struct_fields__  # type: ignore[attr-defined]
    return st.builds(kind, **{name: _values(hints[name]) for name in names})


def any_fact() -> st.SearchStrategy[Fact]:
    """Any fact of any type."""
    return st.one_of(*(of_type(kind) for kind in KINDS))


def batches(max_batches: int = 6) -> st.SearchStrategy[list[list[Fact]]]:
    """Any few batches."""
    return st.lists(st.lists(any_fact(), min_size=1, max_size=3), min_size=1, max_size=max_batches)


def segment(directory: Path, index: int = 1) -> Path:
    """The file of a segment."""
    return segment_path(directory, index)

"""The engine's answer to a quote that asks for no trade, beside decoding that quote's frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from benchmarks.market import VENUE, Ticker
from benchmarks.measure import Figure, Outcome, Plan, each, in_rounds, percentile, row
from benchmarks.world import World
from zombot.domain.identifiers import InstrumentId, instrument_id
from zombot.domain.market import TopOfBook

BENCH: Final = "answer"
GOAL: Final = 10.0
MS: Final = 1_000_000
FIRST_SEQUENCE: Final = 5_000_000_000
"""So that numbers are as long as the venue's."""
EATEN_BPS: Final = 6.0
"""Above the entry threshold of 5 before costs, below it after the fees of 8."""


class Level(Struct, array_like=True):
    """A level of OKX's top of book; the venue sends two more fields, which are passed over."""

    price: float
    quantity: float


class Top(Struct):
    """One message's content."""

    asks: list[Level]
    bids: list[Level]
    ts: int
    seqId: int  # noqa: N815 - the venue's name


class Argument(Struct):
    """What the message is of."""

    channel: str
    instId: str  # noqa: N815 - the venue's name


class Frame(Struct):
    """A message of OKX's channel bbo-tbt."""

    arg: Argument
    data: list[Top]


BOTH_WAYS: Final = {"directions": ["premium", "discount"], "fair_basis": "rolling"}
DECODER: Final = msgspec.json.Decoder(Frame, strict=False)
"""Not strict: the venue sends numbers as text, and they become floats while they are decoded."""


def frame(quote: TopOfBook) -> bytes:
    """The bytes in which OKX would have sent a quote: 182 of them for a price of five digits."""
    symbol = quote.instrument.partition(":")[2]
    return (
        f'{{"arg":{{"channel":"bbo-tbt","instId":"{symbol}"}},"data":[{{'
        f'"asks":[["{quote.ask:.1f}","{quote.ask_quantity:.6f}","0","13"]],'
        f'"bids":[["{quote.bid:.1f}","{quote.bid_quantity:.6f}","0","12"]],'
        f'"ts":"{quote.venue_ns // MS}","seqId":{FIRST_SEQUENCE + quote.sequence}}}]}}'
    ).encode()


def event_of(content: Top, instrument: InstrumentId) -> TopOfBook:
    """The event that a decoded message becomes."""
    ask, bid, at_ns = content.asks[0], content.bids[0], content.ts * MS
    return TopOfBook(
        instrument, bid.price, bid.quantity, ask.price, ask.quantity, at_ns, at_ns, content.seqId
    )  # fmt: skip


def measure(plan: Plan) -> Outcome:
    """Decode, build the event, answer it: each alone."""
    count, rounds = plan.count(20_000, 50), plan.turns(21)
    instrument = instrument_id(VENUE, "BTC-USDT")
    frames = [frame(quote) for quote in Ticker([instrument]).take(min(count, 2_000))]
    contents = [DECODER.decode(text).data[0] for text in frames]
    repeats = -(-count // len(frames))
    variants: dict[str, Callable[[], float]] = {
        "decode": lambda: each(DECODER.decode, frames * repeats),
        "event": lambda: each(lambda content: event_of(content, instrument), contents * repeats),
        "quiet": partial(Asked({}).answer, count),
        "both ways": partial(Asked(BOTH_WAYS).answer, count),
        "eaten": partial(Asked({}, premium_bps=EATEN_BPS).answer, count),
        "session": partial(Asked({}, whole=True).answer, count),
    }
    found = in_rounds(variants, rounds)
    named = {
        "quiet": "no trade: nothing near an entry",
        "both ways": "no trade: both directions, rolling basis",
        "eaten": "no trade: edge eaten by fees, refusal recorded",
        "session": "no trade, through the session",
        "event": "building the event",
    }
    rows = tuple(
        row(
            BENCH,
            f"{text} ÷ decoding its frame",
            found[name],
            found["decode"],
            goal=None if name == "event" else GOAL,
        )
        for name, text in named.items()
    )
    figures = tuple(
        Figure(bench=BENCH, name=text, value=percentile(found[name], 0.5), unit="ns")
        for name, text in {"decode": f"decoding a frame of {len(frames[0])} bytes", **named}.items()
    )
    return Outcome(rows=rows, figures=figures)


class Asked:
    """An engine that is asked, and the quotes it is asked about."""

    def __init__(
        self, strategy: Mapping[str, object], *, premium_bps: float = 0.0, whole: bool = False
    ) -> None:
        world = World(strategy)
        self._engine = world.engine
        self._action: Callable[[TopOfBook], object] = world.session.feed if whole else world.engine.process
        self._ticker = Ticker(world.names, premium_bps=premium_bps)

    def answer(self, count: int) -> float:
        """Nanoseconds for one answer."""
        spent = each(self._action, self._ticker.take(count))
        assert not self._engine.state.durable.counts.orders, "a quote that must not trade has traded"
        assert not self._engine.dropped, self._engine.dropped
        return spent

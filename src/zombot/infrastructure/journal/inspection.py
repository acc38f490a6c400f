"""Looking at a journal without its bot: is it whole, and what does it say."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from zombot.domain.events import Fact, OrderFilled, OrdersIntended
from zombot.domain.identifiers import ArbitrageId, ClientOrderId
from zombot.domain.wording import describe, kind_of
from zombot.infrastructure.journal.codec import CodecError
from zombot.infrastructure.journal.layout import segment_indices, segment_path
from zombot.infrastructure.journal.reader import entries_of, open_reader
from zombot.infrastructure.journal.scan import Damage, Scanner
from zombot.infrastructure.journal.segments import used_bytes
from zombot.ports.journal import JournalEntry


class Verification(Struct, kw_only=True):
    """What ``verify`` found."""

    ok: bool = True
    """Every record is what was written. A torn tail is no damage."""
    damage: str = ""
    """Where it breaks and what to do; empty when it does not."""
    damaged_segment: str = ""
    damaged_offset: int = 0
    damaged_sequence: int = 0
    segments: int = 0
    batches: int = 0
    facts: int = 0
    """Whole ones, from the beginning to the damage or to the end."""
    first_ns: int = 0
    last_ns: int = 0
    bytes_used: int = 0
    bytes_allocated: int = 0
    torn_bytes: int = 0
    """Of a batch that a killed bot did not finish, or a running one is writing; the next start cuts them."""
    chain: str = ""
    """The chain hash over all whole batches: note it elsewhere to prove later that nothing was changed."""


def verify(directory: Path) -> Verification:
    """Check every record: checksum, chain, decoding. Safe while a bot is writing.

    Raises:
        JournalError: there is no journal, or it cannot be read at all.
    """
    open_reader(directory)
    found = Verification()
    scanner = Scanner(directory, thorough=True)
    try:
        for frame in scanner.frames():
            times = [entry.fact.received_ns for entry in entries_of(directory, frame)]
            if times:
                found.first_ns = found.first_ns or times[0]
                found.last_ns = times[-1]
            found.batches += 1
    except Damage as damage:
        if damage.torn:
            found.torn_bytes = used_bytes(directory, damage.position.segment, damage.position.offset)
        else:
            found.ok = False
            found.damage = str(damage)
            found.damaged_segment = segment_path(directory, damage.position.segment).name
            found.damaged_offset = damage.position.offset
            found.damaged_sequence = damage.position.sequence + 1
    except CodecError as error:
        found.ok = False
        found.damage = str(error)
        found.damaged_segment = segment_path(directory, scanner.position.segment).name
        found.damaged_offset = scanner.position.offset
        found.damaged_sequence = scanner.position.sequence + 1
    found.facts = scanner.position.sequence
    found.chain = scanner.position.chain.hex()
    _measure(directory, found)
    return found


def _measure(directory: Path, found: Verification) -> None:
    for index in segment_indices(directory):
        used = used_bytes(directory, index, 0)
        found.segments += used > 0
        found.bytes_used += used
        found.bytes_allocated += segment_path(directory, index).stat().st_size


class Filter(Struct, frozen=True, kw_only=True):
    """Which rows ``show`` gives; what is left out does not restrict."""

    arbitrage: int | None = None
    kinds: frozenset[str] = frozenset()
    """Words of ``wording.kinds``."""
    since_ns: int = 0
    after: int = 0
    """A sequence: only facts behind it."""
    first: int | None = None
    """At most this many, the oldest."""
    last: int | None = None
    """At most this many, the newest; memory grows with this number only."""


class Row(Struct, frozen=True):
    """One fact, readable."""

    sequence: int
    time_ns: int
    kind: str
    text: str
    fact: Fact

    def as_dict(self) -> dict[str, object]:
        """The same for JSON; Decimals are strings."""
        return {
            "sequence": self.sequence,
            "time_ns": self.time_ns,
            "kind": self.kind,
            "text": self.text,
            "fact": msgspec.to_builtins(self.fact),
        }


def show(directory: Path, wanted: Filter | None = None) -> Iterator[Row]:
    """The facts that ``wanted`` lets through, oldest first.

    Raises:
        JournalError: there is no journal, or it is damaged; the rows before the damage come first.
    """
    wanted = wanted or Filter()
    reader = open_reader(directory)
    # The orders of one arbitrage are known from its intents, which may stand before what is asked for.
    begin = 0 if wanted.arbitrage is not None else wanted.after
    rows = islice(_rows(reader.replay(begin), wanted), wanted.first)
    return rows if wanted.last is None else _newest(rows, wanted.last)


def _newest(rows: Iterator[Row], count: int) -> Iterator[Row]:
    yield from deque(rows, maxlen=count)


def _rows(entries: Iterator[JournalEntry], wanted: Filter) -> Iterator[Row]:
    belongs = _Belongs(wanted.arbitrage)
    for entry in entries:
        fact = entry.fact
        if not belongs(fact) or entry.sequence <= wanted.after or fact.received_ns < wanted.since_ns:
            continue
        kind = kind_of(fact)
        if not wanted.kinds or kind in wanted.kinds:
            yield Row(entry.sequence, fact.received_ns, kind, describe(fact), fact)


class _Belongs:
    """Whether a fact is about one arbitrage: it names it, or an order that was sent for it."""

    def __init__(self, arbitrage: int | None) -> None:
        self._arbitrage = None if arbitrage is None else ArbitrageId(arbitrage)
        self._orders: set[ClientOrderId] = set()

    def __call__(self, fact: Fact) -> bool:
        if self._arbitrage is None:
            return True
        if isinstance(fact, OrdersIntended) and fact.arbitrage == self._arbitrage:
            self._orders.update(request.client_order_id for request in fact.requests)
        if isinstance(fact, OrderFilled):
            return fact.fill.client_order_id in self._orders
        if hasattr(fact, "client_order_id"):
            return fact.client_order_id in self._orders
        return getattr(fact, "arbitrage", None) == self._arbitrage

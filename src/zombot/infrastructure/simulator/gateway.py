"""What stands between one account and its bot: latency, order of messages, lost links and other faults."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from zombot.domain.effects import CancelOrder, QueryOrder
from zombot.domain.events import AccountEvent, CancelRejected, LinkChanged, OrderRejected, OrderUnknown
from zombot.domain.identifiers import ClientOrderId, VenueId
from zombot.domain.order import OrderRequest
from zombot.infrastructure.simulator import reasons
from zombot.infrastructure.simulator.faults import FaultModel, NoFaults
from zombot.infrastructure.simulator.latency import Hop
from zombot.ports.broker import AccountSink
from zombot.ports.scheduler import Scheduler

Make = Callable[[int], AccountEvent]
"""Makes a report once it is known when it is received."""

BACKLOG_MAX: Final = 10_000
"""Payments and forced fills kept for a bot that is away; more than any outage brings."""


class OrderDoor(Protocol):
    """What the venue offers to whom messages arrive from."""

    def arrive(self, account_id: str, request: OrderRequest, *, muted: bool) -> None: ...
    def cancel(self, account_id: str, client_order_id: ClientOrderId) -> None: ...
    def query(self, account_id: str, client_order_id: ClientOrderId) -> None: ...
    def snapshot(self, account_id: str) -> None: ...


class Link:
    """One account's connection. Reports go out in order unless a fault says otherwise."""

    __slots__ = (
        "_backlog",
        "_closed",
        "_faults",
        "_inbound",
        "_on_live",
        "_outbound",
        "_scheduler",
        "_sink",
        "_venue",
        "live",
    )

    def __init__(
        self,
        venue: VenueId,
        sink: AccountSink,
        scheduler: Scheduler,
        *,
        inbound: Hop,
        outbound: Hop,
        faults: FaultModel,
        on_live: Callable[[], None],
    ) -> None:
        self.live = True
        self._venue = venue
        self._sink = sink
        self._scheduler = scheduler
        self._inbound = inbound
        self._outbound = outbound
        self._faults = faults
        self._on_live = on_live
        self._closed = False
        self._backlog: deque[Make] = deque(maxlen=BACKLOG_MAX)
        self._plan_outage()

    @property
    def faults(self) -> FaultModel:
        """This connection's luck."""
        return self._faults

    def close(self) -> None:
        """The bot behind it is gone: what is on its way to it is lost."""
        self._closed = True

    def stop_faults(self) -> None:
        """Nothing goes wrong from now on; a lost link comes back at once."""
        self._faults = NoFaults()
        self._scheduler.call_at(self._scheduler.now_ns, self._restore)

    def arrive(self, action: Callable[[], None]) -> None:
        """A message leaves the bot now and acts on the venue when it arrives."""
        self._scheduler.call_at(self._inbound.arrival(self._scheduler.now_ns), action)

    def tell(self, make: Make) -> None:
        """Say something that the connection itself knows; no fault touches it."""
        self._scheduler.call_at(self._scheduler.now_ns, partial(self._hand_over, make))

    def report(self, make: Make, *, is_fill: bool = False, durable: bool = False) -> None:
        """Send a report. A durable one that meets a lost link is sent again when the link is back."""
        at_ns = self._outbound.arrival(self._scheduler.now_ns)
        at_ns += self._faults.delay(is_fill=is_fill)
        for _ in range(self._faults.copies()):
            self._scheduler.call_at(at_ns, partial(self._deliver, make, durable))

    def answer(self, make: Make) -> None:
        """Answer a query: as late as any report, but neither doubled nor out of order."""
        at_ns = self._outbound.arrival(self._scheduler.now_ns)
        self._scheduler.call_at(at_ns, partial(self._deliver, make, False))

    def _deliver(self, make: Make, durable: bool) -> None:
        if self.live:
            self._hand_over(make)
        elif durable:
            self._backlog.append(make)

    def _hand_over(self, make: Make) -> None:
        if not self._closed:
            self._sink(make(self._scheduler.now_ns))

    def _plan_outage(self) -> None:
        planned = self._faults.outage()
        if planned is not None:
            wait_ns, length_ns = planned
            self._scheduler.call_at(self._scheduler.now_ns + wait_ns, partial(self._lose, length_ns))

    def _lose(self, length_ns: int) -> None:
        if self._closed or isinstance(self._faults, NoFaults):
            return
        self._change(live=False)
        self._scheduler.call_at(self._scheduler.now_ns + length_ns, self._restore)

    def _restore(self) -> None:
        if self.live or self._closed:
            return
        self._change(live=True)
        while self._backlog:
            self.answer(self._backlog.popleft())
        self._on_live()
        self._plan_outage()

    def _change(self, *, live: bool) -> None:
        self.live = live
        self._sink(
            LinkChanged(
                venue=self._venue,
                live=live,
                reason="" if live else reasons.DISCONNECTED,
                received_ns=self._scheduler.now_ns,
            )
        )


class SimulatedBroker:
    """The ``Broker`` port of one account."""

    __slots__ = ("_account_id", "_door", "_link")

    def __init__(self, account_id: str, link: Link, door: OrderDoor) -> None:
        self._account_id = account_id
        self._link = link
        self._door = door

    def submit(self, requests: Sequence[OrderRequest]) -> None:
        """Send orders in one message; they arrive together and are matched in their order."""
        if not self._link.live:
            for request in requests:
                self._link.tell(partial(_unknown, request.client_order_id, reasons.DISCONNECTED))
            return
        sent: list[tuple[OrderRequest, bool]] = []
        for request in requests:
            fate = self._link.faults.fate()
            if fate.answer == "rejected":
                self._link.arrive(partial(self._refuse, request.client_order_id))
            elif fate.answer == "unknown":
                self._link.arrive(partial(self._lose_answer, request.client_order_id))
            if fate.arrives:
                sent.append((request, fate.muted))
        if sent:
            self._link.arrive(partial(self._arrive, sent))

    def cancel(self, cancel: CancelOrder) -> None:
        """Ask for the cancellation of one order."""
        if self._link.live:
            self._link.arrive(partial(self._door.cancel, self._account_id, cancel.client_order_id))
        else:
            self._link.tell(partial(_not_canceled, cancel.client_order_id, reasons.DISCONNECTED))

    def query(self, query: QueryOrder) -> None:
        """Ask what became of one order; over a lost link the question is lost."""
        if self._link.live:
            self._link.arrive(partial(self._door.query, self._account_id, query.client_order_id))

    def _arrive(self, sent: list[tuple[OrderRequest, bool]]) -> None:
        for request, muted in sent:
            self._door.arrive(self._account_id, request, muted=muted)

    def _refuse(self, client_order_id: ClientOrderId) -> None:
        self._link.report(partial(_busy, client_order_id))

    def _lose_answer(self, client_order_id: ClientOrderId) -> None:
        self._link.report(partial(_unknown, client_order_id, reasons.ACK_LOST))


def _unknown(client_order_id: ClientOrderId, reason: str, received_ns: int) -> OrderUnknown:
    return OrderUnknown(client_order_id=client_order_id, reason=reason, received_ns=received_ns)


def _not_canceled(client_order_id: ClientOrderId, reason: str, received_ns: int) -> CancelRejected:
    return CancelRejected(client_order_id=client_order_id, reason=reason, received_ns=received_ns)


def _busy(client_order_id: ClientOrderId, received_ns: int) -> OrderRejected:
    return OrderRejected(
        client_order_id=client_order_id,
        reason=reasons.VENUE_BUSY,
        venue_ns=received_ns,
        received_ns=received_ns,
    )

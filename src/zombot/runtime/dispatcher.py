"""Performs one batch of effects: the journal first, then everything that can be seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from zombot.domain.effects import (
    Alert,
    CancelOrder,
    Effect,
    PlaceOrders,
    QueryOrder,
    Record,
    SetTimer,
)
from zombot.domain.events import Fact, OrderUnknown, TimerFired
from zombot.domain.identifiers import InstrumentId, VenueId
from zombot.domain.instrument import Instrument
from zombot.domain.order import OrderRequest
from zombot.ports.broker import Broker
from zombot.ports.journal import Journal
from zombot.ports.notifier import Notifier
from zombot.ports.scheduler import Scheduler


class Dispatcher:
    """Knows the journal, the brokers, the timers and the notifier; decides nothing."""

    def __init__(
        self,
        *,
        journal: Journal,
        brokers: Mapping[VenueId, Broker],
        scheduler: Scheduler,
        notifier: Notifier,
        instruments: Mapping[InstrumentId, Instrument],
    ) -> None:
        self._journal = journal
        self._brokers = brokers
        self._scheduler = scheduler
        self._notifier = notifier
        self._instruments = instruments
        self._timers: dict[str, int] = {}
        self.feed: Callable[[TimerFired | OrderUnknown], None] = lambda _: None
        """Where due timers and orders that were not handed over go: the session's ``feed``, set later."""
        self.recorded: list[Callable[[Fact], None]] = []
        """Called with each fact once it is in the journal; must be quick and must not raise."""
        self._performers: dict[type, Callable[[Any], None]] = {
            PlaceOrders: self._place,
            CancelOrder: self._cancel,
            QueryOrder: self._query,
            Alert: self._alert,
        }

    def perform(self, effects: Iterable[Effect]) -> None:
        """Journal every record of the batch, then do the rest in order.

        Raises:
            JournalError: nothing of the batch was done.
        """
        effects = tuple(effects)
        facts = [effect.fact for effect in effects if type(effect) is Record]
        if facts:
            self._journal.append(facts)
        for effect in effects:
            # The timer that asks what became of an order is set before the order leaves.
            if type(effect) is SetTimer:
                self._set_timer(effect)
        for effect in effects:
            if type(effect) in self._performers:
                self._performers[type(effect)](effect)
        for watch in self.recorded:
            for fact in facts:
                watch(fact)

    def _place(self, effect: PlaceOrders) -> None:
        by_venue: dict[VenueId, list[Any]] = {}
        for request in effect.requests:
            by_venue.setdefault(self._instruments[request.instrument].venue, []).append(request)
        for venue, requests in by_venue.items():
            try:
                self._brokers[venue].submit(requests)
            except Exception as error:
                # A broker must not raise; one that does may have sent: the outcome is unknown.
                self._unknown(requests, f"{type(error).__name__}: {error}")

    def _unknown(self, requests: Iterable[OrderRequest], reason: str) -> None:
        for request in requests:
            event = OrderUnknown(
                client_order_id=request.client_order_id,
                reason=reason,
                received_ns=self._scheduler.now_ns,
            )
            self._scheduler.call_at(self._scheduler.now_ns, partial(self.feed, event))

    def _cancel(self, effect: CancelOrder) -> None:
        self._brokers[self._instruments[effect.instrument].venue].cancel(effect)

    def _query(self, effect: QueryOrder) -> None:
        self._brokers[self._instruments[effect.instrument].venue].query(effect)

    def _alert(self, effect: Alert) -> None:
        self._notifier.notify(effect, self._scheduler.now_ns)

    def _set_timer(self, effect: SetTimer) -> None:
        self._timers[effect.key] = effect.at_ns
        self._scheduler.call_at(effect.at_ns, lambda: self._fire(effect))

    def _fire(self, effect: SetTimer) -> None:
        if self._timers.get(effect.key) != effect.at_ns:
            return  # replaced by a later one
        del self._timers[effect.key]
        self.feed(TimerFired(key=effect.key, received_ns=self._scheduler.now_ns))

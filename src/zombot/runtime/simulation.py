"""Drives a session in simulated time: market events, the venue's answers and timers, merged by time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from zombot.domain.market import MarketEvent, TopOfBook
from zombot.runtime.agenda import Agenda
from zombot.runtime.session import Session


class MatchingVenue(Protocol):
    """A venue in process: it sees each market event before the engine does."""

    def on_market(self, event: MarketEvent) -> None:
        """Apply a market event at the venue."""
        ...

    def on_top(self, event: TopOfBook) -> None:
        """The same for a quote, without looking up what it is."""
        ...


class Simulation:
    """Merges by time; at one instant the order is: what was due, the venue, the engine.

    The tie rule: call-backs due at or before an event's time run before it, and two events of one time keep
    the order of their source.
    """

    def __init__(
        self,
        *,
        events: Iterator[MarketEvent],
        venue: MatchingVenue,
        session: Session,
        agenda: Agenda,
        recorded: bool,
    ) -> None:
        """``recorded``: the venue's clock is not ours, so both see an event when it was received."""
        self._events = events
        self._venue = venue
        self._session = session
        self._agenda = agenda
        self._recorded = recorded
        self._next: MarketEvent | None = next(events, None)
        self.delivered = 0
        """Market events handed to the engine."""

    def attach(self, session: Session) -> None:
        """Go on with another session: a bot that was started again on the same market and venue."""
        self._session = session

    @property
    def next_ns(self) -> int | None:
        """When the next market event is due at the venue; None at the end of the source."""
        if self._next is None:
            return None
        return self._next.received_ns if self._recorded else self._next.venue_ns

    def run(self, until_ns: int | None = None, stop: Callable[[], bool] | None = None) -> None:
        """Process everything up to and including ``until_ns`` (None: to the source's end)."""
        if self._recorded:
            self._run_recorded(until_ns, stop)
        else:
            self._run_synthetic(until_ns, stop)
        if until_ns is not None and not self._session.failure:
            self._agenda.run_until(until_ns)

    def _run_recorded(self, until_ns: int | None, stop: Callable[[], bool] | None) -> None:
        event, agenda, session = self._next, self._agenda, self._session
        events, feed = self._events, session.feed
        on_market, on_top = self._venue.on_market, self._venue.on_top
        while event is not None:
            at_ns = event.received_ns
            if until_ns is not None and at_ns > until_ns:
                break
            if agenda.next_ns <= at_ns:
                agenda.run_until(at_ns)
            elif at_ns > agenda.now_ns:
                agenda.now_ns = at_ns
            if type(event) is TopOfBook:
                on_top(event)
            else:
                on_market(event)
            if session.failure:
                break
            feed(event)
            self.delivered += 1
            event = next(events, None)
            if stop is not None and not self.delivered & 1023 and stop():
                break
        self._next = event

    def _run_synthetic(self, until_ns: int | None, stop: Callable[[], bool] | None) -> None:
        event, agenda, session = self._next, self._agenda, self._session
        events, on_market = self._events, self._venue.on_market
        while event is not None:
            at_ns = event.venue_ns
            if until_ns is not None and at_ns > until_ns:
                break
            if agenda.next_ns <= at_ns:
                agenda.run_until(at_ns)
            elif at_ns > agenda.now_ns:
                agenda.now_ns = at_ns
            if session.failure:
                break
            on_market(event)
            if event.received_ns <= at_ns:
                session.feed(event)
            else:
                agenda.call_at(event.received_ns, _delivery(session, event))
            self.delivered += 1
            event = next(events, None)
            if stop is not None and not self.delivered & 1023 and stop():
                break
        self._next = event


def _delivery(session: Session, event: MarketEvent) -> Callable[[], None]:
    def deliver() -> None:
        if not session.failure:
            session.feed(event)

    return deliver

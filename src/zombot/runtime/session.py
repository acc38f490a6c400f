"""The session: one engine and its dispatcher behind one ``feed``, the same in every mode."""

from __future__ import annotations

from zombot.domain.effects import CancelOrder, PlaceOrders, QueryOrder
from zombot.domain.errors import InvariantViolation
from zombot.domain.events import Event
from zombot.engine.engine import Engine
from zombot.engine.trading_mode import RiskStop
from zombot.ports.journal import JournalError
from zombot.runtime.dispatcher import Dispatcher

SENDING = (PlaceOrders, CancelOrder, QueryOrder)


class Session:
    """Feeds events to the engine and has its effects performed, one event at a time."""

    __slots__ = ("engine", "dispatcher", "failure", "_busy")

    def __init__(self, engine: Engine, dispatcher: Dispatcher) -> None:
        self.engine = engine
        self.dispatcher = dispatcher
        self.failure: str = ""
        """Why the session takes no more events; empty while it does."""
        self._busy = False

    def feed(self, event: Event) -> None:
        """Process one event and perform what it asks for. An answer is always a later event.

        Raises:
            InvariantViolation: called from within itself, or after a failure.
        """
        if self._busy or self.failure:
            raise InvariantViolation(
                f"the session has stopped: {self.failure}"
                if self.failure
                else "feed was called from within feed: an answer must be a later event"
            )
        self._busy = True
        try:
            effects = self.engine.process(event)
            if effects:
                self.dispatcher.perform(effects)
        except JournalError as error:
            # Nothing of the batch has left. Without a journal nothing may leave any more.
            self.failure = f"journal: {error}"
        except Exception as error:
            # A rule broke, or something that nobody thought of: either way nothing may be decided any more.
            self._fail(error)
        finally:
            self._busy = False

    def _fail(self, error: Exception) -> None:
        """Keep what has already happened in the journal, halt for good, and take no more events."""
        self.failure = f"{type(error).__name__}: {error}"
        engine = self.engine
        try:
            engine.stop_for(RiskStop.INVARIANT, self.failure)
            records = [effect for effect in engine.outbox.take() if not isinstance(effect, SENDING)]
            self.dispatcher.perform(records)
        except Exception as second:
            self.failure += f"; and then {type(second).__name__}: {second}"

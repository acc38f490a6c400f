"""What one call of ``process`` wants done: facts are applied and recorded in one breath, then the rest."""

from __future__ import annotations

from zombot.domain.effects import Alert, AlertLevel, Effect, Record
from zombot.domain.events import Fact
from zombot.engine.state import EngineState


class Outbox:
    """Collects the effects of one event. A fact cannot be applied without being recorded, nor the reverse."""

    __slots__ = ("_state", "effects")

    def __init__(self, state: EngineState) -> None:
        self._state = state
        self.effects: list[Effect] = []

    def decide(self, fact: Fact) -> None:
        """Apply a fact to the state and ask for its record."""
        self._state.apply(fact)
        self.effects.append(Record(fact))

    def ask(self, effect: Effect) -> None:
        """Ask the shell to do something."""
        self.effects.append(effect)

    def alert(self, level: AlertLevel, text: str) -> None:
        """Tell a human."""
        self.effects.append(Alert(level, text))

    def take(self) -> list[Effect]:
        """Everything asked for since the last call."""
        taken = self.effects
        self.effects = []
        return taken

"""Runs one strategy object on each quote that concerns it, and keeps account of what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zombot.domain.arbitrage import Arbitrage, ArbitrageState
from zombot.domain.events import OpportunityRefused
from zombot.domain.opportunity import Missed, Opportunity, Style
from zombot.domain.risk import Refused
from zombot.engine.execution import Saga
from zombot.engine.outbox import Outbox
from zombot.engine.risk_gate import RiskGate
from zombot.engine.state import EngineState
from zombot.engine.trading_mode import may_exit
from zombot.engine.view import Markets
from zombot.ports.strategy import Strategy

LIQUIDATION_NEAR: Final = "liquidation_near"
EPISODE_GAP_NS: Final = 1_000_000_000
"""An opportunity that is away for less counts as the same one, so that a flickering edge is one record."""


class Episode:
    """A stretch of time in which one opportunity was refused for one reason."""

    __slots__ = ("reason", "direction", "count", "gross_bps", "net_bps", "since_ns", "last_ns")

    def __init__(self, direction: str, reason: str, at_ns: int) -> None:
        self.direction = direction
        self.reason = reason
        self.count = 0
        self.gross_bps = self.net_bps = float("-inf")
        self.since_ns = self.last_ns = at_ns


class StrategyRunner:
    """One strategy object with its open arbitrages. Is the ``PositionView`` that the strategy sees."""

    __slots__ = (
        "strategy", "open", "episode", "last_refusal",
        "_markets", "_state", "_gate", "_saga", "_outbox",
    )  # fmt: skip

    def __init__(
        self,
        strategy: Strategy,
        markets: Markets,
        state: EngineState,
        gate: RiskGate,
        saga: Saga,
        outbox: Outbox,
    ) -> None:
        self.strategy = strategy
        self.open: Sequence[Arbitrage] = ()
        """Under way, refreshed whenever an arbitrage of this strategy begins or ends."""
        self.episode: Episode | None = None
        self.last_refusal = ""
        self._markets = markets
        self._state = state
        self._gate = gate
        self._saga = saga
        self._outbox = outbox

    @property
    def ended_ns(self) -> int:
        """When the last arbitrage of this pair ended."""
        return self._state.durable.closed_ns.get(self.strategy.pair, 0)

    def refresh(self) -> None:
        """Take the arbitrages of this strategy and pair from the state."""
        strategy = self.strategy
        self.open = [
            a
            for a in self._state.durable.arbitrages.values()
            if a.strategy == strategy.id and a.pair == strategy.pair
        ]

    def quote(self, now_ns: int) -> None:
        """A quote of one of its instruments has been applied."""
        if self.open:
            self.review_open(now_ns)
        found = self.strategy.decide(self._markets, self, now_ns)
        if found is None:
            if self.episode is not None and now_ns - self.episode.last_ns > EPISODE_GAP_NS:
                self.end_episode(now_ns)
            return
        if type(found) is Missed:
            self._refused(found.direction, found.reason, found.gross_bps, found.net_bps, now_ns)
            return
        self._consider(found, now_ns)  # type: ignore[arg-type]

    def _consider(self, opportunity: Opportunity, now_ns: int) -> None:
        verdict = self._gate.check(opportunity, now_ns)
        if isinstance(verdict, Refused):
            self._refused(
                opportunity.direction, verdict.reason, opportunity.gross_bps, opportunity.net_bps, now_ns
            )
            return
        self.end_episode(now_ns)
        self._saga.open(verdict, now_ns)
        self.refresh()

    def review_open(self, now_ns: int) -> None:
        """Exits and repairs go first: they are allowed when entries are not."""
        for arbitrage in self.open:
            state = arbitrage.state
            if state is ArbitrageState.OPEN:
                self._review_exit(arbitrage, now_ns)
            elif state is ArbitrageState.REPAIRING:
                if not arbitrage.working:
                    self._saga.repair(arbitrage, now_ns)
            elif arbitrage.style is Style.MAKER_TAKER and state is ArbitrageState.OPENING:
                self._saga.review_maker(arbitrage, now_ns)

    def _review_exit(self, arbitrage: Arbitrage, now_ns: int) -> None:
        if arbitrage.working or now_ns < arbitrage.retry_ns:
            return
        # Even a halted bot does not watch a liquidation come: both legs go together while they can.
        if not may_exit(self._state.durable.mode) and arbitrage.close_reason != LIQUIDATION_NEAR:
            return
        if arbitrage.closing:
            wanted = self.strategy.exit_now(arbitrage, self._markets, arbitrage.close_reason)
        else:
            wanted = self.strategy.decide_exit(arbitrage, self._markets, now_ns)
        if wanted is not None:
            self._saga.close(arbitrage, wanted, now_ns)

    # --- why not traded ----------------------------------------------------------------------------------

    def _refused(self, direction: str, reason: str, gross: float, net: float, now_ns: int) -> None:
        episode = self.episode
        if episode is None or episode.reason != reason or episode.direction != direction:
            self.end_episode(now_ns)
            episode = self.episode = Episode(direction, reason, now_ns)
            self.last_refusal = reason
        elif now_ns - episode.last_ns > EPISODE_GAP_NS:
            self.end_episode(now_ns)
            episode = self.episode = Episode(direction, reason, now_ns)
        episode.count += 1
        episode.last_ns = now_ns
        if net > episode.net_bps:
            episode.net_bps = net
            episode.gross_bps = gross

    def end_episode(self, now_ns: int) -> None:
        """Record a refusal that is over."""
        episode, self.episode = self.episode, None
        if episode is None:
            return
        self._outbox.decide(
            OpportunityRefused(
                strategy=self.strategy.id,
                pair=self.strategy.pair,
                direction=episode.direction,
                reason=episode.reason,
                count=episode.count,
                gross_bps=episode.gross_bps,
                net_bps=episode.net_bps,
                since_ns=episode.since_ns,
                received_ns=now_ns,
            )
        )

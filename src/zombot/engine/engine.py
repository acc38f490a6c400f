"""The engine: an event in, effects out, without input or output, clock or chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from zombot.domain.arbitrage import Arbitrage, ArbitrageState
from zombot.domain.effects import Effect
from zombot.domain.errors import InvalidValue
from zombot.domain.events import (
    AccountEvent,
    ArbitragePlanned,
    BotStarted,
    BotStopped,
    Command,
    CommandKind,
    Draining,
    Event,
    Fact,
    LinkChanged,
    ModeChanged,
    Recovered,
    TimerFired,
    TradingMode,
)
from zombot.domain.identifiers import ArbitrageId, InstrumentId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.market import (
    TopOfBook,
)
from zombot.engine.account import AccountDesk
from zombot.engine.capital import Capital
from zombot.engine.config import EngineConfig
from zombot.engine.execution import Saga
from zombot.engine.exposure import Exposure
from zombot.engine.legs import is_flat
from zombot.engine.market_desk import MarketDesk
from zombot.engine.orders import OrderDesk
from zombot.engine.outbox import Outbox
from zombot.engine.risk_gate import RiskGate
from zombot.engine.runner import StrategyRunner
from zombot.engine.state import DAY_NS, EngineState
from zombot.engine.trading_mode import RiskStop, may_exit, next_mode
from zombot.engine.view import InstrumentMarket, Markets
from zombot.ports.strategy import Strategy

INFINITE: Final = float("inf")
NOTHING: Final[tuple[Effect, ...]] = ()


class Engine:
    """Owns the state. ``process`` is its only door; everything that happens comes in as an event."""

    def __init__(
        self,
        *,
        config: EngineConfig,
        instruments: Mapping[InstrumentId, Instrument],
        fees: Mapping[InstrumentId, FeeRates],
        strategies: Sequence[Strategy],
    ) -> None:
        self.config = config
        self.state = EngineState(instruments)
        self.markets: Markets = {i: InstrumentMarket(instruments[i], fees[i]) for i in instruments}
        self.now_ns = 0
        self.events = 0
        self.outbox = Outbox(self.state)
        self.exposure = Exposure(instruments, config.execution)
        self.capital = Capital(self.state, self.markets, config)
        self.gate = RiskGate(self.state, self.markets, self.capital, config)
        desk = OrderDesk(self.state, self.outbox, self.gate, config.execution)
        self.saga = Saga(self.state, self.markets, self.outbox, desk, self.exposure, config.execution)
        self.account = AccountDesk(self.state, self.outbox, self.saga, config.execution)
        self.account.touched = self._refresh
        self.market_desk = MarketDesk(self.markets, self.state, self.saga, self.outbox, config.limits)
        self.saga.gave_up = self._gave_up
        self.runners = [
            StrategyRunner(s, self.markets, self.state, self.gate, self.saga, self.outbox) for s in strategies
        ]
        self._quoted = {i: (m, self._concerned(i)) for i, m in self.markets.items()}
        self._handlers: dict[type, Callable[[Any], None]] = {
            TimerFired: self._timer,
            Command: self._command,
            LinkChanged: self._link,
            BotStarted: self._started,
            BotStopped: self._stopped,
            Recovered: self._recovered,
            Draining: self._draining,
        }
        for kind in self.account.handlers:
            self._handlers[kind] = self._account_event
        for kind, handler in self.market_desk.handlers.items():
            self._handlers[kind] = self._at_now(handler)

    def _concerned(self, instrument: InstrumentId) -> tuple[StrategyRunner, ...]:
        return tuple(r for r in self.runners if instrument in r.strategy.instruments())

    def process(self, event: Event) -> Sequence[Effect]:
        """Take one event; returns what the shell has to do, records first."""
        self.events += 1
        if type(event) is TopOfBook:
            return self._top(event)
        self.now_ns = max(self.now_ns, event.received_ns)
        self._handlers[type(event)](event)
        self._check_daily_loss()
        return self.outbox.take() if self.outbox.effects else NOTHING

    # --- market ------------------------------------------------------------------------------------------

    def _top(self, event: TopOfBook) -> Sequence[Effect]:
        found = self._quoted.get(event.instrument)
        if found is None:
            return self._drop("unknown_instrument")
        market, runners = found
        bid, ask = event.bid, event.ask
        # Written so that a NaN fails as well.
        quantities = 0.0 < event.bid_quantity < INFINITE and 0.0 < event.ask_quantity < INFINITE
        if not (0.0 < bid < ask < INFINITE and quantities):
            return self._drop("invalid_top_of_book")
        received_ns = event.received_ns
        if received_ns < market.received_ns:
            return self._drop("older_than_known")
        now_ns = self.now_ns = max(self.now_ns, received_ns)
        market.bid, market.bid_quantity, market.ask, market.ask_quantity = (
            bid, event.bid_quantity, ask, event.ask_quantity,
        )  # fmt: skip
        market.venue_ns = event.venue_ns
        market.received_ns = received_ns
        if not market.usable:
            market.quoted()
        for runner in runners:
            runner.quote(now_ns)
        return self.outbox.take() if self.outbox.effects else NOTHING

    def _drop(self, reason: str) -> Sequence[Effect]:
        self.market_desk.drop(reason)
        return NOTHING

    def _at_now(self, handler: Callable[[Any, int], None]) -> Callable[[Any], None]:
        return lambda event: handler(event, self.now_ns)

    @property
    def dropped(self) -> dict[str, int]:
        """Market events that could not be used, by reason."""
        return self.market_desk.dropped

    # --- account, timers, operator -----------------------------------------------------------------------

    def _account_event(self, event: AccountEvent) -> None:
        self.account.take(event, self.now_ns)

    def _timer(self, event: TimerFired) -> None:
        kind, _, rest = event.key.partition("/")
        identifier = ArbitrageId(int(rest.partition("/")[0]))
        arbitrage = self.state.durable.arbitrages.get(identifier)
        if arbitrage is None:
            return
        if kind == "answer":
            self.saga.answer_timer(arbitrage, event.key, self.now_ns)
        elif kind == "maker":
            self.saga.maker_timer(arbitrage, self.now_ns)
        elif kind == "repair":
            self.saga.repair_timer(arbitrage, self.now_ns)

    def _command(self, event: Command) -> None:
        self.outbox.decide(event)
        mode = next_mode(self.state.durable.mode, event.kind)
        self._set_mode(mode, f"operator {event.kind.value}", event.by)
        if event.kind is CommandKind.FLATTEN:
            for arbitrage in list(self.state.durable.arbitrages.values()):
                if not arbitrage.closing:
                    self.saga.mark_closing(arbitrage, "flatten", self.now_ns)
        for runner in self.runners:
            runner.review_open(self.now_ns)

    def _set_mode(self, mode: TradingMode, reason: str, by: str) -> None:
        durable = self.state.durable
        if mode is durable.mode:
            return
        self.outbox.decide(ModeChanged(mode=mode, reason=reason, by=by, received_ns=self.now_ns))
        if mode is not TradingMode.ENABLED:
            self._take_back_makers()

    def stop_for(self, cause: RiskStop, detail: str) -> None:
        """Tighten the mode because a risk limit or an invariant says so."""
        self._set_mode(next_mode(self.state.durable.mode, cause), f"{cause.value}: {detail}", "risk")

    def _gave_up(self, arbitrage: Arbitrage) -> None:
        self.stop_for(RiskStop.STUCK_REPAIR, f"arbitrage {arbitrage.id}")

    def _check_daily_loss(self) -> None:
        durable, limit = self.state.durable, self.config.limits.daily_loss_max
        today = self.now_ns // DAY_NS == durable.day
        if (
            today
            and durable.day_profit < -limit
            and durable.mode in {TradingMode.ENABLED, TradingMode.PAUSED}
        ):
            self.stop_for(RiskStop.DAILY_LOSS, f"{durable.day_profit:.2f} of at most -{limit}")

    def _link(self, event: LinkChanged) -> None:
        self.outbox.decide(event)
        for market in self.markets.values():
            if market.instrument.venue == event.venue:
                market.set_link(live=event.live)
        if event.live:
            self.saga.resume(self.now_ns)
            self._refresh()

    # --- life of the bot -----------------------------------------------------------------------------------

    def fold(self, facts: Iterable[Fact]) -> None:
        """Start-up: put the journal's facts back into the state. Nothing is decided."""
        for fact in facts:
            if type(fact) is ArbitragePlanned:
                self._check_configured(fact)
            self.state.apply(fact)
            self.now_ns = max(self.now_ns, fact.received_ns)
        self._refresh()

    def _check_configured(self, fact: ArbitragePlanned) -> None:
        unknown = [leg.instrument for leg in fact.legs if leg.instrument not in self.state.instruments]
        if unknown:
            raise InvalidValue(
                f"the journal holds arbitrage {fact.arbitrage} on {fact.pair}, and {', '.join(unknown)} is "
                f"not configured: name {fact.pair} in pairs as well, or give the bot another state_dir"
            )

    def _started(self, event: BotStarted) -> None:
        self.outbox.decide(event)

    def _recovered(self, event: Recovered) -> None:
        self.outbox.decide(event)
        self.saga.resume(self.now_ns)
        self._refresh()

    def _draining(self, _: Draining) -> None:
        self.gate.draining = True
        self._take_back_makers()

    def _take_back_makers(self) -> None:
        for arbitrage in list(self.state.durable.arbitrages.values()):
            self.saga.maker_timer(arbitrage, self.now_ns)

    def _stopped(self, event: BotStopped) -> None:
        for runner in self.runners:
            runner.end_episode(self.now_ns)
        self.outbox.decide(event)

    def _refresh(self) -> None:
        for runner in self.runners:
            runner.refresh()

    def at_rest(self) -> bool:
        """Whether nothing is in flight and no repair or decided exit is pending (I3 is claimed then)."""
        exits = may_exit(self.state.durable.mode)
        return all(
            not a.working
            and (
                is_flat(a, self.state.instruments)
                or (a.state is ArbitrageState.OPEN and not (a.closing and exits))
            )
            for a in self.state.durable.arbitrages.values()
        )

"""Trading modes: the table is complete, risk only tightens, and only an operator loosens."""

from itertools import product

import pytest

from tests.unit.domain.samples import SECOND, D
from tests.unit.engine.bench import Bench
from zombot.domain.events import Command, CommandKind, ModeChanged, TradingMode
from zombot.domain.opportunity import Exit
from zombot.domain.risk import Limits
from zombot.engine.config import EngineConfig
from zombot.engine.trading_mode import TRANSITIONS, RiskStop, may_enter, may_exit, next_mode

TIGHTNESS = [TradingMode.ENABLED, TradingMode.PAUSED, TradingMode.REDUCE_ONLY, TradingMode.HALTED]
DAY = 86_400 * SECOND


def test_every_cell_is_there() -> None:
    """Each mode has an answer to each command and each risk stop, and no more."""
    assert set(TRANSITIONS) == set(product(TradingMode, (*CommandKind, *RiskStop)))


@pytest.mark.parametrize(("mode", "stop"), list(product(TradingMode, RiskStop)))
def test_risk_only_tightens(mode: TradingMode, stop: RiskStop) -> None:
    """No risk stop leads to a looser mode, and after one nothing is entered."""
    after = next_mode(mode, stop)
    assert TIGHTNESS.index(after) >= TIGHTNESS.index(mode)
    assert not may_enter(after)


@pytest.mark.parametrize(("mode", "command"), list(product(TradingMode, CommandKind)))
def test_only_resume_and_flatten_loosen(mode: TradingMode, command: CommandKind) -> None:
    """RESUME alone leads to entries; FLATTEN lets a halted bot reduce; all else tightens or stays."""
    after = next_mode(mode, command)
    assert may_enter(after) == (command is CommandKind.RESUME)
    if TIGHTNESS.index(after) < TIGHTNESS.index(mode):
        assert command is CommandKind.RESUME or (mode, command) == (TradingMode.HALTED, CommandKind.FLATTEN)


@pytest.mark.parametrize("mode", TradingMode)
def test_the_same_cause_twice_is_the_same_as_once(mode: TradingMode) -> None:
    """Every command and stop is idempotent."""
    for cause in (*CommandKind, *RiskStop):
        assert next_mode(next_mode(mode, cause), cause) is next_mode(mode, cause)


def test_a_kill_stops_exits_and_nothing_else_does() -> None:
    """Exits are forbidden in HALTED alone."""
    assert [mode for mode in TradingMode if not may_exit(mode)] == [TradingMode.HALTED]


def lose_on_one_arbitrage(bench: Bench) -> None:
    """Open about 10 units and close them ten lower."""
    for order in bench.open():
        bench.fill(order)
    bench.wish.exit = Exit(reason="age", worst_prices=(80.0, 120.0), decision_prices=(99.9, 101.1))
    sent = len(bench.effects)
    bench.quotes()
    bench.wish.exit = None
    closing = [
        order for effect in bench.effects[sent:] if hasattr(effect, "requests") for order in effect.requests
    ]
    for order in closing:
        bench.fill(order, price="90" if order.leg == 0 else "101.1")


def test_a_daily_loss_reduces_only() -> None:
    """Past the limit the mode tightens by itself and says so in the journal."""
    bench = Bench(EngineConfig(bot="bot1", limits=Limits(daily_loss_max=D(50))))
    lose_on_one_arbitrage(bench)
    assert bench.state.durable.day_profit < -50
    assert bench.state.durable.mode is TradingMode.REDUCE_ONLY
    changes = [e.fact for e in bench.effects if isinstance(getattr(e, "fact", None), ModeChanged)]
    assert changes[-1].by == "risk"
    assert "daily-loss" in changes[-1].reason


def test_a_loss_of_yesterday_does_not_stop_today() -> None:
    """An operator resumes the next day: the next report of the account must not stop the bot again."""
    bench = Bench(EngineConfig(bot="bot1", limits=Limits(daily_loss_max=D(50))))
    lose_on_one_arbitrage(bench)
    bench.wait(DAY)
    bench.feed(Command(kind=CommandKind.RESUME, by="ann", received_ns=bench.now_ns))
    bench.balance(bench.engine.state.instruments[bench.wish.instruments()[0]].quote, "99000")
    assert bench.state.durable.mode is TradingMode.ENABLED


@pytest.mark.parametrize("command", [CommandKind.KILL, CommandKind.PAUSE, CommandKind.REDUCE_ONLY])
def test_a_mode_survives_a_restart(command: CommandKind) -> None:
    """Folding the journal's facts brings back the mode that an operator set (I7)."""
    bench = Bench()
    bench.feed(Command(kind=command, by="ann", received_ns=bench.now_ns))
    again = Bench(recovered=False).engine
    again.fold(effect.fact for effect in bench.effects if hasattr(effect, "fact"))
    assert again.state.durable.mode is bench.state.durable.mode
    assert again.state.durable.mode is not TradingMode.ENABLED

"""Trading modes and who may leave which: the pause, the reduce-only stop and the kill switch."""

from __future__ import annotations

import enum
from typing import Final

from zombot.domain.events import CommandKind, TradingMode


class RiskStop(enum.Enum):
    """What the engine itself stops for."""

    DAILY_LOSS = "daily-loss"
    STUCK_REPAIR = "stuck-repair"
    INVARIANT = "invariant"


_M, _C, _R = TradingMode, CommandKind, RiskStop
# mode x cause -> mode. Only an operator loosens: RESUME leads to ENABLED, FLATTEN lets a halted bot reduce.
# Risk only tightens, and a pause never loosens what risk or a kill has tightened.
TRANSITIONS: Final[dict[tuple[TradingMode, CommandKind | RiskStop], TradingMode]] = {
    (_M.ENABLED, _C.PAUSE): _M.PAUSED,
    (_M.ENABLED, _C.RESUME): _M.ENABLED,
    (_M.ENABLED, _C.REDUCE_ONLY): _M.REDUCE_ONLY,
    (_M.ENABLED, _C.FLATTEN): _M.REDUCE_ONLY,
    (_M.ENABLED, _C.KILL): _M.HALTED,
    (_M.ENABLED, _R.DAILY_LOSS): _M.REDUCE_ONLY,
    (_M.ENABLED, _R.STUCK_REPAIR): _M.REDUCE_ONLY,
    (_M.ENABLED, _R.INVARIANT): _M.HALTED,
    (_M.PAUSED, _C.PAUSE): _M.PAUSED,
    (_M.PAUSED, _C.RESUME): _M.ENABLED,
    (_M.PAUSED, _C.REDUCE_ONLY): _M.REDUCE_ONLY,
    (_M.PAUSED, _C.FLATTEN): _M.REDUCE_ONLY,
    (_M.PAUSED, _C.KILL): _M.HALTED,
    (_M.PAUSED, _R.DAILY_LOSS): _M.REDUCE_ONLY,
    (_M.PAUSED, _R.STUCK_REPAIR): _M.REDUCE_ONLY,
    (_M.PAUSED, _R.INVARIANT): _M.HALTED,
    (_M.REDUCE_ONLY, _C.PAUSE): _M.REDUCE_ONLY,
    (_M.REDUCE_ONLY, _C.RESUME): _M.ENABLED,
    (_M.REDUCE_ONLY, _C.REDUCE_ONLY): _M.REDUCE_ONLY,
    (_M.REDUCE_ONLY, _C.FLATTEN): _M.REDUCE_ONLY,
    (_M.REDUCE_ONLY, _C.KILL): _M.HALTED,
    (_M.REDUCE_ONLY, _R.DAILY_LOSS): _M.REDUCE_ONLY,
    (_M.REDUCE_ONLY, _R.STUCK_REPAIR): _M.REDUCE_ONLY,
    (_M.REDUCE_ONLY, _R.INVARIANT): _M.HALTED,
    (_M.HALTED, _C.PAUSE): _M.HALTED,
    (_M.HALTED, _C.RESUME): _M.ENABLED,
    (_M.HALTED, _C.REDUCE_ONLY): _M.HALTED,
    (_M.HALTED, _C.FLATTEN): _M.REDUCE_ONLY,
    (_M.HALTED, _C.KILL): _M.HALTED,
    (_M.HALTED, _R.DAILY_LOSS): _M.HALTED,
    (_M.HALTED, _R.STUCK_REPAIR): _M.HALTED,
    (_M.HALTED, _R.INVARIANT): _M.HALTED,
}


def next_mode(mode: TradingMode, cause: CommandKind | RiskStop) -> TradingMode:
    """The mode after ``cause``; every cell of the table is there."""
    return TRANSITIONS[mode, cause]


def may_enter(mode: TradingMode) -> bool:
    """Whether new arbitrages may be opened."""
    return mode is TradingMode.ENABLED


def may_exit(mode: TradingMode) -> bool:
    """Whether an even arbitrage may be closed; repairs that reduce are always allowed."""
    return mode is not TradingMode.HALTED

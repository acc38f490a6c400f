"""Naked exposure: how much stood alone for how long, against its budget."""

from __future__ import annotations

from decimal import Decimal

from zombot.domain.arbitrage import Arbitrage
from zombot.domain.identifiers import ArbitrageId
from zombot.domain.money import ZERO
from zombot.engine.config import ExecutionConfig
from zombot.engine.legs import Instruments, residual_notional
from zombot.engine.repair import is_settled

MS_NS = 1_000_000


class Exposure:
    """Measures from the first fill that unbalances an arbitrage to the one that balances it again."""

    def __init__(self, instruments: Instruments, config: ExecutionConfig) -> None:
        self._instruments = instruments
        self._budget = config.naked_budget
        self._since: dict[ArbitrageId, int] = {}
        self._spent: dict[ArbitrageId, tuple[int, Decimal, Decimal]] = {}
        self.naked_ns_max = 0
        self.naked_ns_by_arbitrage: dict[ArbitrageId, int] = {}
        self.residual_notional_max = ZERO
        """The largest residual that stood while no order of its arbitrage was in flight."""

    def observe(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """Called after every change of a leg."""
        identifier = arbitrage.id
        self._accumulate(arbitrage, now_ns)
        if is_settled(arbitrage, self._instruments):
            since = self._since.pop(identifier, None)
            self._spent.pop(identifier, None)
            if since is not None:
                self._note(identifier, now_ns - since)
            return
        self._since.setdefault(identifier, now_ns)
        if not arbitrage.working:
            self.residual_notional_max = max(self.residual_notional_max, residual_notional(arbitrage))

    def over_budget(self, arbitrage: Arbitrage, now_ns: int) -> bool:
        """Whether this arbitrage has stood uneven for more notional x time than is allowed."""
        self._accumulate(arbitrage, now_ns)
        entry = self._spent.get(arbitrage.id)
        return entry is not None and entry[2] > self._budget

    def spent_now(self, now_ns: int) -> Decimal:
        """Notional x milliseconds of what stands alone longest in that measure."""
        return max(
            (spent + notional * (now_ns - at_ns) / MS_NS for at_ns, notional, spent in self._spent.values()),
            default=ZERO,
        )

    def open_naked_ns(self, now_ns: int) -> int:
        """The longest that something stands alone right now."""
        return max((now_ns - since for since in self._since.values()), default=0)

    def _accumulate(self, arbitrage: Arbitrage, now_ns: int) -> None:
        """Add notional x milliseconds since the last look, at the residual that stood meanwhile."""
        at_ns, notional, spent = self._spent.get(arbitrage.id, (now_ns, ZERO, ZERO))
        spent += notional * (now_ns - at_ns) / MS_NS
        self._spent[arbitrage.id] = (now_ns, residual_notional(arbitrage), spent)

    def _note(self, identifier: ArbitrageId, naked_ns: int) -> None:
        self.naked_ns_max = max(self.naked_ns_max, naked_ns)
        longest = max(self.naked_ns_by_arbitrage.get(identifier, 0), naked_ns)
        self.naked_ns_by_arbitrage[identifier] = longest
        if len(self.naked_ns_by_arbitrage) > 10_000:
            del self.naked_ns_by_arbitrage[next(iter(self.naked_ns_by_arbitrage))]

"""Draws docs/lifecycles.md from the tables in the code: `.venv/bin/python docs/make_lifecycles.py`."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from zombot.domain import arbitrage, order
from zombot.domain.events import TradingMode
from zombot.engine import trading_mode

TARGET: Final = Path(__file__).with_name("lifecycles.md")

Table = Mapping[tuple[Any, Any], Any]
"""State and event to state; each a member of an enum."""

HEAD: Final = """\
# Life cycles

Drawn from the tables in the code by `docs/make_lifecycles.py`; a test fails when the two differ. A pair of
state and event without a cell is an error that stops the session, never a guess.
"""

ORDER: Final = """\
## Order

An order ends only on the venue's evidence. No answer makes it *unknown*, and only the venue's word leads out
of there; a fill counts whenever it comes. The table is `TRANSITIONS` in `src/zombot/domain/order.py`.
"""

ARBITRAGE: Final = """\
## Arbitrage

What happens is derived from what the legs hold once all orders of a step are final: *even*, *uneven*, *flat*
or nothing at all. A late or forced fill can bring back an arbitrage that was over. The table is `TRANSITIONS`
in `src/zombot/domain/arbitrage.py`.
"""

MODE: Final = """\
## Trading mode

Risk only tightens; only an operator loosens, by `resume`, or by `flatten` out of a halt. The table is
`TRANSITIONS` in `src/zombot/engine/trading_mode.py`.
"""


def name(state: enum.Enum) -> str:
    """A state's id in the diagram."""
    return str(state.value).replace("-", "_")


def diagram(table: Table, start: enum.Enum, final: Collection[enum.Enum]) -> str:
    """A state diagram; events that lead the same way share an arrow, what changes nothing is left out."""
    arrows: dict[tuple[enum.Enum, enum.Enum], list[str]] = {}
    for (state, event), target in table.items():
        if target is not state:
            arrows.setdefault((state, target), []).append(str(event.value))
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.value}" as {name(state)}' for state in type(start) if "-" in state.value]
    lines.append(f"    [*] --> {name(start)}")
    lines += [
        f"    {name(state)} --> {name(target)}: {', '.join(events)}"
        for (state, target), events in arrows.items()
    ]
    lines += [f"    {name(state)} --> [*]" for state in type(start) if state in final]
    return "\n".join([*lines, "```", ""])


def unchanged(table: Table) -> str:
    """Which events leave which state as it is, and which have no cell."""
    events = list(dict.fromkeys(event for _, event in table))
    states = list(dict.fromkeys(state for state, _ in table))
    lines = ["| state | stays on | no cell |", "|---|---|---|"]
    for state in states:
        stays = [str(event.value) for event in events if table.get((state, event)) is state]
        missing = [str(event.value) for event in events if (state, event) not in table]
        lines.append(f"| {state.value} | {', '.join(stays) or '–'} | {', '.join(missing) or '–'} |")
    return "\n".join([*lines, ""])


def render() -> str:
    """The whole document."""
    parts = [HEAD]
    for words, table, start, final in (
        (ORDER, order.TRANSITIONS, order.OrderState.IN_FLIGHT, order.TERMINAL),
        (ARBITRAGE, arbitrage.TRANSITIONS, arbitrage.ArbitrageState.PLANNED, arbitrage.FINAL),
        (MODE, trading_mode.TRANSITIONS, TradingMode.ENABLED, ()),
    ):
        parts += [words, diagram(table, start, final), unchanged(table)]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")

"""The drawn life cycles are those of the code."""

import re

from docs.make_lifecycles import TARGET, render
from zombot.domain import arbitrage, order
from zombot.engine import trading_mode


def test_the_document_is_in_step_with_the_tables() -> None:
    """docs/lifecycles.md is what docs/make_lifecycles.py draws now; run it after changing a table."""
    assert TARGET.read_text(encoding="utf-8") == render()


def test_every_change_of_state_is_drawn() -> None:
    """The arrows name each cell that leads to another state, and no other."""
    drawn = 0
    for line in render().splitlines():
        if match := re.fullmatch(r" {4}\w+ --> \w+: (.+)", line):
            drawn += len(match[1].split(", "))
    tables = (order.TRANSITIONS, arbitrage.TRANSITIONS, trading_mode.TRANSITIONS)
    assert drawn == sum(1 for table in tables for (state, _), target in table.items() if target is not state)

"""How long until a command answers, and until a bot has its modules."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.children import wall_ms
from benchmarks.measure import Figure, Outcome, Plan, in_rounds, percentile, row

BENCH: Final = "startup"
LIVE_MODULES: Final = (
    "zombot.interfaces.cli.run",
    "zombot.settings.container",
    "zombot.settings.loading",
    "zombot.infrastructure.control.server",
    "zombot.infrastructure.readmodel.projector",
)
"""What ``zombot run`` imports whatever its market; numpy comes only with the synthetic one."""
COMMANDS: Final = {
    "bare": ["-c", "pass"],
    "help": ["-m", "zombot", "--help"],
    "live": ["-c", f"import {', '.join(LIVE_MODULES)}"],
    "embedded": ["-c", f"import {', '.join(LIVE_MODULES)}, zombot.infrastructure.synthetic.pair"],
}
NAMES: Final = {
    "bare": "python -c pass",
    "help": "zombot --help",
    "live": "import of a bot's modules",
    "embedded": "the same with the synthetic market and numpy",
}


def measure(plan: Plan) -> Outcome:
    """Wall time of whole processes, compiled files present."""
    found = in_rounds(
        {name: partial(wall_ms, arguments) for name, arguments in COMMANDS.items()}, plan.turns(9)
    )
    rows = tuple(
        row(BENCH, f"{text} ÷ {NAMES['bare']}", found[name], found["bare"])
        for name, text in NAMES.items()
        if name != "bare"
    )
    figures = tuple(
        Figure(bench=BENCH, name=text, value=percentile(found[name], 0.5), unit="ms")
        for name, text in NAMES.items()
    )
    return Outcome(rows=rows, figures=figures)

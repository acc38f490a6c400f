"""One back-test of zombot in a process of its own: recording in, figures out as JSON on the last line."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

from benchmarks import terms
from benchmarks.gauges import Stopwatch, peak_rss_mb

LATENCY_NS = terms.LATENCY_NS + 1
"""The peer lets an order arrive after the quote of the same instant, zombot before it: one nanosecond later
both match against the same quote."""


def main(recording: Path, entry_bps: float) -> None:
    """Build and run the back-test as the command line does."""
    # Neither engine's imports are timed.
    import pyarrow.parquet  # noqa: F401

    from zombot.settings.container import build_backtest
    from zombot.settings.loading import load

    settings = load(overrides=overrides(entry_bps), environment={})
    watch = Stopwatch()
    run = build_backtest(settings, recording, (), "step")
    watch.lap()
    report = run.run(lambda fraction, count: None)
    watch.lap()
    assert not report.failure, report.failure
    assert not report.differences, report.differences
    closed = [trade for trade in report.trades if trade.state == "closed"]
    found = {
        "quotes": report.data["counts"]["top"],
        **watch.found(),
        "closed": len(closed),
        "fills": report.fills,
        "profit": str(sum((Decimal(trade.total) for trade in closed), Decimal(0))),
        "peak_mb": peak_rss_mb(),
    }
    print(json.dumps(found))


def overrides(entry_bps: float = terms.ENTRY_BPS) -> dict[str, object]:
    """The terms as settings, all limits out of the way."""
    return {
        "pairs": ["BTC-USDT"],
        "strategies": {
            "intra": {
                "directions": ["premium"],
                "notional": terms.NOTIONAL,
                "entry_bps": str(entry_bps),
                "minimum_bps": str(terms.MINIMUM_BPS),
                "exit_bps": str(terms.EXIT_BPS),
                "exit_slippage_bps": str(terms.SLIPPAGE_BPS),
                "cool_down": "0s",
            }
        },
        "risk": {"daily_loss_max": "1000000000", "orders_per_second_max": 10_000},
        "backtest": {
            "balances": {"USDT": terms.BALANCE},
            "fees": {
                "spot_maker": terms.SPOT_FEE,
                "spot_taker": terms.SPOT_FEE,
                "perpetual_maker": terms.PERPETUAL_FEE,
                "perpetual_taker": terms.PERPETUAL_FEE,
                "spot_buy_fee_in_base": False,
            },
            "latency": {"feed": "0s", "order": f"{LATENCY_NS}ns", "report": "0s"},
        },
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

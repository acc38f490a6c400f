"""A report of a made-up day, with the same shape that a run's or a back-test's has."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import Any

START_NS = 1_709_251_200_000_000_000
HOUR_NS = 3_600_000_000_000
CENT = Decimal("0.00000001")


def sample_report(*, points: int = 1_200, hours: int = 26) -> dict[str, Any]:
    """The plain form of a report; the same for the same arguments."""
    chance = random.Random(7)
    step = hours * HOUR_NS // points
    times = [START_NS + index * step for index in range(points)]
    series: dict[str, list[Any]] = {"time_ns": times}
    arbitrages: list[dict[str, Any]] = []
    for pair, price in (("BTC-USDT", 61_000), ("ETH-USDT", 3_400)):
        basis = _basis(chance, points)
        series[f"{pair}:basis_bps"] = list(basis)
        series[f"{pair}:spread_bps"] = [None if index % 400 < 4 else v - 0.8 for index, v in enumerate(basis)]
        series[f"{pair}:entry_bps"] = [12.0] * points
        arbitrages += _arbitrages(chance, pair, price, times, basis, len(arbitrages))
    arbitrages.sort(key=lambda arbitrage: arbitrage["opened_ns"])
    pnl = {
        part: sum((Decimal(arbitrage["realized"][part]) for arbitrage in arbitrages), Decimal(0))
        for part in ("basis", "funding", "fees", "slippage", "interest", "repair")
    }
    pnl["total"] = sum((Decimal(arbitrage["total"]) for arbitrage in arbitrages), Decimal(0))
    equity, drawdown = _equity(chance, times, arbitrages)
    series |= {"equity": equity, "drawdown": drawdown}
    return {
        "events": 2_481_332,
        "seconds": 14.2,
        "events_per_second": 174_741.7,
        "arbitrages": {
            "opened": len(arbitrages),
            "closed": sum(1 for arbitrage in arbitrages if arbitrage["closed_ns"]),
            "aborted": 2,
            "repaired": 3,
            "open": sum(1 for arbitrage in arbitrages if not arbitrage["closed_ns"]),
        },
        "orders": 4 * len(arbitrages) + 9,
        "fills": 5 * len(arbitrages),
        "refusals": {
            "net-edge": 81_203,
            "pair-notional": 2_114,
            "quote-age": 811,
            "cool-down": 97,
            "balance": 12,
        },
        "pnl": {name: format(value, "f") for name, value in pnl.items()},
        "equity_start": "100000",
        "equity_end": format(100_000 + pnl["total"], "f"),
        "max_residual_notional": "1840.12",
        "max_naked_ms": 412.0,
        "state_hash": "9f2b5c0e7d1a44c3b6e8f0a1d2c3b4a5968778695a4b3c2d1e0f9a8b7c6d5e4f",
        "configuration": {
            "bot": "zb1",
            "pairs": ["BTC-USDT", "ETH-USDT"],
            "strategies": {"intra": {"entry_bps": 2.0, "exit_bps": -1.0, "style": "taker-taker"}},
            "risk": {"notional_max": "30000", "daily_loss_max": "500"},
        },
        "data": {
            "kind": "back-test",
            "source": "recording made-up-2024-03-01",
            "instruments": ["okx:BTC-USDT", "okx:BTC-USDT-SWAP", "okx:ETH-USDT", "okx:ETH-USDT-SWAP"],
            "start_ns": times[0],
            "end_ns": times[-1],
            "skew": [{"instrument": "okx:BTC-USDT", "median_ns": -1_270_000_000}],
        },
        "series": series,
        "trades": arbitrages,
        "refused": _refused(chance),
        "funding": [one for arbitrage in arbitrages for one in arbitrage["funding"]],
        "halted": False,
    }


def _basis(chance: random.Random, points: int) -> list[float]:
    value, basis = 6.0, []
    for index in range(points):
        value += (5.0 + 2 * math.sin(index / 90) - value) * 0.03 + chance.gauss(0, 0.55)
        if chance.random() < 0.012:
            value += chance.choice((9.0, 12.0, -6.0))
        basis.append(round(value, 3))
    return basis


def _arbitrages(
    chance: random.Random, pair: str, price: int, times: list[int], basis: list[float], number: int
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    opened = -1
    for index, value in enumerate(basis):
        if opened < 0 and value - 0.8 > 12:
            opened = index
        elif opened >= 0 and (value < 5 or index == len(basis) - 1):
            still_open = pair == "ETH-USDT" and index == len(basis) - 1
            found.append(
                _arbitrage(
                    chance, pair, price, (times[opened], times[index]), number + len(found) + 1, still_open
                )
            )
            opened = -1
    return found


def _arbitrage(
    chance: random.Random, pair: str, price: int, span: tuple[int, int], number: int, still_open: bool
) -> dict[str, Any]:
    quantity = Decimal(10_000) / price
    quantity = quantity.quantize(Decimal("0.0001"))
    notional = quantity * price
    settled = [at for at in range(START_NS, span[1], 8 * HOUR_NS) if span[0] < at <= span[1]]
    funding = [
        {
            "time_ns": at,
            "instrument": f"okx:{pair}-SWAP",
            "rate": "0.0001",
            "mark": str(price),
            "quantity": format(-quantity, "f"),
            "amount": format(notional * Decimal("0.0001"), "f"),
        }
        for at in settled
    ]
    parts = {
        "basis": notional * Decimal(round(chance.gauss(14, 6), 2)) / 10_000,
        "funding": notional * Decimal("0.0001") * len(settled),
        "fees": notional * Decimal("0.0006"),
        "slippage": notional * Decimal(round(abs(chance.gauss(0, 1)), 2)) / 10_000,
        "interest": Decimal(0),
        "repair": Decimal("-1.8412") if chance.random() < 0.15 else Decimal(0),
    }
    parts = {name: value.quantize(CENT) for name, value in parts.items()}
    total = (
        parts["basis"]
        + parts["funding"]
        - parts["fees"]
        - parts["slippage"]
        - parts["interest"]
        + parts["repair"]
    )
    return {
        "id": number,
        "pair": pair,
        "direction": "premium",
        "opened_ns": span[0],
        "closed_ns": 0 if still_open else span[1],
        "quantity": format(quantity, "f"),
        "notional": format(notional, "f"),
        "entry_bps": round(chance.uniform(4, 9), 2),
        "realized": {name: format(value, "f") for name, value in parts.items()},
        "total": format(total, "f"),
        "close_reason": "" if still_open else "converged",
        "repaired": parts["repair"] != 0,
        "max_naked_ms": round(chance.uniform(0, 400), 1),
        "legs": [
            {
                "instrument": f"okx:{pair}",
                "side": "buy",
                "entry_price": f"{price}.4",
                "exit_price": "" if still_open else f"{price + 41}.1",
            },
            {
                "instrument": f"okx:{pair}-SWAP",
                "side": "sell",
                "entry_price": f"{price + 80}.2",
                "exit_price": "" if still_open else f"{price + 44}.9",
            },
        ],
        "funding": funding,
    }


def _equity(
    chance: random.Random, times: list[int], arbitrages: list[dict[str, Any]]
) -> tuple[list[str], list[float]]:
    equity, drawdown, highest = [], [], 0.0
    for at in times:
        done = sum(float(a["total"]) for a in arbitrages if a["closed_ns"] and a["closed_ns"] <= at)
        held = any(a["opened_ns"] <= at < (a["closed_ns"] or times[-1]) for a in arbitrages)
        value = 100_000 + done + (chance.gauss(-2, 1.5) if held else 0.0)
        highest = max(highest, value)
        equity.append(f"{value:.4f}")
        drawdown.append(round(highest - value, 4))
    return equity, drawdown


def _refused(chance: random.Random) -> list[dict[str, Any]]:
    reasons = ("net-edge", "pair-notional", "quote-age", "balance")
    rows = []
    for index in range(40):
        since = START_NS + chance.randrange(26 * HOUR_NS)
        rows.append(
            {
                "pair": chance.choice(("BTC-USDT", "ETH-USDT")),
                "direction": chance.choice(("premium", "discount")),
                "reason": reasons[index % 4],
                "count": chance.randrange(1, 900),
                "gross_bps": round(chance.uniform(4, 19), 3),
                "net_bps": round(chance.uniform(-8, 6), 3),
                "since_ns": since,
                "until_ns": since + chance.randrange(40_000_000, 90_000_000_000),
            }
        )
    return rows

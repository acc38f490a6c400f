"""Snapshots that a bot could have given; run this file in a terminal to look at the live view."""

from __future__ import annotations

import random
import sys
import time

from zombot.engine.queries import ArbitrageRow, EventRow, LegRow, LimitRow, PairRow, Snapshot

START_NS = 1_767_225_600_000_000_000
BASES = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "DOT", "LTC", "TRX", "NEAR")


def a_pair(index: int, chance: random.Random) -> PairRow:
    """One pair; every seventh has not been seen yet."""
    name = BASES[index] if index < len(BASES) else f"C{index:03}"
    unseen = index % 7 == 6
    price = 60_000.0 / (index * 5 + 1) ** 2
    basis = chance.gauss(6.0, 4.0)
    net = basis - 9.0
    return PairRow(
        pair=f"{name}-USDT",
        strategy="intra",
        spot_bid=0.0 if unseen else price,
        spot_ask=0.0 if unseen else price * 1.00001,
        perpetual_bid=0.0 if unseen else price * (1 + basis / 1e4),
        perpetual_ask=0.0 if unseen else price * (1 + basis / 1e4) * 1.00001,
        basis_bps=None if unseen else basis,
        spread_bps=None if unseen else basis - 0.4,
        funding_bps=None if unseen else chance.gauss(1.0, 0.4),
        funding_in_seconds=None if unseen else 11_520.0,
        net_bps=None if unseen else net,
        entry_bps=2.0,
        distance_bps=None if unseen else 2.0 - net,
        open=1 if index in (0, 2) else 0,
        last_refusal="" if index % 3 else "pair-notional: 20,000 of 20,000 USDT used",
        quote_age_ms=None if unseen else chance.uniform(1, 250),
    )


def an_arbitrage(number: int, *, state: str = "open") -> ArbitrageRow:
    """One arbitrage in BTC-USDT."""
    return ArbitrageRow(
        id=number,
        pair=f"{BASES[number % len(BASES)]}-USDT",
        strategy="intra",
        direction="premium",
        state=state,
        legs=(
            LegRow(
                instrument="simulator:BTC-USDT",
                side="buy",
                target="0.1662",
                net="0.1662",
                average_price="60153.4",
            ),
            LegRow(
                instrument="simulator:BTC-USDT-SWAP",
                side="sell",
                target="-0.166",
                net="-0.12" if state == "repairing" else "-0.166",
                average_price="60201.9",
            ),
        ),
        residual="2771.53" if state == "repairing" else "0",
        entry_bps=4.1,
        spread_bps=3.2,
        exit_spread_bps=-1.5,
        realized="-4.183" if number % 2 else "12.9",
        funding="1.02",
        fees="15.07",
        age_seconds=754.0 * number,
        close_reason="",
    )


def a_snapshot(
    *, pairs: int = 2, arbitrages: int = 2, events: int = 12, step: int = 0, mode: str = "enabled"
) -> Snapshot:
    """The whole picture, the same for the same arguments."""
    chance = random.Random(step // 4)
    texts = (
        ("info", "arbitrage 12 opened: BTC-USDT premium, 0.166 at 7.3 bps, net 4.1 bps"),
        ("info", "refused 214 times: ETH-USDT premium, net-edge, best −1.2 bps"),
        ("warning", "arbitrage 12 repaired: 0.046 BTC short of the perpetual leg, completed in 41 ms"),
        ("info", "funding +1.02 USDT: BTC-USDT-SWAP, rate 0.0001"),
        ("critical", "mode halted: daily loss 1,002.11 of 1,000 USDT"),
        ("info", "arbitrage 11 closed: ETH-USDT converged, +12.90 USDT"),
    )
    return Snapshot(
        bot="demo",
        mode=mode,
        mode_reason="" if mode == "enabled" else "daily loss",
        venue_links={"simulator": mode == "enabled"},
        now_ns=START_NS + 3_725_000_000_000 + step * 250_000_000,
        started_ns=START_NS,
        events=1_284_331 + step * 812,
        pairs=tuple(a_pair(index, chance) for index in range(pairs)),
        arbitrages=tuple(
            an_arbitrage(number + 1, state="repairing" if number == 1 else "open")
            for number in range(arbitrages)
        ),
        counts={"opened": 14, "closed": 12, "aborted": 0, "repaired": 1, "orders": 56, "fills": 61},
        refusals={"net-edge": 31_203, "pair-notional": 214},
        limits=(
            LimitRow(name="pair notional", used=10_000.0, limit=20_000.0, unit="USDT"),
            LimitRow(name="total notional", used=20_000.0, limit=30_000.0, unit="USDT"),
            LimitRow(name="open", used=2, limit=4, unit=""),
            LimitRow(name="daily loss", used=950.11, limit=1_000.0, unit="USDT"),
            LimitRow(name="orders", used=0.4, limit=20.0, unit="per s"),
            LimitRow(name="naked", used=12_000.0, limit=500_000.0, unit="USDT·ms"),
        ),
        profit={
            "basis": "64.1822",
            "funding": "3.06",
            "fees": "41.2",
            "slippage": "2.313",
            "interest": "0",
            "repair": "-0.9211",
            "total": "22.8081",
        },
        equity_start="100000",
        equity="100022.8081",
        balances={"USDT": "79984.1", "BTC": "0.1662"},
        last_events=tuple(
            EventRow(at_ns=START_NS + (3_600 + index) * 1_000_000_000, level=level, text=text)
            for index, (level, text) in ((i, texts[i % len(texts)]) for i in range(events))
        ),
    )


if __name__ == "__main__":
    from zombot.interfaces.cli.view import LiveView

    pairs_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    with LiveView() as view:
        for moment in range(100_000):
            view.show(a_snapshot(pairs=pairs_wanted, step=moment))
            time.sleep(0.25)

"""The same back-test in nautilus_trader, run by the interpreter of the peer's environment.

The decision calls zombot's own arithmetic, so both engines compute the same function of the same floats.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig  # type: ignore[import-not-found]
from nautilus_trader.backtest.engine import BacktestEngine  # type: ignore[import-not-found]
from nautilus_trader.backtest.models import LatencyModel  # type: ignore[import-not-found]
from nautilus_trader.config import LoggingConfig, RiskEngineConfig  # type: ignore[import-not-found]
from nautilus_trader.model.currencies import BTC, USDT  # type: ignore[import-not-found]
from nautilus_trader.model.data import QuoteTick  # type: ignore[import-not-found]
from nautilus_trader.model.enums import (  # type: ignore[import-not-found]
    AccountType,
    OmsType,
    OrderSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue  # type: ignore[import-not-found]
from nautilus_trader.model.instruments import CryptoPerpetual, CurrencyPair  # type: ignore[import-not-found]
from nautilus_trader.model.objects import Money, Price, Quantity  # type: ignore[import-not-found]
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

from benchmarks import terms
from benchmarks.gauges import Stopwatch, peak_rss_mb
from zombot.strategies.intra.arithmetic import (
    entry_spread_bps,
    exit_spread_bps,
    net_edge_bps,
    way_out_bps,
    worst_prices,
)

VENUE = Venue("OKX")
SPOT = InstrumentId(Symbol("BTC-USDT"), VENUE)
PERPETUAL = InstrumentId(Symbol("BTC-USDT-SWAP"), VENUE)
FEES_BPS = float(2 * (Decimal(terms.SPOT_FEE) + Decimal(terms.PERPETUAL_FEE))) * 10_000.0


def common(name: InstrumentId, fee: str) -> dict[str, Any]:
    """What both instruments are told."""
    return {
        "instrument_id": name,
        "raw_symbol": name.symbol,
        "base_currency": BTC,
        "quote_currency": USDT,
        "price_precision": 1,
        "size_precision": 2,
        "price_increment": Price.from_str("0.1"),
        "size_increment": Quantity.from_str("0.05"),
        "margin_init": Decimal(1),
        "margin_maint": Decimal("0.004"),
        "maker_fee": Decimal(fee),
        "taker_fee": Decimal(fee),
        "ts_event": 0,
        "ts_init": 0,
    }


class PremiumStrategy(Strategy):  # type: ignore[misc]
    """Buys the spot and sells the perpetual on net edge, undoes both on convergence."""

    def __init__(self, entry_bps: float) -> None:
        super().__init__()
        self.entry_bps = entry_bps
        self.bids = {SPOT: 0.0, PERPETUAL: 0.0}
        self.asks = {SPOT: 0.0, PERPETUAL: 0.0}
        self.quantity = Quantity.from_str(terms.QUANTITY)
        self.waiting = 0
        """Orders that are not final."""
        self.held = False
        self.exit_spread = 0.0
        self.cash = Decimal(0)
        self.profits: list[Decimal] = []
        self.fills = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(SPOT)
        self.subscribe_quote_ticks(PERPETUAL)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        name = tick.instrument_id
        self.bids[name] = tick.bid_price.as_double()
        self.asks[name] = tick.ask_price.as_double()
        if self.waiting:
            return
        spot_bid, spot_ask = self.bids[SPOT], self.asks[SPOT]
        perpetual_bid, perpetual_ask = self.bids[PERPETUAL], self.asks[PERPETUAL]
        if spot_bid <= 0.0 or perpetual_bid <= 0.0:
            return
        if self.held:
            if exit_spread_bps(spot_bid, perpetual_ask) <= self.exit_spread:
                slack = terms.SLIPPAGE_BPS / 10_000.0
                self.send(OrderSide.SELL, spot_bid * (1.0 - slack), perpetual_ask * (1.0 + slack))
            return
        gross = entry_spread_bps(spot_ask, perpetual_bid)
        if gross < self.entry_bps:
            return
        way_out = way_out_bps(spot_bid, spot_ask, perpetual_bid, perpetual_ask)
        net = net_edge_bps(gross, 0.0, FEES_BPS, way_out, 0.0)
        if net >= self.entry_bps:
            self.exit_spread = terms.EXIT_BPS + way_out
            self.send(OrderSide.BUY, *worst_prices(spot_ask, perpetual_bid, net, terms.MINIMUM_BPS))

    def send(self, spot_side: OrderSide, spot_worst: float, perpetual_worst: float) -> None:
        other = OrderSide.SELL if spot_side == OrderSide.BUY else OrderSide.BUY
        self.waiting = 2
        for name, side, worst in ((SPOT, spot_side, spot_worst), (PERPETUAL, other, perpetual_worst)):
            order = self.order_factory.limit(
                name, side, self.quantity, Price(worst, 1), time_in_force=TimeInForce.IOC
            )
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:  # noqa: ANN401 - the peer's own type
        amount = event.last_px.as_decimal() * event.last_qty.as_decimal()
        self.cash += amount if event.order_side == OrderSide.SELL else -amount
        self.cash -= event.commission.as_decimal()
        self.fills += 1
        self.waiting -= 1
        if self.waiting == 0:
            self.held = not self.held
            if not self.held:
                self.profits.append(self.cash)
                self.cash = Decimal(0)


def build(entry_bps: float) -> tuple[BacktestEngine, PremiumStrategy]:
    """An engine with venue, instruments and strategy; no data yet."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(terms.BALANCE, USDT)],
        base_currency=USDT,
        latency_model=LatencyModel(base_latency_nanos=terms.LATENCY_NS),
    )
    engine.add_instrument(CurrencyPair(**common(SPOT, terms.SPOT_FEE)))
    engine.add_instrument(
        CryptoPerpetual(**common(PERPETUAL, terms.PERPETUAL_FEE), settlement_currency=USDT, is_inverse=False)
    )
    strategy = PremiumStrategy(entry_bps)
    engine.add_strategy(strategy)
    return engine, strategy


def quotes(path: Path) -> list[QuoteTick]:
    """The columns as the engine's own quotes."""
    with np.load(path) as columns:
        rows = zip(
            *(columns[name].tolist() for name in ("perpetual", "bid", "ask")),
            *(columns[name].tolist() for name in ("bid_quantity", "ask_quantity", "time_ns")),
            strict=True,
        )
    return [
        QuoteTick(
            PERPETUAL if perpetual else SPOT,
            Price(bid, 1),
            Price(ask, 1),
            Quantity(bid_quantity, 2),
            Quantity(ask_quantity, 2),
            at_ns,
            at_ns,
        )
        for perpetual, bid, ask, bid_quantity, ask_quantity, at_ns in rows
    ]


def main(path: Path, entry_bps: float) -> None:
    """Run once; figures as JSON on the last line."""
    watch = Stopwatch()
    engine, strategy = build(entry_bps)
    data = quotes(path)
    count = len(data)
    engine.add_data(data, sort=False)
    del data
    watch.lap()
    engine.run()
    watch.lap()
    found = {
        "quotes": count,
        **watch.found(),
        "closed": len(strategy.profits),
        "fills": strategy.fills,
        "profit": str(sum(strategy.profits, Decimal(0))),
        "peak_mb": peak_rss_mb(),
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

"""The two back-tests on real recordings: real ticks, and 18 months of carry with every settlement checked."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from zombot.domain.money import ZERO
from zombot.runtime.report import RunReport
from zombot.settings.container import build_backtest, import_recording, write_report
from zombot.settings.loading import load

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.needs_shared


def nothing(_fraction: float, _count: int) -> None:
    """No progress bar."""


def backtest(config: str, data: Path) -> RunReport:
    """The report of one example configuration over a recording."""
    settings = load(ROOT / "config" / config, {})
    return build_backtest(settings, data, (), "step").run(nothing)


def explained(report: RunReport) -> Decimal:
    """What of the change of equity the parts of profit do not explain (I8 wants 0)."""
    pnl = {name: Decimal(value) for name, value in report.pnl.items()}
    parts = pnl["basis"] + pnl["funding"] - pnl["fees"] - pnl["slippage"] - pnl["interest"] + pnl["repair"]
    assert parts == pnl["total"]
    return pnl["total"] - (Decimal(report.equity_end) - Decimal(report.equity_start))


@pytest.fixture(scope="module")
def ticks(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trading burst of BTC spot and perpetual, imported."""
    into = tmp_path_factory.mktemp("ticks") / "recording"
    sources = sorted((shared_data / "ticks-binance").glob("*.gz"))
    import_recording("binance-raw", sources, into, options={}, progress=nothing)
    return into


@pytest.fixture(scope="module")
def carry(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The 8-hour bars of OKX, imported, and the file they came from."""
    into = tmp_path_factory.mktemp("bars") / "recording"
    (source,) = (shared_data / "bars-8h").glob("*.csv")
    import_recording("bars", [source], into, options={"exchange": "okx"}, progress=nothing)
    return into, source


def test_real_fees_refuse_the_real_ticks_and_say_why(ticks: Path) -> None:
    """With an ordinary account's fees nothing is traded, and each opportunity missed has a reason."""
    report = backtest("backtest-ticks.toml", ticks)
    assert report.orders == 0
    assert report.refusals["edge_below_entry"] > 0
    best = max(row.net_bps for row in report.refused if row.reason == "edge_below_entry")
    assert best < 5
    assert report.equity_start == report.equity_end
    assert not report.dropped


def test_zero_fees_trade_the_real_ticks(ticks: Path, tmp_path: Path) -> None:
    """Without fees the same strategy trades, ends even, and its profit is explained to the last digit."""
    report = backtest("backtest-ticks-free.toml", ticks)
    assert report.arbitrages["closed"] >= 5
    assert report.arbitrages["open"] == 0
    assert explained(report) == 0
    assert report.differences == {}
    assert backtest("backtest-ticks-free.toml", ticks).state_hash == report.state_hash
    write_report(report, tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_carry_collects_the_files_funding_settlement_by_settlement(carry: tuple[Path, Path]) -> None:
    """Every payment is the file's rate of that time x the position x the mark, and nothing else is paid."""
    recording, source = carry
    report = backtest("backtest-carry.toml", recording)
    assert report.arbitrages["closed"] >= 4
    assert explained(report) == 0
    assert report.differences == {}
    rates = {}
    with source.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["exchange"] == "okx" and row["pair"] in {"BTCUSDT", "ETHUSDT"}:
                rates[row["pair"][:3], row["time"][:13]] = Decimal(row["funding rate"])
    assert len(report.funding) > 2_000
    booked, hours = ZERO, set()
    for paid in report.funding:
        asset = paid.instrument.removeprefix("okx:")[:3]
        hour = label_of(paid.time_ns, rates, asset)
        hours.add((asset, paid.time_ns))
        assert float(paid.rate) == pytest.approx(float(rates[asset, hour]), abs=1e-18)
        assert Decimal(paid.amount) == -Decimal(paid.quantity) * Decimal(paid.mark) * Decimal(paid.rate)
        booked += Decimal(paid.amount)
    assert len(hours) == len(report.funding), "one payment an asset and settlement"
    assert Decimal(report.pnl["funding"]) == booked


def label_of(time_ns: int, rates: dict[tuple[str, str], Decimal], asset: str) -> str:
    """The row's label: the file's clock is London's, an hour ahead of UTC in summer."""
    from datetime import UTC, datetime, timedelta

    moment = datetime.fromtimestamp(time_ns / 1e9, UTC)
    for ahead in (0, 1):
        label = (moment + timedelta(hours=ahead)).strftime("%Y-%m-%d %H")
        if (asset, label) in rates:
            return label
    raise AssertionError(f"no row of {moment}")

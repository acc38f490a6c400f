"""Fills ``engine.queries`` from the state: the picture that people get."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from zombot.domain.arbitrage import Arbitrage, Leg
from zombot.domain.money import ZERO, text_of
from zombot.domain.order import Side
from zombot.domain.pricing import basis_bps, spread_bps
from zombot.engine.engine import Engine
from zombot.engine.legs import residual_notional
from zombot.engine.profit import Marks, arbitrage_profit, current_marks, equity, total_profit
from zombot.engine.queries import ArbitrageRow, EventRow, LegRow, LimitRow, PairRow, Snapshot
from zombot.engine.runner import StrategyRunner

CENT = Decimal("0.01")
EVENTS_SHOWN = 50


def take_snapshot(
    engine: Engine,
    *,
    started_ns: int,
    opening_marks: Marks,
    last_events: Sequence[EventRow],
) -> Snapshot:
    """The whole picture now. Not for the hot path: it walks everything that is open."""
    durable = engine.state.durable
    marks = current_marks(engine.state, engine.markets)
    parts = total_profit(engine.state, marks)
    opened = {**marks, **opening_marks}
    start = engine.state.durable.ledger.opening
    return Snapshot(
        bot=durable.bot,
        mode=durable.mode.value if durable.recovered else "recovering",
        mode_reason=durable.mode_reason,
        venue_links={
            market.instrument.venue: market.instrument.venue not in durable.links_down
            for market in engine.markets.values()
        },
        now_ns=engine.now_ns,
        started_ns=started_ns,
        events=engine.events,
        pairs=pair_rows(engine),
        arbitrages=tuple(_arbitrage_row(engine, a, marks) for a in durable.arbitrages.values()),
        counts={
            "opened": durable.counts.opened,
            "closed": durable.counts.closed,
            "aborted": durable.counts.aborted,
            "repaired": durable.counts.repaired,
            "orders": durable.counts.orders,
            "fills": durable.counts.fills,
        },
        refusals=refusal_counts(engine),
        limits=_limits(engine),
        profit={
            "basis": _money(parts.basis),
            "funding": _money(parts.funding),
            "fees": _money(parts.fees),
            "slippage": _money(parts.slippage),
            "interest": _money(parts.interest),
            "repair": _money(parts.repair),
            "total": _money(parts.total),
        },
        equity_start=_money(equity_at_start(engine, opened)) if start else "0",
        equity=_money(equity(engine.state, marks, opened)),
        balances={key: text_of(amount) for key, amount in durable.ledger.balances.items()},
        last_events=tuple(last_events[-EVENTS_SHOWN:]),
    )


def equity_at_start(engine: Engine, opening_marks: Marks) -> Decimal:
    """What was owned when the journal began, in the quote asset."""
    spot = {f"{i.venue}/{i.base}": i.id for i in engine.state.instruments.values() if i.is_spot}
    total = ZERO
    for key, amount in engine.state.durable.ledger.opening.items():
        total += amount * opening_marks[spot[key]] if key in spot else amount
    return total


def refusal_counts(engine: Engine) -> dict[str, int]:
    """Evaluations refused by reason, the episodes under way included."""
    counts = dict(engine.state.durable.refusals)
    for runner in engine.runners:
        if runner.episode is not None:
            counts[runner.episode.reason] = counts.get(runner.episode.reason, 0) + runner.episode.count
    return counts


def _money(amount: Decimal) -> str:
    return text_of(amount.quantize(CENT))


def pair_rows(engine: Engine) -> tuple[PairRow, ...]:
    """Every pair as its strategy sees it now."""
    return tuple(_pair_row(engine, runner) for runner in engine.runners)


def _pair_row(engine: Engine, runner: StrategyRunner) -> PairRow:
    strategy = runner.strategy
    markets = [engine.markets[i] for i in strategy.instruments()]
    spot = next((m for m in markets if m.instrument.is_spot), markets[0])
    perpetual = next((m for m in markets if not m.instrument.is_spot), markets[-1])
    quoted = spot.bid > 0.0 and perpetual.bid > 0.0
    outlook = strategy.outlook(engine.markets, runner, engine.now_ns) if quoted else None
    oldest_ns = min(spot.received_ns, perpetual.received_ns)
    return PairRow(
        pair=strategy.pair,
        strategy=strategy.id,
        spot_bid=spot.bid,
        spot_ask=spot.ask,
        perpetual_bid=perpetual.bid,
        perpetual_ask=perpetual.ask,
        basis_bps=basis_bps(spot.mid, perpetual.mid) if quoted else None,
        spread_bps=outlook.gross_bps if outlook else None,
        funding_bps=perpetual.funding_rate * 10_000.0 if perpetual.funding_ns else None,
        funding_in_seconds=(
            max(perpetual.funding_ns - engine.now_ns, 0) / 1e9 if perpetual.funding_ns else None
        ),
        net_bps=outlook.net_bps if outlook else None,
        entry_bps=outlook.entry_bps if outlook else 0.0,
        distance_bps=outlook.entry_bps - outlook.net_bps if outlook else None,
        open=len(runner.open),
        last_refusal=runner.last_refusal,
        quote_age_ms=(engine.now_ns - oldest_ns) / 1e6 if quoted else None,
    )


def _arbitrage_row(engine: Engine, arbitrage: Arbitrage, marks: Marks) -> ArbitrageRow:
    parts = arbitrage_profit(arbitrage, marks)
    return ArbitrageRow(
        id=arbitrage.id,
        pair=arbitrage.pair,
        strategy=arbitrage.strategy,
        direction=arbitrage.direction,
        state=arbitrage.state.value,
        legs=tuple(_leg_row(leg) for leg in arbitrage.legs),
        residual=_money(residual_notional(arbitrage)),
        entry_bps=arbitrage.net_bps,
        spread_bps=_way_out(engine, arbitrage),
        exit_spread_bps=arbitrage.exit_spread_bps,
        realized=_money(parts.total),
        funding=_money(parts.funding),
        fees=_money(parts.fees),
        age_seconds=(engine.now_ns - arbitrage.opened_ns) / 1e9,
        close_reason=arbitrage.close_reason,
    )


def _leg_row(leg: Leg) -> LegRow:
    return LegRow(
        instrument=leg.instrument,
        side=leg.side.value,
        target=text_of(leg.target),
        net=text_of(leg.net),
        average_price=text_of((leg.cost / leg.net).quantize(Decimal("0.00000001"))) if leg.net else "",
    )


def _way_out(engine: Engine, arbitrage: Arbitrage) -> float | None:
    """The executable spread of undoing both legs; None unless it has exactly two with a market."""
    if len(arbitrage.legs) != 2:
        return None
    bought = next((leg for leg in arbitrage.legs if leg.side is Side.BUY), None)
    sold = next((leg for leg in arbitrage.legs if leg.side is Side.SELL), None)
    if bought is None or sold is None:
        return None
    out, back = engine.markets[bought.instrument], engine.markets[sold.instrument]
    if not (out.usable and back.usable):
        return None
    return spread_bps(out.bid, back.ask)


def _limits(engine: Engine) -> tuple[LimitRow, ...]:
    durable, limits, capital = engine.state.durable, engine.config.limits, engine.capital
    return (
        LimitRow(
            name="notional",
            used=float(capital.open_notional()),
            limit=float(limits.notional_max),
            unit="quote",
        ),
        LimitRow(name="arbitrages", used=len(durable.arbitrages), limit=limits.arbitrages_max, unit=""),
        LimitRow(
            name="daily loss",
            used=max(-float(durable.day_profit), 0.0),
            limit=float(limits.daily_loss_max),
            unit="quote",
        ),
        LimitRow(name="failures in a row", used=durable.failures, limit=limits.failures_max, unit=""),
        LimitRow(
            name="naked exposure",
            used=float(engine.exposure.spent_now(engine.now_ns)),
            limit=float(engine.config.execution.naked_budget),
            unit="quote x ms",
        ),
    )

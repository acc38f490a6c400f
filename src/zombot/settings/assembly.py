"""Turns settings into what each part of the program wants to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import Asset, InstrumentId
from zombot.domain.instrument import FeeRates, Instrument
from zombot.domain.ledger import Ledger
from zombot.domain.money import ONE
from zombot.domain.risk import Limits
from zombot.engine.config import EngineConfig, ExecutionConfig
from zombot.engine.durable import DurableState
from zombot.infrastructure.history.recording import Manifest
from zombot.infrastructure.simulator.config import AccountConfig, SeedPosition, SimulatorConfig
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.infrastructure.synthetic.config import SyntheticConfig, lively, quiet
from zombot.settings.schema import Faults, Fees, Latency, Settings

ACCOUNT = "main"


def fee_rates(fees: Fees, instrument: Instrument) -> FeeRates:
    """What the account pays on one instrument."""
    if instrument.is_spot:
        return FeeRates(maker=fees.spot_maker, taker=fees.spot_taker, buy_in_base=fees.spot_buy_fee_in_base)
    return FeeRates(maker=fees.perpetual_maker, taker=fees.perpetual_taker)


def fee_table(fees: Fees, instruments: Iterable[Instrument]) -> dict[InstrumentId, FeeRates]:
    """Fee rates of all instruments."""
    return {instrument.id: fee_rates(fees, instrument) for instrument in instruments}


def engine_config(settings: Settings, instruments: Iterable[Instrument], leverage: Decimal) -> EngineConfig:
    """Limits and execution as the engine takes them."""
    risk, execution = settings.risk, settings.execution
    return EngineConfig(
        bot=settings.bot,
        limits=Limits(
            pair_notional_max=risk.pair_notional_max,
            venue_notional_max=risk.venue_notional_max,
            notional_max=risk.notional_max,
            arbitrages_max=risk.arbitrages_max,
            orders_per_second_max=risk.orders_per_second_max,
            daily_loss_max=risk.daily_loss_max,
            quote_age_max_ns=risk.quote_age_max,
            clock_skew_max_ns=risk.clock_skew_max,
            mark_deviation_max_bps=float(risk.mark_deviation_max_bps),
            funding_window_ns=risk.funding_window,
            failures_max=risk.failures_max,
            breaker_ns=risk.breaker_time,
            liquidation_distance_min_bps=float(risk.liquidation_distance_min_bps),
            balance_buffer=risk.balance_buffer,
        ),
        execution=ExecutionConfig(
            order_ns=execution.order_time,
            answer_ns=execution.answer_time,
            query_ns=execution.query_interval,
            retry_ns=execution.retry_interval,
            stuck_ns=execution.stuck_interval,
            repairs_max=execution.repairs_max,
            repair_slippage_bps=float(execution.repair_slippage_bps),
            naked_budget=execution.naked_budget,
            hedge_slippage_bps=float(execution.hedge_slippage_bps),
            maker_ns=execution.maker_time,
        ),
        margin_rates={i.id: ONE / leverage for i in instruments if not i.is_spot},
    )


def account_config(
    balances: Mapping[str, Decimal], leverage: Decimal, ledger: Ledger, venue: str
) -> AccountConfig:
    """The embedded account: as configured at first, and re-created from the bot's own books after a restart.

    The embedded exchange lives in the bot's process, so what it knew ended with that process; the journal is
    what is left of it.
    """
    if not ledger.balances:
        held = {Asset(asset): amount for asset, amount in balances.items()}
        return AccountConfig(id=ACCOUNT, balances=held, leverage=leverage)
    prefix = f"{venue}/"
    return AccountConfig(
        id=ACCOUNT,
        balances={
            Asset(key.removeprefix(prefix)): amount
            for key, amount in ledger.balances.items()
            if key.startswith(prefix)
        },
        positions=tuple(
            SeedPosition(instrument=identifier, quantity=holding.quantity, cost=holding.cost)
            for identifier, holding in ledger.holdings.items()
            if holding.quantity
        ),
        leverage=leverage,
    )


def simulator_config(
    account: AccountConfig,
    fees: Mapping[InstrumentId, FeeRates],
    latency: Latency,
    faults: Faults | None,
    seed: int,
) -> SimulatorConfig:
    """The simulated venue. The feed's latency is the market source's own."""
    return SimulatorConfig(
        accounts=(account,),
        seed=seed,
        fees=dict(fees),
        order_latency=_hop(latency.order, latency.jitter),
        report_latency=_hop(latency.report, latency.jitter),
        faults=_faults(faults),
    )


def _hop(ns: int, jitter_ns: int) -> LatencyConfig:
    if not jitter_ns:
        return LatencyConfig(ns=ns)
    return LatencyConfig(kind="uniform", ns=ns, ns_max=ns + jitter_ns)


def _faults(faults: Faults | None) -> FaultConfig:
    if faults is None:
        return FaultConfig()
    return FaultConfig(**faults.parameters())


def synthetic_config(settings: Settings) -> SyntheticConfig:
    """The synthetic market: a preset with what the settings say on top."""
    synthetic = settings.synthetic
    given = synthetic.parameters()
    for name in ("preset", "speed"):
        given.pop(name)
    given = {key: float(value) if isinstance(value, Decimal) else value for key, value in given.items()}
    preset = quiet() if synthetic.preset == "quiet" else lively()
    plain = {**msgspec.to_builtins(preset), **given, "pairs": settings.pairs}
    latency = settings.simulator.latency
    plain["feed_latency_us"] = latency.feed / 1_000
    plain["feed_jitter_us"] = latency.jitter / 1_000
    return msgspec.convert(plain, SyntheticConfig)


def resumed_prices(durable: DurableState) -> dict[str, float]:
    """About where each pair with an open arbitrage was trading when it was entered."""
    return {a.pair: float(a.legs[0].decision_price) for a in durable.arbitrages.values()}


def pairs_of(
    settings: Settings, pairs: Sequence[str], available: Iterable[Instrument], venue: str
) -> list[Instrument]:
    """The instruments of the pairs to test: those asked for, else those of the settings.

    Raises:
        InvalidValue: the recording has no such pair at that venue.
    """
    found: dict[str, list[Instrument]] = {}
    for instrument in available:
        if instrument.venue == venue:
            found.setdefault(f"{instrument.base}-{instrument.quote}", []).append(instrument)
    whole = {pair: both for pair, both in found.items() if len(both) > 1}
    for pair in pairs or settings.pairs:
        if pair not in whole:
            offer = ", ".join(sorted(whole)) or "no pair of spot and perpetual"
            raise InvalidValue(f"pair {pair}: the recording has {offer} at venue {venue!r} (backtest.venue)")
    return [instrument for pair in pairs or settings.pairs for instrument in whole[pair]]


def described(manifest: Manifest, instruments: Iterable[Instrument]) -> dict[str, Any]:
    """What a report says about its data."""
    return {
        "source": ", ".join(source.name for source in manifest.sources),
        "instruments": [instrument.id for instrument in instruments],
        "start_ns": manifest.start_ns,
        "end_ns": manifest.end_ns,
        "counts": dict(manifest.counts),
        "skew": [msgspec.to_builtins(skew) for skew in manifest.skews],
        "gaps": len(manifest.gaps),
    }


def overridden(settings: Settings, instruments: Iterable[Instrument]) -> dict[InstrumentId, Instrument]:
    """Instruments of a recording with what the settings say about them on top.

    Raises:
        InvalidValue: an override names an instrument that the recording does not have.
    """
    found = {instrument.id: instrument for instrument in instruments}
    for name, override in settings.backtest.instruments.items():
        identifier = InstrumentId(name)
        if identifier not in found:
            raise InvalidValue(f"backtest.instruments.{name}: the recording has {', '.join(sorted(found))}")
        changes = {
            key: value
            for key in ("tick", "lot", "minimum", "notional_min")
            if (value := getattr(override, key)) is not None
        }
        found[identifier] = replace(found[identifier], **changes)
    return found

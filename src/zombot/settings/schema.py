"""The settings: what may stand in the file, under which name, with which default.

Defaults are written as they would stand in the file and go through the same checks. Durations are nanoseconds
once read. The docstring under a field is its description in the documentation.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from zombot.domain.money import text_of
from zombot.settings.kinds import (
    Choice,
    Exact,
    Folder,
    Free,
    ListOf,
    NotAllowed,
    Real,
    Span,
    Switch,
    Text,
    Whole,
    refused,
)

SOCKET_LENGTH_MAX: Final = 103
"""Bytes in the path of a Unix socket, the least that the systems we run on allow."""


def by_default(value: object) -> Any:  # noqa: ANN401, a checker takes it for any field's default
    """A default in the form that it has in the file."""
    return Field(default=value)


def absent() -> Any:  # noqa: ANN401, as above
    """A default that no file can say: the key is not given."""
    return Field(default=None, validate_default=False)


def group(kind: type[BaseModel]) -> Any:  # noqa: ANN401, as above
    """A table of its own, with all its defaults."""
    return Field(default_factory=kind)


class Group(BaseModel):
    """A table of the file. An unknown key is an error; nothing changes once it is read."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True
    )


def _distinct_assets(pair: str) -> None:
    base, _, quote = pair.partition("-")
    if base == quote:
        raise NotAllowed(f'"{pair}" pairs {base} with itself; a base and another quote asset is allowed')


PAIR: Final = Text(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,20}", '"BASE-QUOTE" in capitals, as in "BTC-USDT"')
SOON: Final = "it comes with the OKX connector"

PairName = Annotated[str, PAIR]
AssetName = Annotated[str, Text(r"[A-Z0-9]{1,20}", "an asset's name in capitals, as in USDT,")]
PluginName = Annotated[
    str, Text(r"[a-z][a-z0-9_-]{0,39}", "a strategy's name in small letters, as in intra,")
]
InstrumentName = Annotated[
    str,
    Text(r"[a-z][a-z0-9_]{0,19}:[A-Z0-9-]{1,50}", '"venue:SYMBOL", as in "okx:BTC-USDT-SWAP",'),
]
Amount = Annotated[Decimal, Exact("0")]
Positive = Annotated[Decimal, Exact(above="0")]
FeeRate = Annotated[Decimal, Exact("-0.1", "0.1")]
Bps = Annotated[float, Real("0", "10000")]
Probability = Annotated[float, Real("0", "1")]
Duration = Annotated[int, Span()]
Leverage = Annotated[Decimal, Exact("1", "125")]


class Execution(Group):
    """How orders are sent and watched."""

    order_time: Annotated[int, Span("1ms", "1m")] = by_default("500ms")
    """The venue must refuse a marketable order that reaches it later than this."""
    answer_time: Annotated[int, Span("10ms", "5m")] = by_default("2s")
    """Counted from the order's own deadline: without an end by then its outcome is unknown."""
    query_interval: Annotated[int, Span("10ms", "5m")] = by_default("1s")
    """Between questions to the venue about an unknown order; doubled each time, up to 16-fold."""
    retry_interval: Annotated[int, Span("1ms", "1m")] = by_default("250ms")
    """Between attempts to repair or to close."""
    stuck_interval: Annotated[int, Span("10ms", "1h")] = by_default("10s")
    """Between attempts once `repairs_max` is used up and a human was called."""
    repairs_max: Annotated[int, Whole(1, 1_000)] = by_default(8)
    """Attempts to bring the legs of one arbitrage into step before a human is called."""
    repair_slippage_bps: Bps = by_default(15)
    """How far a repair may reach past the top of the book; grows with each attempt."""
    hedge_slippage_bps: Bps = by_default(5)
    """Maker-taker: how far the hedge of a maker's fill may reach past the top of the book."""
    maker_time: Annotated[int, Span("10ms", "1d")] = by_default("3s")
    """Maker-taker: how long a maker order may rest."""
    naked_budget: Positive = by_default("2000000")
    """Residual notional × milliseconds: 2000000 is 2,000 USDT for one second. Past it, reduce at market."""


class RiskLimits(Group):
    """What the risk gate holds entries to; exits and repairs are never blocked. Money: the quote asset."""

    pair_notional_max: Positive = by_default("10000")
    """Notional open in one pair, what is in flight included."""
    venue_notional_max: Positive = by_default("50000")
    """The same for one venue."""
    notional_max: Positive = by_default("50000")
    """The same in total."""
    arbitrages_max: Annotated[int, Whole(1, 1_000)] = by_default(10)
    """Arbitrages open at once."""
    orders_per_second_max: Annotated[int, Whole(1, 10_000)] = by_default(20)
    """Orders sent within any one second."""
    daily_loss_max: Positive = by_default("500")
    """A loss of this much since 00:00 UTC sets reduce-only, until an operator resumes."""
    quote_age_max: Annotated[int, Span("1ms")] = by_default("2s")
    """No entry on a leg whose quote is older."""
    clock_skew_max: Duration = by_default("5s")
    """No entry while the venue's clock and ours differ by more."""
    mark_deviation_max_bps: Bps = by_default(200)
    """No entry at a price further from the mark price."""
    funding_window: Duration = by_default("0s")
    """No entry this shortly before a settlement of funding."""
    failures_max: Annotated[int, Whole(1, 1_000)] = by_default(5)
    """This many repaired or rejected arbitrages in a row open the circuit breaker."""
    breaker_time: Duration = by_default("60s")
    """How long the circuit breaker keeps entries out."""
    liquidation_distance_min_bps: Bps = by_default(500)
    """A perpetual leg whose mark price is nearer to liquidation is shrunk, together with its other leg."""
    balance_buffer: Annotated[Decimal, Exact("0", "0.9")] = by_default("0.02")
    """Share of the quote balance that entries leave alone."""

    @field_validator("venue_notional_max", "notional_max")
    @classmethod
    def _wide_enough(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        """A part may not be allowed more than the whole: the larger limit would never bite."""
        for part in ("pair_notional_max", "venue_notional_max"):
            limit = info.data.get(part)
            if limit is not None and value < limit:
                raise refused(f"{part} ({text_of(limit)}) or more is allowed")
        return value


class JournalSettings(Group):
    """The bot's own record of account events, commands and decisions."""

    durability: Annotated[Literal["process", "power"], Choice("process", "power")] = by_default("process")
    """What an order's intent survives before the order leaves: a killed process, or a power cut (slower)."""
    segment_bytes: Annotated[int, Whole(65_536, 2**31)] = by_default(16 * 2**20)
    """Size of one file of the journal."""


class Fees(Group):
    """Fee rates as fractions of the notional: 0.0005 is 5 bps; a rebate is negative."""

    spot_maker: FeeRate = by_default("0.0008")
    """Spot, an order that rested."""
    spot_taker: FeeRate = by_default("0.001")
    """Spot, an order that took."""
    perpetual_maker: FeeRate = by_default("0.0002")
    """Perpetual, an order that rested."""
    perpetual_taker: FeeRate = by_default("0.0005")
    """Perpetual, an order that took."""
    spot_buy_fee_in_base: Annotated[bool, Switch()] = by_default(True)
    """A spot buy pays its fee from the bought coin, as at OKX; otherwise from the quote asset."""


class Latency(Group):
    """How long messages take on the simulated wire."""

    feed: Annotated[int, Span("0s", "1m")] = by_default("2ms")
    """From the venue's matching to our market data."""
    order: Annotated[int, Span("0s", "1m")] = by_default("2ms")
    """From us to the venue's matching."""
    report: Annotated[int, Span("0s", "1m")] = by_default("2ms")
    """From the venue's matching to our order reports."""
    jitter: Annotated[int, Span("0s", "1m")] = by_default("0s")
    """Added to each, drawn anew for each message, evenly from 0 to this."""


class Faults(Group):
    """How the simulated venue misbehaves, by seed: probabilities per order or report, and disconnects."""

    reject: Probability = by_default(0)
    """A sound order is refused."""
    unknown: Probability = by_default(0)
    """The answer to an order is lost, and we are told so; the order may have been executed."""
    silence: Probability = by_default(0)
    """Nothing at all is said about an order until it is asked for."""
    executed_share: Probability = by_default("0.5")
    """How many of the unknown and silent orders reached the venue."""
    partial: Probability = by_default(0)
    """A marketable order gets only a part of what the book shows."""
    duplicate: Probability = by_default(0)
    """A report comes twice."""
    reorder: Probability = by_default(0)
    """A report comes after later ones."""
    late_fill: Probability = by_default(0)
    """A fill comes after the end of its order was reported."""
    delay_max: Annotated[int, Span("0s", "1m")] = by_default("500ms")
    """How much later a delayed report comes at most."""
    outage_every: Annotated[int, Span("0s", "30d")] = by_default("0s")
    """Mean time between disconnects; 0s for none."""
    outage_max: Annotated[int, Span("0s", "1h")] = by_default("2s")
    """How long a disconnect lasts at most."""

    def parameters(self) -> dict[str, Any]:
        """All of it, under the simulated venue's names: ``outage_max`` is its ``outage_ns_max``."""
        nanoseconds = {
            "delay_max": "delay_ns_max",
            "outage_max": "outage_ns_max",
            "outage_every": "outage_every_ns",
        }
        return {nanoseconds.get(name, name): getattr(self, name) for name in type(self).model_fields}

    @field_validator("silence")
    @classmethod
    def _one_fate_per_order(cls, value: float, info: ValidationInfo) -> float:
        rest = 1.0 - info.data.get("reject", 0.0) - info.data.get("unknown", 0.0)
        if value > rest:
            raise refused("reject, unknown and silence share the orders: together at most 1 is allowed")
        return value


class Simulator(Group):
    """The venue in process."""

    balances: dict[AssetName, Amount] = by_default({"USDT": "20000"})
    """What the account owns at the first start. A table of its own replaces the default as a whole."""
    leverage: Leverage = by_default(3)
    """Of isolated positions in perpetuals."""
    fees: Fees = group(Fees)
    latency: Latency = group(Latency)
    faults: Faults = group(Faults)


class MarketPart(Group):
    """A table whose values go to the generator of the synthetic market."""

    def parameters(self) -> dict[str, Any]:
        """What is given, under the generator's names and in its units: ``gap = "20s"`` is ``gap_s=20.0``."""
        found: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, MarketPart):
                found[name] = value.parameters()
            elif value is not None and any(isinstance(kind, Span) for kind in field.metadata):
                found[f"{name}_s"] = value / 10**9
            elif value is not None:
                found[name] = value
        return found


class Jumps(MarketPart):
    """Jumps of the basis that come by chance."""

    gap: Annotated[int, Span("100ms", "10d")]
    """Mean time from one jump to the next."""
    gap_max: Annotated[int | None, Span("100ms", "10d")] = absent()
    """No gap is longer; without it the gaps are those of pure chance."""
    bps_min: Annotated[float, Real("-2000", "2000")]
    """Smallest jump; below zero the perpetual falls below the spot."""
    bps_max: Annotated[float, Real("-2000", "2000")]
    """Largest jump."""

    @field_validator("bps_max")
    @classmethod
    def _in_order(cls, value: float, info: ValidationInfo) -> float:
        low = info.data.get("bps_min", value)
        if value < low:
            raise refused(f"bps_min ({low:g}) or more is allowed")
        return value


class Synthetic(MarketPart):
    """The market that the simulated venue trades when it is fed by no recording."""

    preset: Annotated[Literal["lively", "quiet"], Choice("lively", "quiet")] = by_default("lively")
    """`lively` has premiums to trade every few seconds; in `quiet` nothing ever pays its fees."""
    speed: Annotated[float, Real("0", "1000000")] = by_default(1)
    """Seconds of market per second: 1 is real time, 0 as fast as possible."""
    prices: dict[PairName, Annotated[float, Real("0.000000001", "1000000000")]] = by_default({})
    """Start prices by pair; otherwise the coin's usual one."""
    volatility: Annotated[float, Real("0", "10")] = by_default("0.6")
    """Standard deviation of a year's return, as a fraction."""
    basis_mean_bps: Annotated[float | None, Real("-500", "500")] = absent()
    """Where the basis rests; otherwise the preset's."""
    basis_deviation_bps: Annotated[float | None, Real("0", "500")] = absent()
    """Standard deviation of the basis in the long run, without jumps; otherwise the preset's."""
    basis_half_life: Annotated[int, Span("100ms", "1d")] = by_default("3.5s")
    """Time in which half of a deviation is gone."""
    premiums: Jumps | None = absent()
    """Jumps up; otherwise the preset's."""
    discounts: Jumps | None = absent()
    """Jumps down; otherwise the preset's."""
    quote_rate_hz: Annotated[float, Real("0.1", "1000")] = by_default(10)
    """Mean changes of the top of the book per second and instrument."""
    trade_rate_hz: Annotated[float, Real("0", "1000")] = by_default(2)
    """Mean public trades per second and instrument."""
    trade_notional: Annotated[float, Real("1", "1000000000")] = by_default(2_000)
    """Mean size of a public trade, in the quote asset."""
    spread_ticks_max: Annotated[int, Whole(1, 100)] = by_default(3)
    """Largest bid–ask spread, in ticks."""
    depth_interval: Annotated[int, Span("10ms", "10s")] = by_default("100ms")
    """Between updates of the book behind the top."""
    levels: Annotated[int, Whole(1, 400)] = by_default(10)
    """Levels of the book, a side."""
    level_gap_bps: Annotated[float, Real("0", "20")] = by_default(1)
    """Distance from level to level."""
    level_notional_min: Annotated[float, Real("1", "1000000000")] = by_default(5_000)
    """Least that stands on a level, in the quote asset."""
    level_notional_max: Annotated[float, Real("1", "1000000000")] = by_default(100_000)
    """Most that stands on a level, in the quote asset."""
    level_turnover: Probability = by_default("0.1")
    """Share of the levels whose quantity is new with each update."""
    mark_interval: Annotated[int, Span("10ms", "1m")] = by_default("500ms")
    """Between mark prices."""
    mark_average: Annotated[int, Span("10ms", "10m")] = by_default("5s")
    """Window over which the mark price averages the basis."""
    funding_publish: Annotated[int, Span("10ms", "1m")] = by_default("1s")
    """Between publications of the funding rate."""
    funding_interval: Annotated[int, Span("10s", "1d")] = by_default("1m")
    """Between settlements. OKX has 8h; a minute, so that a short run sees some."""
    funding_samples: Annotated[int, Whole(1, 10_000)] = by_default(480)
    """Samples of the premium per funding interval, as far as there are updates of the book."""
    funding_cap: Annotated[float, Real("0", "0.1")] = by_default("0.015")
    """The funding rate stays within plus and minus this."""
    interest_rate: Annotated[float, Real("-0.01", "0.01")] = by_default("0.0001")
    """The part of the funding rate that is not premium, for 8 hours."""
    impact_notional: Annotated[float, Real("1", "1000000000")] = by_default(10_000)
    """The premium is taken at the average price of an order of this size, in the quote asset."""

    @field_validator("level_notional_max")
    @classmethod
    def _in_order(cls, value: float, info: ValidationInfo) -> float:
        low = info.data.get("level_notional_min", value)
        if value < low:
            raise refused(f"level_notional_min ({low:g}) or more is allowed")
        return value


class InstrumentOverride(Group):
    """What a recording does not say of an instrument, or says wrongly. Quantities are in base units."""

    tick: Annotated[Decimal | None, Exact(above="0")] = absent()
    """Smallest step of the price."""
    lot: Annotated[Decimal | None, Exact(above="0")] = absent()
    """Smallest step of the quantity."""
    minimum: Annotated[Decimal | None, Exact(above="0")] = absent()
    """Smallest quantity of an order."""
    notional_min: Annotated[Decimal | None, Exact("0")] = absent()
    """Smallest value of an order, in the quote asset."""


class Backtest(Group):
    """The account and the venue of a back-test."""

    venue: Annotated[str, Text(r"[a-z][a-z0-9_]{0,19}", 'a venue\'s name in small letters, as in "okx",')] = (
        by_default("okx")
    )
    """The venue whose instruments are taken from the recording."""
    balances: dict[AssetName, Amount] = by_default({"USDT": "20000"})
    """What the account owns at the start; coins are inventory that the discount direction can sell."""
    leverage: Leverage = by_default(3)
    """Of isolated positions in perpetuals."""
    fees: Fees = group(Fees)
    latency: Latency = group(Latency)
    instruments: dict[InstrumentName, InstrumentOverride] = by_default({})
    """Overrides per instrument, as in `[backtest.instruments."okx:BTC-USDT"]`."""


class Control(Group):
    """How the command line reaches a running bot."""

    socket: Annotated[Path | None, Folder(length_max=SOCKET_LENGTH_MAX)] = absent()
    """Path of the Unix socket; without it, `zombot.sock` in `state_dir`."""


class Settings(Group):
    """All settings of one bot."""

    bot: Annotated[str, Text(r"[0-9a-y]{1,6}", "a name of 1 to 6 small letters (but z) and digits")] = (
        by_default("bot1")
    )
    """Names this bot in its order ids: two bots on one account need two names."""
    mode: Annotated[
        str,
        Choice(
            "simulation",
            later={
                "paper": SOON,
                "demo": SOON,
                "live": f"{SOON} and will want a flag on the command line besides",
            },
        ),
    ] = by_default("simulation")
    """Where orders go. `paper`, `demo` and `live` are refused until the OKX connector is here."""
    pairs: Annotated[
        tuple[str, ...],
        ListOf(PAIR, plural='pairs such as "BTC-USDT"', count_max=200, check=_distinct_assets),
    ] = by_default(["BTC-USDT", "ETH-USDT"])
    """What is traded: each pair is a spot and its perpetual. The environment may give them with commas."""
    venue: Annotated[str, Choice("okx")] = by_default("okx")
    """Whose instruments and rules apply."""
    state_dir: Annotated[Path, Folder()] = by_default("var")
    """Folder of the journal, the read model and the socket."""
    seed: Annotated[int, Whole(0, 2**63 - 1)] = by_default(1)
    """All chance of the simulated venue and the synthetic market comes from it."""
    strategies: dict[PluginName, dict[str, Annotated[Any, Free()]]] = by_default({"intra": {}})
    """One table per enabled strategy, checked by the strategy itself. Only what is named here is loaded."""
    execution: Execution = group(Execution)
    risk: RiskLimits = group(RiskLimits)
    journal: JournalSettings = group(JournalSettings)
    simulator: Simulator = group(Simulator)
    synthetic: Synthetic = group(Synthetic)
    backtest: Backtest = group(Backtest)
    control: Control = group(Control)

    @property
    def socket(self) -> Path:
        """Where the control socket stands, given or not."""
        return self.control.socket or self.state_dir / "zombot.sock"

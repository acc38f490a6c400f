"""What the simulated venue can be told: accounts, models, limits and the seed."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct, field

from zombot.domain.errors import InvalidValue
from zombot.domain.identifiers import Asset, InstrumentId
from zombot.domain.instrument import FeeRates
from zombot.domain.money import ONE, ZERO
from zombot.infrastructure.simulator.faults import FaultConfig
from zombot.infrastructure.simulator.fees import OKX_PERPETUAL, OKX_SPOT
from zombot.infrastructure.simulator.fills import FillKind
from zombot.infrastructure.simulator.latency import LatencyConfig
from zombot.infrastructure.simulator.margin import MarginTier


class SeedPosition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A perpetual that the account holds from the start."""

    instrument: InstrumentId
    quantity: Decimal
    """Signed base units."""
    cost: Decimal
    """Quantity times entry price; its sign does not matter."""
    margin: Decimal | None = None
    """Isolated margin; None for what opening it at this cost would tie up."""


class AccountConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account as it begins. Totals include the margin of its positions."""

    id: str = "main"
    balances: dict[Asset, Decimal] = field(default_factory=dict)
    positions: tuple[SeedPosition, ...] = ()
    leverage: Decimal = Decimal(3)
    """Of every perpetual that ``leverages`` does not name."""
    leverages: dict[InstrumentId, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for asset, total in self.balances.items():
            if not (total.is_finite() and total >= 0):
                raise InvalidValue(f"account {self.id}: balance of {asset} is {total}, 0 or more is allowed")
        for leverage in (self.leverage, *self.leverages.values()):
            if not (leverage.is_finite() and leverage >= ONE):
                raise InvalidValue(f"account {self.id}: leverage is {leverage}, 1 or more is allowed")


class SimulatorConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole venue."""

    accounts: tuple[AccountConfig, ...] = (AccountConfig(balances={Asset("USDT"): Decimal(100_000)}),)
    seed: int = 0
    spot_fees: FeeRates = OKX_SPOT
    perpetual_fees: FeeRates = OKX_PERPETUAL
    fees: dict[InstrumentId, FeeRates] = field(default_factory=dict)
    """Rates of single instruments."""
    tiers: dict[InstrumentId, tuple[MarginTier, ...]] = field(default_factory=dict)
    feed_latency: LatencyConfig = LatencyConfig()
    order_latency: LatencyConfig = LatencyConfig()
    report_latency: LatencyConfig = LatencyConfig()
    fills: FillKind = "trades"
    faults: FaultConfig = FaultConfig()
    price_band: Decimal = Decimal("0.05")
    """How far beyond the reference price (mark, else mid) an order may reach; 0 for no band."""
    funding_window_ns: int = 0
    """How long after a settlement the venue refuses orders of that instrument."""

    def __post_init__(self) -> None:
        names = [account.id for account in self.accounts]
        if len(set(names)) != len(names):
            raise InvalidValue(f"simulator accounts {names}: ids must differ")
        if not ZERO <= self.price_band < ONE:
            raise InvalidValue(f"simulator price_band is {self.price_band}: 0 to below 1 is allowed")
        if self.funding_window_ns < 0:
            raise InvalidValue(
                f"simulator funding_window_ns is {self.funding_window_ns}: 0 or more is allowed"
            )

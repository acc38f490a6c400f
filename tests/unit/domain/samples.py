"""What the tests of domain, engine and strategies trade: one spot market and its perpetual."""

from decimal import Decimal
from typing import Final

from zombot.domain.identifiers import Asset, InstrumentId, VenueId
from zombot.domain.instrument import FeeRates, Instrument, InstrumentKind

D = Decimal
VENUE: Final = VenueId("okx")
BTC: Final = Asset("BTC")
USDT: Final = Asset("USDT")
SPOT: Final = InstrumentId("okx:BTC-USDT")
PERPETUAL: Final = InstrumentId("okx:BTC-USDT-SWAP")
T0: Final = 1_700_000_000_000_000_000
SECOND: Final = 1_000_000_000
HOUR: Final = 3_600 * SECOND
SPOT_FEES: Final = FeeRates(maker=D("0.0008"), taker=D("0.001"), buy_in_base=True)
PERPETUAL_FEES: Final = FeeRates(maker=D("0.0002"), taker=D("0.0005"))
NO_FEES: Final = FeeRates(maker=D(0), taker=D(0))


def instrument(
    kind: InstrumentKind = InstrumentKind.SPOT,
    *,
    tick: str = "0.1",
    lot: str = "0.001",
    minimum: str | None = None,
    notional_min: str = "0",
    quantity_max: str | None = None,
    base: str = "BTC",
) -> Instrument:
    """An instrument on this grid; its minimum is one lot unless told."""
    symbol = f"{base}-USDT" if kind is InstrumentKind.SPOT else f"{base}-USDT-SWAP"
    return Instrument(
        id=InstrumentId(f"{VENUE}:{symbol}"),
        venue=VENUE,
        symbol=symbol,
        kind=kind,
        base=Asset(base),
        quote=USDT,
        tick=D(tick),
        lot=D(lot),
        minimum=D(minimum or lot),
        notional_min=D(notional_min),
        quantity_max=None if quantity_max is None else D(quantity_max),
    )


def spot(**grid: str) -> Instrument:
    """BTC-USDT."""
    return instrument(InstrumentKind.SPOT, **grid)


def perpetual(**grid: str) -> Instrument:
    """BTC-USDT-SWAP."""
    return instrument(InstrumentKind.PERPETUAL, **grid)

"""Identifiers: who and what, and client order ids that nobody has to remember because they are derived."""

from __future__ import annotations

from typing import Final, NewType

from zombot.domain.errors import InvalidValue

VenueId = NewType("VenueId", str)
InstrumentId = NewType("InstrumentId", str)
"""``venue:symbol``, for instance ``okx:BTC-USDT-SWAP``."""
StrategyId = NewType("StrategyId", str)
Asset = NewType("Asset", str)
ArbitrageId = NewType("ArbitrageId", int)
"""Counts up from 1 within one journal."""
ClientOrderId = NewType("ClientOrderId", str)

CLIENT_ORDER_ID_LENGTH_MAX: Final = 32
"""OKX allows 32 letters and digits, the narrowest of the venues in sight."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxy"
"""Base 35: without z, which separates the fields of an order id."""


def instrument_id(venue: str, symbol: str) -> InstrumentId:
    """The one spelling of an instrument's id."""
    return InstrumentId(f"{venue}:{symbol}")


def derive_client_order_id(
    *, bot: str, epoch: int, arbitrage: ArbitrageId, leg: int, attempt: int
) -> ClientOrderId:
    """The id of one order: the same order gets the same id in every replay, no other order ever does.

    Args:
        bot: up to six letters and digits that name this bot on its account.
        epoch: whole seconds since 1970 at which the journal began. It keeps ids apart when a journal was
            lost and a new one counts arbitrages from 1 again.
        arbitrage: the arbitrage that the order belongs to.
        leg: the leg's index, 0 to 34.
        attempt: counts the orders of this leg, from 0.

    The fields have separators ("z" never occurs in them), so that no two tuples share an id.
    """
    if not 0 < len(bot) <= 6 or not set(bot) <= set(_DIGITS):
        raise InvalidValue(
            f"bot name {bot!r} in an order id: 1 to 6 lower-case letters (but z) and digits are allowed"
        )
    if not 0 <= leg < 35:
        raise InvalidValue(f"leg {leg} in an order id: 0 to 34 is allowed")
    # The 36th digit, z, separates: numbers are written in base 35.
    parts = (_base35(epoch), _base35(arbitrage), _base35(leg), _base35(attempt))
    identifier = f"{bot}z" + "z".join(parts)
    if len(identifier) > CLIENT_ORDER_ID_LENGTH_MAX:
        raise InvalidValue(
            f"order id {identifier!r} has {len(identifier)} characters, "
            f"{CLIENT_ORDER_ID_LENGTH_MAX} are allowed"
        )
    return ClientOrderId(identifier)


def _base35(value: int) -> str:
    if value < 0:
        raise InvalidValue(f"cannot write {value} in base 35: it is negative")
    digits = ""
    while True:
        value, remainder = divmod(value, 35)
        digits = _DIGITS[remainder] + digits
        if value == 0:
            return digits

"""Why the simulated venue refuses an order or ends it: one name per rule."""

from __future__ import annotations

from typing import Final

# --- Refusals: nothing of the order was or will be filled ------------------------------------------------
UNKNOWN_INSTRUMENT: Final = "unknown_instrument"
EXPIRED: Final = "expired"
DUPLICATE_CLIENT_ORDER_ID: Final = "duplicate_client_order_id"
INSTRUMENT_SUSPENDED: Final = "instrument_suspended"
FUNDING_SETTLING: Final = "funding_settling"
INVALID_QUANTITY: Final = "invalid_quantity"
BELOW_MINIMUM: Final = "below_minimum"
ABOVE_MAXIMUM: Final = "above_maximum"
OFF_LOT: Final = "off_lot"
PRICE_MISSING: Final = "price_missing"
OFF_TICK: Final = "off_tick"
PRICE_OUT_OF_BAND: Final = "price_out_of_band"
REDUCE_ONLY_NO_POSITION: Final = "reduce_only_no_position"
TIER_EXCEEDED: Final = "tier_exceeded"
INSUFFICIENT_BALANCE: Final = "insufficient_balance"
INSUFFICIENT_MARGIN: Final = "insufficient_margin"
VENUE_BUSY: Final = "venue_busy"
"""A refusal that only the fault model gives."""

# --- Ends of an accepted order ---------------------------------------------------------------------------
CANCELED_BY_USER: Final = "canceled_by_user"
IOC_REMAINDER: Final = "ioc_remainder"
FOK_UNFILLED: Final = "fok_unfilled"
NO_LIQUIDITY: Final = "no_liquidity"
POST_ONLY_WOULD_CROSS: Final = "post_only_would_cross"
SELF_TRADE_PREVENTION: Final = "self_trade_prevention"
REDUCE_ONLY_TRIMMED: Final = "reduce_only_trimmed"
LIQUIDATION: Final = "liquidation"

# --- Answers to a cancel or about an unknown outcome -----------------------------------------------------
ORDER_NOT_FOUND: Final = "order_not_found"
ORDER_DONE: Final = "order_done"
ACK_LOST: Final = "ack_lost"
DISCONNECTED: Final = "disconnected"

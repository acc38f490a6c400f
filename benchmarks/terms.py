"""The terms of the compared back-tests, read by both engines."""

from __future__ import annotations

from typing import Final

ENTRY_BPS: Final = 1.0
"""Net edge to enter."""
OUT_OF_REACH_BPS: Final = 1_000.0
"""Instead, where nothing is to be traded."""
EXIT_BPS: Final = 1.0
"""Left to converge at the exit."""
MINIMUM_BPS: Final = -20.0
"""So far below the entry that limits never bind: an order in flight for 2 ms fills at the touch."""
SLIPPAGE_BPS: Final = 10.0
"""How far beyond the touch the limit of an exit lies."""
SPOT_FEE: Final = "0.0002"
PERPETUAL_FEE: Final = "0.0001"
QUANTITY: Final = "0.05"
NOTIONAL: Final = "4000"
"""Room for one lot of 0.05 at about 60,000 and not for two."""
LATENCY_NS: Final = 2_000_000
"""From decision to match; the report of a fill comes back at once."""
BALANCE: Final = "1000000"

"""An arbitrage platform with a deterministic core in a thin shell."""

"""An arbitrage platform with a deterministic core in a thin shell."""

__version__ = "0.1.0"

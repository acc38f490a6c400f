"""History: recordings of market data, their importers and their reader."""

"""A market that never was: seeded prices, books, trades and funding of spot⇄perpetual pairs."""

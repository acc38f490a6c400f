"""The journal: append-only segments of framed, checksummed and hash-chained batches of facts."""

"""A venue in process: it matches, charges, funds and liquidates as OKX does, and fails on demand."""

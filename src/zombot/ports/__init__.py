"""The rim of the hexagon: what strategies and adapters implement."""

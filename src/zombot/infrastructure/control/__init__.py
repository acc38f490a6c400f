"""The control plane: one bot, one Unix socket, requests and answers as lines of JSON."""

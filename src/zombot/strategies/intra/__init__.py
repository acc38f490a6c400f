"""Spot against perpetual at one venue."""

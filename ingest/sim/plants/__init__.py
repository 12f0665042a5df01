"""Simulated plants: one file a kind, found by the registry; each offers `KIND`."""

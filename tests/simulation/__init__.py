"""Whole days of a room in seconds, from a seed: `python -m tests.simulation --seed N`."""

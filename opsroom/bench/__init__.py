"""Benchmarks that people run for numbers: real processes, real sockets, a fresh folder a run."""

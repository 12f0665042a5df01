"""The Numenta Anomaly Benchmark on any folder laid out like it: run, score, validate, draw.

Lavin & Ahmad, Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly Benchmark, 2015.
"""

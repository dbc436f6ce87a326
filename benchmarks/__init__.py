"""Benchmarks: what attorn takes, beside other tools; run with `python -m benchmarks`."""

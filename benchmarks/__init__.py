"""Reproducible measures: ``python -m benchmarks.NAME [--quick]`` prints one table, then one line of JSON."""

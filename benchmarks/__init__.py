"""Runnable measurements: `python -m benchmarks.NAME`. Each prints a table with the machine it ran on."""

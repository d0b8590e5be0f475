"""The measurements: `python -m benchmarks.NAME` runs one and prints a table with a description of the machine."""

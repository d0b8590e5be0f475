"""Tests of the demo: visitors, their private libraries, and their limits."""

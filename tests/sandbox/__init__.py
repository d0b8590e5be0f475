"""Tests of `index.parsing`."""

"""Tests of `index.ingestion`; what an `add` does as a whole is in tests/test_ingestion.py."""

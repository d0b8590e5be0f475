"""Tests of `index.ingest`; the queue of an interrupted `add` is in test_resumption.py, folders in test_sync.py."""

"""Verifies claims against sentences, and a library against its sources. Nothing here writes answers."""

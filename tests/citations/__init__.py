"""Exports, each read back by a library that shares no code with what wrote it, and evidence packs."""

"""Exports, each read back by a library that shares no code with its writer, and evidence packs."""

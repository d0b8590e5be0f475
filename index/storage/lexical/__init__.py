"""Passages by words. The only door to tantivy, with `analysis`."""

from __future__ import annotations

from index.storage.lexical.index import LexicalIndex
from index.storage.lexical.searching import EVERY
from index.storage.lexical.shadow import shadow

__all__ = ["EVERY", "LexicalIndex", "shadow"]

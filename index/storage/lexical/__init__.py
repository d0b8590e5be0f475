"""Passages by words. The only door to tantivy, with `analysis`."""

from __future__ import annotations

from index.storage.lexical.index import LexicalIndex
from index.storage.lexical.searching import EVERY

__all__ = ["EVERY", "LexicalIndex"]

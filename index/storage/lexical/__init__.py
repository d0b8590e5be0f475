"""Passages by words. Only this package and `analysis` import tantivy."""

from __future__ import annotations

from index.storage.lexical.folder import shadow
from index.storage.lexical.index import LexicalIndex
from index.storage.lexical.searching import EVERY

__all__ = ["EVERY", "LexicalIndex", "shadow"]

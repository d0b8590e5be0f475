"""Nearest passages by vector. The only door to faiss.

`index` is what a store holds, `state` what a question reads: `base` (large, on disk, approximate) and `chunks` (in
memory, exact). `building` is a program of its own, which `starting` starts.
"""

from __future__ import annotations

from index.storage.dense.index import PATIENCE, DenseIndex

__all__ = ["PATIENCE", "DenseIndex"]

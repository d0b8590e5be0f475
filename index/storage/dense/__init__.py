"""The dense index: nearest passages by vector. Only this package imports faiss.

A store holds an `index`; a question reads its `state`: the `base` (large, on disk, approximate) and `chunks` (in
memory, exact). `building` runs as a process of its own, which `starting` starts.
"""

from __future__ import annotations

from index.storage.dense.index import PATIENCE, DenseIndex

__all__ = ["PATIENCE", "DenseIndex"]

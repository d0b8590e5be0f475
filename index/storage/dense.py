"""Nearest passages by vector: a FAISS index kept in memory, caught up from the catalog. The only door to faiss."""

from __future__ import annotations

import struct
import threading
import zlib
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.files import Stamp, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.storage.catalog import Catalog, DocumentRange
    from index.storage.scope import Scope

FORMAT = 2
_TAIL = struct.Struct("<II8s")  # CRC-32 of all before it, length of the stamp, magic
_MAGIC = b"PINCITE1"
_SAVE_SHARE = 0.05
_SAVE_LEAST = 256
_SAVE_ALWAYS = 1 << 62


class DenseIndex:
    """Exact inner product over the passages' vectors, in float16 as the catalog has them.

    The file is a FAISS index followed by a stamp and a checksum, which FAISS does not see. The index in memory is
    always caught up from the catalog before it is asked; the file only spares reading the vectors again, so it is
    written when enough has changed to be worth it.
    """

    def __init__(self, path: Path, library: str) -> None:
        self._path = path
        self._library = library
        self._lock = threading.Lock()
        self._index: Any = None
        self._generation = 0
        self._unsaved = 0

    def catch_up(self, catalog: Catalog) -> None:
        """Make the index agree with the catalog as it is now."""
        with self._lock:
            generation = catalog.generation()
            if self._index is None:
                self._load(generation)
            if generation == self._generation:
                return
            added = catalog.added_since(self._generation, until=generation)
            gone = catalog.removed_since(self._generation)
            if gone and self._index is not None:
                self._index.remove_ids(_selector(gone))
            for ids, vectors in catalog.vectors(added):
                if self._index is None:
                    self._index = _new_index(vectors.shape[1])
                self._index.add_with_ids(vectors, ids)
            self._unsaved += sum(each.passages for each in (*added, *gone))
            self._generation = generation

    def search(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` nearest passages, nearest first: id to cosine; `scope` restricts them before they are ranked."""
        with self._lock:
            if self._index is None or self._index.ntotal == 0 or (scope is not None and scope.empty):
                return {}
            parameters = _parameters(scope) if scope is not None else None
            scores, ids = self._index.search(vector.reshape(1, -1), min(k, self._index.ntotal), params=parameters)
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return {identity: min(score, 1.0) for identity, score in found if identity >= 0}

    def __len__(self) -> int:
        """How many vectors are in the index."""
        with self._lock:
            return int(self._index.ntotal) if self._index is not None else 0

    def ids(self) -> set[int]:
        """The ids of all passages in the index."""
        import faiss

        with self._lock:
            return set(faiss.vector_to_array(self._index.id_map).tolist()) if self._index is not None else set()

    def save(self) -> None:
        """Write the file where enough has changed since it was last written. Only the holder of the lock may."""
        import faiss

        with self._lock:
            if self._index is None or self._unsaved < max(_SAVE_LEAST, _SAVE_SHARE * self._index.ntotal):
                return
            body = faiss.serialize_index(self._index).tobytes()
            stamp = Stamp(self._library, FORMAT, self._generation).to_json().encode()
            crc = zlib.crc32(stamp, zlib.crc32(body))
            write_whole(self._path, body, stamp, _TAIL.pack(crc, len(stamp), _MAGIC))
            self._unsaved = 0

    def _load(self, generation: int) -> None:
        """Read the file; one that is absent, damaged or not of this library counts for nothing."""
        try:
            stamp, index = _read(self._path)
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            self._unsaved = _SAVE_ALWAYS
            return
        if stamp.fits(self._library, FORMAT, generation):
            self._index, self._generation = index, stamp.generation
        else:  # of another history: it must not be there when this one has come as far
            self._unsaved = _SAVE_ALWAYS


def _read(path: Path) -> tuple[Stamp, Any]:
    import faiss

    data = path.read_bytes()
    if len(data) < _TAIL.size:
        raise ValueError("truncated")
    crc, length, magic = _TAIL.unpack(data[-_TAIL.size :])
    if magic != _MAGIC or crc != zlib.crc32(memoryview(data)[: -_TAIL.size]):
        raise ValueError("damaged")
    body_end = len(data) - _TAIL.size - length
    stamp = Stamp.from_json(data[body_end : -_TAIL.size])
    return stamp, faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8, count=body_end))


def _new_index(dimension: int) -> Any:
    import faiss

    half = faiss.ScalarQuantizer.QT_fp16
    return faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, half, faiss.METRIC_INNER_PRODUCT))


def _parameters(scope: Scope) -> Any:
    import faiss

    conditions = []
    if scope.documents is not None:
        conditions.append(_selector(scope.documents))
    if scope.holding is not None:
        conditions.append(faiss.IDSelectorBatch(np.asarray(scope.holding, dtype=np.int64)))
    if scope.banned:
        conditions.append(faiss.IDSelectorNot(faiss.IDSelectorBatch(np.asarray(scope.banned, dtype=np.int64))))
    parameters: Any = faiss.SearchParameters
    return parameters(sel=reduce(faiss.IDSelectorAnd, conditions)) if conditions else None


def _selector(ranges: Sequence[DocumentRange]) -> Any:
    import faiss

    if len(ranges) == 1:
        return faiss.IDSelectorRange(ranges[0].first, ranges[0].first + ranges[0].passages)
    ids = [np.arange(each.first, each.first + each.passages, dtype=np.int64) for each in ranges]
    return faiss.IDSelectorBatch(np.concatenate(ids))

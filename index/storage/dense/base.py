"""Sets of passage ids, blocks of vectors in memory, which are searched exactly and never changed, and their files.

The base of a large library is a memory-mapped, immutable inverted file of vectors with a checksum.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from index.storage.files import Stamp, atomic_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from index.storage.catalog.catalog import Catalog
    from index.storage.catalog.document_queries import DocumentRange
    from index.storage.protocol import Scope

BLOCK_SIZE = 8192
"""Vectors in one block: few enough to copy a block in milliseconds, enough to keep the number of blocks small."""
Scored = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""Scores and ids, each of shape (n,)."""
_END = struct.Struct("<II8s")  # CRC-32 of all bytes before it, length of the seal, magic
_MAGIC = b"PINCITE2"
_READ_SIZE = 1 << 20
EXACT_FORMAT = 3
EXACT_NAME = "dense.faiss"
FORMAT = 1
NAME = "dense.ivf"
CALIBRATED = 50
"""The calibrated number of probed lists is used for up to this many nearest passages: at a million passages, the lists
that find .994 of the ten nearest find .987 of the 50 nearest."""


class IdSet:
    """A set of ids as a bit mask over all ids ever used, because a search tests it up to a million times."""

    def __init__(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        self._mask = mask

    @classmethod
    def of(cls, scope: Scope | None, top: int, gone: np.ndarray[Any, Any]) -> IdSet | None:
        """Build the set of a scope's ids up to `top`, without the removed ones; None if it holds all ids."""
        if not len(gone) and (scope is None or not _restricts(scope)):
            return None
        mask = np.ones(top + 1, dtype=bool)
        if scope is not None:
            mask = _scoped(scope, mask)
        mask[gone[gone <= top]] = False
        return cls(mask)

    @cached_property
    def selector(self) -> Any:
        """The set as a FAISS selector."""
        import faiss

        selector: Any = faiss.IDSelectorBitmap
        return selector(np.packbits(self._mask, bitorder="little"))

    def mask(self, ids: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return a mask of the given ids that are in the set; no id may be above `top`."""
        return np.asarray(self._mask[ids])

    def contains_any(self, ids: np.ndarray[Any, Any]) -> bool:
        """Return whether any of these ids is in the set."""
        return bool(self._mask[ids].any())


def _restricts(scope: Scope) -> bool:
    return scope.documents is not None or scope.holding is not None or len(scope.banned) > 0


def _scoped(scope: Scope, all_ids: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the part of the mask `all_ids` that a scope allows."""
    mask = all_ids
    if scope.documents is not None:
        mask = np.zeros_like(all_ids)
        for document in scope.documents:
            mask[document.first : document.first + document.passages] = True
    if scope.holding is not None:
        holding = np.zeros_like(all_ids)
        holding[_known(scope.holding, len(all_ids))] = True
        mask &= holding
    if len(scope.banned):
        mask[_known(scope.banned, len(all_ids))] = False
    return mask


def _known(ids: Any, end: int) -> np.ndarray[Any, Any]:
    """Return the ids as an array, without those that are newer than the index."""
    array = np.asarray(ids, dtype=np.int64)
    return array[(array >= 0) & (array < end)]


@dataclass(frozen=True, slots=True)
class VectorBlock:
    """At most `BLOCK_SIZE` vectors in float16, as in the catalog, with ascending ids."""

    index: Any
    ids: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> VectorBlock:
        """Build a block from ids and vectors."""
        import faiss

        half = faiss.ScalarQuantizer.QT_fp16
        dimension = vectors.shape[1]
        index = faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, half, faiss.METRIC_INNER_PRODUCT))
        index.add_with_ids(vectors, ids)
        return cls(index, ids)

    def __len__(self) -> int:
        return len(self.ids)

    def extended(self, ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]) -> VectorBlock:
        """Return a block with these vectors appended."""
        import faiss

        index = faiss.clone_index(self.index)
        index.add_with_ids(vectors, ids)
        return VectorBlock(index, np.concatenate([self.ids, ids]))

    def without(self, removed: Sequence[DocumentRange]) -> VectorBlock:
        """Return a block without the passages of these documents."""
        import faiss

        positions = positions_of(self.ids, removed)
        if not len(positions):
            return self
        index = faiss.clone_index(self.index)
        index.remove_ids(faiss.IDSelectorBatch(self.ids[positions]))
        return VectorBlock(index, np.delete(self.ids, positions))

    def search(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None) -> Scored:
        """Return scores and ids of the nearest admitted vectors."""
        import faiss

        parameters: Any = faiss.SearchParameters
        if admitted is not None and not admitted.contains_any(self.ids):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        chosen = None if admitted is None else parameters(sel=admitted.selector)
        scores, ids = self.index.search(vector.reshape(1, -1), min(k, len(self.ids)), params=chosen)
        return scores[0], ids[0]

    def vectors(self) -> np.ndarray[Any, Any]:
        """Return all vectors in the order of the ids, as float32 of shape (n, dimension)."""
        import faiss

        inner = faiss.downcast_index(self.index.index)
        return cast("np.ndarray[Any, Any]", inner.reconstruct_n(0, len(self.ids)))


def positions_of(ids: np.ndarray[Any, Any], ranges: Sequence[DocumentRange]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the positions, among ascending ids, of the passages of these documents."""
    firsts = np.asarray([document.first for document in ranges], dtype=np.int64)
    ends = firsts + np.asarray([document.passages for document in ranges], dtype=np.int64)
    borders = zip(np.searchsorted(ids, firsts).tolist(), np.searchsorted(ids, ends).tolist(), strict=True)
    return np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(begin, end) for begin, end in borders)])


def extended(
    blocks: tuple[VectorBlock, ...], ids: np.ndarray[Any, Any], vectors: np.ndarray[Any, Any]
) -> tuple[VectorBlock, ...]:
    """Append vectors with ids above all others to blocks: the last block is filled before a new one begins."""
    result, start = list(blocks), 0
    if result and len(result[-1]) < BLOCK_SIZE:
        start = min(BLOCK_SIZE - len(result[-1]), len(ids))
        result[-1] = result[-1].extended(ids[:start], vectors[:start])
    starts = range(start, len(ids), BLOCK_SIZE)
    return (*result, *(VectorBlock.of(ids[n : n + BLOCK_SIZE], vectors[n : n + BLOCK_SIZE]) for n in starts))


# The files: blocks of a small library, and the base of a large one.


@dataclass(frozen=True, slots=True)
class Seal:
    """The stamp of the state that a file was built from, and figures about its body."""

    stamp: Stamp
    figures: dict[str, float] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return one line of JSON."""
        return json.dumps({"stamp": self.stamp.to_json(), "figures": self.figures}, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Seal:
        """Parse the output of `to_bytes`. Raises ValueError for anything else."""
        try:
            fields = json.loads(data)
            figures = {str(name): float(value) for name, value in fields["figures"].items()}
            return cls(Stamp.from_json(fields["stamp"]), figures)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a seal: {data[:80]!r}") from error


def write_sealed(path: Path, seal: Seal, body: Callable[[Callable[[bytes], int]], None]) -> None:
    """Write a sealed file atomically. `body` calls the function that it receives with each piece of the content."""
    crc = 0

    with atomic_writer(path) as file:

        def write(piece: bytes) -> int:
            nonlocal crc
            crc = zlib.crc32(piece, crc)
            return file.write(piece)

        body(write)
        packed = seal.to_bytes()
        write(packed)
        file.write(_END.pack(crc, len(packed), _MAGIC))


def read_seal(path: Path) -> Seal:
    """Read the seal of a file without checking its body. Raises OSError or ValueError if there is no seal."""
    return _read_end(path)[0]


def check_sealed(path: Path) -> tuple[Seal, int]:
    """Check the whole file, and return its seal and the length of its body. Raises OSError or ValueError."""
    seal, body, crc = _read_end(path)
    total, left = 0, path.stat().st_size - _END.size
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(_READ_SIZE, left))):
            total = zlib.crc32(block, total)
            left -= len(block)
    if left or total != crc:
        raise ValueError("damaged")
    return seal, body


def _read_end(path: Path) -> tuple[Seal, int, int]:
    """Return the seal, the length of the body, and the checksum."""
    size = path.stat().st_size
    if size < _END.size:
        raise ValueError("truncated")
    with path.open("rb") as file:
        file.seek(size - _END.size)
        crc, length, magic = _END.unpack(file.read(_END.size))
        body = size - _END.size - length
        if magic != _MAGIC or body < 0:
            raise ValueError("damaged")
        file.seek(body)
        return Seal.from_bytes(file.read(length)), body, crc


def write_exact(path: Path, stamp: Stamp, blocks: tuple[VectorBlock, ...]) -> None:
    """Write all ids, then all vectors in float16, as in the catalog."""
    dimension = int(blocks[0].index.d) if blocks else 0
    seal = Seal(stamp, {"dimension": dimension, "passages": sum(map(len, blocks))})

    def body(write: Callable[[bytes], int]) -> None:
        for block in blocks:
            write(block.ids.astype("<i8").tobytes())
        for block in blocks:
            write(block.vectors().astype("<f2").tobytes())

    write_sealed(path, seal, body)


def read_exact(path: Path) -> tuple[Stamp, tuple[VectorBlock, ...]]:
    """Read the output of `write_exact`. Raises OSError or ValueError if the file is missing or damaged."""
    seal, length = check_sealed(path)
    passages, dimension = (int(seal.figures.get(name, -1)) for name in ("passages", "dimension"))
    if seal.stamp.format != EXACT_FORMAT or length != passages * (8 + 2 * dimension):
        raise ValueError("of another format")
    data = np.memmap(path, dtype=np.uint8, mode="r", shape=(length,)) if length else np.empty(0, np.uint8)
    ids: np.ndarray[Any, Any] = data[: 8 * passages].view("<i8")
    vectors = data[8 * passages :].view("<f2").reshape(passages, dimension)
    blocks = (
        VectorBlock.of(ids[n : n + BLOCK_SIZE].astype(np.int64), vectors[n : n + BLOCK_SIZE].astype(np.float32))
        for n in range(0, passages, BLOCK_SIZE)
    )
    return seal.stamp, tuple(blocks)


@dataclass(frozen=True, slots=True)
class Base:
    """An inverted file of float16 vectors: each vector is in the list of its nearest centroid."""

    index: Any
    seal: Seal
    centroids: np.ndarray[Any, np.dtype[np.float32]]
    ids: np.ndarray[Any, np.dtype[np.int64]]
    """The ids of all vectors, ascending."""
    lists: np.ndarray[Any, np.dtype[np.int32]]
    """The list of each id, in the same order."""

    @classmethod
    def open(cls, path: Path) -> Base:
        """Map a file. Raises OSError or ValueError if it is damaged or missing."""
        import faiss

        seal, _ = check_sealed(path)
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"not an index: {error}") from error
        return cls.from_index(index, seal)

    @classmethod
    def from_index(cls, index: Any, seal: Seal) -> Base:
        """Build a base from an inverted file."""
        import faiss

        ids_by_list = [
            np.array(faiss.rev_swig_ptr(index.invlists.get_ids(n), size), dtype=np.int64)
            for n, size in enumerate(map(index.invlists.list_size, range(index.nlist)))
        ]
        ids = np.concatenate(ids_by_list)
        order = np.argsort(ids, kind="stable")
        lists = np.repeat(np.arange(len(ids_by_list), dtype=np.int32), list(map(len, ids_by_list)))
        return cls(index, seal, index.quantizer.reconstruct_n(0, index.nlist), ids[order], lists[order])

    @property
    def probed(self) -> int:
        """The calibrated number of lists to search for a question."""
        return int(self.seal.figures["probed"])

    def search(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, *, scoped: bool) -> Scored:
        """Return scores and ids of the nearest admitted vectors.

        With `scoped`, only few vectors may be admitted, and they may be outside of the nearest lists.
        """
        probed = self._probed(k)
        if admitted is None or not scoped:
            found = self._unscoped(vector, k, admitted, min(probed, self.index.nlist))
            if len(found[1]) >= min(k, len(self.ids)) or probed >= self.index.nlist:
                return found
        return self._scoped(vector, k, admitted, probed)

    def _probed(self, k: int) -> int:
        """Return the number of lists to search: a longer ranking is spread over more lists."""
        return math.ceil(self.probed * math.sqrt(max(1.0, k / CALIBRATED)))

    def _unscoped(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, probed: int) -> Scored:
        parameters = _parameters(probed, admitted)
        return _present(*self.index.search(vector.reshape(1, -1), min(k, len(self.ids)), params=parameters))

    def _scoped(self, vector: np.ndarray[Any, Any], k: int, admitted: IdSet | None, probed: int) -> Scored:
        """Search the nearest lists until as many admitted vectors are compared as in an unscoped search.

        If fewer vectors are admitted, all of them are compared.
        """
        members = self.lists if admitted is None else self.lists[admitted.mask(self.ids)]
        counts = np.bincount(members, minlength=self.index.nlist)
        compared = max(probed * len(self.ids) // self.index.nlist, 4 * k)
        cosines = self.centroids @ vector
        order = np.argsort(-cosines)
        order = order[counts[order] > 0]
        if not len(order):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        chosen = order[: int(np.searchsorted(np.cumsum(counts[order]), compared)) + 1]
        return self._search_lists(vector, min(k, len(members)), admitted, chosen.astype(np.int64), cosines[chosen])

    def _search_lists(
        self,
        vector: np.ndarray[Any, Any],
        k: int,
        admitted: IdSet | None,
        lists: np.ndarray[Any, Any],
        cosines: np.ndarray[Any, Any],
    ) -> Scored:
        """Search these lists only. FAISS's Python wrapper takes no selector here; the C function that it wraps does."""
        import faiss

        parameters = _parameters(len(lists), admitted)
        scores, ids = np.empty((1, k), dtype=np.float32), np.empty((1, k), dtype=np.int64)
        arrays = np.ascontiguousarray(vector, dtype=np.float32), lists, cosines, scores, ids
        question, *found = map(faiss.swig_ptr, arrays)
        self.index.search_preassigned_c(1, question, k, *found, False, parameters)
        return _present(scores, ids)


def _parameters(probed: int, admitted: IdSet | None) -> Any:
    import faiss

    parameters: Any = faiss.SearchParametersIVF
    return parameters(nprobe=probed, **({} if admitted is None else {"sel": admitted.selector}))


def _present(scores: np.ndarray[Any, Any], ids: np.ndarray[Any, Any]) -> Scored:
    found = ids[0] >= 0
    return scores[0][found], ids[0][found]


def can_catch_up(catalog: Catalog, stamp: Stamp) -> bool:
    """Return whether a base with this stamp can be updated from the catalog."""
    fits = stamp.fits(catalog.library_id, FORMAT, catalog.generation())
    return fits and catalog.removed_since(stamp.generation) is not None


def changed_since(catalog: Catalog, seal: Seal) -> tuple[int | None, int]:
    """Return how many passages the base holds (None if it cannot be used), and how many changed since it was built.

    The cost depends on the number of changes only.
    """
    stamp = seal.stamp
    fits = stamp.fits(catalog.library_id, FORMAT, catalog.generation())
    removed = catalog.removed_since(stamp.generation) if fits else None
    if removed is None:
        return None, 0
    changed = sum(document.passages for document in (*removed, *catalog.added_since(stamp.generation)))
    return int(seal.figures["passages"]), changed

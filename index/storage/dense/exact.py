"""The file of a small library's vectors: it spares reading them from the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.dense.chunks import CHUNK, Chunk
from index.storage.dense.sealing import Seal, check_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.storage.files import Stamp

FORMAT = 3
NAME = "dense.faiss"


def write_exact(path: Path, stamp: Stamp, chunks: tuple[Chunk, ...]) -> None:
    """All ids, then all vectors in float16, as the catalog has them."""
    dimension = int(chunks[0].index.d) if chunks else 0
    seal = Seal(stamp, {"dimension": dimension, "passages": sum(map(len, chunks))})

    def body(write: Callable[[bytes], int]) -> None:
        for each in chunks:
            write(each.ids.astype("<i8").tobytes())
        for each in chunks:
            write(each.vectors().astype("<f2").tobytes())

    write_sealed(path, seal, body)


def read_exact(path: Path) -> tuple[Stamp, tuple[Chunk, ...]]:
    """The reverse of `write_exact`. Raises OSError or ValueError for a file that is not sound."""
    seal, length = check_sealed(path)
    passages, dimension = (int(seal.figures.get(name, -1)) for name in ("passages", "dimension"))
    if seal.stamp.format != FORMAT or length != passages * (8 + 2 * dimension):
        raise ValueError("of another format")
    data = np.memmap(path, dtype=np.uint8, mode="r", shape=(length,)) if length else np.empty(0, np.uint8)
    ids: np.ndarray[Any, Any] = data[: 8 * passages].view("<i8")
    vectors = data[8 * passages :].view("<f2").reshape(passages, dimension)
    chunks = (
        Chunk.of(ids[n : n + CHUNK].astype(np.int64), vectors[n : n + CHUNK].astype(np.float32))
        for n in range(0, passages, CHUNK)
    )
    return seal.stamp, tuple(chunks)

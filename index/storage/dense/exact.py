"""The file of a small library's vectors: loading it is faster than reading the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from index.storage.dense.chunks import BLOCK_SIZE, VectorBlock
from index.storage.dense.sealing import Seal, check_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.storage.files import Stamp

FORMAT = 3
NAME = "dense.faiss"


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
    if seal.stamp.format != FORMAT or length != passages * (8 + 2 * dimension):
        raise ValueError("of another format")
    data = np.memmap(path, dtype=np.uint8, mode="r", shape=(length,)) if length else np.empty(0, np.uint8)
    ids: np.ndarray[Any, Any] = data[: 8 * passages].view("<i8")
    vectors = data[8 * passages :].view("<f2").reshape(passages, dimension)
    blocks = (
        VectorBlock.of(ids[n : n + BLOCK_SIZE].astype(np.int64), vectors[n : n + BLOCK_SIZE].astype(np.float32))
        for n in range(0, passages, BLOCK_SIZE)
    )
    return seal.stamp, tuple(blocks)

"""Buffers vectors between encoding and storing: few in memory, many in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from index.errors import LibraryNotWritable
from index.storage.files import NOT_WRITABLE_HINT
from index.storage.filing import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Self

IN_MEMORY = 32_000_000
"""Bytes that are kept in memory: the vectors of about ten thousand passages."""


class VectorBuffer:
    """Vectors by key. A long document takes only the memory of its keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed on exit
        self._positions: dict[bytes, tuple[int, int, int]] = {}
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, key: bytes) -> bool:
        return key in self._positions

    def __getitem__(self, key: bytes) -> PackedVectors:
        start, middle, end = self._positions[key]
        self._file.seek(start)
        both = self._file.read(end - start)
        return PackedVectors(key, both[: middle - start], both[middle - start :])

    def put(self, vectors: Iterable[PackedVectors]) -> None:
        """Add vectors. Raises LibraryNotWritable if the disk is full or not writable."""
        try:
            self._file.seek(self._end)
            for packed in vectors:
                self._file.write(packed.vector)
                self._file.write(packed.sentences)
                middle = self._end + len(packed.vector)
                self._positions[packed.key] = (self._end, middle, middle + len(packed.sentences))
                self._end = middle + len(packed.sentences)
        except OSError as error:
            message = f"The vectors of a long document cannot be written to {self._folder}: {error}."
            raise LibraryNotWritable(message, NOT_WRITABLE_HINT) from error

    def sequence(self, keys: Sequence[bytes]) -> BufferedVectors:
        """Return the vectors of these keys as a sequence that reads each one on access."""
        return BufferedVectors(self, keys)


class BufferedVectors(Sequence[PackedVectors]):
    """Vectors in the order of their keys."""

    def __init__(self, buffer: VectorBuffer, keys: Sequence[bytes]) -> None:
        self._buffer = buffer
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> PackedVectors: ...
    @overload
    def __getitem__(self, index: slice) -> BufferedVectors: ...
    def __getitem__(self, index: int | slice) -> PackedVectors | BufferedVectors:
        if isinstance(index, slice):
            return BufferedVectors(self._buffer, self._keys[index])
        return self._buffer[self._keys[index]]

"""Vectors between encoding and storing: in memory while they are few, else in a file that nobody else sees."""

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
"""Bytes: the vectors of some ten thousand passages."""


class Shelf:
    """Vectors by key; a document of any length costs the memory of its keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed on exit
        self._places: dict[bytes, tuple[int, int, int]] = {}
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def __getitem__(self, key: bytes) -> PackedVectors:
        start, middle, end = self._places[key]
        self._file.seek(start)
        both = self._file.read(end - start)
        return PackedVectors(key, both[: middle - start], both[middle - start :])

    def put(self, vectors: Iterable[PackedVectors]) -> None:
        """Keep these. Raises LibraryNotWritable where the disk does not take them."""
        try:
            self._file.seek(self._end)
            for each in vectors:
                self._file.write(each.vector)
                self._file.write(each.sentences)
                middle = self._end + len(each.vector)
                self._places[each.key] = (self._end, middle, middle + len(each.sentences))
                self._end = middle + len(each.sentences)
        except OSError as error:
            what = f"The vectors of a long document find no room in {self._folder}: {error}."
            raise LibraryNotWritable(what, NOT_WRITABLE_HINT) from error

    def row(self, keys: Sequence[bytes]) -> Row:
        """The vectors of these keys, each fetched when it is looked at."""
        return Row(self, keys)


class Row(Sequence[PackedVectors]):
    """Vectors in the order of their keys."""

    def __init__(self, shelf: Shelf, keys: Sequence[bytes]) -> None:
        self._shelf = shelf
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> PackedVectors: ...
    @overload
    def __getitem__(self, place: slice) -> Row: ...
    def __getitem__(self, place: int | slice) -> PackedVectors | Row:
        if isinstance(place, slice):
            return Row(self._shelf, self._keys[place])
        return self._shelf[self._keys[place]]

"""Opens compound files (OLE2), the container of the older Office formats and of Outlook's messages."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from index.errors import DamagedFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self


SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BROKEN = (
    *(OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError),
    RecursionError,  # storages that contain each other
)

_TEMPLATE_TITLES = frozenset(
    {"word document", "document", "untitled", "title", "powerpoint presentation", "presentation", "slide 1"}
)
_PROGRAMS = frozenset({"python-docx", "Microsoft Office User", "User", "Windows User"})
_UTF8 = 65001


class CompoundFile:
    """A compound file in memory. Its streams are named by paths: `__attach_version1.0_#00000000/…`."""

    def __init__(self, data: bytes, name: str) -> None:
        """Raise DamagedFile if the data is no compound file."""
        import olefile

        self._name = name
        self._size = len(data)
        try:
            self._file: Any = olefile.OleFileIO(io.BytesIO(data))
            self.paths: tuple[str, ...] = tuple("/".join(parts) for parts in self._file.listdir())
        except _BROKEN as error:
            raise self.damaged(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, path: str) -> bytes:
        """Return a stream; empty if there is none, whatever capitals its name has. Raises DamagedFile."""
        if path.lower() not in map(str.lower, self.paths):
            return b""
        try:
            with self._file.openstream(path) as stream:
                return bytes(stream.read(self._size))
        except _BROKEN as error:
            raise self.damaged(error) from error

    def check_chains(self) -> None:
        """Raise DamagedFile if a chain of sectors is circular: readers that follow it never come to an end."""
        with suppress(*_BROKEN):
            self._file.loadminifat()
        if any(map(_is_circular, (self._file.fat, self._file.minifat or ()))):
            raise self.damaged("a chain of sectors is circular")

    def properties(self) -> tuple[str, str]:
        """Return the title and the author that the file states, without what a template or a program left there."""
        title = author = ""
        with suppress(*_BROKEN):
            summary = self._file.get_metadata()
            title, author = (_text(value, summary.codepage) for value in (summary.title, summary.author))
        is_meaningful = title.lower() not in _TEMPLATE_TITLES and not title.lower().endswith((".doc", ".dot", ".ppt"))
        return title if is_meaningful else "", "" if author in _PROGRAMS else author

    def damaged(self, error: object) -> DamagedFile:
        """Return the error for a file that breaks the rules of its format."""
        return DamagedFile(f"{self._name} is an Office file of the older kind and damaged: {error}.")


def _is_circular(following: Sequence[int]) -> bool:
    """Return whether sectors, each with the number of the one that follows it, are in a circle."""
    passed = [0] * len(following)
    for start in range(len(following)):
        at = start
        while 0 <= at < len(following) and not passed[at]:
            passed[at] = start + 1
            at = following[at]
        if 0 <= at < len(following) and passed[at] == start + 1:
            return True
    return False


def _text(value: object, codepage: object) -> str:
    if not isinstance(value, bytes):
        return str(value or "").strip("\x00 ")
    encoding = (
        "utf-8" if codepage == _UTF8 else f"cp{codepage}" if isinstance(codepage, int) and codepage > 0 else "cp1252"
    )
    with suppress(LookupError):
        return value.decode(encoding, "replace").strip("\x00 ")
    return value.decode("cp1252", "replace").strip("\x00 ")

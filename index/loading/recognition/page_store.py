"""Keeps recognised pages on disk, so that a long scan goes on where it was interrupted, and is verified quickly.

`recognised/` in the library's folder has a folder for each file, named by the SHA-256 of its bytes, with one small
compressed JSON file for each page. Everything in it can be made again, so a damaged or missing file is no error.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from index.loading.recognition.engine import PageWords, PrintedRule, PrintedWord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

FOLDER = "recognised"
LARGEST = 256_000_000
"""Bytes of all kept pages, about 25,000 pages; the files that were not read for the longest time go first."""
_LARGEST_PAGE = 32_000_000
_COMPLETE = "complete"
_UNFINISHED_SECONDS = 30 * 24 * 3600.0
"""How long the pages of a file are kept whose reading was interrupted."""
_DIGEST = 16


class PageStore:
    """The recognised pages of one file. A page is found only with the key of the engine and settings that read it."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._all = folder
        self._own = folder / identity
        self._checked = False

    def get(self, page: int, key: str | None) -> PageWords | None:
        """Return a page, or None if it is not kept; without a key, return it whatever read it."""
        pattern = f"{page}-{_short(key) if key is not None else '*'}.json.z"
        for path in self._own.glob(pattern):
            with suppress(OSError, ValueError, TypeError, zlib.error):
                return _page(json.loads(_unpacked(path.read_bytes())))
        return None

    def put(self, page: int, key: str, words: PageWords) -> None:
        """Keep a page, instead of what was kept of it. A full or read-only disk costs only time later."""
        value = [words.turn, words.languages, words.note, words.words, words.rules]
        packed = zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        with suppress(OSError):
            self._own.mkdir(parents=True, exist_ok=True)
            self._make_room()
            before = list(self._own.glob(f"{page}-*.json.z"))
            _write(self._own / f"{page}-{_short(key)}.json.z", packed)
            for path in before:
                if path.name != f"{page}-{_short(key)}.json.z":
                    path.unlink(missing_ok=True)

    def finish(self, failed: Sequence[int] = ()) -> None:
        """Mark the file as read to its end: from now on its pages are kept only while the library has it.

        The pages that failed are forgotten.
        """
        with suppress(OSError):
            for page in failed:
                for path in list(self._own.glob(f"{page}-*.json.z")):
                    path.unlink(missing_ok=True)
            if self._own.is_dir():
                (self._own / _COMPLETE).touch()

    def _make_room(self) -> None:
        """Once for each file that is read, remove the oldest other files if all take too much space."""
        if self._checked:
            return
        self._checked = True
        sizes = {folder: _size(folder) for folder in _folders(self._all) if folder != self._own}
        total = sum(sizes.values())
        for folder in sorted(sizes, key=_time):
            if total <= LARGEST:
                return
            total -= sizes[folder]
            shutil.rmtree(folder, ignore_errors=True)


def forget_pages(folder: Path, has: Callable[[str], bool]) -> None:
    """Remove the recognised pages of files that a library no longer has, from `recognised/` in its folder.

    `has` says whether it has the file with a SHA-256. Pages of an interrupted file stay for a month.
    """
    for own in _folders(folder / FOLDER):
        unfinished = not (own / _COMPLETE).exists() and time.time() - _time(own) < _UNFINISHED_SECONDS
        if not unfinished and not has(own.name):
            shutil.rmtree(own, ignore_errors=True)


def is_kept(folder: Path, identity: str) -> bool:
    """Return whether the pages of a file that were recognised are still kept in a library's folder."""
    return (folder / FOLDER / identity / _COMPLETE).exists()


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_DIGEST]


def _page(value: Any) -> PageWords:
    turn, languages, note, words, rules = value
    read = tuple(_word(*word) for word in words)
    return PageWords(read, int(turn), tuple(map(str, languages)), str(note), tuple(_rule(*rule) for rule in rules))


def _rule(left: float, top: float, right: float, bottom: float) -> PrintedRule:
    return PrintedRule(float(left), float(top), float(right), float(bottom))


def _word(text: str, left: float, top: float, right: float, bottom: float, *rest: float) -> PrintedWord:
    confidence, line = rest
    shares = (float(left), float(top), float(right), float(bottom), float(confidence))
    if not text or not all(0 <= share <= 1 for share in shares):
        raise ValueError("a word without letters, or outside its page")
    return PrintedWord(str(text), *shares, int(line))


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(packed, _LARGEST_PAGE)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("it is too long, or incomplete")
    return data


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever reads it finds all of it, or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)  # noqa: PTH105 - a name, not a path
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (entry for entry in folder.iterdir() if entry.is_dir())


def _size(folder: Path) -> int:
    with suppress(OSError):
        return sum(entry.stat().st_size for entry in folder.iterdir())
    return 0


def _time(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0

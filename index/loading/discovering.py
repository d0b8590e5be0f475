"""Which files a reader means by the paths that they name."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SKIPPED = (".", "~$")
"""Hidden files, and the lock files that Office leaves beside an open document."""


def discover(paths: Iterable[str | Path], *, enter: Callable[[Path], bool] = lambda _: True) -> Iterator[Path]:
    """Every file once, folders searched through in sorted order.

    A path that the reader named is always yielded, even where nothing is there or a folder cannot be listed:
    `load` then says so, and the receipt names it. Hidden files and folders are skipped unless named.
    A file that is reached by two ways, or a folder that contains itself by a link, counts once.
    A folder that `enter` refuses is yielded itself, and not looked into.
    """
    seen: set[str] = set()
    for path in map(Path, paths):
        yield from _walk(path, _real(path), seen, enter)


def is_skipped(name: str) -> bool:
    """Whether a file or folder of this name is passed by, unless a reader names it."""
    return name.startswith(_SKIPPED)


def _walk(path: Path, real: str, seen: set[str], enter: Callable[[Path], bool]) -> Iterator[Path]:
    """A file, or what is in a folder; `real` is the same place by the way that has no links in it."""
    if real in seen:
        return
    seen.add(real)
    try:
        if not path.is_dir() or not enter(path):
            yield path
            return
        with os.scandir(path) as entries:
            children = sorted(entries, key=lambda child: child.name)
    except (OSError, ValueError):
        yield path
        return
    for child in children:
        if not is_skipped(child.name) and _is_meant(child):
            # Most names are no links: where they lead is known without asking the system for each part of the way.
            behind = _real(Path(child.path)) if child.is_symlink() else str(Path(real, child.name))
            yield from _walk(path / child.name, behind, seen, enter)


def _is_meant(child: os.DirEntry[str]) -> bool:
    """No pipe, device or link to nothing; what cannot be told is for the receipt to name."""
    try:
        return child.is_dir() or child.is_file()
    except OSError as error:
        return error.errno != errno.ELOOP


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)

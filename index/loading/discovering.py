"""Finds the files in the paths that a user names."""

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
    """Yield each file once; folders are walked in sorted order.

    A path that the user named is always yielded, even if it does not exist or is a folder that cannot be listed:
    `load` then raises an error, and the receipt names the path. Hidden files and folders are skipped unless named.
    A file that is reached by two paths, or a folder that contains itself by a link, counts once.
    A folder that `enter` refuses is yielded itself, and not walked.
    """
    seen: set[str] = set()
    for path in map(Path, paths):
        yield from _walk(path, _real(path), seen, enter)


def is_skipped(name: str) -> bool:
    """Return whether a file or folder of this name is skipped unless the user names it."""
    return name.startswith(_SKIPPED)


def _walk(path: Path, real: str, seen: set[str], enter: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield a file, or the files in a folder; `real` is `path` with all links resolved."""
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
        if not is_skipped(child.name) and _is_file_or_folder(child):
            # Most entries are no links: their real path is known without a system call for each of its parts.
            real_child = _real(Path(child.path)) if child.is_symlink() else str(Path(real, child.name))
            yield from _walk(path / child.name, real_child, seen, enter)


def _is_file_or_folder(child: os.DirEntry[str]) -> bool:
    """Return False for a pipe, a device or a dangling link; keep unreadable entries, so that the receipt names them."""
    try:
        return child.is_dir() or child.is_file()
    except OSError as error:
        return error.errno != errno.ELOOP


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)

"""Which files a reader means by the paths that they name."""

from __future__ import annotations

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
        yield from _walk(path, seen, enter)


def _walk(path: Path, seen: set[str], enter: Callable[[Path], bool]) -> Iterator[Path]:
    try:
        real = os.path.realpath(path)
        if real in seen:
            return
        seen.add(real)
        if not path.is_dir() or not enter(path):
            yield path
            return
        children = sorted(path.iterdir())
    except (OSError, ValueError):
        yield path
        return
    for child in children:
        if not child.name.startswith(_SKIPPED) and (child.is_dir() or child.is_file()):
            yield from _walk(child, seen, enter)

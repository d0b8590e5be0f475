"""Disk space: free space, file sizes, and forcing data to the disk."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from index.errors import NoRoom

if TYPE_CHECKING:
    from pathlib import Path

_SPARE = 1 << 20
"""Bytes that are left free for other programs."""


def require_space(folder: Path, needed: int) -> None:
    """Raise NoRoom if the folder's disk has fewer free bytes than `needed`."""
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise NoRoom(str(folder), needed + _SPARE, free)


def file_size(path: Path) -> int:
    """Return a file's size in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def sync_to_disk(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk now (fsync)."""
    number = os.open(path, os.O_RDONLY)
    try:
        if path.is_dir():
            with suppress(OSError):  # systems that cannot sync folders keep them in order themselves
                os.fsync(number)
        else:
            os.fsync(number)
    finally:
        os.close(number)

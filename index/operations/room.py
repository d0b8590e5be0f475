"""Room on a disk: how much there is, and how much a file takes."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from index.errors import NoRoom

if TYPE_CHECKING:
    from pathlib import Path

_SPARE = 1 << 20
"""What is left free: the disk is not ours alone."""


def demand_room(folder: Path, needed: int) -> None:
    """Raises NoRoom, which says how much is needed, where the folder's disk has less."""
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise NoRoom(str(folder), needed + _SPARE, free)


def size_of(path: Path) -> int:
    """In bytes; nothing where there is no file."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def force_out(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk now."""
    number = os.open(path, os.O_RDONLY)
    try:
        if path.is_dir():
            with suppress(OSError):  # not every system can, and those that cannot do it themselves
                os.fsync(number)
        else:
            os.fsync(number)
    finally:
        os.close(number)

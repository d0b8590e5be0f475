"""Paths into containers: `/home/me/leak.zip/inner/report.pdf`. A container is a file, so such a path is unambiguous."""

from __future__ import annotations

import os
from pathlib import Path


def container_file(path: Path) -> Path | None:
    """Return the file on disk that a path leads into; None for a path that exists itself, or leads nowhere."""
    name = os.fspath(path)
    if _exists(name):
        return None
    parent = os.path.dirname(name)
    while parent != name:
        if _exists(parent):
            return Path(parent) if os.path.isfile(parent) else None
        name, parent = parent, os.path.dirname(parent)
    return None


def file_on_disk(path: Path) -> Path:
    """Return the file whose size and times tell whether this file, or this member of a container, has changed."""
    return container_file(path) or path


def _exists(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False

"""Read-only folders: by a mount for root, by permissions for other users."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def read_only(folder: Path, at: Path) -> Iterator[Path]:
    """Mount the folder read-only at another path; under its own path it can still be changed."""
    at.mkdir()
    if os.geteuid() != 0:
        pytest.skip("no folder can be mounted here: that takes root")
    _mount("--bind", str(folder), str(at))
    try:
        _mount("-o", "remount,bind,ro", str(at))
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def _mount(*options: str) -> None:
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("no folder can be mounted here: that takes root")


@contextmanager
def forbidden(folder: Path) -> Iterator[None]:
    """Remove the permission to write in a folder and its subfolders."""
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in folders:
            path.chmod(0o755)

"""Folders for temporary files, also where a disk that is read-only leaves few places for them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from index.errors import SettingsError

_PREFIX = "pincite-"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a container with a read-only root has it
"""A disk in memory, on Linux."""


def scratch_folder() -> TemporaryDirectory[str]:
    """A new folder of this process alone. Raises SettingsError where none can be made anywhere."""
    for place in (None, _IN_MEMORY):
        if place is None or os.access(place, os.W_OK | os.X_OK):
            with suppress(OSError):
                return TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True)
    raise SettingsError(
        f"There is no folder for temporary files: {_searched()} cannot be written.",
        "Name one that can be with the environment variable TMPDIR; a container wants `--tmpfs /tmp`.",
    )


def _searched() -> str:
    """The folders that were tried."""
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    return ", ".join(dict.fromkeys([*named, "/tmp", str(_IN_MEMORY)]))  # noqa: S108 - named, not used

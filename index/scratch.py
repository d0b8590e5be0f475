"""Temporary folders, also on systems with a read-only disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from index.errors import SettingsError

_PREFIX = "pincite-"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a container with a read-only root has it
"""A file system in memory, on Linux."""


def scratch_folder() -> TemporaryDirectory[str]:
    """Create a temporary folder for this process. Raises SettingsError if no place is writable."""
    for parent in (None, _IN_MEMORY):
        if parent is None or os.access(parent, os.W_OK | os.X_OK):
            with suppress(OSError):
                return TemporaryDirectory(prefix=_PREFIX, dir=parent, ignore_cleanup_errors=True)
    raise SettingsError(
        f"There is no folder for temporary files: {_searched()} cannot be written.",
        "Set the environment variable TMPDIR to a writable folder; start a container with `--tmpfs /tmp`.",
    )


def _searched() -> str:
    """Return the folders that were tried."""
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    return ", ".join(dict.fromkeys([*named, "/tmp", str(_IN_MEMORY)]))  # noqa: S108 - named, not used

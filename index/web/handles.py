"""Names for uploaded files that say nothing of where they are, and that nobody guesses.

Gradio gives the browser absolute paths, and takes any path back. A handle stands for one uploaded file: whoever knows
it has uploaded that file.
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

MOST = 20_000
"""Handles that are kept; the oldest goes first. Gradio deletes a file that nobody wanted after an hour."""


class Handles:
    """The files that were uploaded to this server. Safe to use from several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._paths: dict[str, str] = {}
        self._changing = threading.Lock()

    def give(self, folder: Path, name: str) -> tuple[str, Path]:
        """A new handle and the path that it stands for, in a folder of its own: equal files do not meet there.

        The handle ends in the file's name, which the page shows.
        """
        key = secrets.token_urlsafe(16)
        handle, path = f"{key}/{name}", folder / key / name
        with self._changing:
            self._paths[handle] = str(path)
            if len(self._paths) > self._most:
                del self._paths[next(iter(self._paths))]
        return handle, path

    def path(self, handle: object) -> str | None:
        """The file that a handle stands for; None for whatever is not one."""
        return self._paths.get(handle) if isinstance(handle, str) else None

    def take_back(self, handle: str) -> Path:
        """Forget a handle; where its file is, to be deleted."""
        with self._changing:
            return Path(self._paths.pop(handle))

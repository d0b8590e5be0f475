"""Adds documents from folders of the server, if its operator allows it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import NotAllowed, SourceNotFound, TooMany
from index.loading import discover
from index.records import Failure
from index.serving.states import Arrival

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.settings import Settings

_SETTING = "PINCITE_ALLOW_FOLDERS"


def folder_arrivals(path: str | Path, settings: Settings) -> list[Arrival]:
    """Return the files at a path inside `settings.allow_folders`; they are read in place, without a copy.

    Links that lead out of those folders are listed but not followed: reading them fails. Raises NotAllowed for every
    other path, whether it exists or not, SourceNotFound, or TooMany.
    """
    allowed = tuple(Path(os.path.realpath(folder.expanduser())) for folder in settings.allow_folders)
    named = Path(path).absolute()
    if "\0" in str(path) or not _inside(named, allowed):
        raise NotAllowed("Adding files from that folder", _SETTING)
    if not os.path.exists(named):  # noqa: PTH110 - Path.exists raises where a folder may not be entered
        raise SourceNotFound(f"There is nothing at {path}.")
    arrivals: list[Arrival] = []
    for file in discover([named], enter=lambda folder: _inside(folder, allowed)):
        arrivals.append(Arrival(_text(file.name), file, _text(os.path.normpath(file)), _size(file), within=allowed))
        if len(arrivals) > settings.max_upload_files:
            raise TooMany("files", len(arrivals), settings.max_upload_files, "PINCITE_MAX_UPLOAD_FILES")
    return arrivals


def access_failure(arrival: Arrival) -> Failure | None:
    """Return why a file must not be read, or None. Call it just before reading: a link may have changed."""
    if not arrival.within or _inside(arrival.path, arrival.within):
        return None
    reason = "It is a link to a place outside the allowed folders."
    return Failure(arrival.source, reason, f"The operator of this server can allow that place with {_SETTING}.")


def _inside(path: Path, folders: Sequence[Path]) -> bool:
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(folder) for folder in folders)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _text(name: str) -> str:
    """Return a file name as valid text, even if its bytes are not."""
    return os.fsencode(name).decode("utf-8", "replace")

"""Documents from folders of the server, where its operator allows that."""

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
    """The files of a folder, or a file, that lies in one of `settings.allow_folders`; they are read where they are.

    Links that lead out of those folders are not followed: they are listed, and fail when they are to be read. Raises
    NotAllowed for every other path, whether there is something or not, SourceNotFound, or TooMany.
    """
    allowed = tuple(Path(os.path.realpath(folder.expanduser())) for folder in settings.allow_folders)
    named = Path(path).absolute()
    if "\0" in str(path) or not _inside(named, allowed):
        raise NotAllowed("Adding files from that place", _SETTING)
    if not os.path.exists(named):  # noqa: PTH110 - Path.exists raises where a folder may not be entered
        raise SourceNotFound(f"There is nothing at {path}.")
    found: list[Arrival] = []
    for file in discover([named], enter=lambda folder: _inside(folder, allowed)):
        found.append(Arrival(_text(file.name), file, _text(os.path.normpath(file)), _size(file), within=allowed))
        if len(found) > settings.max_upload_files:
            raise TooMany("files", len(found), settings.max_upload_files, "PINCITE_MAX_UPLOAD_FILES")
    return found


def refusal(arrival: Arrival) -> Failure | None:
    """Why a file must not be read: asked when it is about to be, for a link may have been changed since."""
    if not arrival.within or _inside(arrival.path, arrival.within):
        return None
    reason = "It is a link to a place outside of the folders that are allowed."
    return Failure(arrival.source, reason, f"Whoever runs this server can allow that place with {_SETTING}.")


def _inside(path: Path, folders: Sequence[Path]) -> bool:
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(folder) for folder in folders)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _text(name: str) -> str:
    """A name that can be shown, even where its bytes are no text."""
    return os.fsencode(name).decode("utf-8", "replace")

"""Scans folders for files as `discover` does, and records places that could not be scanned."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.errors import FolderMissing
from index.ingest.queue import SETTLING_NS
from index.loading.loader import discover, is_skipped, locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class FileMetadata(NamedTuple):
    """The metadata of a file. Every write changes them: only the system can set `changed`."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> FileMetadata:
        """Build from the result of `stat`."""
        return cls(state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)

    def stamp(self, now: int) -> str:
        """Return the stamp for the worklist; empty if a change at `now` (in nanoseconds) or later might not show.

        Git calls such a file racy: it changed in nearly the same tick of the file system's clock.
        """
        return ":".join(map(str, self)) if now - max(self.modified, self.changed) >= SETTLING_NS else ""


@dataclass(slots=True)
class Scan:
    """The result of a scan."""

    metadata: dict[str, FileMetadata] = field(default_factory=dict)
    """Every file to read, by source."""
    unseen: dict[str, str] = field(default_factory=dict)
    """Places that could not be scanned, and why. Files below them may still exist."""

    def file_of(self, source: str) -> str:
        """Return the scanned file that a source is, or is a member of; empty if there is none."""
        while source and source not in self.metadata:
            above = os.path.dirname(source)
            source = "" if above == source else above
        return source

    def hides(self, source: str, folder: str) -> str:
        """Return the place that hides whether a source exists; empty if the source is gone.

        Such a place is a folder that could not be listed, or a broken link, whose target may be on another disk.
        """
        path = source
        while len(path) > len(folder):
            if path in self.unseen:
                return path
            if os.path.islink(path) and not os.path.exists(path):
                self.unseen[path] = "it is a broken link"
                return path
            path = os.path.dirname(path)
        return ""


def roots(folders: Iterable[str | Path]) -> list[Path]:
    """Return the folders' absolute paths, without folders inside another one. Raises FolderMissing."""
    found: list[Path] = []
    for path in sorted({locate(Path(folder).expanduser()) for folder in folders}):
        check(path)
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def check(folder: Path) -> None:
    """Raise FolderMissing if a folder cannot be listed."""
    try:
        with os.scandir(folder):
            pass
    except (OSError, ValueError) as error:
        raise FolderMissing(str(folder), getattr(error, "strerror", None) or str(error)) from error


def is_empty(folder: Path) -> bool:
    """Return whether a folder has no entry, not even a hidden one, like the mount point of an unmounted disk."""
    check(folder)
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def is_below(source: str, folder: str) -> bool:
    """Return whether a path is below a folder, by their names."""
    return source.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def root_of(source: str, folders: Sequence[Path]) -> str:
    """Return the folder that contains a source; empty if none does."""
    return next((folder for folder in map(str, folders) if is_below(source, folder)), "")


def is_hidden(source: str, folder: str) -> bool:
    """Return whether `discover` skips the source, or a folder above it, when it starts at the folder."""
    return any(map(is_skipped, source.removeprefix(folder).split(os.sep)))


def is_linked(sources: Iterable[str], folders: Sequence[Path]) -> bool:
    """Return whether any source is reached through a link; then only a full scan tells which of its names counts."""
    return any(os.path.islink(path) for path in _paths_between(sources, folders))


def scan(folders: Sequence[Path], have: Mapping[str, str], *, without: Path) -> Scan:
    """Scan the folders, except the library's own; hidden files count if the library has them as sources.

    Raises FolderMissing if one of the folders disappears meanwhile.
    """
    named = [source for source in have if is_hidden(source, root_of(source, folders)) and os.path.lexists(source)]
    own = os.path.realpath(without)
    found = Scan()
    before = [folder_identity(folder) for folder in folders]
    for path in discover([*folders, *named], enter=lambda folder: os.path.realpath(folder) != own):
        _take(found, path, own)
    if before != [folder_identity(folder) for folder in folders]:
        raise FolderMissing(", ".join(map(str, folders)), "it was moved or replaced during the scan")
    return found


def scan_paths(paths: Iterable[Path], folders: Sequence[Path], have: Mapping[str, str], *, without: Path) -> Scan:
    """Scan these paths only. Folders are skipped, because their files are among the paths themselves."""
    own = os.path.realpath(without)
    found = Scan()
    for path in paths:
        root = root_of(str(path), folders)
        if root and (str(path) in have or not is_hidden(str(path), root)) and os.path.isfile(path):
            _take(found, path, own)
    return found


def _take(found: Scan, path: Path, own: str) -> None:
    source = str(path)
    try:
        state = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        found.unseen[source] = error.strerror or str(error)
        return
    if stat.S_ISDIR(state.st_mode):
        if os.path.realpath(path) != own:
            found.unseen[source] = "its content cannot be listed"
        return
    found.metadata[source] = FileMetadata.of(state)


def folder_identity(folder: Path) -> tuple[int, int]:
    """Return device and inode of a folder: another folder at the same path has others. Raises FolderMissing."""
    check(folder)
    state = folder.stat()
    return state.st_dev, state.st_ino


def _paths_between(sources: Iterable[str], folders: Sequence[Path]) -> Iterator[str]:
    """Yield the files, and each folder between them and the given folders."""
    visited = {str(folder) for folder in folders}
    for source in sources:
        yield source
        path = os.path.dirname(source)
        while path not in visited and len(path) > 1:
            visited.add(path)
            yield path
            path = os.path.dirname(path)

"""What is in the folders now, as `discover` sees them, and what could not be seen."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.errors import FolderMissing
from index.loading import discover, locate
from index.loading.discovering import is_skipped
from index.storage.worklist import SETTLING_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class Look(NamedTuple):
    """How a file looks from outside. Whoever writes to it changes that: `changed` is set by the system alone."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> Look:
        """From what the system says."""
        return cls(state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)

    def stamp(self, now: int) -> str:
        """As the worklist has it; empty where a change from `now` on, in nanoseconds, might not show.

        Git calls such a file racy: it changed in the same tick of its system's clock, or nearly.
        """
        return ":".join(map(str, self)) if now - max(self.modified, self.changed) >= SETTLING_NS else ""


@dataclass(slots=True)
class Scan:
    """What was found."""

    looks: dict[str, Look] = field(default_factory=dict)
    """Every file that is to be read, by source."""
    unseen: dict[str, str] = field(default_factory=dict)
    """Folders that could not be listed, or files not looked at, and why: what was below them may still be there."""

    def hides(self, source: str, folder: str) -> str:
        """The place that keeps one from knowing whether a source is there; empty where it is gone.

        That is a folder that could not be listed, or a link to nothing: what it led to may lie on another disk.
        """
        path = source
        while len(path) > len(folder):
            if path in self.unseen:
                return path
            if os.path.islink(path) and not os.path.exists(path):
                self.unseen[path] = "it is a link to nothing"
                return path
            path = os.path.dirname(path)
        return ""


def roots(folders: Iterable[str | Path]) -> list[Path]:
    """The folders by their full names, without those that are in another one. Raises FolderMissing."""
    found: list[Path] = []
    for path in sorted({locate(Path(folder).expanduser()) for folder in folders}):
        check(path)
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def check(folder: Path) -> None:
    """Raise FolderMissing where a folder cannot be listed."""
    try:
        with os.scandir(folder):
            pass
    except (OSError, ValueError) as error:
        raise FolderMissing(str(folder), getattr(error, "strerror", None) or str(error)) from error


def is_empty(folder: Path) -> bool:
    """Whether there is nothing at all, not even hidden: so does the place of a disk look that is not mounted."""
    check(folder)
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def is_below(source: str, folder: str) -> bool:
    """Whether a path is in a folder, by its name."""
    return source.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def root_of(source: str, folders: Sequence[Path]) -> str:
    """In which of the folders a source is; empty where in none."""
    return next((folder for folder in map(str, folders) if is_below(source, folder)), "")


def is_hidden(source: str, folder: str) -> bool:
    """Whether `discover` passes it by on its way down from the folder."""
    return any(map(is_skipped, source.removeprefix(folder).split(os.sep)))


def is_linked(sources: Iterable[str], folders: Sequence[Path]) -> bool:
    """Whether a link leads to any of these: which of a file's names counts is then seen only from above."""
    return any(os.path.islink(path) for path in _ways(sources, folders))


def scan(folders: Sequence[Path], have: Mapping[str, str], *, without: Path) -> Scan:
    """Look through the folders, but for the library's own; hidden files count where the library has them by name.

    Raises FolderMissing where one of them goes meanwhile.
    """
    named = [source for source in have if is_hidden(source, root_of(source, folders)) and os.path.lexists(source)]
    own = os.path.realpath(without)
    found = Scan()
    before = [mark(folder) for folder in folders]
    for path in discover([*folders, *named], enter=lambda folder: os.path.realpath(folder) != own):
        _take(found, path, own)
    if before != [mark(folder) for folder in folders]:
        raise FolderMissing(", ".join(map(str, folders)), "it changed places while it was looked through")
    return found


def scan_paths(paths: Iterable[Path], folders: Sequence[Path], have: Mapping[str, str], *, without: Path) -> Scan:
    """Look at these alone: files, for what a folder holds is named by itself."""
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
    found.looks[source] = Look.of(state)


def mark(folder: Path) -> tuple[int, int]:
    """What tells a folder from another one in its place. Raises FolderMissing."""
    check(folder)
    state = folder.stat()
    return state.st_dev, state.st_ino


def _ways(sources: Iterable[str], folders: Sequence[Path]) -> Iterator[str]:
    """The files, and each folder that one passes on the way down to them."""
    passed = {str(folder) for folder in folders}
    for source in sources:
        yield source
        path = os.path.dirname(source)
        while path not in passed and len(path) > 1:
            passed.add(path)
            yield path
            path = os.path.dirname(path)

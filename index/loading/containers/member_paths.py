"""The members of a container: their names, the protocol of modules that list and read them, and paths that lead into
them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import ContainerTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_MAX_UNPACKED_BYTES = 4_000_000_000
"""Bytes that the members of one container may have together."""
_MAX_RATIO = 200
"""Unpacked size over packed size. Archives of documents have ratios below 20; a bomb reaches a thousand and more."""
_HARMLESS_SIZE = 20_000_000
"""Unpacked bytes below which even a bomb does no harm."""
_MAX_PART_CHARACTERS = 120
"""Characters of a folder's or file's name in a container; longer names are cut before the suffix."""
_SKIPPED = (".", "~$")
_FURNITURE = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DRIVE = re.compile(r"[A-Za-z]:(?=[/\\])")
_UNPACK_HINT = "Unpack it if you trust its source, and add the folder."


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a container."""

    name: str
    """Its path below the container: parts joined by `/`, without `..`; no two members have the same."""
    size: int
    """Bytes, as the container states; 0 if it does not."""
    key: Any
    """What its container finds it by."""


class Container(Protocol):
    """An open container. `read` raises the errors of `index.loading.loader`."""

    @property
    def members(self) -> Sequence[Member]:
        """The members, in the order of the container; hidden files are left out."""
        ...

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """Return the bytes of a member."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """The limits that hold for every container."""

    depth: int = 3
    """How many containers may be in one another."""
    members: int = 10_000
    """How many members a container may have."""

    def check_count(self, name: str, count: int) -> None:
        """Raise ContainerTooLarge if a container has more than `members` members."""
        if count > self.members:
            raise ContainerTooLarge(
                f"{name} has more than the {self.members:,} members that the settings allow.",
                "Raise the limit with PINCITE_MAX_MEMBERS, or unpack it and add the folder in parts.",
            )

    def check_depth(self, name: str, depth: int) -> None:
        """Raise ContainerTooLarge if a container is the `depth`-th of those that are in one another, and too deep."""
        if depth > self.depth:
            raise ContainerTooLarge(
                f"{name} is the {depth}th of containers that are in one another; the settings allow {self.depth}.",
                "Raise the limit with PINCITE_MAX_NESTING, or unpack the outer ones, and add the folder.",
            )


CONTAINER_LIMITS = ContainerLimits()
"""The limits that hold unless the settings state others."""


def check_size(name: str, packed: int, unpacked: int) -> None:
    """Raise ContainerTooLarge for a container that unpacks to too many bytes: it is a bomb, or too large to read."""
    if unpacked > _MAX_UNPACKED_BYTES or unpacked > max(_HARMLESS_SIZE, _MAX_RATIO * packed):
        raise ContainerTooLarge(
            f"{name} looks like a bomb: {packed / 1e6:.3g} megabytes would unpack to {unpacked / 1e6:,.0f}.",
            _UNPACK_HINT,
        )


def most_unpacked(packed: int) -> int:
    """Return how many bytes a container of `packed` bytes may unpack to."""
    return min(_MAX_UNPACKED_BYTES, max(_HARMLESS_SIZE, _MAX_RATIO * packed))


def named_members(entries: Iterable[tuple[str, int, Any]], name: str, limits: ContainerLimits) -> list[Member]:
    """Return the members for entries of name, size and key. Raises ContainerTooLarge as soon as there are too many.

    Hidden files are left out. A name that is taken gets a number: `report (2).pdf`.
    """
    members: list[Member] = []
    taken: set[str] = set()
    for raw, size, key in entries:
        parts = list(_parts(raw))
        if not parts or any(map(_is_furniture, parts)):
            continue
        limits.check_count(name, len(members) + 1)
        free = _free("/".join(parts), taken)
        taken.add(free.casefold())
        members.append(Member(free, size, key))
    return members


def _parts(raw: str) -> Iterator[str]:
    """Yield the parts of a stated path, as they may stand in a path: no `..`, no control characters."""
    for part in _DRIVE.sub("", raw).replace("\\", "/").split("/"):
        clean = _UNSAFE.sub("\ufffd", part).strip()
        if clean not in ("", ".", ".."):
            yield _shortened(clean)


def _shortened(part: str) -> str:
    if len(part) <= _MAX_PART_CHARACTERS:
        return part
    suffix = PurePosixPath(part).suffix[:20]
    return part[: _MAX_PART_CHARACTERS - len(suffix) - 1].rstrip() + "…" + suffix


def _is_furniture(part: str) -> bool:
    return part.startswith(_SKIPPED) or part.lower() in _FURNITURE


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the name with the first number that makes it new."""
    if name.casefold() not in taken:
        return name
    path, number = PurePosixPath(name), 2
    while (free := str(path.with_name(f"{path.stem} ({number}){path.suffix}"))).casefold() in taken:
        number += 1
    return free


# Paths into containers: `/home/me/leak.zip/inner/report.pdf`. A container is a file, so such a path is unambiguous.


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

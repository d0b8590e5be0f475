"""Lists containers and reads their members, by paths that lead into them. It runs in a process with limits only."""

from __future__ import annotations

import io
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

from index.errors import SourceNotFound, SourceNotReadable, TooLarge, UnsupportedFormat
from index.loading.compound_files import SIGNATURE
from index.loading.containers.archives import BZIP2, GZIP, XZ, CompressedFile, TarArchive, ZipArchive, is_tar, unpacked
from index.loading.containers.member_paths import container_file
from index.loading.formats import mail_media_type
from index.loading.loader import too_large
from index.records.file_kinds import format_of, formats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from index.loading.containers.member_paths import Container, ContainerLimits, Member

_MAX_OPEN_CONTAINERS = 3
"""Containers that stay open, so that the members of one are listed once and not for each member again."""
_HEAD = 8192


class _Key(NamedTuple):
    """What identifies an open container: its path, the state of the file on disk, and how it was opened."""

    path: str
    stamp: tuple[int, int, int]
    passwords: tuple[str, ...]
    limits: ContainerLimits


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open container, where it is, and its members by name."""

    path: Path
    container: Container
    names: dict[str, Member]

    def find(self, parts: Sequence[str]) -> tuple[Member | None, int]:
        """Return the member whose name is the beginning of a path, the longest first, and the length of its name."""
        for length in range(len(parts), 0, -1):
            if member := self.names.get("/".join(parts[:length])):
                return member, length
        return None, 0


class ContainerReader:
    """Reads members of containers. It keeps the last containers open."""

    def __init__(self) -> None:
        self._open: OrderedDict[_Key, _Opened] = OrderedDict()

    def members(
        self, path: Path, limits: ContainerLimits, passwords: Sequence[str], *, max_bytes: int
    ) -> Sequence[Member]:
        """Return the members of the container at a path, which may lead into another container."""
        parents = len(self._chain(path, limits, passwords, max_bytes)[0]) if container_file(path) else 0
        limits.check_depth(path.name, parents + 1)
        return self._container(path, limits, passwords, max_bytes).container.members

    def read(self, path: Path, limits: ContainerLimits, passwords: Sequence[str], *, max_bytes: int) -> bytes:
        """Return the bytes of a member. Raises SourceNotFound if the path leads to none."""
        containers, member = self._chain(path, limits, passwords, max_bytes)
        return containers[-1].container.read(member, max_bytes=max_bytes)

    def container_of(self, path: Path, limits: ContainerLimits, passwords: Sequence[str], *, max_bytes: int) -> Path:
        """Return the path of the innermost container that a path leads into."""
        return self._chain(path, limits, passwords, max_bytes)[0][-1].path

    def close(self) -> None:
        """Close all containers."""
        while self._open:
            self._open.popitem()[1].container.close()

    def _chain(
        self, path: Path, limits: ContainerLimits, passwords: Sequence[str], max_bytes: int
    ) -> tuple[list[_Opened], Member]:
        """Return the containers that a path leads through, outermost first, and the member that it names."""
        at = container_file(path)
        if at is None:
            raise SourceNotFound(f"There is nothing at {path}.")
        rest = path.relative_to(at).parts
        containers: list[_Opened] = []
        while True:
            limits.check_depth(at.name, len(containers) + 1)
            container = self._container(at, limits, passwords, max_bytes)
            containers.append(container)
            member, length = container.find(rest)
            if member is None:
                raise SourceNotFound(f"There is no {'/'.join(rest)} in {at.name}.")
            at, rest = at.joinpath(*rest[:length]), rest[length:]
            if not rest:
                return containers, member

    def _container(self, path: Path, limits: ContainerLimits, passwords: Sequence[str], max_bytes: int) -> _Opened:
        file = container_file(path)
        key = _Key(str(path), _stamp(file or path), tuple(passwords), limits)
        if key not in self._open:
            opened: BinaryIO
            if file is None:
                opened = _opened(path, max_bytes)
            else:
                opened = io.BytesIO(self.read(path, limits, passwords, max_bytes=max_bytes))
            container = open_container(opened, path.name, limits, passwords)
            while len(self._open) >= _MAX_OPEN_CONTAINERS:
                self._open.popitem(last=False)[1].container.close()
            self._open[key] = _Opened(path, container, {member.name: member for member in container.members})
        self._open.move_to_end(key)
        return self._open[key]


def open_container(file: BinaryIO, name: str, limits: ContainerLimits, passwords: Sequence[str] = ()) -> Container:
    """Open a container of any kind, which is recognised by its content; closing it closes the file.

    Raises UnsupportedFormat for other files, and the errors of containers; then the file is closed.
    """
    with ExitStack() as stack:
        stack.callback(file.close)
        head = _head(file)
        if head.startswith((GZIP, BZIP2, XZ)):
            packed, file = file, unpacked(file, name)
            packed.close()
            stack.callback(file.close)
            head = _head(file)
            container: Container = (
                TarArchive(file, name, limits) if is_tar(head) else CompressedFile(file, name, limits)
            )
        else:
            container = _of_kind(head, file, name, limits, passwords)
        stack.pop_all()
        return container


def _of_kind(head: bytes, file: BinaryIO, name: str, limits: ContainerLimits, passwords: Sequence[str]) -> Container:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZipArchive(file, name, limits, passwords)
    if is_tar(head):
        return TarArchive(file, name, limits)
    if members := _members_of(head, name):
        container: Container = resolve_name(members)(file, name, limits)
        return container
    raise UnsupportedFormat(f"{name} is no archive, mailbox or message.", "Name a file, or a member of an archive.")


def _members_of(head: bytes, name: str) -> str:
    """Return the name of the function that lists the files in a message or a mailbox; empty for other files."""
    if head.startswith(SIGNATURE):
        return next((each.members for each in formats() if each.looks_at == "ole2" and each.members), "")
    return format_of(mail_media_type(head, PurePath(name).suffix.lower())).members


def _head(file: BinaryIO) -> bytes:
    head = file.read(_HEAD)
    file.seek(0)
    return head


def _opened(path: Path, max_bytes: int) -> BinaryIO:
    try:
        if path.stat().st_size > max_bytes:
            raise too_large(path.name, max_bytes)
        return path.open("rb")
    except TooLarge:
        raise
    except FileNotFoundError as error:
        raise SourceNotFound(f"There is nothing at {path}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotReadable(f"{path} cannot be read: {reason}.") from error


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        state = path.stat()
    except (OSError, ValueError):
        return (0, 0, 0)
    return state.st_ino, state.st_size, state.st_mtime_ns

"""Members of tar archives, also compressed ones, and the one member of a file that is only compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from index.errors import ContainerTooLarge, DamagedFile
from index.loading.containers.member import Member, check_size, most_unpacked, named_members
from index.loading.loader import too_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader
    from typing import BinaryIO

    from index.loading.containers.member import ContainerLimits

GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
_BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
_BLOCK = 1 << 20
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_SHORT = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}
_IN_MEMORY = 16_000_000
"""Unpacked bytes that are kept in memory; more go to a temporary file, which has no name."""


def is_tar(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is an uncompressed tar archive."""
    return head.startswith(_TAR_MARK, _TAR_MARK_AT)


def unpacked(file: BinaryIO, name: str) -> BinaryIO:
    """Return a compressed file's content as a temporary file, in which one can go back without unpacking again.

    Of a tar archive that was cut off, it is the beginning: the files before the cut are intact.
    Raises ContainerTooLarge for a bomb, as soon as it has grown too large, and DamagedFile.
    """
    packed = file.seek(0, 2)
    file.seek(0)
    most = most_unpacked(packed)
    target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the archive closes it
    try:
        with _decompressor(file) as stream:
            while block := stream.read1(_BLOCK):  # what precedes an error is kept
                target.write(block)
                if target.tell() > most:
                    check_size(name, packed, target.tell() * 2)
                    raise ContainerTooLarge(f"{name} unpacks to more than {most / 1e6:,.0f} megabytes.")
    except _BROKEN as error:
        target.seek(0)
        if not isinstance(error, EOFError) or not is_tar(target.read(_BLOCK)):
            target.close()
            raise DamagedFile(f"{name} is a compressed file that cannot be unpacked: {error}.") from error
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return cast("BinaryIO", target)


def _decompressor(file: BinaryIO) -> BufferedReader:
    head = file.read(len(XZ))
    file.seek(0)
    if head.startswith(GZIP):
        return cast("BufferedReader", gzip.GzipFile(fileobj=file))
    return cast("BufferedReader", bz2.BZ2File(file) if head.startswith(BZIP2) else lzma.LZMAFile(file))


class TarArchive:
    """An open tar archive that is not compressed, or was unpacked before."""

    def __init__(self, file: BinaryIO, name: str, limits: ContainerLimits) -> None:
        self._file = file
        self._name = name
        try:
            self._archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - `close` closes it
            self._members = named_members(self._entries(), name, limits)
        except _BROKEN as error:
            raise DamagedFile(f"{name} is a tar archive that cannot be opened: {error}.") from error

    def _entries(self) -> Iterator[tuple[str, int, tarfile.TarInfo]]:
        """Yield the regular files. Links and devices are no documents: a link could lead out of the archive."""
        entry = self._archive.next()
        while entry is not None:
            if entry.isreg():
                yield entry.name, entry.size, entry
            try:
                entry = self._archive.next()
            except tarfile.ReadError:  # it was cut off: the file before says so when it is read
                return

    @property
    def members(self) -> Sequence[Member]:
        """The files in it."""
        return self._members

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """Return the bytes of a member."""
        if member.size > max_bytes:
            raise too_large(member.name, max_bytes)
        try:
            stream = self._archive.extractfile(member.key)
            data = stream.read() if stream else b""
        except tarfile.ReadError:  # the end of the archive came first
            data = b""
        except _BROKEN as error:
            raise DamagedFile(f"{member.name} in {self._name} is damaged: {error}.") from error
        if len(data) != member.size:
            raise DamagedFile(f"{member.name} is cut off, because {self._name} is not complete.")
        return data

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()
        self._file.close()


class CompressedFile:
    """A file that is compressed and no archive: it has one member, the file that was compressed."""

    def __init__(self, file: BinaryIO, name: str, limits: ContainerLimits) -> None:
        self._file = file
        size = file.seek(0, 2)
        self._members = named_members([(_inner_name(name), size, None)], name, limits)

    @property
    def members(self) -> Sequence[Member]:
        """The one file in it."""
        return self._members

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """Return the bytes of the file."""
        if member.size > max_bytes:
            raise too_large(member.name, max_bytes)
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _inner_name(name: str) -> str:
    """Return the name of the file that was compressed to a file of this name."""
    path = PurePosixPath(name.replace("\\", "/"))
    short = _SHORT.get(path.suffix.lower(), "")
    stem = path.stem.lstrip(".~$") or "content"
    return stem + short

"""Members of archives: zip, also encrypted, tar, also compressed, and the one member of a file that is only
compressed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from index.errors import ContainerTooLarge, DamagedFile, PasswordRequired, UnsupportedFormat
from index.loading.containers.member_paths import Member, check_size, most_unpacked, named_members
from index.loading.loader import too_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader
    from typing import BinaryIO

    from index.loading.containers.member_paths import ContainerLimits


_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, IndexError, OverflowError)
_ENCRYPTED = 0x1
_UTF8 = 0x800
_AES = 99
"""The compression method that stands for encryption by AES."""


class ZipArchive:
    """An open zip archive."""

    def __init__(self, file: BinaryIO, name: str, limits: ContainerLimits, passwords: Sequence[str]) -> None:
        self._file = file
        self._name = name
        self._passwords = [password.encode() for password in passwords]
        try:
            self._archive = zipfile.ZipFile(file)
            # A name ends at a NUL for `zipfile`. If nothing is left of it, `is_dir` of Python 3.11 fails.
            entries = [entry for entry in self._archive.infolist() if entry.filename and not entry.is_dir()]
            packed = file.seek(0, 2)
        except (*_ZIP_ERRORS, NotImplementedError) as error:
            raise DamagedFile(f"{name} is a zip archive that cannot be opened: {error}.") from error
        check_size(name, packed, sum(entry.file_size for entry in entries))
        self._members = named_members(
            ((_stated_name(entry), entry.file_size, entry) for entry in entries), name, limits
        )

    @property
    def members(self) -> Sequence[Member]:
        """The files in it."""
        return self._members

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """Return the bytes of a member; `zipfile` gives no more than the member's stated size."""
        if member.size > max_bytes:
            raise too_large(member.name, max_bytes)
        entry: zipfile.ZipInfo = member.key
        if entry.flag_bits & _ENCRYPTED:
            return self._decrypted(entry, member.name)
        try:
            return self._archive.read(entry)
        except (NotImplementedError, RuntimeError) as error:
            raise _unsupported(member.name, self._name) from error
        except _ZIP_ERRORS as error:
            raise DamagedFile(f"{member.name} in {self._name} is damaged: {error}.") from error

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()
        self._file.close()

    def _decrypted(self, entry: zipfile.ZipInfo, name: str) -> bytes:
        """Return the bytes of an encrypted member. The first password that fits is tried first for the next member.

        A wrong password passes zipfile's check once in 256 times; then the checksum of the content fails.
        """
        if entry.compress_type == _AES:
            message = f"{name} in {self._name} is encrypted by AES, which Pincite cannot decrypt."
            raise PasswordRequired(message, "Unpack the archive with its password, and add the folder.")
        for password in self._passwords:
            try:
                data = self._archive.read(entry, pwd=password)
            except NotImplementedError as error:
                raise _unsupported(name, self._name) from error
            except (RuntimeError, *_ZIP_ERRORS):
                continue
            self._passwords.remove(password)
            self._passwords.insert(0, password)
            return data
        raise PasswordRequired(f"{name} in {self._name} is locked with a password.")


def _unsupported(name: str, archive: str) -> UnsupportedFormat:
    message = f"{name} in {archive} is compressed by a method that Pincite does not know."
    return UnsupportedFormat(message, "Unpack the archive, and add the folder.")


def _stated_name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name. Names that are not marked as UTF-8 are in the encoding of the system that made them."""
    name = entry.filename
    if entry.flag_bits & _UTF8:
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeError:
        return name
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return name


# Members of tar archives, also compressed ones, and the one member of a file that is only compressed.

GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
_TAR_ERRORS = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
_BLOCK = 1 << 20
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_SHORT_ENDINGS = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}
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
    except _TAR_ERRORS as error:
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
        except _TAR_ERRORS as error:
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
        except _TAR_ERRORS as error:
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
    short = _SHORT_ENDINGS.get(path.suffix.lower(), "")
    stem = path.stem.lstrip(".~$") or "content"
    return stem + short

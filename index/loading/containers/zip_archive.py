"""Members of zip archives, also of those that are encrypted."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from index.errors import DamagedFile, PasswordRequired, UnsupportedFormat
from index.loading.containers.member import check_size, named_members
from index.loading.loader import too_large

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from index.loading.containers.member import ContainerLimits, Member

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, IndexError, OverflowError)
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
        except (*_BROKEN, NotImplementedError) as error:
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
        except _BROKEN as error:
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
            except (RuntimeError, *_BROKEN):
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

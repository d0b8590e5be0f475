"""Small JSON files that several processes share: read when they change, written atomically, readable by their owner."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from index.errors import AccountFileDamaged, AccountsNotWritable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PATIENCE_SECONDS = 10.0
_OWNER_ONLY, _FOLDER_OWNER_ONLY = 0o600, 0o700


class AccountFile:
    """A JSON object in a file. A missing file is an empty object."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._content: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Return the content, from memory if the file has not changed. Raises AccountFileDamaged."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._seen:
                self._content, self._seen = self._parsed(self.path.read_bytes()), stamp
        except FileNotFoundError:
            self._content, self._seen = {}, None
        except OSError as error:
            raise AccountFileDamaged(str(self.path), error.strerror or "it cannot be read") from error
        return self._content

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Read the file, change its content, and write it, while other processes wait.

        Raises AccountFileDamaged, which leaves the file as it is, or AccountsNotWritable.
        """
        make_private_folder(self.path.parent)
        try:
            with FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=_PATIENCE_SECONDS, mode=_OWNER_ONLY):
                self._seen = None  # two writes within one tick of the file system's clock look alike
                content = json.loads(json.dumps(self.read()))
                change(content)
                write_private(self.path, json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
        except (Timeout, OSError) as error:
            raise AccountsNotWritable(str(self.path), str(error)) from error

    def _parsed(self, data: bytes) -> dict[str, Any]:
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise AccountFileDamaged(str(self.path), "it is not valid JSON") from error
        if not isinstance(content, dict) or not all(isinstance(value, dict) for value in content.values()):
            raise AccountFileDamaged(str(self.path), "it is not an object of objects")
        return content


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner can enter. Raises AccountsNotWritable."""
    try:
        folder.mkdir(mode=_FOLDER_OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as error:
        raise AccountsNotWritable(str(folder), str(error)) from error


def write_private(path: Path, data: bytes) -> None:
    """Replace a file atomically by one that only its owner can read. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:  # noqa: PTH123
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def shared_secret(folder: Path) -> bytes:
    """Return the secret of this folder, which is made at first use: all its processes get the same one.

    Raises AccountsNotWritable, or AccountFileDamaged if somebody has shortened it.
    """
    file = AccountFile(folder / "secret.json")

    def make(content: dict[str, Any]) -> None:
        content.setdefault("signing", {"secret": secrets.token_hex(32)})

    if not file.read():
        file.change(make)
    found = str(file.read().get("signing", {}).get("secret", ""))
    if len(found) < 2 * 32:
        raise AccountFileDamaged(str(file.path), "its secret is too short")
    return found.encode()

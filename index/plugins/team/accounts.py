"""API keys of programs and assistants, and the small JSON files that several processes share."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from index.errors import AccountFileDamaged, AccountsError, AccountsNotWritable, SettingsError
from index.server.principals import ROLES, Principal, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


# Small JSON files that several processes share: read when they change, written atomically, readable by their owner.

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


PREFIX = "pincite_key_"
"""The beginning of every key, by which programs that look for secrets recognise it."""
_SECRET_BYTES = 32
_NAME = re.compile(r"[\w.@ -]{1,64}")
_PERIOD = re.compile(r"([1-9]\d{0,4})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_USE_SECONDS = 60.0
"""The last use of a key is written at most once in this time."""


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret."""

    name: str
    role: Role
    libraries: tuple[str, ...] | None
    """The libraries that it may use; None for all."""
    created: datetime
    expires: datetime | None
    """None for a key that does not expire."""
    used: datetime | None = None
    """The last use, up to a minute early; None if it was never used."""

    def is_valid(self, moment: datetime) -> bool:
        """Return whether it has not expired."""
        return self.expires is None or moment < self.expires

    @property
    def principal(self) -> Principal:
        """Return the key as the sender of a request."""
        libraries = None if self.libraries is None else frozenset(self.libraries)
        return Principal("key", self.name, self.name, key_role=self.role, libraries=libraries)


def period(text: str) -> timedelta | None:
    """Parse `12h`, `90d` or `52w`; None for `never`. Raises SettingsError."""
    if text == "never":
        return None
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise SettingsError(
            f"A key cannot expire after {text!r}.", "Use hours, days or weeks: 12h, 90d, 52w; or never."
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class ApiKeys:
    """The keys in a folder, which several servers and the command line share."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now) -> None:
        self._keys = AccountFile(folder / "keys.json")
        self._uses = AccountFile(folder / "key-uses.json")
        self._clock = clock
        self._noted: dict[str, float] = {}

    def create(self, name: str, role: str, expires: str, libraries: Iterable[str] = ()) -> str:
        """Create a key and return it: it cannot be shown again.

        Raises SettingsError for an unsuitable name, role or period, AccountsError for a name that is taken, and the
        errors of `AccountFile`.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(f"A key cannot be called {name!r}.", "Use up to 64 letters, digits and . _ - @.")
        if role not in ROLES:
            raise SettingsError(f"There is no role {role!r}.", f"Use {', '.join(ROLES)}.")
        life, created = period(expires), self._clock()
        key = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        facts = {
            "name": name,
            "role": role,
            "libraries": sorted(set(libraries)) or None,
            "created": created.isoformat(),
            "expires": (created + life).isoformat() if life else None,
        }

        def add(content: dict[str, Any]) -> None:
            if any(known.get("name") == name for known in content.values()):
                raise AccountsError(
                    f"There is a key {name!r} already.", "Choose another name, or revoke that key first."
                )
            content[_hash(key)] = facts

        self._keys.change(add)
        return key

    def revoke(self, name: str) -> None:
        """Delete a key; running servers refuse it from now on. Raises AccountsError if there is none."""

        def drop(content: dict[str, Any]) -> None:
            named = [digest for digest, facts in content.items() if facts.get("name") == name]
            if not named:
                raise AccountsError(f"There is no key {name!r}.", "`pincite key list` shows all keys.")
            for digest in named:
                del content[digest]

        self._keys.change(drop)

    def listed(self) -> list[ApiKey]:
        """Return all keys, also expired ones, by name. Raises AccountFileDamaged."""
        uses = self._uses.read()
        found = [_key(facts, uses.get(digest, {})) for digest, facts in self._keys.read().items()]
        return sorted((key for key in found if key is not None), key=lambda key: key.name)

    def find(self, presented: str) -> ApiKey | None:
        """Return the valid key with this secret, or None. Raises AccountFileDamaged.

        The hash is looked up, not the secret: the time that this takes tells nothing about secrets that are similar.
        """
        digest = _hash(presented)
        facts = next((facts for known, facts in self._keys.read().items() if hmac.compare_digest(known, digest)), None)
        key = _key(facts, {}) if facts else None
        return key if key is not None and key.is_valid(self._clock()) else None

    def is_use_due(self, presented: str) -> bool:
        """Return whether a use of the key is to be written, because the last one that was is a minute old."""
        digest, moment = _hash(presented), time.monotonic()
        if moment - self._noted.get(digest, -_USE_SECONDS) < _USE_SECONDS:
            return False
        self._noted[digest] = moment
        return True

    def note_use(self, presented: str) -> None:
        """Write that the key was used now; uses of revoked keys are forgotten. Raises the errors of `AccountFile`."""
        known, digest, moment = self._keys.read(), _hash(presented), self._clock().isoformat(timespec="seconds")

        def note(content: dict[str, Any]) -> None:
            content[digest] = {"used": moment}
            for gone in content.keys() - known.keys():
                del content[gone]

        self._uses.change(note)

    @property
    def exist(self) -> bool:
        """Whether there is any key. Raises AccountFileDamaged."""
        return bool(self._keys.read())


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _key(facts: dict[str, Any], use: dict[str, Any]) -> ApiKey | None:
    """Return the key of an entry; None for an entry that this version does not understand, which opens nothing."""
    try:
        return ApiKey(
            str(facts["name"]),
            ROLES[facts["role"]],
            None if facts["libraries"] is None else tuple(map(str, facts["libraries"])),
            datetime.fromisoformat(facts["created"]),
            None if facts["expires"] is None else datetime.fromisoformat(facts["expires"]),
            datetime.fromisoformat(use["used"]) if use.get("used") else None,
        )
    except (KeyError, TypeError, ValueError):
        return None

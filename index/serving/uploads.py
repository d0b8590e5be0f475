"""Where files that arrive stay: `uploads/` in the library's folder, each under its own name.

A document needs a source that lasts: its name is its title where the file states none, `verify` reads it again, its
pages are shown and it is downloaded, and a file that arrives again under the same name is recognised as its next
version. A file that arrives is first set down in a folder of this process, in `arriving/` beside. It is read from
there, and goes to its place in the moment in which the library holds its document: what failed never was there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
import threading
import unicodedata
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from index.errors import LibraryNotWritable
from index.loading.opening import too_large
from index.serving.states import Arrival
from index.storage.files import NOT_WRITABLE_HINT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from index.settings import Settings

_LONGEST_NAME = 200
"""In bytes; file systems take 255, and something may be put behind it."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]')
"""What no file system in use would take, what would lead out of the folder, and what would show another name."""
_FALLBACK = "document"
_LOCK = ".lock"


class Uploads:
    """The folder of files that arrived. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._arriving = folder.with_name("arriving")
        self._max_bytes = settings.max_file_megabytes * 1_000_000
        self._opening = threading.Lock()
        self._staging: Path | None = None
        self._held: FileLock | None = None
        self._numbers = count(1)
        self._known: dict[tuple[str, int, int], str] = {}

    # For faces

    @property
    def folder(self) -> Path:
        """Where they stay."""
        return self._folder

    def receive(self, name: str, chunks: Iterable[bytes], *, source: str = "") -> Arrival:
        """Take in a file as it comes; `source` where it is known by something else than its place here.

        Raises TooLarge as soon as there is more than the settings allow, LibraryNotWritable where the disk does not
        take it, and whatever `chunks` raises; nothing of the file stays then.
        """
        clean = safe_name(name)
        digest, size = hashlib.sha256(), 0
        with self._place(clean) as path, path.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > self._max_bytes:
                    raise too_large(clean, self._max_bytes)
                digest.update(chunk)
                file.write(chunk)
        return self._arrival(path, source, size, digest.hexdigest())

    def drop(self, arrivals: Iterable[Arrival]) -> None:
        """Delete what arrived and is not to be added after all."""
        for arrival in arrivals:
            if arrival.home is not None:
                shutil.rmtree(arrival.path.parent, ignore_errors=True)

    # For jobs

    def keep(self, arrival: Arrival, same: Path | None = None) -> None:
        """Bring a file whose document the library holds to its place, over its former version.

        `same` is another file with these bytes: where it is in this folder, they are kept once for both.
        """
        if arrival.home is None:
            return
        try:
            if not self._is(arrival.home, arrival.identity):
                self._folder.mkdir(exist_ok=True)
                if same is not None and same.parent == self._folder and self._is(same, arrival.identity):
                    _link(same, arrival.path)
                arrival.path.replace(arrival.home)
                self._remember(arrival.home, arrival.identity)
        except OSError as error:
            raise _not_writable(self._folder, error) from error
        finally:
            self.drop([arrival])

    def forget(self, identity: str) -> None:
        """Delete every file that has these bytes."""
        for path in self._files():
            if self._is(path, identity):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise _not_writable(self._folder, error) from error

    def recover(self, held: Callable[[], Mapping[str, str]]) -> None:
        """Clear up behind processes that were killed.

        What arrived in them and is in the library, of which `held` gives the sources by identity, goes to its place:
        they were killed just before that. The rest is deleted.
        """
        for folder in sorted(self._arriving.glob("*")):
            lock = FileLock(folder / _LOCK, thread_local=False)
            with suppress(Timeout, OSError), lock.acquire(timeout=0):
                left = sorted(folder.glob("*/*"))
                sources = held() if left else {}
                for path in left:
                    self._recover(path, sources)
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Delete what arrived and was not added."""
        with self._opening:
            if self._staging is not None and self._held is not None:
                shutil.rmtree(self._staging, ignore_errors=True)
                self._held.release()
                self._staging = self._held = None
                with suppress(OSError):  # others may be at work in it
                    self._arriving.rmdir()

    # Details

    def _arrival(self, path: Path, source: str, size: int, identity: str) -> Arrival:
        home = self._home(path.name, source)
        return Arrival(path.name, path, source or str(home), size, identity, home)

    def _home(self, name: str, source: str) -> Path:
        """Two addresses may end alike: what came from elsewhere has a mark of where."""
        if not source:
            return self._folder / name
        mark = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return self._folder / f"{Path(name).stem} ({mark}){Path(name).suffix}"

    @contextmanager
    def _place(self, name: str) -> Iterator[Path]:
        """A path of that name where nothing is, in this process's own folder; empty again where anything goes wrong."""
        folder = None
        try:
            folder = self._own() / str(next(self._numbers))
            folder.mkdir()
            yield folder / name
        except BaseException as error:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise _not_writable(self._folder, error) from error
            raise

    def _own(self) -> Path:
        """The folder of this process; its lock tells others that it lives."""
        with self._opening:
            if self._staging is None:
                self._arriving.mkdir(parents=True, exist_ok=True)
                self._staging = Path(tempfile.mkdtemp(dir=self._arriving))
                self._held = FileLock(self._staging / _LOCK, thread_local=False)
                self._held.acquire()
            return self._staging

    def _recover(self, path: Path, sources: Mapping[str, str]) -> None:
        source = sources.get(_sha256(path), "")
        at = Path(source)
        home = at if at.parent == self._folder else self._home(path.name, source)
        if source and not home.exists():
            self._folder.mkdir(exist_ok=True)
            path.replace(home)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.is_file()) if self._folder.is_dir() else []

    def _is(self, path: Path, identity: str) -> bool:
        """Whether a file is there and has these bytes; read only where it was not read before."""
        try:
            key = _stamp(path)
            if key not in self._known:
                self._known[key] = _sha256(path)
        except OSError:
            return False
        return self._known[key] == identity

    def _remember(self, path: Path, identity: str) -> None:
        self._known[_stamp(path)] = identity


def distinct(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """The same with a number behind names that several have: what comes at once is not versions of one file."""
    taken: set[Path] = set()
    result = []
    for arrival in arrivals:
        home, number = arrival.home, 1
        while home is not None and home in taken and arrival.source == str(arrival.home):
            number += 1
            home = home.with_name(f"{Path(arrival.name).stem} ({number}){Path(arrival.name).suffix}")
        if home is not None and home != arrival.home:
            arrival = replace(arrival, name=home.name, home=home, source=str(home))
        if home is not None:
            taken.add(home)
        result.append(arrival)
    return result


def safe_name(name: str) -> str:
    """The last part of a path of whatever system, without what could lead elsewhere or is no name at all."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    clean = unicodedata.normalize("NFC", _UNSAFE.sub("", last)).strip(" .") or _FALLBACK
    suffix = clean[clean.rfind(".") :] if "." in clean else ""
    suffix = suffix if 1 < len(suffix.encode()) <= 20 else ""
    stem = clean.removesuffix(suffix).encode()[: _LONGEST_NAME - len(suffix.encode())]
    return stem.decode("utf-8", "ignore") + suffix


def _link(existing: Path, path: Path) -> None:
    """Let `path` be a second name of an existing file; where the file system knows no such thing, it stays a copy."""
    other = path.with_name(f"{path.name}.link")
    with suppress(OSError):
        os.link(existing, other)
        other.replace(path)


def _stamp(path: Path) -> tuple[str, int, int]:
    seen = path.stat()
    return path.name, seen.st_size, seen.st_mtime_ns


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_writable(folder: Path, error: OSError) -> LibraryNotWritable:
    why = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
    return LibraryNotWritable(f"The folder {folder} does not take files: {why}.", NOT_WRITABLE_HINT)

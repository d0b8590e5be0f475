"""Stores uploaded files in `uploads/` in the library's folder, each under its own name.

A document needs a permanent source file: its name replaces a missing title, `verify` reads it again, its pages are
shown, it can be downloaded, and a later upload with the same name is recognized as its next version. An upload
first goes to a folder of this process in `arriving/`, and is read there. It moves to its final place as soon as the
library holds its document, so failed files never get there.
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
from urllib.parse import quote

from filelock import FileLock, Timeout

from index.errors import LibraryNotWritable
from index.loading.loader import too_large
from index.records.document import Arrival
from index.storage.files import NOT_WRITABLE_HINT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from index.settings import Settings


_LONGEST_NAME = 200
"""Maximum length of a name, in bytes; file systems allow 255, and a suffix may be added."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]')
"""Characters that a common file system rejects, that lead out of the folder, or that disguise a name."""
_FALLBACK = "document"
_LOCK = ".lock"


class Uploads:
    """The folder of uploaded files. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        """The folder of added files."""
        self._arriving = folder.with_name("arriving")
        self._max_bytes = settings.max_file_megabytes * 1_000_000
        self._opening = threading.Lock()
        self._staging: Path | None = None
        self._held: FileLock | None = None
        self._numbers = count(1)
        self._known: dict[tuple[str, int, int], str] = {}

    # For interfaces

    def receive(self, name: str, chunks: Iterable[bytes], *, source: str = "") -> Arrival:
        """Store a file while it arrives; `source` replaces its path as its source in the library.

        Raises TooLarge as soon as it exceeds the size limit, LibraryNotWritable if it cannot be written, and the errors
        of `chunks`; then nothing of the file is kept.
        """
        clean = safe_name(name)
        digest, size = hashlib.sha256(), 0
        with self._new_path(clean) as path, path.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > self._max_bytes:
                    raise too_large(clean, self._max_bytes)
                digest.update(chunk)
                file.write(chunk)
        return self._arrival(path, source, size, digest.hexdigest())

    def drop(self, arrivals: Iterable[Arrival]) -> None:
        """Delete uploads that will not be added."""
        for arrival in arrivals:
            if arrival.home is not None:
                shutil.rmtree(arrival.path.parent, ignore_errors=True)

    # For jobs

    def keep(self, arrival: Arrival, same: Path | None = None) -> None:
        """Move the file of an added document to its final place, replacing its former version.

        `same` is another file with the same bytes: if it is in this folder, both become links to one copy.
        """
        if arrival.home is None:
            return
        try:
            if not self._has_bytes(arrival.home, arrival.identity):
                self.folder.mkdir(exist_ok=True)
                if same is not None and same.parent == self.folder and self._has_bytes(same, arrival.identity):
                    _link(same, arrival.path)
                arrival.path.replace(arrival.home)
                self._remember(arrival.home, arrival.identity)
        except OSError as error:
            raise _not_writable(self.folder, error) from error
        finally:
            self.drop([arrival])

    def forget(self, identity: str) -> None:
        """Delete every file with these bytes."""
        for path in self._files():
            if self._has_bytes(path, identity):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise _not_writable(self.folder, error) from error

    def recover(self, library_sources: Callable[[], Mapping[str, str]]) -> None:
        """Clean up after processes that were killed.

        Their uploads that are in the library (`library_sources` returns the sources by identity) move to their final
        place: the process was killed just before that. Other uploads are deleted.
        """
        for folder in sorted(self._arriving.glob("*")):
            lock = FileLock(folder / _LOCK, thread_local=False)
            with suppress(Timeout, OSError), lock.acquire(timeout=0):
                left = sorted(folder.glob("*/*"))
                sources = library_sources() if left else {}
                for path in left:
                    self._recover(path, sources)
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Delete the uploads that were not added."""
        with self._opening:
            if self._staging is not None and self._held is not None:
                shutil.rmtree(self._staging, ignore_errors=True)
                self._held.release()
                self._staging = self._held = None
                with suppress(OSError):  # other processes may be using it
                    self._arriving.rmdir()

    # Details

    def _arrival(self, path: Path, source: str, size: int, identity: str) -> Arrival:
        home = self._home(path.name, source)
        return Arrival(path.name, path, source or str(home), size, identity, home)

    def _home(self, name: str, source: str) -> Path:
        """Return the final path of a file. Two web addresses may end alike, so their files get a hash in the name."""
        if not source:
            return self.folder / name
        mark = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return self.folder / f"{Path(name).stem} ({mark}){Path(name).suffix}"

    @contextmanager
    def _new_path(self, name: str) -> Iterator[Path]:
        """Yield a new path with that name in this process's folder; it is deleted after an error."""
        folder = None
        try:
            folder = self._process_folder() / str(next(self._numbers))
            folder.mkdir()
            yield folder / name
        except BaseException as error:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise _not_writable(self.folder, error) from error
            raise

    def _process_folder(self) -> Path:
        """Return the folder of this process; its lock shows other processes that this one is alive."""
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
        home = at if at.parent == self.folder else self._home(path.name, source)
        holds_documents = any(each.startswith(f"{home}{os.sep}") for each in sources.values())
        if (source or holds_documents) and not home.exists():
            self.folder.mkdir(exist_ok=True)
            path.replace(home)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.is_file()) if self.folder.is_dir() else []

    def _has_bytes(self, path: Path, identity: str) -> bool:
        """Return whether a file exists and has these bytes; a known file is not read again."""
        try:
            key = _stamp(path)
            if key not in self._known:
                self._known[key] = _sha256(path)
        except OSError:
            return False
        return self._known[key] == identity

    def _remember(self, path: Path, identity: str) -> None:
        self._known[_stamp(path)] = identity


def with_distinct_names(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return the arrivals with numbers added to equal names: files of one upload are not versions of each other."""
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
    """Return the file name of a path of any system, without unsafe characters."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    clean = unicodedata.normalize("NFC", _UNSAFE.sub("", last)).strip(" .") or _FALLBACK
    suffix = clean[clean.rfind(".") :] if "." in clean else ""
    suffix = suffix if 1 < len(suffix.encode()) <= 20 else ""
    stem = clean.removesuffix(suffix).encode()[: _LONGEST_NAME - len(suffix.encode())]
    return stem.decode("utf-8", "ignore") + suffix


def _link(existing: Path, path: Path) -> None:
    """Make `path` a hard link to an existing file; if the file system has no hard links, it stays a copy."""
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
    reason = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
    return LibraryNotWritable(f"The folder {folder} cannot be written: {reason}.", NOT_WRITABLE_HINT)


# The names of exported files: made of the question, safe on every system, and stated as RFC 6266 demands.

LONGEST = 60
"""The most characters of a name, without its extension."""
MOST_BYTES = 140
"""The most bytes of it in UTF-8: some systems allow 143 in a name. A question may be in any script."""
_KEPT = ("L", "N", "M")
"""The categories of characters that are kept: letters and digits of every script, and the marks on them."""
_RESERVED = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")])
"""Names that Windows keeps for devices, whatever their extension."""


def file_stem(question: str, otherwise: str = "answer") -> str:
    """Return a question as a file name without extension: `who-signed-the-treaty`.

    Scripts are kept. `otherwise` is the name for a question without a letter or digit.
    """
    text = unicodedata.normalize("NFC", question.encode("utf-8", "ignore").decode().lower())
    words = "".join(
        mark if unicodedata.category(mark)[0] in _KEPT else "" if mark in "'’" else " " for mark in text
    ).split()
    stem = _cut("-".join(words)) or otherwise
    return f"{otherwise}-{stem}" if stem in _RESERVED else stem


def _cut(stem: str) -> str:
    """Return the words that fit; of a first word that is too long, its beginning."""
    short = stem[:LONGEST].encode()[:MOST_BYTES].decode("utf-8", "ignore")
    if len(short) < len(stem) and "-" in short and stem[len(short)] != "-":
        short = short.rpartition("-")[0]
    return short.rstrip("-")


def batch_stem(questions: Sequence[str], otherwise: str = "answers") -> str:
    """Return the first question as a file name, and how many follow: `who-signed-the-treaty-and-2-more`."""
    first = file_stem(questions[0], otherwise) if questions else otherwise
    return f"{first}-and-{len(questions) - 1}-more" if len(questions) > 1 else first


def attachment(stem: str, extension: str) -> str:
    """Return the value of `Content-Disposition` for a file to be saved: the name in ASCII, and in UTF-8 if it differs.

    The ASCII name has letters without their accents, and no letters of other scripts.
    """
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", stem) if mark.isascii())
    plain = "-".join(filter(None, plain.split("-"))) or "answer"
    header = f'attachment; filename="{plain}{extension}"'
    return header if plain == stem else f"{header}; filename*=UTF-8''{quote(stem + extension, safe='')}"

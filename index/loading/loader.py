"""Files to documents: finds them, reads their bytes, and hands them to the reader of their format.

    for path in discover(["papers/", "notes.md"]):
        try:
            document = load(path, max_bytes=512 << 20)
        except LoadingError as error:
            ...  # report a Failure, and continue with the other files

Importing this module imports no parsing library: each format module imports its own.
"""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePath
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from index.errors import EmptyDocument, LoadingError, SourceNotFound, SourceNotReadable, TooLarge
from index.loading import formats
from index.loading.draft import compose
from index.loading.locks import unlocked
from index.loading.metadata import doi_of
from index.records.file_kinds import format_of
from index.text.languages import is_garbled, languages_of
from index.text.sentences import has_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.loading.draft import Content, Draft
    from index.loading.recognition.recogniser import Recogniser
    from index.records import Document

__all__ = ["digest", "discover", "load", "load_bytes", "locate", "read_bytes"]

_SKIPPED = (".", "~$")
"""Hidden files, and the lock files that Office leaves beside an open document."""
_BLOCK = 1 << 20
_BEGINNING = 3_000
"""Characters at the beginning of a document without pages in which its DOI is looked for."""
_GARBLED = (
    "Some of its letters belong together in no language: the file is damaged, or in another encoding than it seems. "
    "Open it in an editor, and save it as UTF-8."
)


def discover(paths: Iterable[str | Path], *, enter: Callable[[Path], bool] = lambda _: True) -> Iterator[Path]:
    """Yield each file once; folders are walked in sorted order.

    A path that the user named is always yielded, even if it does not exist or is a folder that cannot be listed:
    `load` then raises an error, and the receipt names the path. Hidden files and folders are skipped unless named.
    A file that two paths lead to, or a folder that contains a link to itself, is yielded or walked only once.
    A folder for which `enter` returns False is not walked; the folder itself is yielded.
    """
    seen: set[str] = set()
    for path in map(Path, paths):
        yield from _walk(path, _real(path), seen, enter)


def is_skipped(name: str) -> bool:
    """Return whether a file or folder of this name is skipped unless the user names it."""
    return name.startswith(_SKIPPED)


def _walk(path: Path, real: str, seen: set[str], enter: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield a file, or the files in a folder; `real` is `path` with all links resolved."""
    if real in seen:
        return
    seen.add(real)
    try:
        if not path.is_dir() or not enter(path):
            yield path
            return
        with os.scandir(path) as entries:
            children = sorted(entries, key=lambda child: child.name)
    except (OSError, ValueError):
        yield path
        return
    for child in children:
        if not is_skipped(child.name) and _is_file_or_folder(child):
            # Most entries are not links: their real path is then known without further system calls.
            real_child = _real(Path(child.path)) if child.is_symlink() else str(Path(real, child.name))
            yield from _walk(path / child.name, real_child, seen, enter)


def _is_file_or_folder(child: os.DirEntry[str]) -> bool:
    """Return False for a pipe, a device or a dangling link; keep unreadable entries, so that the receipt names them."""
    try:
        return child.is_dir() or child.is_file()
    except OSError as error:
        return error.errno != errno.ELOOP


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def locate(path: Path) -> Path:
    """Return the absolute path without `..`. Links are not resolved, because the user gave their names.

    Raises:
        SourceNotReadable: the name is not valid Unicode, so the catalog cannot store it.

    """
    source = Path(os.path.normpath(path.absolute()))
    if not str(source).isprintable() and any("\ud800" <= character <= "\udfff" for character in str(source)):
        raise SourceNotReadable(f"The name {source.name!r} is not valid text.", "Rename it, and add it again.")
    return source


def read_bytes(source: Path, *, max_bytes: int) -> bytes:
    """Return the file's bytes, read once. A file of more than `max_bytes` raises TooLarge and is not read."""
    try:
        size = _file_size(source)
        if size > max_bytes:
            raise too_large(source.name, max_bytes)
        with source.open("rb") as file:
            data = file.read(size + 1)
            if len(data) > size:  # the file grew, or its file system does not report sizes
                data += file.read(max(0, max_bytes + 1 - len(data)))
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error
    if len(data) > max_bytes:
        raise too_large(source.name, max_bytes)
    return data


def digest(source: Path, *, max_bytes: int) -> str:
    """Return the SHA-256 of the file, read block by block. Raises the same errors as `read_bytes`."""
    total = 0
    hashed = hashlib.sha256()
    try:
        size = _file_size(source)
        if size <= max_bytes:
            with source.open("rb") as file:
                while total <= max_bytes and (block := file.read(_BLOCK)):
                    hashed.update(block)
                    total += len(block)
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error
    if max(size, total) > max_bytes:
        raise too_large(source.name, max_bytes)
    return hashed.hexdigest()


def too_large(name: str, max_bytes: int) -> TooLarge:
    """Return the error for a file that has more than `max_bytes`."""
    return TooLarge(
        f"{name} has more than the {max_bytes / 1e6:.4g} megabytes that the settings allow.",
        "Raise the limit with PINCITE_MAX_FILE_MEGABYTES, or split the file.",
    )


def _unreadable(source: Path, error: OSError | ValueError) -> LoadingError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceNotFound(f"There is nothing at {source}.")
    reason = getattr(error, "strerror", None) or str(error)
    return SourceNotReadable(f"{source} cannot be read: {reason}.")


def _file_size(source: Path) -> int:
    """Return the size of a file. Raises SourceNotReadable for anything else: a pipe or device would block forever."""
    size = source.stat().st_size
    if source.is_dir():
        raise SourceNotReadable(
            f"{source} is a folder.", "Add the files in it, or check that you have permission to list it."
        )
    if not source.is_file():
        raise SourceNotReadable(f"{source} is not a file but a device or a pipe.", "Save its content in a file.")
    return size


def load(path: Path, *, max_bytes: int) -> Document:
    """Read a file once and return its document. Every failure is a `LoadingError`."""
    source = locate(path)
    return load_bytes(read_bytes(source, max_bytes=max_bytes), source=str(source))


def load_bytes(
    data: bytes,
    *,
    source: str,
    name: str = "",
    max_pages: int | None = None,
    passwords: Sequence[str] = (),
    recogniser: Recogniser | None = None,
) -> Document:
    """Return the document in `data`; `recogniser` reads the text of pictures, by default with what is installed.

    `source` is where the bytes come from. Its suffix helps to distinguish formats with similar contents.
    `name` is the file's name if it is not the last part of `source`; its suffix is then used instead.
    `passwords` are tried if it is locked; its id is that of the locked bytes.
    Raises TooLarge before reading any page if a format with pages has more than `max_pages`, PasswordRequired.
    """
    content = formats.sniff(unlocked(data, name or PurePath(source).name, passwords), name or source)
    identity = hashlib.sha256(data).hexdigest()
    if recogniser:
        recogniser.identity = identity
    draft = _read(content, name or PurePath(source).name, max_pages, recogniser)
    document = _described(compose(draft, content, id=identity, source=source))
    is_text = content.text or format_of(content.media_type).looks_at == "message"
    if is_text and is_garbled(document.text):
        document = replace(document, notes=(*document.notes, _GARBLED))
    if not has_words(document.text):
        raise EmptyDocument(f"{name or PurePath(source).name} has no words in it.")
    return document


def _described(document: Document) -> Document:
    """Return a document with its languages, its DOI and the number of its empty pages, unless its reader told them."""
    reading = document.reading
    languages = reading.languages or languages_of(document.text)
    empty = reading.empty_pages or _empty_pages(document)
    doi = reading.doi or doi_of(_first_lines(document))
    return replace(document, reading=replace(reading, languages=languages, empty_pages=empty, doi=doi))


def _first_lines(document: Document) -> list[str]:
    """Return the lines of the first page; of a document without pages, those at its beginning."""
    pages = [mark.start for mark in document.landmarks if mark.kind == "page"]
    end = [*pages, len(document.text)][1] if pages else _BEGINNING
    return document.text[:end].split("\n")


def _empty_pages(document: Document) -> int:
    starts = [landmark.start for landmark in document.landmarks if landmark.kind == "page"]
    pages = pairwise([*starts, len(document.text)])
    return sum(not document.text[start:end].strip() for start, end in pages)


def _read(content: Content, name: str, max_pages: int | None, recogniser: Recogniser | None) -> Draft:
    own = format_of(content.media_type)
    options = {"max_pages": max_pages, "recogniser": recogniser} if own.recognised else {}
    draft: Draft = resolve_name(own.read)(content, name, **options)
    return draft

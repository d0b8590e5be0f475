"""Reads and hashes files, and turns every error of the file system into a `LoadingError`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from index.errors import LoadingError, SourceNotFound, SourceNotReadable, TooLarge

_BLOCK = 1 << 20


def locate(path: Path) -> Path:
    """Return the absolute path without `..`. Links are not resolved, as they are the name that the user gave.

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
            if len(data) > size:  # it grew, or its system does not tell sizes
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
    """Return the size of a file; raise SourceNotReadable for anything else. A pipe or device would block for ever."""
    size = source.stat().st_size
    if source.is_dir():
        raise SourceNotReadable(
            f"{source} is a folder.", "Add the files in it, or check that you have permission to list it."
        )
    if not source.is_file():
        raise SourceNotReadable(f"{source} is not a file but a device or a pipe.", "Save its content in a file.")
    return size

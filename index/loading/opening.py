"""From a path to bytes, with every way in which a file system can say no."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from index.errors import LoadingError, SourceNotFound, SourceNotReadable, TooLarge

_BLOCK = 1 << 20


def locate(path: Path) -> Path:
    """The absolute path, without `..`; links are left as they are, for they are the name the reader gave.

    Raises:
        SourceNotReadable: the name holds bytes that are not text, so that no catalog could keep it.

    """
    source = Path(os.path.normpath(path.absolute()))
    if not str(source).isprintable() and any("\ud800" <= character <= "\udfff" for character in str(source)):
        raise SourceNotReadable(f"The name {source.name!r} is not valid text.", "Rename it, and add it again.")
    return source


def read_bytes(source: Path, *, max_bytes: int) -> bytes:
    """The file's bytes, read once and never more than allowed; a file that is too large is not read at all."""
    try:
        size = _demand_file(source)
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
    """The SHA-256 of what `read_bytes` would read, block by block. Raises what that does."""
    total = 0
    hashed = hashlib.sha256()
    try:
        size = _demand_file(source)
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
    """What to raise of a file that has more bytes than allowed."""
    return TooLarge(
        f"{name} has more than the {max_bytes / 1e6:.4g} megabytes that the settings allow.",
        "Raise the limit with PINCITE_MAX_FILE_MEGABYTES, or split the file.",
    )


def _unreadable(source: Path, error: OSError | ValueError) -> LoadingError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceNotFound(f"There is nothing at {source}.")
    reason = getattr(error, "strerror", None) or str(error)
    return SourceNotReadable(f"{source} cannot be read: {reason}.")


def _demand_file(source: Path) -> int:
    """Its size. A pipe or device would block for ever."""
    size = source.stat().st_size
    if source.is_dir():
        raise SourceNotReadable(f"{source} is a folder.", "Add the files in it, or see whether you may list it.")
    if not source.is_file():
        raise SourceNotReadable(f"{source} is not a file but a device or a pipe.", "Save its content in a file.")
    return size

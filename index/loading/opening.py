"""From a path to bytes, with every way in which a file system can say no."""

from __future__ import annotations

import os
from pathlib import Path

from index.errors import SourceNotFound, SourceNotReadable, TooLarge


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
    """The file's bytes, read once and never more than allowed."""
    try:
        _demand_file(source)
        with source.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFound(f"There is nothing at {source}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotReadable(f"{source} cannot be read: {reason}.") from error
    if len(data) > max_bytes:
        raise too_large(source.name, max_bytes)
    return data


def too_large(name: str, max_bytes: int) -> TooLarge:
    """What to raise of a file that has more bytes than allowed."""
    return TooLarge(
        f"{name} has more than the {max_bytes / 1e6:.4g} megabytes that the settings allow.",
        "Raise the limit with PINCITE_MAX_FILE_MEGABYTES, or split the file.",
    )


def _demand_file(source: Path) -> None:
    """A pipe or device would block for ever."""
    source.stat()
    if source.is_dir():
        raise SourceNotReadable(f"{source} is a folder.", "Add the files in it, or see whether you may list it.")
    if not source.is_file():
        raise SourceNotReadable(f"{source} is not a file but a device or a pipe.", "Save its content in a file.")

"""Finds documents by name: an id or its beginning, a source, a file name, or a title."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import AmbiguousDocument, DocumentNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from index.records import DocumentInfo

_SHORTEST_PREFIX = 6


def named(documents: Iterable[DocumentInfo], name: str) -> DocumentInfo:
    """Return the only document with that name. Raises DocumentNotFound or AmbiguousDocument."""
    wanted, documents = name.strip(), list(documents)
    for is_match in (_matches_identity(wanted), _matches_prefix(wanted), _matches_name(wanted)) if wanted else ():
        matches = [info for info in documents if is_match(info)]
        if len(matches) > 1:
            listed = sorted(matches, key=lambda info: info.source)
            raise AmbiguousDocument(name, tuple(f"{info.id[:12]} {info.source}" for info in listed))
        if matches:
            return matches[0]
    raise DocumentNotFound(name)


def identities(name: str) -> tuple[str, str]:
    """Return a name as an id or source, and as an absolute path."""
    return name.strip(), _absolute(name.strip())


def _matches_identity(name: str) -> Callable[[DocumentInfo], bool]:
    sources = identities(name)
    return lambda info: info.id == name or info.source in sources


def _matches_prefix(name: str) -> Callable[[DocumentInfo], bool]:
    prefix = name.lower()
    return lambda info: len(prefix) >= _SHORTEST_PREFIX and info.id.startswith(prefix)


def _matches_name(name: str) -> Callable[[DocumentInfo], bool]:
    folded = name.casefold()
    return lambda info: folded in (info.title.casefold(), Path(info.source).name.casefold())


def _absolute(name: str) -> str:
    """Return the absolute path of a name, or the name itself if it cannot be a path (unknown `~user`, NUL)."""
    try:
        return str(Path(name).expanduser().absolute())
    except (RuntimeError, ValueError):
        return name

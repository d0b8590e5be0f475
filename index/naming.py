"""What a document answers to: its id or the beginning of it, its source, its file name, its title."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import AmbiguousDocument, DocumentNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from index.records import DocumentInfo

_SHORTEST_PREFIX = 6


def named(documents: Iterable[DocumentInfo], name: str) -> DocumentInfo:
    """The one document of that name. Raises DocumentNotFound or AmbiguousDocument."""
    wanted, documents = name.strip(), list(documents)
    for answers in (_to_identity(wanted), _to_prefix(wanted), _to_name(wanted)) if wanted else ():
        matches = [info for info in documents if answers(info)]
        if len(matches) > 1:
            listed = sorted(matches, key=lambda info: info.source)
            raise AmbiguousDocument(name, tuple(f"{info.id[:12]} {info.source}" for info in listed))
        if matches:
            return matches[0]
    raise DocumentNotFound(name)


def identities(name: str) -> tuple[str, str]:
    """The id or source that a name is, and the path that it stands for."""
    return name.strip(), _absolute(name.strip())


def _to_identity(name: str) -> Callable[[DocumentInfo], bool]:
    sources = identities(name)
    return lambda info: info.id == name or info.source in sources


def _to_prefix(name: str) -> Callable[[DocumentInfo], bool]:
    prefix = name.lower()
    return lambda info: len(prefix) >= _SHORTEST_PREFIX and info.id.startswith(prefix)


def _to_name(name: str) -> Callable[[DocumentInfo], bool]:
    folded = name.casefold()
    return lambda info: folded in (info.title.casefold(), Path(info.source).name.casefold())


def _absolute(name: str) -> str:
    """The path that a name stands for, or the name, where no path can be called so: `~` without such a user, a NUL."""
    try:
        return str(Path(name).expanduser().absolute())
    except (RuntimeError, ValueError):
        return name

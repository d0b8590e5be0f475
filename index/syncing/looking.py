"""One look at folders beside what the library has from them. Nothing is read, and nothing decided."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.records import Failure
from index.syncing.scanning import Scan, is_below, root_of, scan, scan_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from index.storage.catalog import Catalog
    from index.storage.worklist import Worklist

KEPT = "Until then the library keeps what the file said before."


@dataclass(slots=True)
class Seen:
    """What a look found."""

    have: Mapping[str, str]
    """What the library has from there: sources, and the ids of their documents."""
    scan: Scan
    looked: int
    """When, in nanoseconds since 1970."""
    identities: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the files that look as they did when it was taken, by source."""
    doubtful: list[str] = field(default_factory=list)
    """Files that have to be read to be known."""
    hashed: set[str] = field(default_factory=set)
    """Files that were read to be known, and are."""
    gone: list[str] = field(default_factory=list)
    """Sources at which there is nothing any more."""
    failed: list[Failure] = field(default_factory=list)
    """What could not be read, and looks as it did then; and what could not be looked at."""
    claimed: Collection[str] = ()
    """Ids of documents of which nobody here has read the file."""

    @property
    def changed(self) -> dict[str, str]:
        """Files that are known, and that the library has not, or not so, or by claim; each with its SHA-256."""
        known = self.identities.items()
        return {source: each for source, each in known if self.have.get(source) != each or each in self.claimed}

    def stamp(self, source: str) -> str:
        """A file's stamp for the worklist, empty where it cannot be relied upon."""
        look = self.scan.looks.get(source)
        return look.stamp(self.looked) if look else ""


def look(
    catalog: Catalog,
    worklist: Worklist,
    folders: Sequence[Path],
    paths: Sequence[Path] | None,
    *,
    own: Path,
    rules: str,
    checksum: bool,
) -> Seen:
    """Look at the folders, or at these paths in them; but never at `own`, the library's folder.

    `rules` is what a failure depends on beside the file; with `checksum` nothing is remembered.
    """
    looked = time.time_ns()
    have = _have(catalog, folders, paths, own)
    found = scan(folders, have, without=own) if paths is None else scan_paths(paths, folders, have, without=own)
    seen = Seen(have, found, looked, claimed=catalog.claimed())
    known = {} if checksum else worklist.outcomes(list(found.looks))
    for source in found.looks:
        stamp, memory = seen.stamp(source), known.get(source)
        if memory and stamp and memory.identity and memory.stamp == stamp:
            seen.identities[source] = memory.identity
        elif memory and stamp and memory.reason and memory.stamp == failing(stamp, rules):
            seen.failed.append(failure(source, memory.reason, memory.hint, have))
        else:
            seen.doubtful.append(source)
    _miss(seen, folders)
    return seen


def failing(stamp: str, rules: str) -> str:
    """The stamp of a file that cannot be read: other rules, and it may be."""
    return f"{stamp} {rules}"


def failure(source: str, reason: str, hint: str, have: Mapping[str, str]) -> Failure:
    """What is told of a file that cannot be read. A file is often half written, locked or not yet fetched when it is
    read, and what it said stays true of what it was: so the last good version stays.
    """
    return Failure(source, reason, f"{hint} {KEPT}".strip() if source in have else hint)


def is_text(name: str) -> bool:
    """Whether a catalog could keep it: some names of files are no text."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _have(catalog: Catalog, folders: Sequence[Path], paths: Sequence[Path] | None, own: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    if paths is None:
        for folder in folders:
            found |= catalog.sources_below(str(folder))
    else:
        names = [name for name in map(str, paths) if is_text(name) and root_of(name, folders)]
        found |= catalog.documents_of(names)
        for name in names:
            if name not in found and not os.path.isdir(name):  # a folder that went, or is a file now
                found |= catalog.sources_below(name)
    return {source: each for source, each in found.items() if not is_below(source, str(own))}


def _miss(seen: Seen, folders: Sequence[Path]) -> None:
    """Tell what is gone from what only cannot be seen."""
    hidden: dict[str, int] = dict.fromkeys(seen.scan.unseen, 0)
    for source in sorted(seen.have.keys() - seen.scan.looks.keys()):
        if place := seen.scan.hides(source, root_of(source, folders)):
            hidden[place] = hidden.get(place, 0) + 1
        else:
            seen.gone.append(source)
    for place, kept in sorted(hidden.items()):
        keeps = f" The library keeps what it has from there: {kept} files." if kept else ""
        reason = f"{place} cannot be looked into: {seen.scan.unseen[place]}."
        seen.failed.append(Failure(place, reason, f"Mend that, or delete it.{keeps}"))

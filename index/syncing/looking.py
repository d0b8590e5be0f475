"""Compares folders with what the library has from them, by the files' metadata only: no file is read."""

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

KEPT_HINT = "Until then the library keeps the file's previous contents."


@dataclass(slots=True)
class FolderDifferences:
    """The result of comparing folders with the library."""

    have: Mapping[str, str]
    """The library's sources in the folders, and the ids of their documents."""
    scan: Scan
    scanned_at: int
    """The time of the scan, in nanoseconds since 1970."""
    identities: dict[str, str] = field(default_factory=dict)
    """SHA-256 by source, of the files whose metadata have not changed since it was computed."""
    doubtful: list[str] = field(default_factory=list)
    """Files that have to be hashed."""
    hashed: set[str] = field(default_factory=set)
    """Files that were hashed."""
    gone: list[str] = field(default_factory=list)
    """Sources whose files no longer exist."""
    failed: list[Failure] = field(default_factory=list)
    """Unreadable files that have not changed since, and places that could not be scanned."""
    claimed: Collection[str] = ()
    """Ids of documents whose files were never read here."""

    @property
    def changed(self) -> dict[str, str]:
        """Files, with their SHA-256, whose contents the library lacks under this source, or has by claim only."""
        known, claimed = self.identities.items(), self.claimed
        return {source: id_ for source, id_ in known if self.have.get(source) != id_ or id_ in claimed}

    def stamp(self, source: str) -> str:
        """Return a file's stamp for the worklist; empty if it is not reliable."""
        metadata = self.scan.metadata.get(source)
        return metadata.stamp(self.scanned_at) if metadata else ""


def find_differences(
    catalog: Catalog,
    worklist: Worklist,
    folders: Sequence[Path],
    paths: Sequence[Path] | None,
    *,
    own: Path,
    rules: str,
    checksum: bool,
) -> FolderDifferences:
    """Compare the folders, or these paths in them, with the library; skip `own`, the library's folder.

    `rules` identifies the settings that a failure depends on. With `checksum`, recorded outcomes are ignored.
    """
    scanned_at = time.time_ns()
    have = _have(catalog, folders, paths, own)
    found = scan(folders, have, without=own) if paths is None else scan_paths(paths, folders, have, without=own)
    differences = FolderDifferences(have, found, scanned_at, claimed=catalog.claimed())
    known = {} if checksum else worklist.outcomes(list(found.metadata))
    for source in found.metadata:
        stamp, outcome = differences.stamp(source), known.get(source)
        if outcome and stamp and outcome.identity and outcome.stamp == stamp:
            differences.identities[source] = outcome.identity
        elif outcome and stamp and outcome.reason and outcome.stamp == failure_stamp(stamp, rules):
            differences.failed.append(failure(source, outcome.reason, outcome.hint, have))
        else:
            differences.doubtful.append(source)
    _find_missing(differences, folders)
    return differences


def failure_stamp(stamp: str, rules: str) -> str:
    """Return the stamp of an unreadable file. It includes the rules, because other rules may make it readable."""
    return f"{stamp} {rules}"


def failure(source: str, reason: str, hint: str, have: Mapping[str, str]) -> Failure:
    """Return the failure of a file that cannot be read. Its last good version stays in the library, because a file is
    often half written, locked or not yet fetched when it is read.
    """
    return Failure(source, reason, f"{hint} {KEPT_HINT}".strip() if source in have else hint)


def is_text(name: str) -> bool:
    """Return whether a file name is valid Unicode, as the catalog requires; some file names are not."""
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
            if name not in found and not os.path.isdir(name):  # a folder was removed, or is a file now
                found |= catalog.sources_below(name)
    return {source: identity for source, identity in found.items() if not is_below(source, str(own))}


def _find_missing(differences: FolderDifferences, folders: Sequence[Path]) -> None:
    """Divide missing files into those that are gone, and those below a place that could not be scanned."""
    hidden: dict[str, int] = dict.fromkeys(differences.scan.unseen, 0)
    for source in sorted(differences.have.keys() - differences.scan.metadata.keys()):
        if place := differences.scan.hides(source, root_of(source, folders)):
            hidden[place] = hidden.get(place, 0) + 1
        else:
            differences.gone.append(source)
    for place, kept in sorted(hidden.items()):
        note = f" The library keeps its {kept} {'file' if kept == 1 else 'files'} from there." if kept else ""
        reason = f"{place} cannot be scanned: {differences.scan.unseen[place]}."
        differences.failed.append(Failure(place, reason, f"Fix the problem, or delete it.{note}"))

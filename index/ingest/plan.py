"""Compares folders with the library, and plans a sync: renamed, new, changed and removed files."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.errors import TooManyRemovals
from index.ingest.known_failures import failed_members, failure, failure_stamp, members_by_container
from index.ingest.queue import OPENED
from index.ingest.scan import Scan, is_below, root_of, scan, scan_paths
from index.records import Failure, Receipt, Renamed
from index.records.file_kinds import format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from index.ingest.queue import Worklist
    from index.storage.catalog.catalog import Catalog

FREE_REMOVALS = 10
"""This many files may be removed without `force`, whatever share of the folder they are."""


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
    """Ids of documents whose files were never, or not wholly, read here."""
    members: dict[str, list[str]] = field(default_factory=dict)
    """The library's sources in containers that were scanned, by container."""
    unfinished: set[str] = field(default_factory=set)
    """Containers to open in any case: members of theirs wait, or failed and may not fail again."""

    @property
    def changed(self) -> dict[str, str]:
        """Files, with their SHA-256, whose contents the library lacks under this source, or has by claim only."""
        known, claimed = self.identities.items(), self.claimed
        return {source: id_ for source, id_ in known if self.have.get(source) != id_ or id_ in claimed}

    def note_unchanged(self, source: str, identity: str) -> None:
        """Note a file whose metadata have not changed since its SHA-256 was computed, or its members were added."""
        if not identity.startswith(OPENED):
            self.identities[source] = identity

    def stamp(self, source: str) -> str:
        """Return a file's stamp for the worklist; empty if it is not reliable."""
        metadata = self.scan.metadata.get(self.scan.file_of(source))
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
    differences = FolderDifferences(have, found, scanned_at, claimed=catalog.to_read())
    differences.members = members_by_container(have, found)
    known = {} if checksum else worklist.outcomes(list(found.metadata))
    failed, differences.unfinished = failed_members(worklist, found, differences.stamp, rules)
    differences.failed += (failure(each.source, each.reason, each.hint, have) for each in failed)
    for source in found.metadata:
        stamp, outcome = differences.stamp(source), known.get(source)
        if source in differences.unfinished:
            differences.doubtful.append(source)
        elif outcome and stamp and outcome.identity and outcome.stamp == stamp:
            differences.note_unchanged(source, outcome.identity)
        elif outcome and stamp and outcome.reason and outcome.stamp == failure_stamp(stamp, rules):
            differences.failed.append(failure(source, outcome.reason, outcome.hint, have))
        else:
            differences.doubtful.append(source)
    _find_missing(differences, folders)
    return differences


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
            if not os.path.isdir(name):  # a folder was removed, or is a file now; or it is a container
                found |= catalog.sources_below(name)
    return {source: identity for source, identity in found.items() if not is_below(source, str(own))}


def _find_missing(differences: FolderDifferences, folders: Sequence[Path]) -> None:
    """Divide missing files into those that are gone, and those below a place that could not be scanned."""
    hidden: dict[str, int] = dict.fromkeys(differences.scan.unseen, 0)
    inside = {source for members in differences.members.values() for source in members}
    for source in sorted(differences.have.keys() - differences.scan.metadata.keys() - inside):
        if place := differences.scan.hides(source, root_of(source, folders)):
            hidden[place] = hidden.get(place, 0) + 1
        else:
            differences.gone.append(source)
    for place, kept in sorted(hidden.items()):
        note = f" The library keeps its {kept} {'file' if kept == 1 else 'files'} from there." if kept else ""
        reason = f"{place} cannot be scanned: {differences.scan.unseen[place]}."
        differences.failed.append(Failure(place, reason, f"Fix the problem, or delete it.{note}"))


@dataclass(slots=True)
class Facts:
    """The facts that a plan is made from."""

    have: Mapping[str, str]
    """The library's sources, and the ids of their documents."""
    identities: Mapping[str, str]
    """SHA-256 of the files, by source, as far as it was needed."""
    unread: Collection[str]
    """Files that were not hashed, or could not be."""
    gone: Collection[str]
    """Sources whose files no longer exist."""
    failed: Sequence[Failure]
    """Known unreadable files, and places that could not be scanned."""
    claimed: Collection[str] = ()
    """Ids of documents whose files were never, or not wholly, read here; these are always read."""
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The library's sources in containers that exist, by container; they are settled with their container."""


@dataclass(slots=True)
class Plan:
    """The changes that a sync will make. Each source is in one of the lists only."""

    have: Mapping[str, str]
    unchanged: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """From the new source to the previous one."""
    copied: dict[str, str] = field(default_factory=dict)
    """From a source to the id of a document that the library has from another source."""
    first: list[str] = field(default_factory=list)
    """Sources to remove first, because their bytes are read again under a name of another format."""
    read: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether the sync changes anything."""
        return bool(self.renamed or self.copied or self.first or self.read or self.lost)

    @property
    def gained(self) -> dict[str, str]:
        """The sources that gain an existing document, each with the document's id."""
        return {source: self.have[before] for source, before in self.renamed.items()} | self.copied

    @property
    def given_up(self) -> list[str]:
        """The sources that lose their document before anything is read."""
        return [*self.renamed.values(), *self.first]

    @property
    def disappearing(self) -> list[str]:
        """The sources that the library will no longer have."""
        staying = {*self.read, *self.copied, *self.renamed}
        return sorted((*self.lost, *(source for source in self.first if source not in staying)))

    def expected_receipt(self) -> Receipt:
        """Return the receipt as far as it is known before files are read."""
        incoming, present = sorted((*self.read, *self.copied)), self.have.keys() - set(self.given_up)
        return Receipt(
            added=tuple(source for source in incoming if source not in present),
            replaced=tuple(source for source in incoming if source in present),
            renamed=tuple(Renamed(source, before) for source, before in self.renamed.items()),
            unchanged=tuple(self.unchanged),
            removed=tuple(self.disappearing),
            failed=tuple(self.failed),
        )


def make_plan(facts: Facts, media_types: Mapping[str, str], reads_alike: Callable[[str, str], bool]) -> Plan:
    """Make a plan. `media_types` has the documents that were read into the library, by id; `reads_alike` says whether
    a file with this name would be read as this media type.
    """
    result = Plan(facts.have, failed=list(facts.failed))
    known, claimed = facts.identities.items(), facts.claimed
    changed = {source: id_ for source, id_ in known if facts.have.get(source) != id_ or id_ in claimed}
    result.unchanged = [source for source in facts.identities if source not in changed]
    previous: dict[str, list[str]] = {}
    for source in sorted((*facts.gone, *changed)):
        if source in facts.have:
            previous.setdefault(facts.have[source], []).append(source)
    for source, identity in sorted(changed.items()):
        before = _same_name_first(source, previous.get(identity, []))
        if identity not in media_types or (format_of(media_types[identity]).members and _has_members(facts, before)):
            result.read.append(source)
        elif not before:
            result.copied[source] = identity
        else:
            previous[identity].remove(before)
            if _suffix(source) == _suffix(before) or reads_alike(source, media_types[identity]):
                result.renamed[source] = before
            else:
                result.first.append(before)
                result.read.append(source)
    result.read = sorted((*result.read, *facts.unread))
    read = set(result.read)
    result.unchanged += [
        each for container, each_in in facts.members.items() if container not in read for each in each_in
    ]
    moved = {*result.renamed.values(), *result.first}
    result.lost = sorted(source for source in facts.gone if source not in moved)
    return result


def _has_members(facts: Facts, before: str) -> bool:
    """Return whether a message may have attachments in the library: then it is read, so that they follow it.

    A message without a former source is a copy, of which this is not known.
    """
    return not before or any(is_below(source, before) for source in facts.gone)


def refusals(
    plan: Plan, folders: Sequence[Path], count: Callable[[str], int], is_empty: Callable[[Path], bool]
) -> list[TooManyRemovals]:
    """Return a refusal for each folder that would lose too many files: most of many, or all if the folder is empty."""
    found = []
    for folder in folders:
        removed = [source for source in plan.disappearing if root_of(source, folders) == str(folder)]
        emptied = bool(removed) and is_empty(folder)
        if emptied or len(removed) > FREE_REMOVALS:
            total = count(str(folder))
            if emptied or 2 * len(removed) > total:
                found.append(TooManyRemovals(str(folder), len(removed), total))
    return found


def drop_refused(plan: Plan, folders: Sequence[Path], refused: Sequence[TooManyRemovals]) -> None:
    """Drop the refused removals from a plan."""
    kept = {refusal.folder for refusal in refused}
    plan.lost = [source for source in plan.lost if root_of(source, folders) not in kept]


def _same_name_first(source: str, candidates: Sequence[str]) -> str:
    name = PurePath(source).name
    return min(candidates, key=lambda candidate: (PurePath(candidate).name != name, candidate), default="")


def _suffix(source: str) -> str:
    return PurePath(source).suffix.lower()

"""Compares folders with the library, and plans a sync: renamed, new, changed and removed files."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from index.errors import FolderMissing, TooManyRemovals
from index.ingest.queue import OPENED, SETTLING_NS
from index.loading.loader import discover, is_skipped, locate
from index.records import Failure, Receipt, Renamed
from index.records.file_kinds import format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence

    from index.ingest.queue import Worklist
    from index.storage.catalog.catalog import Catalog


# Scans folders for files as `discover` does, and records places that could not be scanned.


class FileMetadata(NamedTuple):
    """The metadata of a file. Every write changes them: only the system can set `changed`."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> FileMetadata:
        """Build from the result of `stat`."""
        return cls(state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)

    def stamp(self, now: int) -> str:
        """Return the stamp for the worklist; empty if a change at `now` (in nanoseconds) or later might not show.

        Git calls such a file racy: it changed in nearly the same tick of the file system's clock.
        """
        return ":".join(map(str, self)) if now - max(self.modified, self.changed) >= SETTLING_NS else ""


@dataclass(slots=True)
class Scan:
    """The result of a scan."""

    metadata: dict[str, FileMetadata] = field(default_factory=dict)
    """Every file to read, by source."""
    unseen: dict[str, str] = field(default_factory=dict)
    """Places that could not be scanned, and why. Files below them may still exist."""

    def file_of(self, source: str) -> str:
        """Return the scanned file that a source is, or is a member of; empty if there is none."""
        while source and source not in self.metadata:
            above = os.path.dirname(source)
            source = "" if above == source else above
        return source

    def hides(self, source: str, folder: str) -> str:
        """Return the place that hides whether a source exists; empty if the source is gone.

        Such a place is a folder that could not be listed, or a broken link, whose target may be on another disk.
        """
        path = source
        while len(path) > len(folder):
            if path in self.unseen:
                return path
            if os.path.islink(path) and not os.path.exists(path):
                self.unseen[path] = "it is a broken link"
                return path
            path = os.path.dirname(path)
        return ""


def roots(folders: Iterable[str | Path]) -> list[Path]:
    """Return the folders' absolute paths, without folders inside another one. Raises FolderMissing."""
    found: list[Path] = []
    for path in sorted({locate(Path(folder).expanduser()) for folder in folders}):
        check(path)
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def check(folder: Path) -> None:
    """Raise FolderMissing if a folder cannot be listed."""
    try:
        with os.scandir(folder):
            pass
    except (OSError, ValueError) as error:
        raise FolderMissing(str(folder), getattr(error, "strerror", None) or str(error)) from error


def is_empty(folder: Path) -> bool:
    """Return whether a folder has no entry, not even a hidden one, like the mount point of an unmounted disk."""
    check(folder)
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def is_below(source: str, folder: str) -> bool:
    """Return whether a path is below a folder, by their names."""
    return source.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def root_of(source: str, folders: Sequence[Path]) -> str:
    """Return the folder that contains a source; empty if none does."""
    return next((folder for folder in map(str, folders) if is_below(source, folder)), "")


def is_hidden(source: str, folder: str) -> bool:
    """Return whether `discover` skips the source, or a folder above it, when it starts at the folder."""
    return any(map(is_skipped, source.removeprefix(folder).split(os.sep)))


def is_linked(sources: Iterable[str], folders: Sequence[Path]) -> bool:
    """Return whether any source is reached through a link; then only a full scan tells which of its names counts."""
    return any(os.path.islink(path) for path in _paths_between(sources, folders))


def scan(folders: Sequence[Path], have: Mapping[str, str], *, without: Path) -> Scan:
    """Scan the folders, except the library's own; hidden files count if the library has them as sources.

    Raises FolderMissing if one of the folders disappears meanwhile.
    """
    named = [source for source in have if is_hidden(source, root_of(source, folders)) and os.path.lexists(source)]
    own = os.path.realpath(without)
    found = Scan()
    before = [folder_identity(folder) for folder in folders]
    for path in discover([*folders, *named], enter=lambda folder: os.path.realpath(folder) != own):
        _take(found, path, own)
    if before != [folder_identity(folder) for folder in folders]:
        raise FolderMissing(", ".join(map(str, folders)), "it was moved or replaced during the scan")
    return found


def scan_paths(paths: Iterable[Path], folders: Sequence[Path], have: Mapping[str, str], *, without: Path) -> Scan:
    """Scan these paths only. Folders are skipped, because their files are among the paths themselves."""
    own = os.path.realpath(without)
    found = Scan()
    for path in paths:
        root = root_of(str(path), folders)
        if root and (str(path) in have or not is_hidden(str(path), root)) and os.path.isfile(path):
            _take(found, path, own)
    return found


def _take(found: Scan, path: Path, own: str) -> None:
    source = str(path)
    try:
        state = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        found.unseen[source] = error.strerror or str(error)
        return
    if stat.S_ISDIR(state.st_mode):
        if os.path.realpath(path) != own:
            found.unseen[source] = "its content cannot be listed"
        return
    found.metadata[source] = FileMetadata.of(state)


def folder_identity(folder: Path) -> tuple[int, int]:
    """Return device and inode of a folder: another folder at the same path has others. Raises FolderMissing."""
    check(folder)
    state = folder.stat()
    return state.st_dev, state.st_ino


def _paths_between(sources: Iterable[str], folders: Sequence[Path]) -> Iterator[str]:
    """Yield the files, and each folder between them and the given folders."""
    visited = {str(folder) for folder in folders}
    for source in sources:
        yield source
        path = os.path.dirname(source)
        while path not in visited and len(path) > 1:
            visited.add(path)
            yield path
            path = os.path.dirname(path)


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


# Files that could not be read before: which of them would fail again, and which containers have to be opened again.

KEPT_HINT = "Until then the library keeps the file's previous contents."


def failure_stamp(stamp: str, rules: str) -> str:
    """Return the stamp of an unreadable file. It includes the rules, because other rules may make it readable."""
    return f"{stamp} {rules}"


def failure(source: str, reason: str, hint: str, have: Container[str]) -> Failure:
    """Return the failure of a file that cannot be read. Its last good version stays in the library, because a file is
    often half written, locked or not yet fetched when it is read.
    """
    return Failure(source, reason, f"{hint} {KEPT_HINT}".strip() if source in have else hint)


def members_by_container(have: Mapping[str, str], scan: Scan) -> dict[str, list[str]]:
    """Return the library's sources that are in containers among the scanned files, by container."""
    found: dict[str, list[str]] = {}
    for source in have.keys() - scan.metadata.keys():
        if container := scan.file_of(source):
            found.setdefault(container, []).append(source)
    return found


def failed_members(
    worklist: Worklist, scan: Scan, stamp_of: Callable[[str], str], rules: str
) -> tuple[list[Failure], set[str]]:
    """Return the members of scanned containers that would fail again, and the containers to open again.

    These have members that were not added yet, or that failed under other rules or before the container changed.
    """
    waiting = (path for path in worklist.waiting() if path not in scan.metadata)
    unfinished = {scan.file_of(path) for path in waiting}
    failed = [each for each in worklist.failed() if each.source not in scan.metadata and scan.file_of(each.source)]
    known, outcomes = [], worklist.outcomes([each.source for each in failed])
    for each in failed:
        stamp, outcome = stamp_of(each.source), outcomes.get(each.source)
        if outcome and stamp and outcome.stamp == failure_stamp(stamp, rules):
            known.append(each)
        else:
            unfinished.add(scan.file_of(each.source))
    return known, unfinished

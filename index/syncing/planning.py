"""Makes the plan of a sync from the folders' files and the library: renamed, new, changed and removed files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.errors import TooManyRemovals
from index.records import Failure, Receipt, Renamed
from index.syncing.scanning import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

FREE_REMOVALS = 10
"""This many files may be removed without `force`, whatever share of the folder they are."""


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
    """Ids of documents whose files were never read here; these are always read."""


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
        incoming, held = sorted((*self.read, *self.copied)), self.held()
        return Receipt(
            added=tuple(source for source in incoming if source not in held),
            replaced=tuple(source for source in incoming if source in held),
            renamed=tuple(Renamed(source, before) for source, before in self.renamed.items()),
            unchanged=tuple(self.unchanged),
            removed=tuple(self.disappearing),
            failed=tuple(self.failed),
        )

    def held(self) -> set[str]:
        """Return the sources whose documents have not moved to another source."""
        return self.have.keys() - {*self.renamed.values(), *self.first}


def make_plan(facts: Facts, media_types: Mapping[str, str], reads_alike: Callable[[str, str], bool]) -> Plan:
    """Make a plan. `media_types` has the documents that were read into the library, by id; `reads_alike` says whether
    a file, under its name, would be read as a media type.
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
        if identity not in media_types:
            result.read.append(source)
        elif not (before := _same_name_first(source, previous.get(identity, []))):
            result.copied[source] = identity
        else:
            previous[identity].remove(before)
            if _suffix(source) == _suffix(before) or reads_alike(source, media_types[identity]):
                result.renamed[source] = before
            else:
                result.first.append(before)
                result.read.append(source)
    result.read = sorted((*result.read, *facts.unread))
    moved = {*result.renamed.values(), *result.first}
    result.lost = sorted(source for source in facts.gone if source not in moved)
    return result


def refusals(
    plan: Plan, folders: Sequence[Path], count: Callable[[str], int], is_empty: Callable[[Path], bool]
) -> list[TooManyRemovals]:
    """Return the folders from which too many files would be removed: most of many, or all if the folder is empty."""
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

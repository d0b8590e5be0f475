"""What has to be done, from what is there and what the library has: renamed, new, changed, gone."""

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

FEW = 10
"""So many files may go without a question, however many are left."""


@dataclass(slots=True)
class Facts:
    """What is known of the files, before anything is decided."""

    have: Mapping[str, str]
    """The library's sources, and the ids of their documents."""
    identities: Mapping[str, str]
    """SHA-256 of the files, by source, as far as it was needed."""
    unread: Collection[str]
    """Files of which it was not needed, or could not be had."""
    gone: Collection[str]
    """Sources at which there is nothing any more."""
    failed: Sequence[Failure]
    """What is known to be unreadable, and what could not be looked at."""
    claimed: Collection[str] = ()
    """Ids of documents of which nobody here has read the file: they are read, whatever is said of them."""


@dataclass(slots=True)
class Plan:
    """What a sync will do. Each source is in one of them only."""

    have: Mapping[str, str]
    unchanged: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """The new source, and the one it had."""
    copied: dict[str, str] = field(default_factory=dict)
    """A source whose words the library has from elsewhere, and the id of their document."""
    first: list[str] = field(default_factory=list)
    """What has to go before its bytes are read anew, under a name that means another format."""
    read: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.renamed or self.copied or self.first or self.read or self.lost)

    @property
    def gained(self) -> dict[str, str]:
        """The sources that get a document which the library has, and its id."""
        return {source: self.have[before] for source, before in self.renamed.items()} | self.copied

    @property
    def given_up(self) -> list[str]:
        """The sources that lose theirs before anything is read."""
        return [*self.renamed.values(), *self.first]

    @property
    def went(self) -> list[str]:
        """The sources at which the library will have nothing."""
        staying = {*self.read, *self.copied, *self.renamed}
        return sorted((*self.lost, *(source for source in self.first if source not in staying)))

    def foretold(self) -> Receipt:
        """The receipt, as far as it can be written before files are read."""
        coming, held = sorted((*self.read, *self.copied)), self.held()
        return Receipt(
            added=tuple(source for source in coming if source not in held),
            replaced=tuple(source for source in coming if source in held),
            renamed=tuple(Renamed(source, before) for source, before in self.renamed.items()),
            unchanged=tuple(self.unchanged),
            removed=tuple(self.went),
            failed=tuple(self.failed),
        )

    def held(self) -> set[str]:
        """The sources from which the library has something that has not moved elsewhere."""
        return self.have.keys() - {*self.renamed.values(), *self.first}


def plan(facts: Facts, media_types: Mapping[str, str], reads_alike: Callable[[str, str], bool]) -> Plan:
    """Compare. `media_types` has the documents that were read into the library, by id; `reads_alike` says whether a
    file, under its name, would be read as a media type.
    """
    made = Plan(facts.have, failed=list(facts.failed))
    known, claimed = facts.identities.items(), facts.claimed
    changed = {source: each for source, each in known if facts.have.get(source) != each or each in claimed}
    made.unchanged = [source for source in facts.identities if source not in changed]
    bereft: dict[str, list[str]] = {}
    for source in sorted((*facts.gone, *changed)):
        if source in facts.have:
            bereft.setdefault(facts.have[source], []).append(source)
    for source, identity in sorted(changed.items()):
        if identity not in media_types:
            made.read.append(source)
        elif not (before := _same_name_first(source, bereft.get(identity, []))):
            made.copied[source] = identity
        else:
            bereft[identity].remove(before)
            if _suffix(source) == _suffix(before) or reads_alike(source, media_types[identity]):
                made.renamed[source] = before
            else:
                made.first.append(before)
                made.read.append(source)
    made.read = sorted((*made.read, *facts.unread))
    moved = {*made.renamed.values(), *made.first}
    made.lost = sorted(source for source in facts.gone if source not in moved)
    return made


def refusals(
    made: Plan, folders: Sequence[Path], count: Callable[[str], int], is_empty: Callable[[Path], bool]
) -> list[TooManyRemovals]:
    """From which folders more would go than goes by itself: most of many, or all, where nothing whatever is left."""
    found = []
    for folder in folders:
        went = [source for source in made.went if root_of(source, folders) == str(folder)]
        bare = bool(went) and is_empty(folder)
        if bare or len(went) > FEW:
            had = count(str(folder))
            if bare or 2 * len(went) > had:
                found.append(TooManyRemovals(str(folder), len(went), had))
    return found


def spare(made: Plan, folders: Sequence[Path], refused: Sequence[TooManyRemovals]) -> None:
    """Leave what was refused where it is, and the rest of the plan as it is."""
    kept = {each.folder for each in refused}
    made.lost = [source for source in made.lost if root_of(source, folders) not in kept]


def _same_name_first(source: str, candidates: Sequence[str]) -> str:
    name = PurePath(source).name
    return min(candidates, key=lambda each: (PurePath(each).name != name, each), default="")


def _suffix(source: str) -> str:
    return PurePath(source).suffix.lower()

"""Whether a library is some committed state: what it may hold, what it has to, and that all of it agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Iterator

    from index.library.library import Library
    from index.records import Citation, Hit
    from tests.faults.arena import Texts

_ASKED = 4
"""Documents that are asked for after each round."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation does: each source's text before it and after it. A source that is not there is left out."""

    before: Texts
    after: Texts

    @property
    def sources(self) -> set[str]:
        """All that it is about."""
        return {*self.before, *self.after}

    def done(self) -> Change:
        """What is left of it when it is complete: nothing may be as it was before."""
        return Change(self.after, self.after)


@dataclass(slots=True)
class Finding:
    """What was seen of a library."""

    state: int = 0
    """How many of the sources that change have changed."""
    lost: list[str] = field(default_factory=list)
    """What had been reported as done, and is not there."""
    wrong: list[str] = field(default_factory=list)
    """Citations and quotes that are not in their source."""
    disagreements: list[str] = field(default_factory=list)
    """Documents that are neither the old nor the new ones; a library that does not open."""
    late: list[str] = field(default_factory=list)
    """Where the indexes do not say what the catalog says."""


def examine(library: Library, change: Change, told: Collection[str], chance: random.Random) -> Finding:
    """Compare a library with what it may hold; `told` are the sources whose change was reported as done."""
    finding = Finding()
    found = {info.source: library.document(info.id).text for info in library.documents()}
    for source in sorted({*found, *change.sources}):
        now, old, new = found.get(source), change.before.get(source), change.after.get(source)
        finding.state += now == new != old
        if now not in (old, new):
            finding.disagreements.append(f"{source} is neither as before nor as after")
        if source in told and now != new:
            finding.lost.append(f"{source} was reported as done")
    finding.late += [f"problems: {problem.what}" for problem in library.problems()]
    finding.late += [f"verify: {problem.what}" for problem in library.verify().mismatches]
    asked = chance.sample(sorted(change.sources), min(_ASKED, len(change.sources)))
    for source in asked:
        finding.late += _misses(library, source, found)
        finding.wrong += _wrong(library, source, found)
    return finding


def _misses(library: Library, source: str, found: Texts) -> Iterator[str]:
    """Where a search for the name that only this file has does not bring all of its passages; others come after."""
    ship = f"Ship{int(Path(source).stem)}"
    expected = sum(text.count(f"{ship} ") for text in found.values())
    named = [_names(hit, ship) for hit in library.search(ship, limit=100, mode="lexical", plain=True)]
    if sum(named) != expected:
        yield f"a search for {ship} by words brings {sum(named)} of {expected} passages"
    both = [_names(hit, ship) for hit in library.search(ship, limit=3, plain=True)]
    if expected and not all(both[:expected]):
        yield f"a search for {ship} brings others first"


def _names(hit: Hit, ship: str) -> bool:
    """Whether the passage names that ship."""
    return f"{ship} " in hit.passage.text


def _wrong(library: Library, source: str, found: Texts) -> Iterator[str]:
    """Hits and citations whose words are not at their place in the source."""
    captain = f"Captain{int(Path(source).stem)}"
    for hit in library.search(captain, limit=10):
        yield from wrong_hit(hit, found)
    for citation in library.ask(f"Which version of {captain} slept?").citations:
        yield from wrong_citation(citation, found)


def wrong_hit(hit: Hit, texts: Texts) -> Iterator[str]:
    """What is wrong with a hit; nothing where nothing is."""
    text = texts.get(hit.document.source, "")
    if text[hit.passage.start : hit.passage.end] != hit.passage.text or hit.pin.of(text) != hit.quote:
        yield f"the hit {hit.quote!r} is not at its place in {hit.document.source}"


def wrong_citation(citation: Citation, texts: Texts) -> Iterator[str]:
    """The same of a citation."""
    if texts.get(citation.document.source, "")[citation.start : citation.end] != citation.quote:
        yield f"the citation {citation.quote!r} is not at its place in {citation.document.source}"

"""Checks that a library is a committed state: which documents it may and must hold, and that its parts agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.nightly import length

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Iterator

    from index.library.library import Library
    from index.records import Citation, Hit
    from tests.faults.arena import Texts

_SAMPLED_DOCUMENTS = length(2, 4)
"""Documents that are searched for after each round."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change that an operation makes: the texts of all sources before it and after it."""

    before: Texts
    after: Texts

    @property
    def sources(self) -> set[str]:
        """All sources before and after the change."""
        return {*self.before, *self.after}

    def completed(self) -> Change:
        """The same change once it is complete, when only the new texts are allowed."""
        return Change(self.after, self.after)


@dataclass(slots=True)
class Finding:
    """The state of a library and its faults."""

    state: int = 0
    """How many of the changing sources have their new text."""
    lost: list[str] = field(default_factory=list)
    """Changes that were reported as done and are missing."""
    wrong: list[str] = field(default_factory=list)
    """Citations and quotes that are not at their place in the source."""
    disagreements: list[str] = field(default_factory=list)
    """Documents with neither their old nor their new text, and errors on opening the library."""
    index_errors: list[str] = field(default_factory=list)
    """Disagreements between the indexes and the catalog."""


def examine(library: Library, change: Change, reports: Collection[str], chance: random.Random) -> Finding:
    """Compare a library with a change. `reports` are the sources whose change was reported as done."""
    finding = Finding()
    infos = {info.source: info for info in library.documents()}
    texts = {source: library.document(info.id).text for source, info in infos.items()}
    for source in sorted({*texts, *change.sources}):
        current, before, after = texts.get(source), change.before.get(source), change.after.get(source)
        finding.state += current == after != before
        is_beginning = source in infos and infos[source].whole > 0 and (after or "").startswith(texts[source])
        if current not in (before, after) and not is_beginning:
            finding.disagreements.append(f"{source} is neither as before nor as after")
        if source in reports and current != after:
            finding.lost.append(f"{source} was reported as done")
    finding.index_errors += [f"problems: {problem.what}" for problem in library.problems()]
    finding.index_errors += [f"verify: {problem.what}" for problem in library.verify().mismatches]
    sampled = chance.sample(sorted(change.sources), min(_SAMPLED_DOCUMENTS, len(change.sources)))
    for source in sampled:
        finding.index_errors += _missing_hits(library, source, texts)
        finding.wrong += _wrong_quotes(library, source, texts)
    return finding


def _missing_hits(library: Library, source: str, texts: Texts) -> Iterator[str]:
    """Yield a fault if a search for this file's own name misses its passages or ranks other files first."""
    ship = f"Ship{int(Path(source).stem)}"
    expected = sum(text.count(f"{ship} ") for text in texts.values())
    matches = [_mentions(hit, ship) for hit in library.search(ship, limit=300, mode="lexical", plain=True)]
    if sum(matches) != expected:
        yield f"a search for {ship} by words finds {sum(matches)} of {expected} passages"
    matches = [_mentions(hit, ship) for hit in library.search(ship, limit=3, plain=True)]
    if expected and not all(matches[:expected]):
        yield f"a search for {ship} ranks others first"


def _mentions(hit: Hit, ship: str) -> bool:
    """Whether the passage mentions that ship."""
    return f"{ship} " in hit.passage.text


def _wrong_quotes(library: Library, source: str, texts: Texts) -> Iterator[str]:
    """Yield the hits and citations whose words are not at their place in the source."""
    captain = f"Captain{int(Path(source).stem)}"
    for hit in library.search(captain, limit=10):
        yield from wrong_hit(hit, texts)
    for citation in library.ask(f"Which version of {captain} slept?").citations:
        yield from wrong_citation(citation, texts)


def wrong_hit(hit: Hit, texts: Texts) -> Iterator[str]:
    """Yield a fault if the words of a hit are not at their place in the source."""
    text = texts.get(hit.document.source, "")
    if text[hit.passage.start : hit.passage.end] != hit.passage.text or hit.pin.of(text) != hit.quote:
        yield f"the hit {hit.quote!r} is not at its place in {hit.document.source}"


def wrong_citation(citation: Citation, texts: Texts) -> Iterator[str]:
    """Yield a fault if the words of a citation are not at their place in the source."""
    if texts.get(citation.document.source, "")[citation.start : citation.end] != citation.quote:
        yield f"the citation {citation.quote!r} is not at its place in {citation.document.source}"

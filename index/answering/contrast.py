"""Answers a comparison with the best sentence on both sides, or with the best on each side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.answering.fitness import Coverage
from index.answering.quotation import Candidate
from index.storage.analysis import asked, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.answering.intents import Question

SIDE_SHARE = 0.5
"""The least share of a side's words in a sentence about that side."""
SUBJECT_BONUS, BEGINNING_WORDS = 0.3, 4
"""The bonus for a sentence that names its side among so many first words."""
COUNTERPART_DISTANCE = 2
"""The largest distance, in sentences, between a sentence and its counterpart."""
BOTH_SIDES_BONUS = 0.15
"""The bonus for a sentence on both sides over a sentence on one."""
_AMOUNT = re.compile(
    r"\d|\b(?:(?:larg|bigg|small|great|high|low|old|young|earli|lat|long|short|fast|slow|cheap|strong|weak)(?:er|est)"
    r"|more|most|less|least|fewer|better|best|worse|worst|(?<!rather )than|same|equal(?:ly)?|as \w+ as)\b",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r"\b(?:whereas|while|unlike|differs?|differences?|contrast|(?<!rather )than|on the other hand)\b",
    re.IGNORECASE,
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(rf"(?:\d{{1,2}}\s)?(?:{_MONTHS})(?:\s\d{{1,2}})?,?(?:\s\d{{4}})?|\b(?:1[5-9]|20)\d\d\b")
_CAPITALS = re.compile(r"(?!(?:The|A|An)\s)(?:[A-Z][a-z]\w*\s){1,4}[A-Z][a-z]\w*")
_DEGREE = re.compile(r"\b(?:\w+er|more|less|fewer|better|worse|most|first|\w{3,}est)\b", re.IGNORECASE)
Rated = tuple[Candidate, list[bool]]
"""A sentence, and whether it is about each side."""


class Contrast:
    """Chooses sentences on the two sides of a comparison."""

    def __init__(self, question: Question) -> None:
        self._by_degree = bool(_DEGREE.search(question.text))
        self._sides = _sides(question.sides)

    def best(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the best sentence on both sides, else the best on each side, the better one first.

        A sentence near the first one and on the other side is probably its counterpart.
        """
        found = [
            (candidate, [side.share(_with_initials(candidate.text)) >= SIDE_SHARE for side in self._sides])
            for candidate in candidates
            if not self._by_degree or _AMOUNT.search(_DATE.sub("", candidate.text))
        ]
        pattern = _AMOUNT if self._by_degree else _CONTRAST
        both = next((candidate for candidate, fits in found if all(fits) and pattern.search(candidate.text)), None)
        single = [self._best_of(found, n) for n in (0, 1)]
        rows = sorted(
            (candidate for candidate in single if candidate is not None), key=lambda candidate: -candidate.worth
        )
        if both is not None and both.worth + BOTH_SIDES_BONUS >= max(
            (candidate.worth for candidate in rows), default=0.0
        ):
            rows = [both]
        elif len(rows) > 1:
            rows[1] = self._counterpart(found, rows[0], rows[1], single.index(rows[1]))
        return rows

    def _counterpart(self, found: Sequence[Rated], first: Candidate, second: Candidate, side: int) -> Candidate:
        """Return the sentence on the other side; one near the first sentence is preferred unless it is much worse."""
        near = [
            rated
            for rated in found
            if rated[1][side]
            and rated[0] is not first
            and rated[0].context is first.context
            and abs(rated[0].n - first.n) <= COUNTERPART_DISTANCE
        ]
        best = self._best_of(near, side) or second
        return best if best.worth + SUBJECT_BONUS >= second.worth else second

    def _best_of(self, found: Sequence[Rated], side: int) -> Candidate | None:
        """Return the best sentence on one side alone. A sentence is mostly about the side that it begins with."""

        def worth(rated: Rated) -> float:
            candidate, fits = rated
            beginning = _with_initials(" ".join(candidate.text.split()[:BEGINNING_WORDS]))
            return (
                candidate.worth
                + SUBJECT_BONUS * (self._sides[side].share(beginning) >= SIDE_SHARE)
                - SUBJECT_BONUS * all(fits)
            )

        return max((rated for rated in found if rated[1][side]), key=worth, default=(None,))[0]


def _sides(sides: Sequence[str]) -> list[Coverage]:
    """Return the coverage of each side by the words that only this side has."""
    words = [asked(side) for side in sides]
    own = [" ".join(w for term, w in mine.items() if term not in words[1 - n]) for n, mine in enumerate(words)]
    return [Coverage(words_alone or side) for words_alone, side in zip(own, sides, strict=True)]


def _with_initials(text: str) -> list[str]:
    """Return the terms of a text and the initials of its names: `EU` for the European Union."""
    short = ("".join(word[0] for word in found[0].split()) for found in _CAPITALS.finditer(text))
    return [*terms(text), *terms(" ".join(short))]

"""What of a search tells whether the documents hold an answer at all.

No signal depends on how many documents there are: a question and the passages found for it have the same ones in a
library of one document and of a million. So words weigh by how rare they are in English, not in the library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.rarity import rarity
from index.storage.analysis import holds, terms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence, Set

    from index.retrieval.evidence import EncodedQuestion, Evidence
    from index.retrieval.excerpts import ReadPassage

NAMES = ("sentence", "passage", "overlap", "coverage", "together", "told", "absent", "read", "answers")
"""What there is to know, in the order in which coefficients are kept."""
MEANING = ("sentence", "passage")
"""Those that are the encoder's: another one's cosines mean something else."""
READER = ("read", "answers")
"""Those that are the reader's."""
NEAR = 5
"""Passages of how many first hits are near the answer: a word that none of them has is missed."""
RARE = 0.9
"""Rarity from which on a question's word has to be met: rarer than some 8,000 words."""
MOST = 6.0
"""Beyond this, a logit says nothing more."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question that tells what it is about."""

    text: str
    weight: float
    """How much it tells, by its rarity."""
    distinctive: bool
    """Whether it is a name, a number or a rare word: an answer has it, or one has to be told that it has not."""


def words_of(asked: EncodedQuestion) -> list[Word]:
    """The question's words, each once, without those that every question has."""
    return [_word(text, asked.text) for text in dict.fromkeys(asked.words.values())]


def signals(
    asked: EncodedQuestion, found: Sequence[Evidence], titles: Sequence[str], cosines: Sequence[float]
) -> dict[str, float]:
    """Numbers on the passages found, best first, and on the cosines of all candidates; empty where nothing was found.

    `sentence` and `passage`: the best cosines. `overlap`: the largest share of the question's words, by rarity, in one
    sentence; `coverage`: in one passage; `together`: in the first NEAR of them; `told`: the share of its names, numbers
    and rare words in the first one; `absent`: how many of these none of the first NEAR has, at most two. A document's
    `titles`, in the order of `found`, count as a part of its passages. `read` and `answers`, the reader's, are those of
    `read_signals`.
    """
    if not found or not cosines:
        return {}
    words = words_of(asked)
    total = sum(word.weight for word in words) or 1.0
    held = [passage.held | frozenset(terms(title)) for passage, title in _with_titles(found, titles)]
    near = frozenset().union(*held[:NEAR])
    distinctive = [word for word in words if word.distinctive]

    def share(has_terms: Set[str]) -> float:
        return sum(word.weight for word in words if holds(has_terms, word.text)) / total

    return {
        "sentence": max(passage.cosine for passage in found),
        "passage": max(cosines),
        "overlap": max(share(sentence) for evidence in found[:NEAR] for sentence in evidence.terms),
        "coverage": max(share(passage) for passage in held[:NEAR]),
        "together": share(near),
        "absent": float(min(len(absent_words(words, near)), 2)),
        "told": _matched_share(distinctive, held[0]),
    }


def read_signals(
    before: Mapping[str, float],
    asked: EncodedQuestion,
    found: Sequence[Evidence],
    titles: Sequence[str],
    readings: Collection[ReadPassage],
) -> dict[str, float]:
    """The signals `before` the first hits were read, as they are now that these are in another order, and two more.

    `read` and `answers`: the reader's logits, of the best sentence and of the best window; the least there are where
    it was given nothing to read.
    """
    if not before:
        return {}
    ((first, title),) = _with_titles(found[:1], titles)
    distinctive = [word for word in words_of(asked) if word.distinctive]
    return {
        **before,
        "told": _matched_share(distinctive, first.held | frozenset(terms(title))),
        "read": _clipped_maximum(reading.sentence for reading in readings),
        "answers": _clipped_maximum(reading.any for reading in readings),
    }


def near_terms(found: Sequence[Evidence], titles: Sequence[str]) -> frozenset[str]:
    """All terms of the first NEAR passages and of their documents' titles."""
    return frozenset().union(
        *(passage.held | frozenset(terms(title)) for passage, title in _with_titles(found[:NEAR], titles))
    )


def absent_words(words: Sequence[Word], held: Set[str]) -> list[str]:
    """The names, numbers and rare words that are not among these terms, in the question's order."""
    return [word.text for word in words if word.distinctive and not holds(held, word.text)]


def _with_titles(found: Sequence[Evidence], titles: Sequence[str]) -> list[tuple[Evidence, str]]:
    return [(passage, titles[n] if n < len(titles) else "") for n, passage in enumerate(found)]


def _word(text: str, question: str) -> Word:
    rare = rarity(text)
    named = text[:1].isupper() and not question.startswith(text) and not question.isupper()
    return Word(text, rare**2, named or any(map(str.isdigit, text)) or rare >= RARE)


def _matched_share(distinctive: Sequence[Word], held: Set[str]) -> float:
    """The signal that changes with the order of the hits."""
    return sum(holds(held, word.text) for word in distinctive) / len(distinctive) if distinctive else 1.0


def _clipped_maximum(logits: Iterable[float]) -> float:
    return min(max([*logits, -MOST]), MOST)

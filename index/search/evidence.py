"""Scores sentences for a question: which are relevant, how strongly, by which words; and which two disagree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from index.records.table import is_header, is_row, words_beside
from index.storage.tables import unpack_sentence_vectors
from index.text.prose import ends_sentence, is_bullet, is_sentence, kinds_of
from index.text.words import STOP_WORDS, language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.storage.catalog.passage_queries import PassageRow
    from index.storage.protocol import Store
    from index.text.questions import Question

    Floats = np.ndarray[Any, np.dtype[np.float32]]


LEAST_STRENGTH = 0.4
"""The least strength of a relevant sentence. On SQuAD, COVID-QA, ClapNQ and SciFact, at least 95 %
of the documents with the answer have such a sentence, 3 % of unrelated documents, and 42 % of papers on one topic."""
LEAST_OVERLAP = 0.5
"""A sentence with at least this share of the question's rare words is relevant, whatever its strength."""
OVERLAP_SHARE = 0.2
"""The weight of shared rare words next to the cosine when passages are ranked."""
PIN_OVERLAP_SHARE = 0.8
"""The weight of shared rare words next to the cosine when the sentences of a document are compared."""


@dataclass(frozen=True, slots=True)
class EncodedQuestion:
    """A question, encoded and split into terms."""

    question: Question
    vector: Floats
    """Shape (dimension,), of length one."""
    words: Mapping[str, str]
    """The terms to look for, each with its word."""
    idf: dict[str, float]
    """The inverse document frequency of each term in the library."""
    asked: str
    """The words of a follow-up alone; the text of any other question."""

    @property
    def text(self) -> str:
        """The words that are searched for."""
        return self.question.text


@dataclass(frozen=True)
class PassageEvidence:
    """A passage with scores for its sentences. Every array has one number for each sentence.

    It has no slots, so that cached properties work: several stages use the same values.
    """

    row: PassageRow
    terms: tuple[frozenset[str], ...]
    """The set of terms of each sentence. A row of a table has those of its headers, too."""
    cosines: Floats
    overlaps: Floats
    """The share of the question's rare words, in [0, 1]."""
    strengths: Floats
    """Cosine and overlap together: how relevant a sentence is, comparable with sentences of other passages."""
    claims: Floats
    """Pin scores: how well a sentence serves as evidence, compared with the other sentences that were found. Until the
    answer reader has read the passage, they are cosine and overlap, in which words count for more, and what a thread
    adds."""
    pinnable: tuple[int, ...]
    """The sentences that may be pinned; empty if the passage is all data or markup."""
    gains: Floats | float = 0.0
    """What the earlier questions of a thread add to the pin scores."""
    logits: Floats | None = None
    """The answer reader's logits that each sentence answers; None if it has not read the passage."""

    @cached_property
    def held(self) -> frozenset[str]:
        """All terms of the passage."""
        return frozenset().union(*self.terms)

    @cached_property
    def best(self) -> float:
        """The strength of the strongest sentence, from 0 to 1 + OVERLAP_SHARE."""
        return min(max(float(self.strengths.max()), 0.0), 1 + OVERLAP_SHARE)

    @property
    def overlap(self) -> float:
        """The largest share of the question's rare words in one sentence."""
        return float(self.overlaps.max())

    @property
    def is_relevant(self) -> bool:
        """Whether a sentence is near enough to the question, by meaning or by words, to mention its subject."""
        return self.best >= LEAST_STRENGTH or self.overlap >= LEAST_OVERLAP

    @cached_property
    def claim(self) -> float:
        """The pin score of the best sentence that may be pinned, else of the worst sentence."""
        return float(self.claims[list(self.pinnable)].max() if self.pinnable else self.claims.min())

    @cached_property
    def cosine(self) -> float:
        """The best cosine of the sentences that may be pinned; 0 if there are none."""
        return float(self.cosines[list(self.pinnable)].max()) if self.pinnable else 0.0

    @cached_property
    def pins(self) -> list[int]:
        """The sentences that may be pinned, the best first."""
        return sorted(self.pinnable, key=lambda n: -self.claims[n])


def quotable_sentences(row: PassageRow) -> tuple[int, ...]:
    """Return the sentences of a passage that may serve as evidence: those that state something.

    If there are none, the passage's loose lines qualify, else its questions. A heading only announces what follows,
    so it qualifies only if it is alone. Below the heading of a slide, every line states something; so does an item of
    a list with marks. Menus, references, captions, footnotes and table rules never qualify; nor do lines of data or
    markup, although their words can be searched. Rows of a table that is known as one qualify.
    """
    spans = row.passage.sentences
    below = tuple(n for n, span in enumerate(spans) if span.start not in row.headings)
    rows = frozenset(n for n in below if row.tables and is_row(row.tables, spans[n]))
    if row.structured:
        return tuple(n for n in below if n in rows or _is_prose(row, n))
    if not below:
        return tuple(range(len(spans)))
    texts = [row.passage.text[start - row.passage.start : end - row.passage.start] for start, end in spans]
    kinds = dict(zip(below, kinds_of([texts[n] for n in below]), strict=True))
    kinds |= {n: "sentence" for n in below if kinds[n] == "loose" and _is_broken(texts, n)}
    kinds |= {n: "item" for n in below if kinds[n] == "loose" and (row.slides or _is_listed(texts, n))}
    kinds |= dict.fromkeys(rows, "row")
    kinds |= {n: "loose" for n in below if row.tables and is_header(row.tables, spans[n])}
    ranks = (("sentence", "item", "row"), ("loose",), ("question",))
    found = (tuple(n for n in below if kinds[n] in rank) for rank in ranks)
    return next(filter(None, found), ())


def _is_broken(texts: Sequence[str], n: int) -> bool:
    """Whether a line is the first half of a sentence: it continues in lower case."""
    return n + 1 < len(texts) and texts[n + 1][:1].islower() and not ends_sentence(texts[n])


def _is_listed(texts: Sequence[str], n: int) -> bool:
    """Whether a line is one of several items of a list with marks: `• Parrots`. The list says what they are."""
    return is_bullet(texts[n]) and any(
        0 <= beside < len(texts) and is_bullet(texts[beside]) for beside in (n - 1, n + 1)
    )


def _is_prose(row: PassageRow, n: int) -> bool:
    """Whether both a sentence and its whole line are prose, because parts of a data line can look like sentences."""
    text, (start, end) = row.passage.text, row.passage.sentences[n]
    start, end = start - row.passage.start, end - row.passage.start
    stop = text.find("\n", end)
    line = text[text.rfind("\n", 0, start) + 1 : stop if stop >= 0 else len(text)]
    sentence = text[start:end]
    return is_sentence(sentence) and (line == sentence or is_sentence(line))


def weigh(question: EncodedQuestion, rows: Sequence[PassageRow], store: Store) -> list[PassageEvidence]:
    """Return the evidence of these passages; all sentences are scored together."""
    if not rows:
        return []
    texts = [
        row.passage.text[start - row.passage.start : end - row.passage.start]
        for row in rows
        for start, end in row.passage.sentences
    ]
    beside = [words_beside(row.tables, span) if row.tables else "" for row in rows for span in row.passage.sentences]
    headed = [f"{text} | {headers}" if headers else text for text, headers in zip(texts, beside, strict=True)]
    terms = [frozenset(terms_of_text) for terms_of_text in store.analyze(headed)]
    contains = np.array([list(map(held.__contains__, question.idf)) for held in terms], dtype=np.float32)
    idf = np.fromiter(question.idf.values(), dtype=np.float32)
    sizes = np.array([len(row.passage.sentences) for row in rows])
    starts = np.cumsum(sizes) - sizes
    packed = b"".join(row.sentence_vectors for row in rows)
    cosines = unpack_sentence_vectors(packed, len(question.vector)) @ question.vector
    # Not `contains @ idf`: OpenBLAS (numpy 2.4) may warn of an invalid value although there is none.
    overlaps = (contains * idf).sum(axis=1) / np.maximum(idf.sum(), 1e-9)
    strengths = cosines + OVERLAP_SHARE * overlaps
    claims = cosines + PIN_OVERLAP_SHARE * overlaps
    return [
        PassageEvidence(
            row,
            tuple(terms[a:b]),
            cosines[a:b],
            overlaps[a:b],
            strengths[a:b],
            claims=claims[a:b],
            pinnable=quotable_sentences(row),
        )
        for row, a, b in zip(rows, starts, starts + sizes, strict=True)
    ]


# Tells whether two sentences say the same with other names or numbers, or whether one denies the other.

LEAST_SHARED = 0.7
"""The least share of the shorter sentence's content words that the other sentence has."""
FEWEST_SHARED = 3
_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")
_DENIALS = frozenset(["no", "not", "never", "nor", "none", "neither", "without", "cannot"])
_CACHED = 4096


def disagree(one: str, other: str, question: str = "") -> bool:
    """Whether each has a name or number that the other lacks, or one alone a denial, and the rest is much the same.

    Sentences on different names or numbers of the question do not disagree: they answer different questions.
    """
    firsts, seconds = _words(one), _words(other)
    shared = firsts.keys() & seconds.keys()
    if len(shared) < max(FEWEST_SHARED, LEAST_SHARED * min(len(firsts), len(seconds))):
        return False
    apart = [{word for word, named in words.items() if named and word not in shared} for words in (firsts, seconds)]
    if not (apart[0] | apart[1]).isdisjoint(_words(question)):
        return False
    differing = len(firsts) + len(seconds) - 2 * len(shared)
    return all(apart) or (_denies(one) != _denies(other) and not (apart[0] or apart[1]) and differing <= 1)


@lru_cache(_CACHED)
def _words(text: str) -> dict[str, bool]:
    """Return the content words in lower case, and whether each is a number or, in English, a name."""
    names = language(text) in ("en", "")
    found = {}
    for n, match in enumerate(_WORD.finditer(text)):
        word = match[0]
        if word.casefold() not in STOP_WORDS:
            found[word.casefold()] = any(map(str.isdigit, word)) or (names and n > 0 and word[0].isupper())
    return found


def _denies(text: str) -> bool:
    words = [match[0].casefold().replace("’", "'") for match in _WORD.finditer(text)]
    return any(word in _DENIALS or word.endswith("n't") for word in words)

"""Hits: the passages that a search finds for a question, and what each document says about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from index.records.document import DocumentInfo, Location, Passage, Span

Mode = Literal["hybrid", "dense", "lexical"]
"""The indexes that a search uses: both, vectors alone, or words alone."""
CANDIDATES = 50
"""Number of passages that each index proposes."""


@dataclass(frozen=True, slots=True)
class Why:
    """The scores that made a passage a hit."""

    dense: float | None
    """Cosine of question and passage; None if the dense index was not searched."""
    dense_rank: int | None
    """From 1; None if the passage was not among the dense candidates."""
    lexical: float | None
    """BM25 score, 0 if no word of the question occurs nearby; None if the lexical index was not searched."""
    lexical_rank: int | None
    fused: float
    """The scores of both indexes, each as a share of the best score, weighted; in [0, 1]."""
    evidence: float
    """How strongly the best sentence answers the question: its cosine, plus a part for the rare words it shares."""
    verbatim: bool
    """Whether the hit comes first because it holds the question word for word, which few passages do."""
    reranked: float | None
    """The reranker's score, in [0, 1]; None without a reranker."""
    matched_terms: tuple[str, ...]
    """The question's words that occur in the passage, in the question's order."""
    pin_terms: tuple[str, ...]
    """The matched words that occur in the pin, the rarest first."""
    nearest_words: tuple[str, ...] = ()
    """The words of the pin that are nearest to the question in meaning; empty unless the caller wants explanations."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question."""

    passage: Passage
    document: DocumentInfo
    score: float
    """In [0, 1], higher is better; comparable among the hits of one question."""
    pin: Span
    """The sentence that carries the evidence."""
    location: Location
    """The location of the pin."""
    why: Why
    claims: tuple[float, ...] = ()
    """How good a pin each sentence of the passage would be; minus infinity for a heading."""
    cosines: tuple[float, ...] = ()
    """Cosine of the question and each sentence of the passage."""
    also: tuple[Hit, ...] = ()
    """Further hits that say the same in nearly the same words, best first."""

    @property
    def runner_up(self) -> Span | None:
        """The sentence that is the next best pin; None if there is no other sentence."""
        others = [
            (claim, span)
            for claim, span in zip(self.claims, self.passage.sentences, strict=True)
            if span != self.pin and claim > float("-inf")
        ]
        return max(others, key=lambda other: other[0])[1] if others else None

    def pins(self) -> list[tuple[Span, str]]:
        """Return the pin and the next best pin, if there is one, each with its words."""
        spans = [span for span in (self.pin, self.runner_up) if span is not None]
        return list(zip(spans, self.texts(spans), strict=True))

    @property
    def quote(self) -> str:
        """The words of the pin."""
        return self.words(self.pin)

    def words(self, span: Span) -> str:
        """Return the words of a span within the passage."""
        return self.texts([span])[0]

    def texts(self, spans: Sequence[Span]) -> list[str]:
        """Return the words of each span within the passage."""
        text, begin = self.passage.text, self.passage.start
        return [text[start - begin : end - begin] for start, end in spans]


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search."""

    question: str
    hits: tuple[Hit, ...]
    """Best first."""
    timings_ms: dict[str, float]
    notes: tuple[str, ...] = ()
    """What the reader should know: how the question was understood, and what could not be searched."""
    has_words: bool = True
    """Whether the word index was complete. If not, `signals` come from the meaning alone."""
    signals: dict[str, float] = field(default_factory=dict)
    """Evidence that the documents hold an answer, by `index.search.signals`; empty if nothing was found."""
    missing: tuple[str, ...] = ()
    """Names, numbers and rare words of the question that none of the first passages has."""
    unknown: tuple[str, ...] = ()
    """The missing words that no passage of the library has, according to the word index."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, n: int) -> Hit:
        return self.hits[n]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one document says about a question."""

    document: DocumentInfo
    hit: Hit | None
    """The document's best hit; None if no sentence of it is about the question. Absence is a finding, too."""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What each document says about a question, best first."""

    rows: tuple[Coverage, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know: what could not be searched."""

    def __iter__(self) -> Iterator[Coverage]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, n: int) -> Coverage:
        return self.rows[n]

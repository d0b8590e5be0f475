"""The records that flow through Pincite, in the order in which data flows.

Every offset is a Unicode code point into `Document.text`, and every span is half-open: `[start, end)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal, NamedTuple

LandmarkKind = Literal["page", "heading", "paragraph"]
Mode = Literal["hybrid", "dense", "lexical"]
"""Which sides a question is put to."""
Stage = Literal["reading", "encoding", "settled", "done"]
Outcome = Literal["added", "replaced", "unchanged", "failed"]
Status = Literal["answered", "unsure", "abstained"]
"""What became of a question: an answer is given, something near is shown that may be one, or neither."""
Writer = Literal["quote", "model"]
"""The author of an answer's words: the documents, or the language model of the settings."""
ExportForm = Literal["text", "markdown", "html", "bibtex", "ris", "csl", "apa", "mla", "chicago"]
"""The text forms of an exported answer."""
Verdict = Literal["verbatim", "supported", "contradicted", "unverified"]
"""What was proven of a sentence, and never more.

`verbatim`: its words stand in a source. `supported`: every part of it is accounted for by a source. `contradicted`:
a source says otherwise. `unverified`: none of these could be proven.
"""
SUPPORTING: tuple[Verdict, ...] = ("verbatim", "supported")
"""The verdicts of what the documents bear out."""


_MATCHES = ((0.9, "Strong match"), (0.75, "Fair match"), (0.0, "Weak match"))
"""From which confidence on a match is called what."""


class Span(NamedTuple):
    """A run of text, `[start, end)` in code points of `Document.text`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The words themselves."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Landmark:
    """A place in a document that readers name: a page, a heading, the beginning of a paragraph."""

    kind: LandmarkKind
    start: int
    label: str = ""
    """What readers call it: `iv` for a page, the words of a heading; empty for a paragraph."""
    level: int = 0
    """Depth of a heading, 1 for the highest; 0 for the other kinds."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read and normalised."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    source: str
    """Where it was found: an absolute path, or an address."""
    title: str
    """What the format or the text states; empty where neither does. The same holds for `author` and `date`."""
    author: str
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    text: str
    landmarks: tuple[Landmark, ...]
    """In order of `start`."""
    notes: tuple[str, ...] = ()
    """The document's health, for the receipt: what was left out or repaired in reading it."""


CLAIMED = "It was imported, and nobody here has read its file: add the file, and the words are compared with it."


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document without its text."""

    id: str
    source: str
    title: str
    author: str
    date: str
    media_type: str
    characters: int
    pages: int
    """How many pages the format has; 0 where it has none."""
    passages: int
    notes: tuple[str, ...] = ()
    claimed: bool = False
    """Whether a portable library brought it, and nobody here has read the file that it says to be of."""

    @property
    def health(self) -> tuple[str, ...]:
        """All that a reader should know of it: its notes, and whether its words are only claimed."""
        return (*self.notes, CLAIMED) if self.claimed else self.notes

    @property
    def name(self) -> str:
        """What to call it: its title, else the last part of its source."""
        return self.title or PurePath(self.source).name or self.source


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage before the catalog has given it an id."""

    start: int
    end: int
    sentences: tuple[Span, ...]
    """In order, without overlap, within `[start, end)`; together they hold every word of the chunk."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval: a run of whole sentences of one document."""

    id: int
    document_id: str
    ordinal: int
    """Its place in the document, from 0."""
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]
    """Spans of the document's text, as all spans are."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a span stands, in the words a reader would use."""

    page: str = ""
    heading: str = ""
    """The path of headings above the span, outermost first, joined by ` > `."""
    paragraph: int = 0
    """Counted from 1 below the nearest page or heading; 0 where the document has no paragraphs."""

    @property
    def label(self) -> str:
        """All of it in one line: `p. 3, § Trade, ¶ 2`."""
        parts = (
            f"p. {self.page}" if self.page else "",
            f"§ {self.heading}" if self.heading else "",
            f"¶ {self.paragraph}" if self.paragraph else "",
        )
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.label


CANDIDATES = 50
"""How many passages each side proposes."""


@dataclass(frozen=True, slots=True)
class Why:
    """What made a hit a hit."""

    dense: float | None
    """Cosine of question and passage; None where the dense side was not asked."""
    dense_rank: int | None
    """From 1; None where the passage was not among the dense candidates."""
    lexical: float | None
    """BM25 score, 0 where no word of the question occurs near; None where the lexical side was not asked."""
    lexical_rank: int | None
    fused: float
    """Both sides' scores, each as a share of the best, weighted; in [0, 1]."""
    evidence: float
    """How strongly the best sentence speaks to the question: its cosine, and a part for the rare words it shares."""
    verbatim: bool
    """Whether it comes first because it holds the question word for word, which few passages do."""
    reranked: float | None
    """What the reranker says, in [0, 1]; None where there is none."""
    matched_terms: tuple[str, ...]
    """The question's words that occur in the passage, in the question's order."""
    pin_terms: tuple[str, ...]
    """Those of them that occur in the pin, the rarest first."""
    nearest_words: tuple[str, ...] = ()
    """The words of the pin that are nearest to the question in meaning; only where an explanation was asked for."""


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
    """Where the pin stands."""
    why: Why
    claims: tuple[float, ...] = ()
    """How good a pin each sentence of the passage would be; minus infinity for a heading."""
    cosines: tuple[float, ...] = ()
    """Of each sentence of the passage and the question."""
    also: tuple[Hit, ...] = ()
    """Further hits that say the same in nearly the same words, best first."""

    @property
    def runner_up(self) -> Span | None:
        """The sentence that would be the pin if the pin were not; None where there is no other."""
        others = [
            (claim, span)
            for claim, span in zip(self.claims, self.passage.sentences, strict=True)
            if span != self.pin and claim > float("-inf")
        ]
        return max(others, key=lambda other: other[0])[1] if others else None

    @property
    def quote(self) -> str:
        """The words of the pin."""
        return self.words(self.pin)

    def words(self, span: Span) -> str:
        """The words of a span within the passage."""
        return self.passage.text[span.start - self.passage.start : span.end - self.passage.start]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought."""

    question: str
    hits: tuple[Hit, ...]
    """Best first."""
    timings_ms: dict[str, float]
    notes: tuple[str, ...] = ()
    """What the reader should know of how the question was understood, and of what could not be searched."""
    has_words: bool = True
    """Whether the word index took part in full: else `signals` are those of the meaning alone."""
    signals: dict[str, float] = field(default_factory=dict)
    """What tells whether the documents hold an answer, by `index.retrieval.signals`; empty where nothing was found."""
    missing: tuple[str, ...] = ()
    """Names, numbers and rare words of the question that none of the first passages has."""
    unknown: tuple[str, ...] = ()
    """Those of them that no passage has at all, as far as the word index tells."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, n: int) -> Hit:
        return self.hits[n]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one document has to say to a question."""

    document: DocumentInfo
    hit: Hit | None
    """Its best; None where no sentence of it speaks to the question. Absence is a finding, too."""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What each document has to say to a question, best first."""

    rows: tuple[Coverage, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know of what could not be searched."""

    def __iter__(self) -> Iterator[Coverage]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, n: int) -> Coverage:
        return self.rows[n]


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered reference to the exact words that something rests on."""

    marker: int
    document: DocumentInfo
    location: Location
    start: int
    end: int
    quote: str
    """`document.text[start:end]`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, or of a text that was checked."""

    text: str
    """A quotation as it stands, with an ellipsis where it was cut; or what somebody wrote, without its markers."""
    markers: tuple[int, ...]
    """The citations that decide its verdict: those that bear it out, or of a contradicted sentence the one that says
    otherwise. None where it is unverified."""
    verdict: Verdict
    detail: str = ""
    """In words: what differs, what is not in the source, or why the sentence could not be checked."""
    nearest: int | None = None
    """Of an unverified sentence, the citation whose words come nearest; they were not found to bear it out. None where
    nothing is near."""
    is_claim: bool = True
    """False where it states nothing, as a question or a heading does: then it was not checked, and `detail` says so."""

    @property
    def is_supported(self) -> bool:
        """Whether the documents bear it out."""
        return self.verdict in SUPPORTING


@dataclass(frozen=True, slots=True)
class Answer:
    """What the documents say to a question, or that they do not say it."""

    question: str
    status: Status
    confidence: float
    """How well what was found matches the question, in [0, 1]. It is not the chance that the answer is right."""
    bar: float
    """The confidence from which on an answer is given."""
    statements: tuple[Statement, ...]
    """In the order in which they are read. Where the status is `unsure`, the sentences that came nearest, which may
    hold an answer; where it is `abstained`, none."""
    citations: tuple[Citation, ...]
    """By marker, from 1."""
    hits: tuple[Hit, ...]
    """The passages that were found, best first; where there is no answer, the first is the nearest miss."""
    searched: tuple[int, int]
    """Passages and documents among which was searched; (0, 0) where nothing was: the notes say why."""
    writer: Writer
    timings_ms: dict[str, float]
    notes: tuple[str, ...] = ()
    """What the reader should know beside the answer. Words of the question stand between asterisks: `*Brazil*`."""

    @property
    def match(self) -> str:
        """The confidence in words, which say how well the passages match the question, and no more."""
        return next(words for least, words in _MATCHES if self.confidence >= least)


@dataclass(frozen=True, slots=True)
class Check:
    """A text, sentence by sentence, against the documents."""

    statements: tuple[Statement, ...]
    """All sentences of the text, in order; each with the words that its verdict rests on, or that come nearest."""
    citations: tuple[Citation, ...]
    """By marker, from 1: what bears a statement out, what contradicts it, or what comes nearest to it."""
    notes: tuple[str, ...] = ()
    """What the reader should know of what could not be searched."""

    @property
    def supported(self) -> int:
        """How many statements the documents bear out, word for word or otherwise."""
        return sum(statement.is_supported for statement in self.statements)

    @property
    def claims(self) -> int:
        """How many statements state something."""
        return sum(statement.is_claim for statement in self.statements)

    @property
    def summary(self) -> str:
        """In a line: `3 of 6 sentences supported, 1 contradicted, 2 not verified; 1 states nothing`."""
        claimed = [statement.verdict for statement in self.statements if statement.is_claim]
        told = [f"{self.supported} of {self.claims} sentences supported"]
        if number := claimed.count("contradicted"):
            told.append(f"{number} contradicted")
        if number := claimed.count("unverified"):
            told.append(f"{number} not verified")
        silent = len(self.statements) - self.claims
        return ", ".join(told) + (f"; {silent} {'states' if silent == 1 else 'state'} nothing" if silent else "")


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and what to do about it."""

    source: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader should know of a file that was added all the same."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file that has another name, or another place, than before."""

    source: str
    before: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an `add`, a `remove` or a `sync` did: each file found, and each that went, stands in exactly one tuple."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    notes: tuple[Note, ...] = ()
    passages: int = 0
    """Passages added, whether encoded anew or found again."""
    encoded: int = 0
    """Passages encoded anew."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Queue:
    """What an `add` that was stopped left to do, and what could not be done."""

    waiting: tuple[str, ...]
    """Paths, in the order in which they come."""
    failed: tuple[Failure, ...]
    """By path; each is forgotten when it is added."""


class Portion(NamedTuple):
    """What one file has in passages that are encoded together with others'."""

    source: str
    passages: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a file; from this moment on, it is so."""

    outcome: Outcome
    passages: int = 0
    """Passages of its document, where it was added or replaced."""
    notes: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a long `add`."""

    source: str
    stage: Stage
    files_done: int
    files: int
    passages: int
    """Passages of this file, and of those it is encoded together with, that have been encoded so far."""
    of_passages: int
    together: tuple[Portion, ...] = ()
    """While encoding: all files that are encoded together, this one first."""
    settled: Settled | None = None
    """Of a file that has been settled."""


ProgressCallback = Callable[[Progress], None]
"""Hears of every moment, in the thread that works, between two steps of it; what it raises ends the work there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a library or its surroundings, and its remedy."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A passage whose words do not stand in this order in its file, as a second reader sees it."""

    source: str
    passage: int
    page: str
    """The label of the page on which the passage begins."""
    agreement: float
    """The share of its five-word sequences that stand in the plain text of its pages, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` proved, and what it could not."""

    documents: int
    passages: int
    sentences: int
    sources_checked: int
    """Sources that are still on disk with the bytes that were indexed, read again and compared."""
    sources_changed: tuple[str, ...]
    """Sources whose bytes are not those that were indexed: add them again."""
    sources_missing: tuple[str, ...]
    mismatches: tuple[Problem, ...]
    unconfirmed: tuple[Unconfirmed, ...] = ()
    """Passages of PDFs to look at: their lines may be in the wrong order, or their words glued together. They are no
    mismatches, for the second reader may be the one that is wrong, as in the columns of some tables."""
    sources_claimed: tuple[str, ...] = ()
    """Sources that a portable library names and nobody here has read: they are not touched, and prove nothing."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A library in numbers."""

    folder: str
    documents: int
    passages: int
    sentences: int
    characters: int
    bytes: int
    """Size of the library's folder."""
    made_with: str
    """Encoder, its revision, and chunking; empty while nothing has been added."""
    generation: int
    """How many changes it has seen."""
    media_types: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What either index lacks, and whether the library is read-only."""


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of what is nearest in meaning a search of the library finds."""

    exact: bool
    """Whether every passage is compared with the question, as in a small library: nothing then can be missed."""
    recall: float
    """Of the `nearest` passages that comparing with all of them gives, the share that is found; the mean."""
    low: float
    """With `high`: where that mean is to be looked for in 95 of 100 samples."""
    high: float
    questions: int
    """Stand-ins for questions, made of the library's own sentences, that were put to it; none where it is exact."""
    nearest: int
    passages: int
    lists: int = 0
    """Into how many lists the vectors are parted."""
    probed: int = 0
    """How many of them a question looks through."""

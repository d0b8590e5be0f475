"""The results of questions: hits, coverage of documents, and answers and checks with their citations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from index.records.document import (
    SUPPORTING,
    DocumentInfo,
    Location,
    Offset,
    Passage,
    Share,
    Status,
    Verdict,
    Writer,
)
from index.records.table import Span

_MATCHES = ((0.9, "Strong match"), (0.75, "Good match"), (0.0, "Weak match"))
"""The lowest confidence for each description of a match."""


def match_in_words(confidence: float) -> str:
    """Return a confidence in words, such as `Strong match`."""
    return next(words for least, words in _MATCHES if confidence >= least)


@dataclass(frozen=True, slots=True)
class Why:
    """The scores that made a passage a hit."""

    dense: float | None
    """Cosine of question and passage; None if the dense index was not searched."""
    dense_rank: int | None
    """The rank among the candidates by meaning, from 1; None if the passage was not among them."""
    lexical: float | None
    """BM25 score, 0 if no word of the question occurs nearby; None if the lexical index was not searched."""
    lexical_rank: int | None
    """The rank among the candidates by words, from 1; None if the passage was not among them."""
    fused: float
    """The weighted sum of both indexes' scores, each as a share of the best score; in [0, 1]."""
    evidence: float
    """How strongly the best sentence answers the question: its cosine, plus a part for the rare words it shares."""
    verbatim: bool
    """Whether the hit comes first because it is one of few passages that contain the question word for word."""
    reranked: float | None
    """The reranker's score, in [0, 1]; None without a reranker."""
    matched_terms: tuple[str, ...]
    """The question's words that occur in the passage, in the question's order."""
    pin_terms: tuple[str, ...]
    """The matched words that occur in the pin, the rarest first."""
    nearest_words: tuple[str, ...] = ()
    """The words of the pin that are nearest to the question in meaning; empty unless the caller wants explanations."""
    relevant: bool = False
    """Whether a sentence mentions the subject of the question; coverage lists the documents with such a sentence."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question."""

    passage: Passage
    document: DocumentInfo
    """The document that holds the passage."""
    score: Share
    """Higher is better; comparable only among the hits of one question."""
    pin: Span
    """The sentence that carries the evidence, or the cell of a table that answers the question."""
    location: Location
    """The location of the pin."""
    why: Why
    """The reasons why the passage is a hit."""
    claims: tuple[float, ...] = ()
    """The pin score of each sentence of the passage; minus infinity for a heading."""
    cosines: tuple[float, ...] = ()
    """Cosine of the question and each sentence of the passage."""
    also: tuple[Hit, ...] = ()
    """Further hits that say the same in nearly the same words, best first."""
    cell: Share = 0.0
    """How certain it is that the pin is the cell that the question asks for; 0 if the pin is a sentence."""
    above: str = ""
    """The captions and headers of the tables whose rows the passage contains, as far as they are not in its text."""
    logits: tuple[float, ...] = ()
    """The answer reader's logits that each sentence answers; empty if it has not read the passage."""

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
    """The question as asked, without white space around it."""
    hits: tuple[Hit, ...]
    """Best first."""
    timings_ms: dict[str, float]
    """The time of each step, in milliseconds."""
    notes: tuple[str, ...] = ()
    """What the reader should know: how the question was understood, and what could not be searched."""
    has_words: bool = True
    """Whether the word index was complete. If not, `signals` come from the vector index alone."""
    signals: dict[str, float] = field(default_factory=dict)
    """Signals that the documents hold an answer (see `index.search.confidence`); empty if nothing was found."""
    missing: tuple[str, ...] = ()
    """Names, numbers and rare words of the question that none of the first passages contains."""
    unknown: tuple[str, ...] = ()
    """Those of the missing words that no passage of the library contains, according to the word index."""

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
    """The document."""
    hit: Hit | None
    """The document's best hit; None if no sentence of it is about the question. Absence is a finding, too."""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What each document says about a question, best first."""

    rows: tuple[Coverage, ...]
    """All documents. Those with a hit come first, the best hit at the top."""
    notes: tuple[str, ...] = ()
    """What the reader should know: what could not be searched."""

    def __iter__(self) -> Iterator[Coverage]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, n: int) -> Coverage:
        return self.rows[n]


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered reference to the exact words that a statement rests on."""

    marker: int
    """Its number, from 1, which statements refer to; 0 for the nearest words, which no statement rests on."""
    document: DocumentInfo
    """The document that holds the words."""
    location: Location
    """The place of the words."""
    start: Offset
    """Where they begin."""
    end: Offset
    """Where they end (exclusive)."""
    quote: str
    """The exact words of the document's text from `start` to `end`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, or of a text that was checked."""

    text: str
    """A quotation, with an ellipsis where it was cut; or the sentence of the checked text, without its markers."""
    markers: tuple[int, ...]
    """The citations that decide the verdict: those that support the sentence or may do so, or the one that contradicts
    it. Empty if the sentence is unverified."""
    verdict: Verdict
    """`verbatim`: its words are in a source, and their context agrees. `supported`: a source says every part of it.
    `perhaps`: a source may say it, compare the two. `contradicted`: a source says otherwise. `unverified`: the
    documents do not seem to say it."""
    detail: str = ""
    """The reason in words: what differs, what is not in the source, or why the sentence could not be checked. Quoted
    words are between asterisks."""
    nearest: int | None = None
    """The citation whose words are nearest to an unverified sentence, which they do not support; None if none is."""
    is_claim: bool = True
    """False if the sentence states nothing, as a question or a heading. It is not checked then; `detail` says so."""

    @property
    def is_supported(self) -> bool:
        """Whether the documents support the sentence."""
        return self.verdict in SUPPORTING


@dataclass(frozen=True, slots=True)
class Answer:
    """The documents' answer to a question, or the finding that they have none."""

    question: str
    """The question that was answered, without white space around it. It stands alone: a follow-up is completed."""
    status: Status
    """`answered`; `unsure`: the statements are the nearest sentences, which may hold an answer; `abstained`: no answer
    was found in the documents, and the first hit is only the nearest passage."""
    confidence: Share
    """How well the passages match the question. It is not the probability that the answer is right."""
    bar: Share
    """The minimum confidence for an answer."""
    statements: tuple[Statement, ...]
    """In reading order. With the status `unsure`, these are the nearest sentences, which may hold an answer; with
    `abstained`, there are none."""
    citations: tuple[Citation, ...]
    """By marker, from 1."""
    hits: tuple[Hit, ...]
    """The passages found, best first; without an answer, the first one is the nearest miss."""
    searched: tuple[int, int]
    """The numbers of searched passages and documents; both are 0 if nothing was searched, and the notes say why."""
    writer: Writer
    """The author of the statements' words: the documents (`quote`), or a language model."""
    timings_ms: dict[str, float]
    """The time of each step, in milliseconds."""
    notes: tuple[str, ...] = ()
    """Notes for the reader: how the question was understood, which of its words no passage mentions (these are between
    asterisks), what could not be searched, and what went wrong with the model."""
    asked: str = ""
    """The reader's own words, if earlier questions completed them to `question`; empty if nothing was changed."""

    @property
    def match(self) -> str:
        """The confidence in words. They say how well the passages match the question, and no more."""
        return match_in_words(self.confidence)


@dataclass(frozen=True, slots=True)
class Check:
    """A text, compared with the documents sentence by sentence."""

    statements: tuple[Statement, ...]
    """All sentences of the text, in order; each with the words that its verdict rests on, or the nearest words."""
    citations: tuple[Citation, ...]
    """By marker, from 1: the words that support or contradict a statement, or that are nearest to it."""
    notes: tuple[str, ...] = ()
    """What could not be searched. If there is a note, `unverified` means less."""

    @property
    def supported(self) -> int:
        """Number of statements that the documents support: those that are `verbatim` or `supported`."""
        return sum(statement.is_supported for statement in self.statements)

    @property
    def claims(self) -> int:
        """Number of statements that state something."""
        return sum(statement.is_claim for statement in self.statements)

    @property
    def summary(self) -> str:
        """The whole in one line: `3 of 7 sentences supported, 1 perhaps, 1 contradicted, 2 not verified`."""
        verdicts = [statement.verdict for statement in self.statements if statement.is_claim]
        counts = [f"{self.supported} of {self.claims} sentences supported"]
        names = {"perhaps": "perhaps", "contradicted": "contradicted", "unverified": "not verified"}
        counts += [f"{verdicts.count(verdict)} {name}" for verdict, name in names.items() if verdict in verdicts]
        silent = len(self.statements) - self.claims
        return ", ".join(counts) + (f"; {silent} {'states' if silent == 1 else 'state'} nothing" if silent else "")


# The results of many questions: the rows of a batch; and a matrix, what each document says about each question.

CellStatus = Literal[Status, "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """The outcome of one question of a batch."""

    question: str
    """The question as asked."""
    status: CellStatus
    """The outcome, as of a single question; or `failed`."""
    answer: str = ""
    """The statements with their markers, or with a remark if the documents do not support them; empty unless the
    status is `answered`."""
    quote: str = ""
    """The words of the first citation; without an answer, the nearest words, which may be the answer if the status is
    `unsure`. `document` and `location` belong to the same words."""
    document: str = ""
    """The document that holds these words."""
    location: str = ""
    """The place of these words."""
    confidence: Share = 0.0
    """How well the passages match the question. It is not the probability that the answer is right."""
    verdict: str = ""
    """The verdict on the first statement; empty unless the status is `answered`."""
    error: str = ""
    """Why the question failed, and how to fix it."""
    note: str = ""
    """Notes on the answer: how the question was understood, which of its words no passage mentions, and what could not
    be searched."""
    statements: tuple[Statement, ...] = ()
    """The statements of `answer`."""
    citations: tuple[Citation, ...] = ()
    """Every citation of the answer or possible answer, by marker."""
    nearest: Citation | None = None
    """Without citations: the nearest words, with the marker 0."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What one document says about one question."""

    status: CellStatus
    """The outcome of asking this document alone: `answered`; `unsure`: the words may be an answer; `abstained`: no
    mention; `failed`: see `error`."""
    citation: Citation | None = None
    """The sentence of the document that answers best, with the marker 1; None unless `answered` or `unsure`."""
    nearest: Citation | None = None
    """If the document does not answer the question but speaks of its subject: the nearest words, with the marker 0."""
    confidence: Share = 0.0
    """How well the passages match the question. It is not the probability that the answer is right."""
    error: str = ""
    """Why the question failed, and how to fix it."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of a matrix."""

    document: DocumentInfo
    """The document."""
    cells: tuple[MatrixCell, ...]
    """Its cells, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Documents by questions."""

    questions: tuple[str, ...]
    """The questions, each once."""
    rows: tuple[MatrixRow, ...]
    """The rows, in the order of the documents' names."""

    def __iter__(self) -> Iterator[MatrixRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, n: int) -> MatrixRow:
        return self.rows[n]

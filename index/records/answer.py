"""Answers and checks: statements, each with a verdict and the citations that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.records.document import DocumentInfo, Location
from index.records.hit import Hit

Writer = Literal["quote", "model"]
"""The author of an answer: `quote` takes the documents' words, `model` asks the language model of the settings."""
ExportForm = Literal["text", "markdown", "html", "bibtex", "ris", "csl", "apa", "mla", "chicago"]
"""The text forms of an exported answer."""
Status = Literal["answered", "unsure", "abstained"]
"""The outcome of a question: an answer, sentences that may hold an answer, or neither."""
Verdict = Literal["verbatim", "supported", "contradicted", "unverified"]
"""What was proven about a sentence, and never more.

`verbatim`: its words are in a source. `supported`: a source accounts for every part of it. `contradicted`: a source
says otherwise. `unverified`: none of these could be proven.
"""
SUPPORTING: tuple[Verdict, ...] = ("verbatim", "supported")
"""The verdicts of sentences that the documents support."""
_MATCHES = ((0.9, "Strong match"), (0.75, "Fair match"), (0.0, "Weak match"))
"""The lowest confidence for each description of a match."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered reference to the exact words that a statement rests on."""

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
    """A quotation, with an ellipsis where it was cut; or the sentence of the checked text, without its markers."""
    markers: tuple[int, ...]
    """The citations that decide the verdict: those that support the sentence, or the one that contradicts it. Empty if
    the sentence is unverified."""
    verdict: Verdict
    detail: str = ""
    """The reason in words: what differs, what is not in the source, or why the sentence could not be checked."""
    nearest: int | None = None
    """The citation whose words are nearest to an unverified sentence; it does not support the sentence. None if nothing
    is near."""
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
    status: Status
    confidence: float
    """How well the passages match the question, in [0, 1]. It is not the probability that the answer is right."""
    bar: float
    """The confidence that an answer needs."""
    statements: tuple[Statement, ...]
    """In reading order. With the status `unsure`, the nearest sentences, which may hold an answer; with `abstained`,
    none."""
    citations: tuple[Citation, ...]
    """By marker, from 1."""
    hits: tuple[Hit, ...]
    """The passages found, best first; without an answer, the first one is the nearest miss."""
    searched: tuple[int, int]
    """Numbers of passages and documents searched; (0, 0) if nothing was searched: the notes say why."""
    writer: Writer
    timings_ms: dict[str, float]
    notes: tuple[str, ...] = ()
    """What the reader should know beside the answer. Words of the question are between asterisks: `*Brazil*`."""

    @property
    def match(self) -> str:
        """The confidence in words. They say how well the passages match the question, and no more."""
        return next(words for least, words in _MATCHES if self.confidence >= least)


@dataclass(frozen=True, slots=True)
class Check:
    """A text, compared with the documents sentence by sentence."""

    statements: tuple[Statement, ...]
    """All sentences of the text, in order; each with the words that its verdict rests on, or the nearest words."""
    citations: tuple[Citation, ...]
    """By marker, from 1: the words that support or contradict a statement, or that are nearest to it."""
    notes: tuple[str, ...] = ()
    """What the reader should know: what could not be searched."""

    @property
    def supported(self) -> int:
        """Number of statements that the documents support, verbatim or otherwise."""
        return sum(statement.is_supported for statement in self.statements)

    @property
    def claims(self) -> int:
        """Number of statements that state something."""
        return sum(statement.is_claim for statement in self.statements)

    @property
    def summary(self) -> str:
        """The check in one line: `3 of 6 sentences supported, 1 contradicted, 2 not verified; 1 states nothing`."""
        verdicts = [statement.verdict for statement in self.statements if statement.is_claim]
        counts = [f"{self.supported} of {self.claims} sentences supported"]
        if number := verdicts.count("contradicted"):
            counts.append(f"{number} contradicted")
        if number := verdicts.count("unverified"):
            counts.append(f"{number} not verified")
        silent = len(self.statements) - self.claims
        return ", ".join(counts) + (f"; {silent} {'states' if silent == 1 else 'state'} nothing" if silent else "")

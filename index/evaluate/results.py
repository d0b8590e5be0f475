"""The records of an evaluation, and the meaning of each measure."""

from __future__ import annotations

from dataclasses import dataclass, field

Values = dict[str, dict[str, float]]
"""Values in [0, 1] by measure and question."""

MEANINGS = {
    "nDCG@10": "normalised discounted cumulative gain of the first 10 documents; a document ranks by its best passage",
    "Recall@10": "share of the relevant documents that are among the first 10",
    "Recall@100": "share of the relevant documents that are among the first 100",
    "MRR@10": "one over the rank of the first relevant document, 0 below rank 10",
    "Answer@1": "the first passage holds an answer's words, whichever document it is of",
    "Answer@5": "one of the first 5 passages does",
    "Answer@10": "one of the first 10 passages does",
    "Answer@1, right document": "the first passage is of the right document and holds an answer",
    "Answer@5, right document": "one of the first 5 passages is and does",
    "Answer@10, right document": "one of the first 10 passages is and does",
    "Pin": "the pin of the first hit holds an answer",
    "Pin, right document": "the pin of the right document's best hit holds an answer",
    "Two pins, right document": "that pin or the next best sentence of the document's hits does",
    "Pin precision": "share of the first hit's pin that is gold; 0 in a wrong document",
    "Pin recall": "share of the gold characters that the first hit's pin holds",
    "Pin IoU": "characters that are both in the first hit's pin and gold, over those that are either",
    "Pin precision, right document": "the same for the pin of the right document's best hit",
    "Pin recall, right document": "the same for the pin of the right document's best hit",
    "Pin IoU, right document": "the same for the pin of the right document's best hit",
    "Top 5 precision": "share of the first 5 passages' characters that are gold",
    "Top 5 recall": "share of the gold characters that the first 5 passages hold",
    "First quotation": "the first quotation of the answer holds an answer",
    "Quotations": "one of the one to four quotations of the answer does",
    "Quoted gold": "one of them holds a gold span whole",
    "Rationale pin": "the pin is a gold evidence sentence, where the document is among the first 10 passages'",
    "Document@1": "the first passage is of the right document",
    "Document@3": "one of the first 3 passages is of the right document",
    "Document@10": "one of the first 10 passages is of the right document",
    "Quote@1": "the pin of the first hit holds the quote",
    "Quote@3": "the pin of one of the first 3 hits holds the quote",
}
"""The meaning of each measure, in display order."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions with its 95 % interval."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one search mode."""

    mode: str
    estimates: dict[str, Estimate]
    values: Values
    latency_p50_ms: float
    latency_p95_ms: float
    citations: int = 0
    """The number of quotations in the answers, each of which was compared with its document."""
    citations_wrong: int = 0
    """The number of quotations that are not word for word in their document."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A set, and the result of each search mode on it."""

    name: str
    digest: str
    made_with: str
    documents: int
    passages: int
    questions: int
    unanswerable: int
    passages_per_second: float | None
    """The rate of reading, chunking, encoding and storing; None if the library existed already."""
    peak_megabytes: float | None
    """The peak memory of the process, with the encoder; None if the system does not report it."""
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()
    meanings: dict[str, str] = field(default_factory=lambda: dict(MEANINGS))


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of two results, question by question."""

    measure: str
    first_mode: str
    second_mode: str
    first: float
    second: float
    difference: Estimate
    """The second minus the first."""
    p: float
    p_holm: float
    """Corrected for all rows of the table."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results of one set."""

    first: str
    second: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

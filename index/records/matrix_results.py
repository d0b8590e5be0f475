"""The results of many questions: the rows of a batch; and a matrix, what each document says about each question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from index.records.choices import Status
from index.records.document import DocumentInfo, Share
from index.records.results import Citation, Statement

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

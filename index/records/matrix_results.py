"""A matrix: what each of several documents says about each of several questions, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from index.records.choices import Status
from index.records.document import DocumentInfo
from index.records.results import Citation

CellStatus = Literal[Status, "failed"]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What one document says about one question. The status is that of asking this document alone."""

    status: CellStatus
    """`answered`; `unsure`: the words may be an answer; `abstained`: no mention; `failed`: see `error`."""
    citation: Citation | None = None
    """The sentence of the document that answers best, with the marker 1; None unless `answered` or `unsure`."""
    nearest: Citation | None = None
    """If the document does not answer the question but speaks of its subject: the nearest words, with the marker 0."""
    confidence: float = 0.0
    """How well the passages match the question, in [0, 1]."""
    error: str = ""
    """Why the question failed, and how to fix it."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """The cells of one document, in the order of the questions."""

    document: DocumentInfo
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Documents by questions. The documents come in the order of their names."""

    questions: tuple[str, ...]
    rows: tuple[MatrixRow, ...]

    def __iter__(self) -> Iterator[MatrixRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, n: int) -> MatrixRow:
        return self.rows[n]

"""Reads a user's own questions on a library: `question`, `document`, `quote`, and optionally `answerable`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import DocumentError, EvaluationError
from index.evaluate.evidence import any_of
from index.evaluate.lines import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.evaluate.lines import Row
    from index.library import Library
    from index.records import DocumentInfo, Hit

DOCUMENT_DEPTHS = (1, 3, 10)
QUOTE_DEPTHS = (1, 3)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the id of the document that answers it, and the words that answer it."""

    id: str
    """The number of its line in the file."""
    text: str
    document: str
    quote: str

    def scores(self, hits: Sequence[Hit]) -> Iterator[tuple[str, float]]:
        """Yield each measure with its value."""
        words = any_of([self.quote])
        for k in DOCUMENT_DEPTHS:
            yield f"Document@{k}", float(any(hit.document.id == self.document for hit in hits[:k]))
        for k in QUOTE_DEPTHS:
            yield f"Quote@{k}", float(any(words.search(hit.quote) for hit in hits[:k]))


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of a file."""

    name: str
    digest: str
    asked: tuple[Question, ...]
    unanswerable: int
    notes: tuple[str, ...]


def read_questions(path: Path, library: Library) -> Questions:
    """Read questions and find the documents that they name.

    Raises EvaluationError, with the number of the line, for an invalid line and for a document that the library does
    not have. A quote that its document does not hold gets a note.
    """
    rows = list(read_rows(path))
    answerable = [row for row in rows if row.boolean("answerable", default=True)]
    asked = tuple(_question(row, library) for row in answerable)
    if not asked:
        raise EvaluationError(f"{path} has no answerable question.", "Write one per line: {question, document, quote}.")
    return Questions(
        name=path.name,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        asked=asked,
        unanswerable=len(rows) - len(answerable),
        notes=tuple(_missing_quote_notes(asked, library)),
    )


def _question(row: Row, library: Library) -> Question:
    values = {name: row.text(name).strip() for name in ("question", "document", "quote")}
    if empty := next((name for name, value in values.items() if not value), ""):
        raise row.error(f"{empty!r} is empty")
    return Question(
        str(row.number), values["question"], _document(row, values["document"], library).id, values["quote"]
    )


def _document(row: Row, name: str, library: Library) -> DocumentInfo:
    try:
        return library.find(name)
    except DocumentError as error:
        raise row.error(error.message.removesuffix(".")) from error


def _missing_quote_notes(questions: Sequence[Question], library: Library) -> Iterator[str]:
    """Yield a note for each question whose quote is not in its document."""
    texts = {identity: library.document(identity).text for identity in {question.document for question in questions}}
    for question in questions:
        if not any_of([question.quote]).search(texts[question.document]):
            yield f"Line {question.id}: the document does not hold the quote."

"""Makes a matrix of documents and questions: asks each document each question alone, and keeps its best words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.errors import BatchError, PinciteError, TooMany
from index.records import Answer, Citation, Matrix, MatrixCell, MatrixRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.library.answerer import Answerer
    from index.library.contents import Contents
    from index.library.searcher import Searcher
    from index.library.session import Lookup, Session
    from index.records import DocumentInfo, Hit


def _do_nothing() -> None:
    """Do nothing between two cells."""


class MatrixMaker:
    """Asks documents one by one."""

    def __init__(
        self, session: Session, lookup: Lookup, contents: Contents, searcher: Searcher, answerer: Answerer
    ) -> None:
        self._session = session
        self._lookup = lookup
        self._contents = contents
        self._searcher = searcher
        self._answerer = answerer

    def matrix(self, questions: Sequence[str], *, documents: Sequence[str] | None = None) -> Matrix:
        """Return what each document says about each question, by default for all documents.

        Each cell agrees with `ask(question, documents=[document])`: it holds the best sentence of the answer, or of the
        possible answer, or nothing. Raises what `matrix_rows` raises.
        """
        rows = tuple(self.matrix_rows(questions, documents=documents))
        return Matrix(matrix_questions(questions), rows)

    def matrix_rows(
        self,
        questions: Sequence[str],
        *,
        documents: Sequence[str] | None = None,
        before_cell: Callable[[], None] = _do_nothing,
        in_words: Callable[[PinciteError], str] = str,
    ) -> Iterator[MatrixRow]:
        """Yield the rows of `matrix`, one document after the other; `in_words` words the errors of single questions.

        `before_cell` is called before each cell. Raises BatchError without a question, TooMany if there are more cells
        than the settings allow, DocumentNotFound or AmbiguousDocument for a name.
        """
        asked = matrix_questions(questions)
        if not asked:
            raise BatchError("There is no question.", "Write one question per line.")
        infos = self.matrix_documents(documents)
        require_few_cells(len(infos), len(asked), self._session.base_settings.max_matrix_cells)
        return self._rows(asked, infos, before_cell, in_words)

    def matrix_documents(self, documents: Sequence[str] | None = None) -> list[DocumentInfo]:
        """Return the documents of a matrix in the order of their names, each once."""
        chosen = self._contents.documents() if documents is None else map(self._lookup.find, documents)
        unique = {info.id: info for info in chosen}
        return sorted(unique.values(), key=lambda info: (info.name.casefold(), info.id))

    def _rows(
        self,
        questions: Sequence[str],
        infos: Sequence[DocumentInfo],
        before_cell: Callable[[], None],
        in_words: Callable[[PinciteError], str],
    ) -> Iterator[MatrixRow]:
        nearest = _NearestWords(self._searcher, [info.id for info in infos])
        for info in infos:
            cells = []
            for question in questions:
                before_cell()
                cells.append(self._cell(question, info, nearest, in_words))
            yield MatrixRow(info, tuple(cells))

    def _cell(
        self,
        question: str,
        info: DocumentInfo,
        nearest: _NearestWords,
        in_words: Callable[[PinciteError], str],
    ) -> MatrixCell:
        try:
            *_, answer = self._answerer.ask_stream(question, documents=[info.id])
            assert isinstance(answer, Answer)
            if answer.status == "abstained":
                words = nearest.of(question, info.id)
                return MatrixCell("abstained", nearest=words, confidence=answer.confidence)
            return MatrixCell(answer.status, _best(answer), confidence=answer.confidence)
        except PinciteError as error:
            return MatrixCell("failed", error=in_words(error))


class _NearestWords:
    """The nearest words of the documents that speak of a question's subject. Each question is covered once."""

    def __init__(self, searcher: Searcher, documents: Sequence[str]) -> None:
        self._searcher = searcher
        self._documents = documents
        self._covered: dict[str, dict[str, Citation]] = {}

    def of(self, question: str, document: str) -> Citation | None:
        """Return the nearest words of a document; None if no sentence of it is about the subject."""
        if question not in self._covered:
            report = self._searcher.coverage(question, documents=self._documents)
            self._covered[question] = {row.document.id: nearest_citation(row.hit) for row in report if row.hit}
        return self._covered[question].get(document)


def matrix_questions(questions: Sequence[str]) -> tuple[str, ...]:
    """Return the questions of a matrix: without blank ones, each once."""
    return tuple(dict.fromkeys(question.strip() for question in questions if question.strip()))


def require_few_cells(documents: int, questions: int, limit: int) -> None:
    """Raise TooMany if a matrix would have more cells than allowed."""
    if documents * questions > limit:
        cells = f"cells (documents × questions: {documents:,} × {questions:,})"
        raise TooMany(cells, documents * questions, limit, "PINCITE_MAX_MATRIX_CELLS")


def nearest_citation(hit: Hit) -> Citation:
    """Return the pin of a hit as a citation with the marker 0: words that answer nothing."""
    return Citation(0, hit.document, hit.location, hit.pin.start, hit.pin.end, hit.quote)


def _best(answer: Answer) -> Citation:
    """Return the citation of the best sentence: the one that holds the first hit's pin, else the first."""
    citations = answer.citations
    pin = answer.hits[0].pin
    holding = (cited for cited in citations if cited.start < pin.end and pin.start < cited.end)
    return replace(next(holding, citations[0]), marker=1)

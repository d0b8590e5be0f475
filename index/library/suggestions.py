"""Questions to begin with. Each is made of a sentence of a document, and the library answers it with that sentence."""

from __future__ import annotations

import threading
import time
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from index.records import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from index.library.session import Session
    from index.records import DocumentInfo, Span
    from index.storage.catalog.passage_queries import PassageRow

    Ask = Callable[[str], Generator[str | Answer, None, None]]

SECONDS = 15.0
"""Seconds after which no further sentence is tried."""
MARGIN = 0.4
"""The share of the way from the bar to 1 that the confidence of a suggested question reaches."""
_ROUNDS = 16
"""Documents that are tried for each question that is wanted."""
_PASSAGES = 24
"""Passages of a document whose sentences are tried."""
_TRIES = 4
"""Questions of a document that are asked until one is good."""


class _Candidate(NamedTuple):
    question: str
    document: str
    sentence: Span


def spread_evenly(documents: Sequence[DocumentInfo], number: int) -> list[DocumentInfo]:
    """Return up to sixteen times `number` documents, evenly spread over their order; so is each sixteenth of them."""
    wanted = min(_ROUNDS * number, len(documents))
    chosen = [documents[n * len(documents) // wanted] for n in range(wanted)]
    return [info for begin in range(_ROUNDS) for info in chosen[begin::_ROUNDS]]


class Suggestions:
    """Makes the questions once for each state of the library. Safe to use from several threads: others wait."""

    def __init__(self, session: Session, ask: Ask) -> None:
        self._session = session
        self._ask = ask
        self._making = threading.Lock()
        self._made: tuple[tuple[str, int, int], list[str]] | None = None

    def make(self, limit: int) -> list[str]:
        """Return at most `limit` questions, of different documents if possible; none rather than a doubtful one."""
        with self._making:
            state = (self._session.catalog.library_id, self._session.catalog.generation(), limit)
            if self._made is None or self._made[0] != state:
                self._made = state, list(islice(_unique(self._questions(limit)), limit))
            return list(self._made[1])

    def _questions(self, limit: int) -> Iterator[str]:
        infos = self._session.catalog.numbered()
        numbers = {info.id: number for number, info in infos.items()}
        chosen = spread_evenly(sorted(infos.values(), key=lambda info: (info.source, info.id)), limit)
        deadline = time.monotonic() + SECONDS
        waiting = [self._good(self._candidates(numbers[info.id]), deadline) for info in chosen]
        while waiting:  # a question of each document, then a second one of each
            left = []
            for questions in waiting:
                if question := next(questions, ""):
                    yield question
                    left.append(questions)
            waiting = left

    def _good(self, candidates: Iterable[_Candidate], deadline: float) -> Iterator[str]:
        """Yield the questions that the library answers clearly, with the sentence that they were made of."""
        for candidate in islice(candidates, _TRIES):
            if time.monotonic() > deadline:
                return
            *_, answer = self._ask(candidate.question)
            if isinstance(answer, Answer) and self._is_clear(answer, candidate):
                yield candidate.question

    def _is_clear(self, answer: Answer, candidate: _Candidate) -> bool:
        bar = self._session.base_settings.bar
        if answer.status != "answered" or answer.confidence < bar + MARGIN * (1 - bar):
            return False
        first, cited = answer.hits[0], answer.citations[0]
        same = {first.document.id, cited.document.id} == {candidate.document}
        start, end = candidate.sentence
        return same and first.pin == candidate.sentence and cited.start < end and cited.end > start

    def _candidates(self, number: int) -> Iterator[_Candidate]:
        """Yield the questions that the sentences of a document give."""
        from index.answers.question_forms import is_usable, question

        for text, document, span in self._sentences(number):
            if is_usable(text) and (asked := question(text)):
                yield _Candidate(asked, document, span)

    def _sentences(self, number: int) -> Iterator[tuple[str, str, Span]]:
        from index.answers.question_forms import LONGEST, SHORTEST
        from index.text.sentences import one_line

        for row in self._rows(number):
            passage = row.passage
            for span in passage.sentences:
                if SHORTEST <= span.end - span.start <= LONGEST and span.start not in row.headings:
                    text = passage.text[span.start - passage.start : span.end - passage.start]
                    yield one_line(text), passage.document_id, span

    def _rows(self, number: int) -> Iterator[PassageRow]:
        """Yield passages from all parts of a document of prose."""
        for extent in self._session.catalog.ranges([number]):
            count = min(_PASSAGES, extent.passages)
            ids = [extent.first + n * extent.passages // count for n in range(count)]
            rows = self._session.store.passages(ids)
            yield from (rows[identity] for identity in ids if identity in rows and not rows[identity].structured)


def _unique(questions: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for question in questions:
        if question not in seen:
            seen.add(question)
            yield question

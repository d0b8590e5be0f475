"""The check of a text: each sentence that states something is compared with the library's documents."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from index.errors import TooMany
from index.library import provenance
from index.records import Check

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from index.library.lookup import Lookup
    from index.library.models import Models
    from index.library.searcher import Searcher
    from index.library.session import Session
    from index.querying import Query
    from index.records import Found, Statement

_PASSAGES = 5
"""Number of passages that a sentence is compared with."""


class Checker:
    """Checks texts, sentence by sentence."""

    def __init__(self, session: Session, lookup: Lookup, models: Models, searcher: Searcher) -> None:
        self._session = session
        self._lookup = lookup
        self._models = models
        self._searcher = searcher

    def check_stream(
        self, text: str, *, documents: Sequence[str] | None = None, most_sentences: int | None = None
    ) -> Generator[Statement | Check, None, None]:
        """Yield each statement of `check` as soon as it is judged, then the check. Closing the generator ends the work.

        Raises TooMany, before anything is judged, if more than `most_sentences` sentences state something.
        """
        from index.answering import checked, second_opinion, unchecked

        statements = list(unchecked(text))
        claims = sum(statement.is_claim for statement in statements)
        if most_sentences is not None and claims > most_sentences:
            raise TooMany("sentences", claims, most_sentences, "PINCITE_MAX_CHECK_SENTENCES")
        find = _PassageFinder(self._session, self._lookup, self._searcher, documents)
        opinion = second_opinion(self._session.base_settings)
        verifier = self._models.claim_verifier()
        with closing(checked(statements, find, self._lookup.locate, verifier, opinion)) as stream:
            for piece in stream:
                yield provenance.of_check(piece) if isinstance(piece, Check) else piece


class _PassageFinder:
    """Finds the passages to compare a sentence with. It looks the documents' names up once for the whole text."""

    def __init__(self, session: Session, lookup: Lookup, searcher: Searcher, documents: Sequence[str] | None) -> None:
        self._session = session
        self._lookup = lookup
        self._searcher = searcher
        self._documents = documents
        self._numbers: dict[str, list[int] | None] = {}
        """By the library's id: a rebuild meanwhile changes the numbers."""

    def __call__(self, sentence: str) -> Found:
        from index.querying import Query

        query = Query(sentence[: self._session.base_settings.max_question_characters].strip())
        return self._session.retry_if_replaced(lambda: self._search(query))

    def _search(self, query: Query) -> Found:
        library = self._session.catalog.library_id
        if library not in self._numbers:
            self._numbers[library] = self._lookup.numbers(self._documents)
        return self._searcher.retriever(reading=False).search(query, limit=_PASSAGES, within=self._numbers[library])

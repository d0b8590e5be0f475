"""The answers of a library: quoted from its documents, or written by a language model and checked against them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from index.library import provenance
from index.records import Answer
from index.storage.schema import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from index.answering.intents import Question
    from index.answering.vicinity import Context
    from index.library.lookup import Lookup
    from index.library.models import Models
    from index.library.searcher import Request, Searcher
    from index.library.session import Session
    from index.records import Found, Hit, Writer

_FEWEST_DOCUMENTS = 2
"""In a search of this many documents or more, a question has to say what it is about."""


class Answerer:
    """Answers questions from the passages that the searcher finds."""

    def __init__(self, session: Session, lookup: Lookup, models: Models, searcher: Searcher) -> None:
        self._session = session
        self._catalog = session.catalog
        self._lookup = lookup
        self._models = models
        self._searcher = searcher

    def ask_stream(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
    ) -> Generator[str | Answer, None, None]:
        """Yield what `ask` returns, after the model's words as they arrive, unchecked.

        Empty strings come while the model is silent. Closing the generator closes the connection to the model.
        """
        if writer == "model":
            self._session.base_settings.require_writer()
        request = self._searcher.understand(question, documents)
        if writer == "quote" and (reply := self._ask_back(question, request)) is not None:
            yield reply
            return
        answer = self._quoted(question, request, documents, limit=limit, writer=writer)
        if writer == "model" and answer.status == "answered":
            yield from self._written(answer, strict=strict)
        else:
            yield provenance.of_answer(answer)

    def _ask_back(self, question: str, request: Request) -> Answer | None:
        """Return the reply to a question that is empty or a fragment of one; None if the question is complete.

        In a search of one document, the question is about that document: `Who signed it?` is complete then.
        """
        from index.answering import asked_back, is_fragment, unasked

        bar = self._session.base_settings.bar
        text = request.query.text
        if request.notes and not text:
            return unasked(question.strip(), " ".join(request.notes), bar=bar)
        _, documents_searched = self._catalog.extent(request.within)
        has_words = any(map(str.isalnum, text))
        if has_words and (documents_searched < _FEWEST_DOCUMENTS or not is_fragment(text)):
            return None
        return unasked(question.strip(), asked_back(text), bar=bar)

    def _quoted(
        self, question: str, request: Request, documents: Sequence[str] | None, *, limit: int, writer: Writer
    ) -> Answer:
        """Return the answer in the documents' own words. The writer `model` gets single sentences to write from."""
        from index.answering import not_mentioned, quoted, quotes, understood

        settings = self._session.base_settings
        found = self._searcher.run(question, request, limit=limit)
        found = replace(found, notes=(*found.notes, *not_mentioned(found)))
        intent = understood(found.question)
        parts = self._part_hits(intent, found, request, documents, limit=limit)
        return quoted(
            found,
            quotes(intent, found.hits, None if writer == "model" else self._context, parts),
            confidence=self._confidence(found),
            bar=settings.bar,
            unsure_bar=settings.unsure_bar,
            searched=self._catalog.extent(request.within),
            locate=self._lookup.locate,
        )

    def _confidence(self, found: Found) -> float:
        from index.answering import confidence

        if not found.hits:
            return 0.0  # without loading the encoder
        return confidence(found.signals, self._models.encoder().name, has_words=found.has_words)

    def _written(self, answer: Answer, *, strict: bool) -> Generator[str | Answer, None, None]:
        """Yield the words of the language model, then its answer, checked against the passages."""
        from index.answering import written

        stream = written(
            answer,
            self._session.base_settings,
            closeness=self.closeness(answer.hits),
            locate=self._lookup.locate,
            strict=strict,
            verifier=self._models.claim_verifier(),
        )
        with closing(stream):  # closes the connection to the model
            for piece in stream:
                yield provenance.of_answer(piece) if isinstance(piece, Answer) else piece

    def _part_hits(
        self, intent: Question, found: Found, request: Request, documents: Sequence[str] | None, *, limit: int
    ) -> list[tuple[Hit, ...]]:
        """Return the hits for each part of a question or each side of a comparison; none for a simple question.

        Quotation marks and operators apply to the whole question, so a question with them is not split.
        """
        if not found.hits or request.query.text != found.question:
            return []
        parts = intent.parts or tuple(f"{side}: {intent.text}" for side in intent.sides)
        search = self._searcher
        return [search.run(part, search.understand(part, documents), limit=limit).hits for part in parts]

    def _context(self, hit: Hit) -> Context:
        """Return the hit together with the text around it."""
        from index.answering import reach, widened

        number = self._catalog.number_of(hit.document.id)
        return widened(hit, [] if number is None else self._catalog.rows_around(number, reach(hit)))

    def closeness(self, hits: Sequence[Hit]) -> Callable[[str], Sequence[float]]:
        """Return a function that gives the cosine of a sentence with each sentence of each passage, in order."""
        rows = self._session.store.passages([hit.passage.id for hit in hits])
        encoder = self._models.encoder()
        # The sentences of a passage that was removed meanwhile get zero vectors: cosine 0.
        packed = b"".join(
            rows[hit.passage.id].sentence_vectors
            if hit.passage.id in rows
            else bytes(len(hit.passage.sentences) * encoder.dimension)
            for hit in hits
        )
        vectors = unpack_sentence_vectors(packed, encoder.dimension)
        return lambda sentence: (vectors @ encoder.encode_question(sentence)).tolist()

    def suggestions(self, limit: int = 4) -> list[str]:
        """Return questions to begin with, made from the documents' headings. The library answers each of them."""
        from index import suggesting

        infos = self._catalog.numbered()
        chosen = suggesting.spread(sorted(infos.values(), key=lambda info: (info.source, info.id)), limit)
        numbers = {info.id: number for number, info in infos.items()}
        headings = self._catalog.headings([numbers[info.id] for info in chosen])
        answered = (
            next(filter(self._is_answered, variants), "") for variants in suggesting.questions(chosen, headings)
        )
        return list(islice(filter(None, answered), limit))

    def _is_answered(self, question: str) -> bool:
        *_, answer = self.ask_stream(question)
        return isinstance(answer, Answer) and answer.status == "answered"

"""Answers questions and checks texts: the part of a library that combines search, answers and verification."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from index.errors import TooMany
from index.library.searcher import Request, annotated_answer, annotated_check
from index.library.suggestions import Suggestions
from index.library.threads import Threads
from index.records import Answer, Check
from index.storage.tables import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from index.answers.intents import Question
    from index.answers.vicinity import Context
    from index.library.models import Models
    from index.library.searcher import Searcher
    from index.library.session import Lookup, Session
    from index.records import Found, Hit, Statement, Writer
    from index.search.earlier import Earlier
    from index.text.query import Query

_PASSAGES = 5
"""Number of passages that a sentence is compared with."""
_FEWEST_DOCUMENTS = 2
"""In a search of this many documents or more, a question has to say what it is about."""

_NO_PHRASE = "No passage searched has “{}” word for word, so the words were searched for without quotation marks."


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
        from index.answers.checked_text import check_statements, split_statements
        from index.answers.second_opinion import second_opinion

        statements = list(split_statements(text))
        claims = sum(statement.is_claim for statement in statements)
        if most_sentences is not None and claims > most_sentences:
            raise TooMany("sentences", claims, most_sentences, "PINCITE_MAX_CHECK_SENTENCES")
        unread = self._searcher.unread(self._lookup.numbers(documents))
        find = _PassageFinder(self._session, self._lookup, self._searcher, documents)
        opinion = second_opinion(self._session.base_settings)
        verifier = self._models.claim_verifier()
        with closing(check_statements(statements, find, self._lookup.locate, verifier, opinion)) as stream:
            for piece in stream:
                yield annotated_check(piece, unread) if isinstance(piece, Check) else piece


class _PassageFinder:
    """Finds the passages to compare a sentence with. It looks the documents' names up once for the whole text."""

    def __init__(self, session: Session, lookup: Lookup, searcher: Searcher, documents: Sequence[str] | None) -> None:
        self._session = session
        self._lookup = lookup
        self._searcher = searcher
        self._documents = documents
        self._numbers: dict[str, list[int] | None] = {}
        """Document numbers by the id of the library, because a rebuild changes both."""

    def __call__(self, sentence: str) -> Found:
        from index.text.query import Query

        query = Query(sentence[: self._session.base_settings.max_question_characters].strip())
        return self._session.retry_if_replaced(lambda: self._search(query))

    def _search(self, query: Query) -> Found:
        library = self._session.catalog.library_id
        if library not in self._numbers:
            self._numbers[library] = self._lookup.numbers(self._documents)
        return self._searcher.retriever(reading=False).search(query, limit=_PASSAGES, within=self._numbers[library])


class Answerer:
    """Answers questions from the passages that the searcher finds."""

    def __init__(self, session: Session, lookup: Lookup, models: Models, searcher: Searcher) -> None:
        self._session = session
        self._catalog = session.catalog
        self._lookup = lookup
        self._models = models
        self._searcher = searcher
        self._suggestions = Suggestions(session, self.ask_stream)
        self._threads = Threads(session, models, self._quote)

    def ask_stream(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
        after: Sequence[str | Answer] = (),
        before_writing: Callable[[], None] = lambda: None,
    ) -> Generator[str | Answer, None, None]:
        """Yield what `ask` returns, after the model's words as they arrive, unchecked.

        Empty strings come while the model is silent. Closing the generator closes the connection to the model.
        `before_writing` is called just before a model is asked; its error ends the stream.
        """
        if writer == "model":
            self._session.base_settings.require_writer()
        for text in (question, *(turn for turn in after if isinstance(turn, str))):
            self._searcher.demand_length(text.strip())
        whole, earlier = self._threads.continued(question, after, documents, before_writing)
        request = self._searcher.understand(whole, documents)
        if writer == "quote" and earlier is None and (reply := self._ask_back(question, request)) is not None:
            yield reply
            return
        answer = self._quoted(whole, request, documents, limit=limit, writer=writer, earlier=earlier)
        answer = replace(answer, asked=question.strip() if whole != question else "")
        if writer == "model" and answer.status == "answered":
            before_writing()
            yield from self._written(answer, strict=strict)
        else:
            yield annotated_answer(answer)

    def _ask_back(self, question: str, request: Request) -> Answer | None:
        """Return the reply to a question that is empty or a fragment of one; None if the question is complete.

        In a search of one document, the question is about that document: `Who signed it?` is complete then.
        """
        from index.answers.assembly import answer_to_fragment
        from index.answers.completeness import ask_back, is_fragment

        bar = self._session.base_settings.bar
        text = request.query.text
        if request.notes and not text:
            return answer_to_fragment(question.strip(), " ".join(request.notes), bar=bar)
        _, documents_searched = request.searched
        has_words = any(map(str.isalnum, text))
        if has_words and (documents_searched < _FEWEST_DOCUMENTS or not is_fragment(text)):
            return None
        return answer_to_fragment(question.strip(), ask_back(text), bar=bar)

    def _quote(self, question: str, documents: Sequence[str] | None) -> Answer:
        """Return the quotations that answer a whole question."""
        request = self._searcher.understand(question, documents)
        return self._quoted(question, request, documents, limit=10, writer="quote")

    def _quoted(
        self,
        question: str,
        request: Request,
        documents: Sequence[str] | None,
        *,
        limit: int,
        writer: Writer,
        earlier: Earlier | None = None,
    ) -> Answer:
        """Return the answer in the documents' words. For the writer `model`, quotations have no wider context."""
        from index.answers.assembly import answer_from_quotes
        from index.answers.extractive import quotes
        from index.answers.intents import parse_question
        from index.search.signals import missing_word_notes

        settings = self._session.base_settings
        found = self._searcher.run(question, request, limit=limit, earlier=earlier)
        if request.query.phrases and not request.query.excluded and not found.hits and request.searched[1]:
            note = _NO_PHRASE.format("” and “".join(request.query.phrases))
            query, notes = replace(request.query, phrases=()), (*request.notes, note)
            request = Request(query, request.within, request.searched, notes, request.unread)
            found = self._searcher.run(question, request, limit=limit, earlier=earlier)
        found = replace(found, notes=(*found.notes, *missing_word_notes(found)))
        intent = parse_question(earlier.asked if earlier else found.question)
        parts = [] if earlier else self._part_hits(intent, found, request, documents, limit=limit)
        return answer_from_quotes(
            found,
            quotes(intent, found.hits, None if writer == "model" else self._context, parts),
            confidence=self._confidence(found),
            bar=settings.bar,
            unsure_bar=settings.unsure_bar,
            searched=request.searched,
            locate=self._lookup.locate,
            kind=intent.kind,
        )

    def _confidence(self, found: Found) -> float:
        from index.search.signals import confidence

        if not found.hits:
            return 0.0  # without loading the encoder
        return confidence(found.signals, self._models.encoder().name, has_words=found.has_words)

    def _written(self, answer: Answer, *, strict: bool) -> Generator[str | Answer, None, None]:
        """Yield the words of the language model, then its answer, checked against the passages."""
        from index.answers.generative import generate

        stream = generate(
            answer,
            self._session.base_settings,
            closeness=self.closeness(answer.hits),
            locate=self._lookup.locate,
            strict=strict,
            verifier=self._models.claim_verifier(),
        )
        with closing(stream):  # closes the connection to the model
            for piece in stream:
                yield annotated_answer(piece) if isinstance(piece, Answer) else piece

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
        from index.answers.assembly import context_span, widen

        number = self._catalog.number_of(hit.document.id)
        return widen(hit, [] if number is None else self._catalog.rows_around(number, context_span(hit)))

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
        """Return questions to begin with. The library answers each one clearly, from the heading or the definition that
        it was made of; there may be none. They are made once for each state of the library, which takes seconds.
        """
        return self._suggestions.make(limit)

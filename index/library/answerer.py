"""Answers questions and checks texts: the part of a library that combines search, answers and verification.

A thread of questions is given by its earlier questions alone. Their answers are found again, in the library as it is
now: nobody can slip in an answer, and nothing has to be stored.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from index.encoders.pretrained import DEFAULT_NAME
from index.errors import PinciteError, require_at_most
from index.library.searcher import Request, annotated_answer, annotated_check
from index.library.suggestions import Suggestions
from index.records import Answer, Check, Span
from index.storage.tables import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from index.answers.extractive import Context
    from index.answers.follow_up import Turn
    from index.library.searcher import Searcher
    from index.library.session import Models, Session
    from index.records import Found, Hit, Statement, Writer
    from index.search.pins import Earlier
    from index.text.questions import Question

    Documents = Sequence[str] | None
    Quote = Callable[[Question, Documents], Answer]
    """Answers a whole question with quotations."""

_PASSAGES = 5
"""Number of passages that a sentence is compared with."""
_MIN_DOCUMENTS = 2
"""In a search of this many documents or more, a question has to say what it is about."""

_NO_PHRASE = "No passage searched has “{}” word for word, so the words were searched for without quotation marks."
MAX_TURNS = 3
"""The number of newest turns that count."""
_CACHED_ANSWERS = 64
"""The number of earlier answers that are kept in memory."""
_GAP_CHARACTERS = 8
"""The longest white space between two passages, in characters, across which a neighbour is found."""


class Answerer:
    """Answers questions from the passages that the searcher finds, and checks texts against them."""

    def __init__(self, session: Session, models: Models, searcher: Searcher) -> None:
        self._session = session
        self._catalog = session.catalog
        self._models = models
        self._searcher = searcher
        self.suggestions = Suggestions(session, self.ask_stream)
        self._threads = Threads(session, models, self._quote)

    def ask_stream(
        self,
        question: str,
        *,
        documents: Documents = None,
        limit: int = 10,
        writer: Writer = "quote",
        strict: bool = False,
        after: Sequence[str | Answer] = (),
        before_writing: Callable[[], None] = lambda: None,
    ) -> Generator[str | Answer, None, None]:
        """Yield the model's words as they arrive, then the answer; see `Library.ask_stream`."""
        if writer == "model":
            self._session.base_settings.require_writer()
        asked = self._searcher.read(question)
        for text in (turn for turn in after if isinstance(turn, str)):
            self._searcher.demand_length(text.strip())
        whole, earlier = self._threads.continued(asked, after, documents, before_writing)
        request = self._searcher.understand(whole, documents)
        if writer == "quote" and earlier is None and (reply := self._ask_back(request)) is not None:
            yield reply
            return
        answer = self._quoted(request, documents, limit=limit, writer=writer, earlier=earlier)
        answer = replace(answer, asked=asked.asked if whole != asked else "")
        if writer == "model" and answer.status == "answered":
            before_writing()
            yield from self._written(answer, strict=strict)
        else:
            yield annotated_answer(answer)

    def _ask_back(self, request: Request) -> Answer | None:
        """Return the reply to a question that is empty or a fragment of one; None if the question is complete.

        In a search of one document, the question is about that document: `Who signed it?` is complete then.
        """
        from index.answers.assembly import answer_to_fragment
        from index.text.questions import ask_back

        bar = self._session.base_settings.bar
        question = request.question
        if request.notes and not question.text:
            return answer_to_fragment(question.asked, " ".join(request.notes), bar=bar)
        _, documents_searched = request.searched
        has_words = any(map(str.isalnum, question.text))
        if has_words and (documents_searched < _MIN_DOCUMENTS or not question.is_fragment):
            return None
        return answer_to_fragment(question.asked, ask_back(question.text), bar=bar)

    def _quote(self, question: Question, documents: Sequence[str] | None) -> Answer:
        """Return the quotations that answer a whole question."""
        return self._quoted(self._searcher.understand(question, documents), documents, limit=10, writer="quote")

    def _quoted(
        self,
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
        from index.search.confidence import missing_word_notes

        settings = self._session.base_settings
        found = self._searcher.run(request, limit=limit, earlier=earlier)
        question = request.question
        if question.query.phrases and not question.query.excluded and not found.hits and request.searched[1]:
            note = _NO_PHRASE.format("” and “".join(question.query.phrases))
            question = question.searching(question.text, phrases=())
            request = Request(question, request.within, request.searched, (*request.notes, note), request.unread)
            found = self._searcher.run(request, limit=limit, earlier=earlier)
        found = replace(found, notes=(*found.notes, *missing_word_notes(found)))
        parts = [] if earlier else self._part_hits(question, found, documents, limit=limit)
        return answer_from_quotes(
            found,
            quotes(question, found.hits, None if writer == "model" else self._context, parts),
            confidence=self._confidence(found),
            bar=settings.bar,
            unsure_bar=settings.unsure_bar,
            searched=request.searched,
            locate=self._session.locate,
            kind=question.kind,
        )

    def _confidence(self, found: Found) -> float:
        from index.search.confidence import confidence

        if not found.hits:
            return 0.0  # without loading the encoder
        return confidence(found.signals, self._models.encoder().name, has_words=found.has_words)

    def _written(self, answer: Answer, *, strict: bool) -> Generator[str | Answer, None, None]:
        """Yield the words of the language model, then its answer, checked against the passages."""
        from index.answers.writer.generative import generate

        stream = generate(
            answer,
            self._session.base_settings,
            closeness=self.closeness(answer.hits),
            locate=self._session.locate,
            strict=strict,
            verifier=self._models.claim_verifier(),
        )
        with closing(stream):  # closes the connection to the model
            for piece in stream:
                yield annotated_answer(piece) if isinstance(piece, Answer) else piece

    def _part_hits(
        self, question: Question, found: Found, documents: Sequence[str] | None, *, limit: int
    ) -> list[tuple[Question, tuple[Hit, ...]]]:
        """Return each part of a question with its hits, or the question with the hits for each side of a comparison.

        Quotation marks and operators apply to the whole question, so a question with them is not split.
        """
        if not found.hits or question.text != question.asked:
            return []
        search = self._searcher
        parts = [(part, part) for part in map(search.read, question.parts)] or [
            (question, search.read(f"{side}: {question.form}")) for side in question.sides
        ]
        return [(part, search.run(search.understand(words, documents), limit=limit).hits) for part, words in parts]

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

    def check_stream(
        self, text: str, documents: Documents, most_sentences: int | None
    ) -> Generator[Statement | Check, None, None]:
        """Yield each statement as soon as it is judged, then the check; see `Library.check_stream`."""
        from index.answers.checked_text import check_statements, second_opinion, split_statements

        statements = list(split_statements(text))
        claims = sum(statement.is_claim for statement in statements)
        if most_sentences is not None:
            require_at_most("sentences", claims, most_sentences, "PINCITE_MAX_CHECK_SENTENCES")
        unread = self._searcher.unread(self._session.numbers(documents))
        find = _PassageFinder(self._session, self._searcher, documents)
        opinion = second_opinion(self._session.base_settings)
        verifier = self._models.claim_verifier()
        with closing(check_statements(statements, find, self._session.locate, verifier, opinion)) as stream:
            for piece in stream:
                yield annotated_check(piece, unread) if isinstance(piece, Check) else piece


class _PassageFinder:
    """Finds the passages to compare a sentence with. It looks the documents' names up once for the whole text."""

    def __init__(self, session: Session, searcher: Searcher, documents: Sequence[str] | None) -> None:
        self._session = session
        self._searcher = searcher
        self._documents = documents
        self._numbers: dict[str, list[int] | None] = {}
        """Document numbers by the id of the library, because a rebuild changes both."""

    def __call__(self, sentence: str) -> Found:
        from index.text.questions import claimed

        claim = claimed(sentence[: self._session.base_settings.max_question_characters].strip())
        return self._session.retry_if_replaced(lambda: self._search(claim))

    def _search(self, claim: Question) -> Found:
        library = self._session.catalog.library_id
        if library not in self._numbers:
            self._numbers[library] = self._session.numbers(self._documents)
        return self._searcher.retriever(reading=False).search(claim, limit=_PASSAGES, within=self._numbers[library])


class Continued(NamedTuple):
    """A question as it continues its thread."""

    question: Question
    """The whole question."""
    earlier: Earlier | None = None
    """What the thread adds to the search; None if the question is whole, or there is no thread."""


@dataclass(frozen=True, slots=True)
class _Past:
    """An earlier question of a thread, and its answer."""

    question: Question
    """The whole question."""
    asked: str
    """Its own words if it continues another one; empty if it is whole."""
    answer: Callable[[], Answer]


class Threads:
    """Completes questions. Safe to use from several threads."""

    def __init__(self, session: Session, models: Models, quote: Quote) -> None:
        self._session = session
        self._catalog = session.catalog
        self._models = models
        self._quote = quote
        self._answers: OrderedDict[tuple[object, ...], Answer] = OrderedDict()
        self._lock = threading.Lock()

    def continued(
        self, question: Question, after: Sequence[str | Answer], documents: Documents, consult: Callable[[], None]
    ) -> Continued:
        """Return a question, completed by the questions or answers before it, the oldest first.

        Without a language model, the question before it completes it. `consult` is called before a model is asked; if
        it raises an error, none is.
        """
        from index.text.questions import read_question

        past = self._past(after, documents)
        if not self._continues(question, past):
            return Continued(question)
        completed = self._by_model(question.text, past, consult)
        known = "" if completed else past[-1].question.text
        whole = read_question(self._joined(question, past, known, completed), own_words=question.text)
        return Continued(whole, self._earlier(question, past))

    def _past(self, after: Sequence[str | Answer], documents: Documents) -> list[_Past]:
        """Return the newest turns. A question that is not whole is completed by those before it."""
        from index.text.questions import read_question

        past: list[_Past] = []
        for turn in after[-MAX_TURNS:]:
            if isinstance(turn, Answer):
                past.append(_Past(read_question(turn.question), turn.asked, lambda answer=turn: answer))  # type: ignore[misc]
            elif turn.strip():
                whole, text = read_question(turn), ""
                if self._continues(whole, past):
                    text = whole.text
                    whole = read_question(self._joined(whole, past, past[-1].question.text))
                past.append(_Past(whole, text, lambda question=whole: self._answer(question, documents)))  # type: ignore[misc]
        return past

    def _joined(self, question: Question, past: Sequence[_Past], known: str, completed: str = "") -> str:
        """Return a question after the known words of the one before it, with its own operators or those of that one.

        Of the question before it only the last words stay, so that operators are understood and the limit is kept.
        """
        from index.text.query import PROSE_WORDS

        text = completed or question.text
        kept = question.query.operators or past[-1].question.query.operators
        room = self._session.base_settings.max_question_characters - len(f" {text} {kept}")
        words = known.split()[-max(PROSE_WORDS - len(f"{text} {kept}".split()), 1) :]
        while words and len(" ".join(words)) > room:
            words.pop(0)
        return " ".join(filter(None, (*words, text, kept)))

    def _answer(self, question: Question, documents: Documents) -> Answer:
        """Return the answer to an earlier question, from the cache if the library has not changed."""
        key = (self._catalog.library_id, self._catalog.generation(), question.asked, tuple(documents or ()))
        with self._lock:
            answer = self._answers.get(key)
        if answer is None:
            answer = self._quote(question, documents)
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > _CACHED_ANSWERS:
                self._answers.popitem(last=False)
        return answer

    def _continues(self, question: Question, past: Sequence[_Past]) -> bool:
        """Whether a question continues the one before it."""
        from index.answers.follow_up import continues

        text = question.text
        if not past or question.query.phrases or not text or text.startswith(past[-1].question.text):
            return False
        encoder = self._models.question_encoder()
        return continues(question, encoder.recall(text) if encoder.name.startswith(DEFAULT_NAME) else None)

    def _by_model(self, text: str, past: Sequence[_Past], consult: Callable[[], None]) -> str:
        """Return the question as the language model of the settings completes it; empty without one, or if it fails."""
        from index.answers.follow_up import complete_by_model

        settings = self._session.base_settings
        if settings.follow_ups != "model" or not settings.llm_url.strip():
            return ""
        try:
            consult()
        except PinciteError:
            return ""  # the demo's budget for the model is used up
        return complete_by_model(text, [_turn(turn) for turn in past], settings) or ""

    def _earlier(self, question: Question, past: Sequence[_Past]) -> Earlier:
        from index.search.pins import Earlier

        return Earlier(
            passages=tuple(
                dict.fromkeys(number for turn in reversed(past) for number in self._passages(turn.answer()))
            ),
            known=past[-1].asked or past[-1].question.text,
            asked=question.text,
            cited=" ".join(_quotes(past[-1].answer())),
            own_words=self._models.question_encoder().recall(question.text),
            told=() if question.asks_among else tuple(self._told(past[-1].answer())),
        )

    def _told(self, answer: Answer) -> Iterator[tuple[int, Span]]:
        """Yield the document number and the span of each quotation of an answer."""
        for citation in answer.citations:
            if (number := self._catalog.number_of(citation.document.id)) is not None:
                yield number, Span(citation.start, citation.end)

    def _passages(self, answer: Answer) -> Iterator[int]:
        """Yield the ids of the passages that an answer cites, and of those before and after them."""
        for number, span in self._told(answer):
            rows = self._catalog.rows_around(number, span)
            if rows:
                start, end = rows[0][0].passage.start, rows[-1][0].passage.end
                around = self._catalog.rows_around(number, Span(max(0, start - 1), end + _GAP_CHARACTERS))
                yield from (row.passage.id for row, _ in around)


def _turn(past: _Past) -> Turn:
    from index.answers.follow_up import Turn

    return Turn(past.question.text, lambda: _quotes(past.answer()))


def _quotes(answer: Answer) -> list[str]:
    """Return the quotations of an answer, or the nearest sentence if there is no answer."""
    return [citation.quote for citation in answer.citations] or [hit.quote for hit in answer.hits[:1]]

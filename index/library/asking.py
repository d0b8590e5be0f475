"""What a library is asked: questions, and texts that are to be checked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from index.errors import PinciteError, TooMany
from index.library import provenance
from index.library.opened import Opened
from index.records import Answer, Check, Coverage, CoverageReport, Found
from index.storage.schema import unpack_sentence_vectors
from index.weights import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from index.answering.intents import Question
    from index.answering.vicinity import Context
    from index.checking import Verifier
    from index.cross_encoders.reader import AnswerReader
    from index.querying import Query
    from index.records import Hit, Location, Mode, Statement
    from index.retrieval import Retriever

_CHECKED = 5
"""With how many passages a sentence is compared."""
HOPELESS_SHARE = 0.5
"""Below this share of the lower bar, a question's first hits are not read: of 1,531 that their documents answer two
were there, of 1,400 on something else seven in ten."""
EMPTY = "The library is empty: add files to it."
_FEWEST_DOCUMENTS = 2
"""Among how many documents a question has to say what it is about."""


class Asking(Opened):
    """Questions, and texts that are to be checked."""

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        documents: Sequence[str] | None = None,
        mode: Mode = "hybrid",
        explain: bool = False,
        plain: bool = False,
    ) -> Found:
        """The passages that answer a question, best first, each pinned to the sentence that carries the evidence.

        The question may have the operators of `index.querying.SYNTAX`. `documents` restricts the search to these, each
        named by id, source or title; `mode` asks one side alone; `explain` tells which words of each pin are nearest to
        the question; `plain` takes operators for the words they are made of. An empty question finds nothing.
        """
        found, _ = self._search(question, documents, limit=limit, mode=mode, explain=explain, plain=plain)
        return provenance.of_found(found)

    def ask(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
    ) -> Answer:
        """An answer of one to four sentences, each with its citation; or what may be one; or that there is none.

        The question may have the operators of `index.querying.SYNTAX`; `limit` is how many passages are looked at. The
        writer `quote` quotes; `model` asks the language model of the settings, whose every sentence is checked against
        the passages: what is not supported is marked, or with `strict` left out. Whatever goes wrong with the model,
        the documents are quoted, and a note says why. Raises WriterNotSet where the settings name no model.
        """
        *_, answer = self.ask_stream(question, documents=documents, limit=limit, writer=writer, strict=strict)
        assert isinstance(answer, Answer)
        return answer

    def ask_stream(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
    ) -> Generator[str | Answer, None, None]:
        """The same as `ask`: first the model's words as they come, unchecked, then the answer.

        While the model keeps silent, empty words come now and then. Closing it hangs up on the model.
        """
        from index.answering import confidence, not_mentioned, quoted, quotes, understood, written

        if writer == "model":
            self._settings.require_writer()
        elif (asked_back := self._asked_back(question, documents)) is not None:
            yield asked_back
            return
        found, within = self._search(question, documents, limit=limit)
        found = replace(found, notes=(*found.notes, *not_mentioned(found)))
        asked = understood(found.question)
        parts = self._parts(asked, found, documents, limit=limit)
        answer = quoted(
            found,
            quotes(asked, found.hits, None if writer == "model" else self._context, parts),
            confidence=confidence(found.signals, self.encoder().name, has_words=found.has_words) if found.hits else 0.0,
            bar=self._settings.bar,
            unsure_bar=self._settings.unsure_bar,
            searched=self._store.catalog.extent(within),
            locate=self._locate,
        )
        if writer == "model" and answer.status == "answered":
            closeness = self._closeness(answer.hits)
            stream = written(
                answer,
                self._settings,
                closeness=closeness,
                locate=self._locate,
                strict=strict,
                verifier=self._claim_verifier(),
            )
            with closing(stream):  # it hangs up on the model
                for piece in stream:
                    yield provenance.of_answer(piece) if isinstance(piece, Answer) else piece
        else:
            yield provenance.of_answer(answer)

    def _asked_back(self, question: str, documents: Sequence[str] | None) -> Answer | None:
        """What a question is answered with that says nothing, or goes on from something unsaid; None for a whole one.

        Of one document it is asked what that says: `Who signed it?` is a question then.
        """
        from index.answering import asked_back, is_fragment, unasked

        query, within, notes = self._understood(question, documents)
        _, documents_searched = self._store.catalog.extent(within)
        if notes and not query.text:
            return unasked(question.strip(), " ".join(notes), bar=self._settings.bar)
        says_something = any(map(str.isalnum, query.text))
        if says_something and (documents_searched < _FEWEST_DOCUMENTS or not is_fragment(query.text)):
            return None
        return unasked(question.strip(), asked_back(query.text), bar=self._settings.bar)

    def _parts(
        self, asked: Question, found: Found, documents: Sequence[str] | None, *, limit: int
    ) -> list[tuple[Hit, ...]]:
        """The hits for each part of a question, or for each side of a comparison; none where it is asked as one.

        What stands in quotation marks, or behind an operator, belongs to the whole: such a question is one.
        """
        query = self._understood(found.question, None)[0]
        if not found.hits or query.text != found.question:
            return []
        wanted = asked.parts or tuple(f"{side}: {asked.text}" for side in asked.sides)
        return [self._search(each, documents, limit=limit)[0].hits for each in wanted]

    def _context(self, hit: Hit) -> Context:
        """A hit among what stands around it."""
        from index.answering import reach, widened

        number = self._store.catalog.number_of(hit.document.id)
        return widened(hit, [] if number is None else self._store.catalog.rows_around(number, reach(hit)))

    def check(self, text: str, *, documents: Sequence[str] | None = None) -> Check:
        """Each sentence of a text (a draft, an assistant's answer) with a verdict, and the words that it rests on.

        `index.records.Verdict` says what each verdict proves. A sentence that states nothing, such as a question, is
        not checked, and says so. What needs knowledge of the world to be seen is not seen.
        """
        *_, check = self.check_stream(text, documents=documents)
        assert isinstance(check, Check)
        return check

    def check_stream(
        self, text: str, *, documents: Sequence[str] | None = None, most_sentences: int | None = None
    ) -> Generator[Statement | Check, None, None]:
        """The same as `check`: first each statement as it is judged, then the whole. Closing it ends the work.

        Raises TooMany, before anything is judged, where the text has more than `most_sentences` that state something.
        """
        from index.answering import checked, second_opinion, unchecked
        from index.querying import Query

        within: dict[str, list[int] | None] = {}
        """By the library's id: the documents are looked up once, not for each sentence."""

        def search(query: Query) -> Found:
            library = self._store.catalog.library_id
            if library not in within:
                within[library] = self._numbers(documents)
            return self._retriever(reading=False).search(query, limit=_CHECKED, within=within[library])

        def find(sentence: str) -> Found:
            query = Query(sentence[: self._settings.max_question_characters].strip())
            return self._steadily(lambda: search(query))

        statements = list(unchecked(text))
        claims = sum(statement.is_claim for statement in statements)
        if most_sentences is not None and claims > most_sentences:
            raise TooMany("sentences", claims, most_sentences, "PINCITE_MAX_CHECK_SENTENCES")
        opinion = second_opinion(self._settings)
        with closing(checked(statements, find, self._locate, self._claim_verifier(), opinion)) as stream:
            for each in stream:
                yield provenance.of_check(each) if isinstance(each, Check) else each

    def coverage(self, question: str, *, documents: Sequence[str] | None = None) -> CoverageReport:
        """What each document has to say to a question: its best hit, or that there is none. Best first.

        The question may have the operators of `index.querying.SYNTAX`; a document that they leave out has no row.
        """
        return provenance.of_coverage(self._steadily(lambda: self._coverage(question, documents)))

    def _coverage(self, question: str, documents: Sequence[str] | None) -> CoverageReport:
        query, within, understood = self._understood(question, documents)
        if not query.text:
            return CoverageReport((), understood)
        infos = self._store.catalog.numbered()
        covered = [info for number, info in infos.items() if within is None or number in within]
        found, notes = self._retriever(reading=False).cover(query, within=within)
        hits = {hit.document.id: hit for hit in found}
        spoken = [Coverage(hit.document, hit) for hit in hits.values()]
        silent = [Coverage(info, None) for info in covered if info.id not in hits]
        silent.sort(key=lambda each: each.document.name.casefold())
        return CoverageReport((*spoken, *silent), (*understood, *notes))

    def suggestions(self, limit: int = 4) -> list[str]:
        """Questions to begin with, made from the documents' headings; each was asked, and is answered."""
        from index import suggesting

        infos = self._store.catalog.numbered()
        some = suggesting.spread(sorted(infos.values(), key=lambda info: (info.source, info.id)), limit)
        numbers = {info.id: number for number, info in infos.items()}
        headings = self._store.catalog.headings([numbers[info.id] for info in some])
        tried = (
            next((form for form in forms if self.ask(form).status == "answered"), "")
            for forms in suggesting.questions(some, headings)
        )
        return list(islice(filter(None, tried), limit))

    def _search(
        self,
        question: str,
        documents: Sequence[str] | None,
        *,
        limit: int,
        mode: Mode = "hybrid",
        explain: bool = False,
        plain: bool = False,
    ) -> tuple[Found, list[int] | None]:
        """What was found, and among which documents' numbers (None for all)."""
        query, within, notes = self._understood(question, documents, plain=plain)
        if limit < 1:
            raise PinciteError(f"{limit} hits were asked for.", "Ask for 1 or more.")
        if not query.text:
            return Found(question.strip(), (), {}, notes), within
        found = self._steadily(
            lambda: self._retriever().search(query, limit=limit, within=within, mode=mode, explain=explain)
        )
        return replace(found, question=question.strip(), notes=(*notes, *found.notes)), within

    def _understood(
        self, question: str, documents: Sequence[str] | None, *, plain: bool = False
    ) -> tuple[Query, list[int] | None, tuple[str, ...]]:
        """What is asked, of which documents' numbers (None for all), and what the reader should know of that."""
        from index import querying

        if len(question.strip()) > self._settings.max_question_characters:
            raise PinciteError(
                f"The question has {len(question.strip())} characters; "
                f"{self._settings.max_question_characters} are allowed.",
                "Ask a shorter one, or raise PINCITE_MAX_QUESTION_CHARACTERS.",
            )
        query = querying.Query(question.strip()) if plain else querying.parse(question)
        notes = [] if self._store.catalog.extent(None)[1] else [EMPTY]
        within = self._numbers(documents)
        if query.restricts:
            admitted = [number for number, info in self._store.catalog.numbered().items() if query.admits(info)]
            within = admitted if within is None else sorted(set(admitted).intersection(within))
            if not within:
                notes.append("No document is what in:, type:, after: or before: ask for.")
            if not query.text:
                notes.append("There are no words to search for: in:, type:, after: and before: only restrict.")
        return query, within, tuple(notes)

    def _numbers(self, documents: Sequence[str] | None) -> list[int] | None:
        """The documents of these names, by number; None for all."""
        return None if documents is None else [self._number(self.find(name).id) for name in documents]

    def _retriever(self, *, reading: bool = True) -> Retriever:
        """With `reading`, one that reads the first hits with the question; a claim to check is no question."""
        from index.reranking import load_reranker
        from index.retrieval import Retriever

        encoder = self._questions()
        with self._loading:
            if self._settings.reranker and self._reranker is None:
                self._reranker = load_reranker(self._settings)
        reader = self._answer_reader(encoder.name) if reading else None
        return Retriever(
            self._store, encoder, self._beside, self._reranker, reader, lambda told: self._hopeful(told, encoder.name)
        )

    def _hopeful(self, signals: Mapping[str, float], encoder: str) -> bool:
        """Whether the reader could find an answer yet, by the confidence without it."""
        from index.answering import confidence

        bar = min(self._settings.bar, self._settings.unsure_bar)
        return confidence(signals, encoder) >= HOPELESS_SHARE * bar

    def _answer_reader(self, encoder: str) -> AnswerReader | None:
        """None where the settings want none, and beside an encoder that a caller brought, unless it is the default one.

        Raises EncoderError where its weights are damaged or missing.
        """
        from index.cross_encoders.reader import load_reader

        brought = self._model is None and not encoder.startswith(DEFAULT_NAME)
        return load_reader(self._settings.precision) if self._settings.reader and not brought else None

    def _claim_verifier(self) -> Verifier | None:
        """What has to agree to a supported claim; None where the settings want none.

        Raises EncoderError where the one that they name cannot be had.
        """
        from index.cross_encoders.verifier import load_verifier

        with self._loading:
            if self._verifier is None:
                self._verifier = load_verifier(self._settings)
        return None if self._verifier is None else self._verifier.supported

    def _closeness(self, hits: Sequence[Hit]) -> Callable[[str], Sequence[float]]:
        """Tells how near a sentence is to each sentence of each passage, in order."""
        rows = self._store.passages([hit.passage.id for hit in hits])
        encoder = self.encoder()
        # A passage that was removed meanwhile is near to nothing.
        packed = b"".join(
            rows[hit.passage.id].sentence_vectors
            if hit.passage.id in rows
            else bytes(len(hit.passage.sentences) * encoder.dimension)
            for hit in hits
        )
        vectors = unpack_sentence_vectors(packed, encoder.dimension)
        return lambda sentence: (vectors @ encoder.encode_question(sentence)).tolist()

    def _locate(self, hit: Hit, start: int) -> Location:
        number = self._store.catalog.number_of(hit.document.id)
        return hit.location if number is None else self._store.locate(number, start)

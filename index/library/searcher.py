"""The search of a library: from a question to the passages that answer it, and to each document's best passage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import PurePath
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

from index.errors import PinciteError
from index.records import Coverage, CoverageReport, Found
from index.text.words import STOP_WORDS, UNKNOWN, other_spellings, rarity, word_spans, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from index.library.session import Models, Session
    from index.records import Answer, Check, DocumentInfo, Mode
    from index.search.pins import Earlier
    from index.search.retriever import Retriever
    from index.storage.protocol import Store
    from index.text.questions import Question

MIN_LETTERS = 4
"""Shorter words, in letters, have too many neighbours."""
PASSAGES_WITH_NAME = 3
"""The least number of passages with a correction of a capitalised word: it may be another person's name."""
LOOKED_AT = 20
"""The number of passages with a correction among which one must still exist."""
CORRECTED = "Searched for “{}”: “{}” stands nowhere in the documents."
_MAX_NAMES = 3
"""A note names up to three files, then counts the others."""
_MAX_NAME_CHARACTERS = 80
"""The longest file name in a note, in characters: an import may contain any name."""
HOPELESS_SHARE = 0.5
"""The answer reader skips a question whose confidence without it is below this share of the lower threshold. Measured:
2 of 1,531 questions that their documents answer were below it, and 7 in 10 of 1,400 questions on something else."""
_UNREAD = "Only the first {:,} of {:,} passages of {} have been read so far; the rest was not searched."
_NAMED_NOTE = "Only {} was searched, because the question names it."
EMPTY = "The library is empty: add files to it."
_POOL = ThreadPoolExecutor(thread_name_prefix="pincite-asking")
"""Encodes questions while their words are looked up, for all libraries of the process."""


def annotated_found(found: Found) -> Found:
    """Return the result of a search, with a note if a hit's document is only claimed."""
    hits = (hit for first in found.hits for hit in (first, *first.also))
    return replace(found, notes=(*found.notes, *_notes(hit.document for hit in hits)))


def annotated_answer(answer: Answer) -> Answer:
    """Return an answer, with a note if a cited document is only claimed; without citations, if one of the hits is."""
    shown = answer.citations or answer.hits
    more = "The confidence is about the imported text." if answer.citations else ""
    return replace(answer, notes=(*answer.notes, *_notes((reference.document for reference in shown), more)))


def annotated_check(check: Check, unread: Sequence[str] = ()) -> Check:
    """Return a check, with the notes on unread parts, and a note if a cited document is only claimed."""
    cited = (citation.document for citation in check.citations)
    return replace(check, notes=(*check.notes, *unread, *_notes(cited, "The verdicts are about the imported text.")))


def annotated_coverage(report: CoverageReport) -> CoverageReport:
    """Return a coverage report, with a note if a document that has a hit is only claimed."""
    documents = (row.document for row in report if row.hit)
    return replace(report, notes=(*report.notes, *_notes(documents)))


def _notes(documents: Iterable[DocumentInfo], more: str = "") -> tuple[str, ...]:
    claimed = {info.id: info for info in documents if info.claimed}
    if not claimed:
        return ()
    names = list(dict.fromkeys(map(_file_name, claimed.values())))
    rest = len(names) - _MAX_NAMES
    listed = [*names[:_MAX_NAMES], *([f"{rest} more"] if rest > 0 else [])]
    files = " and ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))
    originals, them = ("original file", "it") if len(names) == 1 else ("original files", "them")
    note = (
        f"An import brought the text of {files}, and nobody here has read the {originals}: add the {originals}, and "
        f"the text is compared with {them}."
    )
    return (f"{note} {more}".rstrip(),)


def _file_name(info: DocumentInfo) -> str:
    """Return the document's address, or the last part of its path: never a path of this machine."""
    from index.citations.entries import web_address
    from index.text.sentences import one_line

    name = one_line(web_address(info.source) or PurePath(info.source).name or info.source)
    return name if len(name) <= _MAX_NAME_CHARACTERS else f"{name[: _MAX_NAME_CHARACTERS - 1]}…"


class Request(NamedTuple):
    """A question as the search understands it."""

    question: Question
    """The question as it is searched: without the names of files, and with its typing mistakes corrected."""
    within: list[int] | None
    """The numbers of the documents to search; None for all."""
    searched: tuple[int, int]
    """The numbers of passages and documents to search."""
    notes: tuple[str, ...]
    """What the reader should know about the way the question was understood."""
    unread: tuple[str, ...] = ()
    """Which of the documents to search have not been read to their end yet."""


class Searcher:
    """Searches a library. Safe to use from several threads."""

    def __init__(self, session: Session, models: Models) -> None:
        self._session = session
        self._catalog = session.catalog
        self._models = models

    def read(self, question: str, *, plain: bool = False) -> Question:
        """Parse a question; `plain` ignores operators. Raises PinciteError if the question is too long."""
        from index.text.questions import read_question

        self.demand_length(question.strip())
        return read_question(question, plain=plain)

    def understand(self, question: Question, documents: Sequence[str] | None = None, *, plain: bool = False) -> Request:
        """Choose the documents to search, and correct the words of a question unless it is `plain`.

        Raises DocumentNotFound or AmbiguousDocument for a name.
        """
        query = question.query
        searched = self._catalog.extent(None)
        notes = [] if searched[1] else [EMPTY]
        within = self._session.numbers(documents)
        if query.restricts:
            admitted = [number for number, info in self._catalog.numbered().items() if query.admits(info)]
            within = admitted if within is None else sorted(set(admitted).intersection(within))
            if not within:
                notes.append("No document matches the in:, type:, after: or before: filter.")
            if not query.text:
                notes.append("There are no words to search for: in:, type:, after: and before: only restrict.")
        if not plain:
            question, within, named = self._look_where_named(question, within)
            notes += named
            question, corrections = self._corrected(question)
            notes += corrections
        if within is not None:
            searched = self._catalog.extent(within)
        return Request(question, within, searched, tuple(notes), self.unread(within))

    def _look_where_named(
        self, question: Question, within: list[int] | None
    ) -> tuple[Question, list[int] | None, tuple[str, ...]]:
        """Return a question without the names of the files in which it wants to look, these files, and a note."""
        from index.text.query import has_file_name, named_files

        if not has_file_name(question.text):
            return question, within, ()
        infos = self._catalog.numbered()
        known = infos if within is None else {number: infos[number] for number in within if number in infos}
        text, numbers = named_files(question.text, known)
        if not numbers:
            return question, within, ()
        names = dict.fromkeys(_file_name(known[number]) for number in numbers)
        return question.searching(text), numbers, (_NAMED_NOTE.format(" and ".join(names)),)

    def _corrected(self, question: Question) -> tuple[Question, tuple[str, ...]]:
        """Return a question without typing mistakes, and a note on each of them; words in quotation marks stay."""
        if question.query.phrases or not question.text:
            return question, ()
        text, notes = correct(question.text, self._session.store)
        return question.searching(text), notes

    def unread(self, within: Sequence[int] | None = None) -> tuple[str, ...]:
        """Return notes on the documents of which only the first passages were read; with `within`, among those."""
        whole = self._catalog.unfinished()
        if not whole:
            return ()
        numbers = whole if within is None else whole.keys() & set(within)
        parts = [info for info in self._catalog.infos(sorted(numbers)).values() if info.whole]
        notes = [_UNREAD.format(info.passages, info.whole, _file_name(info)) for info in parts[:_MAX_NAMES]]
        rest = len(parts) - _MAX_NAMES
        return (*notes, *([f"Nor have {rest:,} more documents been read to their end yet."] if rest > 0 else []))

    def demand_length(self, question: str) -> None:
        """Raise PinciteError if a question is too long."""
        most = self._session.base_settings.max_question_characters
        if len(question) > most:
            raise PinciteError(
                f"The question has {len(question)} characters; {most} are allowed.",
                "Ask a shorter one, or raise PINCITE_MAX_QUESTION_CHARACTERS.",
            )

    def run(
        self,
        request: Request,
        *,
        limit: int,
        mode: Mode = "hybrid",
        explain: bool = False,
        earlier: Earlier | None = None,
    ) -> Found:
        """Return the passages for a request; none if it has no words. Raises PinciteError for a limit below 1."""
        if limit < 1:
            raise PinciteError(f"{limit} hits were asked for.", "Ask for 1 or more.")
        question, within, _, notes, unread = request
        if not question.text:
            return Found(question.asked, (), {}, notes)
        found = self._session.retry_if_replaced(
            lambda: self.retriever().search(
                question, limit=limit, within=within, mode=mode, explain=explain, earlier=earlier
            )
        )
        return replace(found, question=question.asked, notes=(*notes, *unread, *found.notes))

    def coverage(self, question: str, documents: Sequence[str] | None) -> CoverageReport:
        """Return a row for each document, best first: its best hit for a question, or none."""
        parsed = self.read(question)
        report = self._session.retry_if_replaced(lambda: self._coverage(self.understand(parsed, documents)))
        return annotated_coverage(report)

    def _coverage(self, request: Request) -> CoverageReport:
        question, within, _, notes, unread = request
        if not question.text:
            return CoverageReport((), notes)
        infos = self._catalog.numbered()
        covered = [info for number, info in infos.items() if within is None or number in within]
        found, search_notes = self.retriever(reading=False).cover(question, within=within)
        hits = {hit.document.id: hit for hit in found}
        with_hit = [Coverage(hit.document, hit) for hit in hits.values()]
        without = [Coverage(info, None) for info in covered if info.id not in hits]
        without.sort(key=lambda row: row.document.name.casefold())
        return CoverageReport((*with_hit, *without), (*notes, *unread, *search_notes))

    def retriever(self, *, reading: bool = True) -> Retriever:
        """Return a retriever. With `reading`, it uses the answer reader, which checks of claims do without."""
        from index.search.retriever import Retriever

        encoder = self._models.question_encoder()
        reranker = self._models.reranker()
        name = encoder.name
        # A first question waits for it only when there are hits to read.
        reader = _POOL.submit(self._models.answer_reader, name).result if reading else None
        return Retriever(
            self._session.store,
            encoder,
            _POOL,
            reranker,
            reader,
            lambda signals: self._worth_reading(signals, name),
        )

    def _worth_reading(self, signals: Mapping[str, float], encoder: str) -> bool:
        """Return whether the answer reader could still find an answer, judged by the confidence without it."""
        from index.search.confidence import confidence

        settings = self._session.base_settings
        return confidence(signals, encoder) >= HOPELESS_SHARE * min(settings.bar, settings.unsure_bar)


def correct(question: str, store: Store) -> tuple[str, tuple[str, ...]]:
    """Return a question with corrected words, and a note on each of them.

    A word of everyday English may mean what it says: it is only spelled as across the Atlantic, if no passage has it.
    The first letter stays: people rarely mistype it. Without it, the first quotation is right for 202 of 425 strangers'
    questions instead of 213 (`benchmarks.rules`, "spelling").
    """
    notes = []
    for start, end in reversed(word_spans(question)):
        written = question[start:end]
        plain = "".join(words(written))
        if not (written.isascii() and written.isalpha() and len(plain) >= MIN_LETTERS):
            continue
        named = start > 0 and written[:1].isupper()
        near = other_spellings(plain) if _is_english(plain) else tuple(dict.fromkeys(_neighbours(plain)))
        if near and (found := _most_frequent(plain, near, store, PASSAGES_WITH_NAME if named else 1)):
            found = found.capitalize() if written[:1].isupper() else found
            notes.append(CORRECTED.format(found, written))
            question = question[:start] + found + question[end:]
    return question, tuple(reversed(notes))


def _is_english(word: str) -> bool:
    singular = word if word.endswith("ss") else word.removesuffix("s")
    return min(rarity(word), rarity(singular)) < UNKNOWN


def _most_frequent(word: str, candidates: Sequence[str], store: Store, fewest: int) -> str:
    """Return the most frequent candidate for a word; empty if passages have a form of the word itself.

    Until the word index is complete, nobody knows that. A word of removed passages alone is no correction.
    """
    readiness = store.refresh()
    if not readiness.has_words or readiness.lacks_words or store.lexical(word, 1):
        return ""
    count, best = max(zip(store.counts(candidates), candidates, strict=True))
    if count < fewest or best in STOP_WORDS:
        return ""
    return best if store.numbers(list(store.lexical(best, LOOKED_AT))) else ""


def _neighbours(word: str) -> Iterator[str]:
    """Yield the words with one letter more, less, other, or with two neighbouring letters exchanged."""
    for n in range(1, len(word) + 1):
        head, tail = word[:n], word[n:]
        for letter in ascii_lowercase:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]

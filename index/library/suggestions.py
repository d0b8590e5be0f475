"""Questions to begin with. Each is made of a heading or a definition, and answered from that very place."""

from __future__ import annotations

import re
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from index.records import Answer, Span
from index.text.words import language, rarity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence

    from index.library.session import Session
    from index.records import DocumentInfo
    from index.storage.catalog.passage_queries import PassageRow

    Ask = Callable[[str], Generator[str | Answer, None, None]]

SECONDS = 15.0
"""Seconds after which no further question is tried."""
MARGIN = 0.4
"""The share of the way from the bar to 1 that the confidence of a suggested question reaches."""
_ROUNDS = 16
"""Documents that are tried for each question that is wanted."""
_PASSAGES = 64
"""Passages of a document whose headings and sentences are read."""
_TRIES = 4
"""Questions of a document that are asked until one is good."""
_QUESTION_CHARACTERS = range(12, 101)
_WORDS_OF_A_DEFINITION = 3
"""A question in another language than English has more words: it may be `Was ist das?`."""
_MIN_RARITY = 0.7
"""The rarity of the first word of a term without an article: `Deforestation is`, but not `Each is`, `Otherwise is`."""
_VAGUE = re.compile(
    r"[^\w\s’'?¿,.-]|_|\b(?:it|this|these|those|that|here|there|now|also|such|others?|another|same|you|yours?|we|us|ours?"
    r"|he|him|his|she|hers?|its|they|them|theirs?|ones?|above|below|following|next|previous|examples?|figures?|tables?"
    r"|sections?|chapters?|appendix)\b|^\w+ (?:is|are|was|were) the(?-i:(?: [a-z-]+){1,2}\?)",
    re.IGNORECASE,
)
"""Signs of a question that can only be understood on its page, as `What are the types?`, or is not in plain words."""
_NUMBERING = re.compile(r"^(?:(?:Q|Question)\s?\d*[:.]|[\dIVX]+(?:\.\d+)*[.):]?|[A-Z][.)])\s+")
_VERB = r"(?:is|are|was|were|has|had|do|does|did|can|could|may|might|will|would|should|must)\b"
_CLAUSE = re.compile(
    rf"(?P<asks>Why|How|What|When|Where|Who|Which) (?P<subject>(?!to |the [a-z]+ {_VERB})[\w’' -]{{2,50}}?)"
    rf" (?P<verb>{_VERB}) (?P<rest>(?!and |or )[^?]+)"
)
"""`Why the old harbour was closed`, but not `Why the harbour was closed`: which one?"""
_HOW_TO = re.compile(r"How to (?P<rest>(?!\w+(?: and \w+)?$)[^?]+)")
_TOPIC = re.compile(r"The (?=.{0,56}$)[^?]*\b(?:[A-Z]\w+|\d{4})\b[^?]*")
_LOWER_WORD = re.compile(r"\b[a-z][\w’'-]*")
_WORDS = r"[\w’'-]+(?: [\w’'-]+){0,2}?"
_DEFINITION = re.compile(
    rf"(?:(?P<kind>An? (?!\w+ of ){_WORDS})"
    rf"|(?P<name>The (?![^A-Z]*[’']s)(?:[\w’'-]+ ){{0,5}}?[A-Z][\w’'-]+(?: [\w’'-]+){{0,3}}?)"
    rf"|(?P<term>(?!(?:The|An?) )[A-Z]{_WORDS}))(?<! \d)(?<! \d\d)(?: \([^()]{{1,60}}\))? (?P<be>is|are|was|were)"
    r" (?:(?P<one>the|one of)|an?) (?P<noun>(?!(?:\w+ )?(?:fact|part|result|matter|example)\b)\w.*?)"
    r" (?:of|that|which|who|for|in|on|to|with|by|from|where|used)\b.*\."
)
"""Of the form `A barometer is an instrument that …`."""
_PERSON = re.compile(
    r"\b(?:\w+(?:ist|ian|man)|writer|author|singer|player|composer|act(?:or|ress)|leader|painter|philosopher|poet|king"
    r"|queen|emperor|president|minister|bishop|pope|lawyer|officer|engineer|teacher|founder|explorer)$"
)


class _Candidate(NamedTuple):
    rank: int
    place: Span
    """Where the answer has to be: the words below the heading, or the definition."""
    question: str
    document: str


def heading_question(heading: str, usual: Collection[str]) -> tuple[int, str]:
    """Return the rank of the question that a heading asks, and the question, which may be empty.

    `Why the old harbour was closed`: Why was the old harbour closed? Words that are `usual` lose their capitals.
    """
    heading = _NUMBERING.sub("", heading, count=1)
    if heading.endswith("?"):
        return 0, heading
    first, *others = heading.split()
    if all(word[0].isupper() for word in others if len(word) > 3):
        others = [_uncapitalised(word, usual) for word in others]
    lowered = " ".join([first, *others])
    if match := _CLAUSE.fullmatch(lowered):
        return 1, f"{match['asks']} {match['verb']} {match['subject']} {match['rest']}?"
    if match := _HOW_TO.fullmatch(lowered):
        return 1, f"How do I {match['rest'][0].lower()}{match['rest'][1:]}?"
    return 3, f"What is known about t{heading[1:]}?" if _TOPIC.fullmatch(lowered) else ""


def definition_question(sentence: str, usual: Collection[str]) -> tuple[int, str]:
    """Return the rank of the question that a definition answers, and the question, which may be empty."""
    if (match := _DEFINITION.fullmatch(sentence)) is None:
        return 2, ""
    first, *others = (match["kind"] or match["name"] or match["term"]).split()
    is_full_name = bool(match["term"] and others and others[-1][0].isupper())
    if is_full_name != bool(_PERSON.search(match["noun"])) or (match["one"] and not (match["name"] or is_full_name)):
        return 2, ""
    if match["term"] and not is_full_name and (rarity(first) < _MIN_RARITY or first.endswith(("ly", "ing"))):
        return 2, ""
    subject = " ".join([_uncapitalised(first, usual), *others])
    return 2, f"{'Who' if is_full_name else 'What'} {match['be']} {subject}?"


def _uncapitalised(word: str, usual: Collection[str]) -> str:
    return word.lower() if word[1:] in ("", word[1:].lower()) and word.lower() in usual else word


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
                self._made = state, list(islice(self._questions(limit), limit))
            return list(self._made[1])

    def _questions(self, limit: int) -> Iterator[str]:
        infos = self._session.catalog.numbered()
        numbers = {info.id: number for number, info in infos.items()}
        chosen = spread_evenly(sorted(infos.values(), key=lambda info: (info.source, info.id)), limit)
        deadline = time.monotonic() + SECONDS
        waiting = [self._good(self._candidates(numbers[info.id]), deadline) for info in chosen]
        subjects = set[str]()  # `What is the Rhine?` and `What is known about the Rhine?` end alike
        while waiting:  # a question of each document, then a second one of each
            left = []
            for questions in waiting:
                if question := next(questions, ""):
                    left.append(questions)
                    if (subject := question.rpartition(" ")[2]) not in subjects:
                        subjects.add(subject)
                        yield question
            waiting = left

    def _good(self, candidates: Iterable[_Candidate], deadline: float) -> Iterator[str]:
        """Yield the questions that the library answers clearly, from the place that they were made of."""
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
        first, cited, place = answer.hits[0], answer.citations[0], candidate.place
        same = {first.document.id, cited.document.id} == {candidate.document}
        return same and all(place.start <= span.start < place.end for span in (first.pin, cited))

    def _candidates(self, number: int) -> list[_Candidate]:
        """Return the questions that passages from all parts of a document give, the best forms first."""
        ids: list[int] = []
        for extent in self._session.catalog.ranges([number]):
            count = min(_PASSAGES, extent.passages)
            ids += (extent.first + n * extent.passages // count for n in range(count))
        rows = [row for row in self._session.store.passages(ids).values() if not row.structured]
        usual = {"a", "an", "the", *(word for row in rows for word in _LOWER_WORD.findall(row.passage.text))}
        return sorted(candidate for row in rows for candidate in _candidates(row, usual))


def _candidates(row: PassageRow, usual: Collection[str]) -> Iterator[_Candidate]:
    from index.text.sentences import one_line

    passage, end = row.passage, row.passage.end
    for place in reversed(passage.sentences):
        text = one_line(passage.text[place.start - passage.start : place.end - passage.start])
        if place.start in row.headings:
            rank, question = heading_question(text, usual)
            place, end = Span(place.end, end), place.start
        else:
            rank, question = definition_question(text, usual)
        is_plain = len(question) in _QUESTION_CHARACTERS and not _VAGUE.search(question)
        is_complete = rank == 0 and len(question.split()) > _WORDS_OF_A_DEFINITION
        if is_plain and (is_complete or language(passage.text) == "en"):
            yield _Candidate(rank, place, question, passage.document_id)

"""Checks texts sentence by sentence: a model's text against its citations, any other text against the documents."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.answers.assembly import DISAGREE
from index.answers.writer.prompts import abstains, parse
from index.records import Answer, Check, Citation, Statement
from index.records.file_kinds import language_name
from index.records.remarks import recognition_notes
from index.text import words
from index.text.sentences import split_sentences
from index.verification.judgement import compare
from index.verification.premises import Excerpt, asks, is_source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from index.answers.writer.generative import NoOpinion, SecondOpinion
    from index.records import Found, Hit, Location, Span
    from index.verification.judgement import Judgement, Verifier
    from index.verification.premises import Place

    Find = Callable[[str], Found]
    Closeness = Callable[[str], Sequence[float]]
    """The cosines of a sentence with each sentence of each hit's passage, in order."""
    Locate = Callable[[Hit, Span], Location]

ABSTENTION = "Not checked: the sentence says that the documents have no answer."
UNSUPPORTED = "Nothing that the model wrote is supported by the documents; they are quoted instead."
DECLINED = "The model found no answer in these passages. The documents are quoted instead."
_MARKERS = re.compile(r"(?<!\bin)(?<!\bof)(?<!\bin )(?<!\bof )\s*\[\^?[1-9]\d{0,2}(?:\s*[-,]\s*[1-9]\d{0,2})*\]")
"""Matches citations such as `[1, 3]`, but not intervals such as `[0, 1]` or `in [1, 5]`."""
_INCOMPLETE = "Not all passages could be searched in full."
_END = re.compile(r"""[.!…。！।]["'”’»)\]]*$""")
_HEADING_WORDS = 2
"""At most this many words without a full stop are a heading. `Prices rose.` is a claim."""
_READ = ("en", "")
"""Languages that the verifier reads; others are only compared word for word. An unknown one is taken for English."""


def check_answer(
    answer: Answer,
    text: str,
    *,
    closeness: Closeness,
    locate: Locate,
    strict: bool,
    verifier: Verifier | None = None,
    opinion: SecondOpinion | NoOpinion | None = None,
) -> Answer:
    """Return the answer with the sentences of the model's `text`; `answer.hits` are its sources, numbered from 1.

    A supported sentence gets the markers of citations of the exact sentences that support it. If the model
    cited the wrong source, the right one is cited instead, and the sentence's detail and a note say so. Another
    sentence stays, with the reason in its detail; with `strict` it is left out. If no sentence is left that is
    supported or may be, the answer stays as it was, in the documents' words. `opinion` may doubt a supported sentence.
    """
    checker = _SentenceChecker(answer.hits, closeness, locate, verifier, opinion)
    written = [checker.check(sentence.text, sentence.markers) for sentence in parse(text)]
    notes = (*answer.notes, *_language_notes(written, answer.hits), *(opinion.notes if opinion is not None else ()))
    supported = sum(statement.is_supported for statement in written)
    if not supported and (strict or all(statement.verdict != "perhaps" for statement in written)):
        if any(not statement.is_claim for statement in written):
            return declined_answer(replace(answer, notes=notes))
        return replace(answer, notes=(*notes, UNSUPPORTED))
    kept = [statement for statement in written if statement.is_supported or not strict]
    statements, citations = _renumbered(kept, checker.citations)
    claims = sum(statement.is_claim for statement in written)
    about_quotes = (*recognition_notes(answer.citations), DISAGREE)
    own = [note for note in notes if note not in about_quotes]
    summary = f"{supported} of {claims} sentences supported."
    return replace(
        answer,
        statements=statements,
        citations=citations,
        writer="model",
        notes=(*own, summary, *_misplaced_notes(checker.misplaced), *recognition_notes(citations)),
    )


def declined_answer(answer: Answer) -> Answer:
    """Return the answer in the documents' words, marked as unsure: the model says that they hold no answer."""
    status = "unsure" if answer.statements else answer.status
    return replace(answer, status=status, notes=(*answer.notes, DECLINED))


def excerpt(hit: Hit, closeness: Sequence[float]) -> Excerpt:
    """Return a passage to compare a claim with; `closeness` has the cosine of the claim and each of its sentences."""
    texts = hit.texts(hit.passage.sentences)
    claims = hit.claims or (0.0,) * len(texts)
    states = tuple(claim > float("-inf") and is_source(text) for claim, text in zip(claims, texts, strict=True))
    return Excerpt(tuple(texts), tuple(closeness), states, hit.document.name, hit.above)


class _SentenceChecker:
    """Compares sentences with those of the sources, and numbers the citations."""

    def __init__(
        self,
        hits: Sequence[Hit],
        closeness: Closeness,
        locate: Locate,
        verifier: Verifier | None,
        opinion: SecondOpinion | NoOpinion | None,
    ) -> None:
        self.citations: dict[int, Citation] = {}
        """The citations by marker."""
        self.misplaced = 0
        """Number of sentences whose cited sources do not support them, though another source does."""
        self._markers: dict[tuple[str, Span], int] = {}
        self._hits = hits
        self._closeness = closeness
        self._locate = locate
        self._verifier = verifier
        self._opinion = opinion

    def check(self, sentence: str, markers: Sequence[int]) -> Statement:
        """Return the sentence with its verdict. All sources count; if several support it, a cited one is shown."""
        if abstains(sentence):
            return Statement(sentence, (), "unverified", ABSTENTION, is_claim=False)
        cosines = iter(self._closeness(sentence))
        excerpts = [excerpt(hit, [next(cosines) for _ in hit.passage.sentences]) for hit in self._hits]
        verifier = self._verifier if words.language(sentence) in _READ else None
        judgement = compare(sentence, excerpts, verifier, cited=[number - 1 for number in markers])
        found = tuple(dict.fromkeys(self._marker(place) for place in judgement.places))
        if judgement.verdict == "unverified":
            return Statement(sentence, (), "unverified", judgement.detail, nearest=found[0] if found else None)
        statement = Statement(sentence, found, judgement.verdict, judgement.detail)
        if not statement.is_supported:
            return statement
        place = judgement.places[0]
        misplaced = bool(markers) and place.excerpt + 1 not in markers
        if misplaced:
            statement = replace(statement, detail=self._correction(markers, self._hits[place.excerpt]))
        if self._opinion is not None:
            passage = self._hits[place.excerpt].passage.text
            statement = self._opinion.review(statement, passage, marker=found[0])
        self.misplaced += misplaced and statement.is_supported
        return statement

    def _correction(self, wrong: Sequence[int], hit: Hit) -> str:
        """Name the cited sources and the one that supports the sentence. Numbers would not do: they change later."""
        names = {number: source.document.name for number, source in enumerate(self._hits, 1)}
        cited = list(dict.fromkeys(names.get(number, f"[{number}], which is no source") for number in wrong))
        label = hit.location.label
        if cited == [hit.document.name]:
            right = f"the one that supports it ({label})" if label else "the one that supports it"
            return f"The model cited another passage of {hit.document.name} than {right}."
        place = f", {label}" if label else ""
        return f"The model cited {', '.join(cited)}; {hit.document.name}{place} supports it."

    def _marker(self, place: Place) -> int:
        hit = self._hits[place.excerpt]
        span = hit.passage.sentences[place.sentence]
        key = (hit.document.id, span)
        if key not in self._markers:
            marker = self._markers[key] = len(self._markers) + 1
            location = self._locate(hit, span)
            self.citations[marker] = Citation(marker, hit.document, location, span.start, span.end, hit.words(span))
        return self._markers[key]


def _renumbered(
    statements: Sequence[Statement], citations: dict[int, Citation]
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Return the statements with markers from 1 in reading order, and their citations."""
    used = dict.fromkeys(
        marker
        for statement in statements
        for marker in (*statement.markers, *(() if statement.nearest is None else (statement.nearest,)))
    )
    new = {old: number for number, old in enumerate(used, 1)}
    return (
        tuple(
            replace(
                statement,
                markers=tuple(new[marker] for marker in statement.markers),
                nearest=None if statement.nearest is None else new[statement.nearest],
            )
            for statement in statements
        ),
        tuple(replace(citations[old], marker=number) for old, number in new.items()),
    )


def _misplaced_notes(count: int) -> Iterator[str]:
    if count:
        sentences = "1 sentence" if count == 1 else f"{count} sentences"
        yield f"For {sentences} the model cited a source that does not support it; the one that does is cited instead."


def _language_notes(statements: Sequence[Statement], hits: Sequence[Hit]) -> Iterator[str]:
    """Yield a note if sentences are in another language than the documents, and both languages are clear."""
    document_language = words.language(" ".join(hit.passage.text for hit in hits[:3]))
    codes = [words.language(statement.text) for statement in statements]
    foreign = [code for code in codes if code not in (document_language, "")]
    if document_language and foreign:
        some = "" if len(foreign) == len(statements) else "some sentences "
        spoken, documents = language_name(foreign[0]), language_name(document_language)
        yield (
            f"The model wrote {some}in {spoken}, and the documents are in {documents}: "
            "few sentences can be checked across languages."
        )


def check_statements(
    statements: Iterable[Statement],
    find: Find,
    locate: Locate,
    verifier: Verifier | None = None,
    opinion: SecondOpinion | NoOpinion | None = None,
) -> Generator[Statement | Check, None, None]:
    """Compare each claim with the passages that `find` returns. Yield each statement with its verdict, then the check.

    `statements` come from `split_statements`; those that are not claims stay as they are. `opinion` may doubt a
    supported claim.
    """
    results: list[Statement] = []
    citations: dict[tuple[str, Span], Citation] = {}
    notes: tuple[str, ...] = ()

    def marker_of(hit: Hit, span: Span) -> int:
        key = (hit.document.id, span)
        if key not in citations:
            location = locate(hit, span)
            citations[key] = Citation(len(citations) + 1, hit.document, location, *span, hit.words(span))
        return citations[key].marker

    for statement in statements:
        if statement.is_claim:
            found = find(statement.text)
            notes = notes or found.notes
            judgement = _judge(statement.text, found, verifier)
            places = [(found[place.excerpt], place.sentence) for place in judgement.places]
            markers = tuple(marker_of(hit, hit.passage.sentences[sentence]) for hit, sentence in places)
            statement = _statement(statement.text, judgement, markers)
            if opinion is not None and places:
                statement = opinion.review(statement, places[0][0].passage.text, marker=markers[0])
        results.append(statement)
        yield statement
    yield Check(tuple(results), tuple(citations.values()), (*notes, *(opinion.notes if opinion is not None else ())))


def split_statements(text: str) -> Iterator[Statement]:
    """Yield each sentence of a text, without its markers, as a statement that is not checked yet.

    A sentence that states nothing, such as a question or a heading of a word or two, is not a claim; its detail says
    why.
    """
    for span in split_sentences(text, 0, len(text)):
        if sentence := " ".join(_MARKERS.sub("", span.of(text)).split()):
            reason = _why_no_claim(sentence)
            yield Statement(sentence, (), "unverified", f"Not checked: {reason}" if reason else "", is_claim=not reason)


def _why_no_claim(sentence: str) -> str:
    """Return the reason why a sentence states nothing; empty if it is a claim."""
    words = len(re.findall(r"\w+", sentence))
    if not words:
        return "it has no words."
    if asks(sentence):
        return "a question states nothing."
    if words == 1:
        return "a single word states nothing."
    if words <= _HEADING_WORDS and not _END.search(sentence):
        return "a heading states nothing."
    return ""


def _statement(sentence: str, judgement: Judgement, markers: tuple[int, ...]) -> Statement:
    """Return a claim with its verdict. The nearest words of an unverified claim are not its citation."""
    if judgement.verdict == "unverified":
        return Statement(sentence, (), "unverified", judgement.detail, nearest=markers[0] if markers else None)
    return Statement(sentence, markers, judgement.verdict, judgement.detail)


def _judge(sentence: str, found: Found, verifier: Verifier | None) -> Judgement:
    """Judge a sentence by the passages that were found for it."""
    language = words.language(sentence)
    is_read = language in _READ
    excerpts = [excerpt(hit, hit.cosines) for hit in found.hits]
    judgement = compare(sentence, excerpts, verifier if is_read else None, unknown=found.unknown)
    if judgement.verdict != "unverified":
        return judgement
    detail = judgement.detail
    if not is_read:
        detail = f"This cannot be checked in {language_name(language)} (only word for word)."
    elif found.notes:
        detail = f"{detail} {_INCOMPLETE}".strip()
    return replace(judgement, detail=detail)

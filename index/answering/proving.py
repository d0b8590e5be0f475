"""The check of any text against the documents: each sentence gets a verdict and the words that decide it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index import languages
from index.checking import Source, compare
from index.records import Check, Citation, Statement
from index.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from index.answering.second_opinion import NoOpinion, SecondOpinion
    from index.checking import Verifier
    from index.records import Found, Hit, Location, Span, Verdict

    Find = Callable[[str], Found]
    Locate = Callable[[Hit, int], Location]

_MARKERS = re.compile(r"\s*\[\^?\d{1,3}(?:\s*[-,]\s*\d{1,3})*\]")
_INCOMPLETE = "Not all passages could be searched in full."
_QUESTION = re.compile(r"""^["'“‘«„(\[]*[^"'“”‘’«»„]*[?？؟][!)\]\s]*["'”’»“)\]]*$""")
"""A question, also in quotation marks, but not a sentence that says who asked it."""
_END = re.compile(r"""[.!…。！।]["'”’»)\]]*$""")
_HEADING_WORDS = 2
"""At most this many words without a full stop are a heading. `Prices rose.` is a claim."""
_WITH_RULES = ("en", "")
"""Languages with rules; others are only compared word for word. A text of unknown language is taken for English."""


def checked(
    statements: Iterable[Statement],
    find: Find,
    locate: Locate,
    verifier: Verifier | None = None,
    opinion: SecondOpinion | NoOpinion | None = None,
) -> Generator[Statement | Check, None, None]:
    """Compare each claim with the passages that `find` returns. Yield each statement with its verdict, then the check.

    `statements` come from `unchecked`; those that are not claims stay as they are. `verifier` must agree to a support,
    and `opinion` may doubt it.
    """
    results: list[Statement] = []
    citations: dict[tuple[str, Span], Citation] = {}
    notes: tuple[str, ...] = ()

    def marker_of(hit: Hit, span: Span) -> int:
        key = (hit.document.id, span)
        if key not in citations:
            location = locate(hit, span.start)
            citations[key] = Citation(len(citations) + 1, hit.document, location, *span, hit.words(span))
        return citations[key].marker

    for statement in statements:
        if statement.is_claim:
            found = find(statement.text)
            notes = notes or found.notes
            verdict, detail, place = _judge(statement.text, found.hits, verifier)
            if verdict == "unverified" and found.notes:
                detail = f"{detail} {_INCOMPLETE}".strip()
            marker = None if place is None else marker_of(*place)
            statement = _statement(statement.text, verdict, detail, marker)
            if opinion is not None and place is not None:
                statement = opinion.review(statement, place[0].passage.text, marker=marker)
        results.append(statement)
        yield statement
    yield Check(tuple(results), tuple(citations.values()), (*notes, *(opinion.notes if opinion is not None else ())))


def unchecked(text: str) -> Iterator[Statement]:
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
    if _QUESTION.match(sentence):
        return "a question states nothing."
    if words == 1:
        return "a single word states nothing."
    if words <= _HEADING_WORDS and not _END.search(sentence):
        return "a heading states nothing."
    return ""


def _statement(sentence: str, verdict: Verdict, detail: str, marker: int | None) -> Statement:
    """Return a claim with its verdict. The nearest words of an unverified claim are not its citation."""
    if verdict == "unverified":
        return Statement(sentence, (), verdict, detail, nearest=marker)
    return Statement(sentence, () if marker is None else (marker,), verdict, detail)


def _judge(
    sentence: str, hits: Sequence[Hit], verifier: Verifier | None
) -> tuple[Verdict, str, tuple[Hit, Span] | None]:
    """Return the verdict, the reason, and the sentence that decided it or comes nearest."""
    places = [(hit, span) for hit in hits for span in hit.passage.sentences]
    sources = [Source(hit.words(span), hit.passage.text) for hit, span in places]
    closeness = [cosine for hit in hits for cosine in hit.cosines]
    judgement = compare(sentence, sources, closeness, verifier)
    place = None if judgement.source is None else places[judgement.source]
    language = languages.language(sentence)
    if judgement.verdict != "verbatim" and language not in _WITH_RULES:
        return "unverified", f"This cannot be checked in {languages.name(language)} (only word for word).", place
    return judgement.verdict, judgement.detail, place

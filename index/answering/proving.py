"""Any text against the documents: each sentence with its verdict, and with the words that it rests on."""

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
"""A question, also a quoted one; but not a sentence that says who asked it."""
_END = re.compile(r"""[.!…。！।]["'”’»)\]]*$""")
_HEADING_WORDS = 2
"""So few words without a full stop are a heading. With one, `Prices rose.` is a claim."""
_WITH_RULES = ("en", "")
"""Languages that can be checked otherwise than word for word; what cannot be told is taken for English."""


def checked(
    statements: Iterable[Statement],
    find: Find,
    locate: Locate,
    verifier: Verifier | None = None,
    opinion: SecondOpinion | NoOpinion | None = None,
) -> Generator[Statement | Check, None, None]:
    """Compare each claim with the passages that `find` brings for it: each statement judged, then all together.

    `statements` are as `unchecked` gives them; those that are no claims stay as they are. `verifier` has to agree to
    those that are supported, and `opinion` may doubt them.
    """
    judged: list[Statement] = []
    citations: dict[tuple[str, Span], Citation] = {}
    notes: tuple[str, ...] = ()

    def cited(hit: Hit, span: Span) -> int:
        key = (hit.document.id, span)
        if key not in citations:
            where = locate(hit, span.start)
            citations[key] = Citation(len(citations) + 1, hit.document, where, *span, hit.words(span))
        return citations[key].marker

    for statement in statements:
        if statement.is_claim:
            found = find(statement.text)
            notes = notes or found.notes
            verdict, detail, place = _judged(statement.text, found.hits, verifier)
            if verdict == "unverified" and found.notes:
                detail = f"{detail} {_INCOMPLETE}".strip()
            marker = None if place is None else cited(*place)
            statement = _decided(statement.text, verdict, detail, marker)
            if opinion is not None and place is not None:
                statement = opinion.of(statement, place[0].passage.text, marker=marker)
        judged.append(statement)
        yield statement
    yield Check(tuple(judged), tuple(citations.values()), (*notes, *(opinion.notes if opinion is not None else ())))


def unchecked(text: str) -> Iterator[Statement]:
    """Each sentence of a text as a statement of which nothing is proven yet, without the markers in it.

    What states nothing, such as a question or a heading of a word or two, is no claim; its detail says why.
    """
    for span in split_sentences(text, 0, len(text)):
        if sentence := " ".join(_MARKERS.sub("", span.of(text)).split()):
            flaw = _flaw(sentence)
            yield Statement(sentence, (), "unverified", f"Not checked: {flaw}" if flaw else "", is_claim=not flaw)


def _flaw(sentence: str) -> str:
    """Why a sentence states nothing; empty where it does."""
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


def _decided(sentence: str, verdict: Verdict, detail: str, marker: int | None) -> Statement:
    """A claim with its verdict: an unverified one does not rest on the words that come nearest."""
    if verdict == "unverified":
        return Statement(sentence, (), verdict, detail, nearest=marker)
    return Statement(sentence, () if marker is None else (marker,), verdict, detail)


def _judged(
    sentence: str, hits: Sequence[Hit], verifier: Verifier | None
) -> tuple[Verdict, str, tuple[Hit, Span] | None]:
    """The verdict, the reason, and the sentence of a passage that decided it, or that comes nearest."""
    places = [(hit, span) for hit in hits for span in hit.passage.sentences]
    sources = [Source(hit.words(span), hit.passage.text) for hit, span in places]
    closeness = [cosine for hit in hits for cosine in hit.cosines]
    judgement = compare(sentence, sources, closeness, verifier)
    place = None if judgement.source is None else places[judgement.source]
    spoken = languages.language(sentence)
    if judgement.verdict != "verbatim" and spoken not in _WITH_RULES:
        return "unverified", f"This cannot be checked in {languages.name(spoken)} (only word for word).", place
    return judgement.verdict, judgement.detail, place

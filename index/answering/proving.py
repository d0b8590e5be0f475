"""Any text against the documents: each sentence with its verdict, and with the words that it rests on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.checking import Source, compare
from index.records import Check, Citation, Statement
from index.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from index.records import Found, Hit, Location, Span, Verdict

    Find = Callable[[str], Found]
    Locate = Callable[[Hit, int], Location]

_MARKERS = re.compile(r"\s*\[\^?\d{1,3}(?:\s*[-,]\s*\d{1,3})*\]")
_INCOMPLETE = "Not all passages could be searched in full."
_LEAST_WORDS = 3
"""Fewer words state nothing that could be looked up."""


def checked(sentences: Iterable[str], find: Find, locate: Locate) -> Generator[Statement | Check, None, None]:
    """Compare each sentence with the passages that `find` brings for it: one statement each, then all together."""
    statements: list[Statement] = []
    citations: dict[tuple[str, Span], Citation] = {}
    notes: tuple[str, ...] = ()
    for sentence in sentences:
        found = find(sentence)
        notes = notes or found.notes
        verdict, detail, place = _judged(sentence, found.hits)
        if verdict == "not found" and found.notes:
            detail = f"{detail} {_INCOMPLETE}".strip()
        markers: tuple[int, ...] = ()
        if place is not None:
            hit, span = place
            key = (hit.document.id, span)
            if key not in citations:
                where = locate(hit, span.start)
                citations[key] = Citation(len(citations) + 1, hit.document, where, *span, hit.words(span))
            markers = (citations[key].marker,)
        statements.append(Statement(sentence, markers, verdict, detail))
        yield statements[-1]
    yield Check(tuple(statements), tuple(citations.values()), notes)


def stated(text: str) -> Iterator[str]:
    """The sentences that state something, without markers: a question or a heading of a word or two does not."""
    for span in split_sentences(text, 0, len(text)):
        sentence = " ".join(_MARKERS.sub("", span.of(text)).split())
        if len(re.findall(r"\w+", sentence)) >= _LEAST_WORDS and not sentence.endswith("?"):
            yield sentence


def _judged(sentence: str, hits: Sequence[Hit]) -> tuple[Verdict, str, tuple[Hit, Span] | None]:
    """The verdict, what differs, and the sentence of a passage that decided it."""
    places = [(hit, span) for hit in hits for span in hit.passage.sentences]
    sources = [Source(hit.words(span), hit.passage.text) for hit, span in places]
    closeness = [cosine for hit in hits for cosine in hit.cosines]
    judgement = compare(sentence, sources, closeness)
    if judgement.source is None or judgement.verdict == "not found":
        return judgement.verdict, judgement.detail, None
    return judgement.verdict, judgement.detail, places[judgement.source]

"""What a model wrote, sentence by sentence against its sources: each marker resolved and checked, or removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.answering.markers import parse
from index.checking import Source, compare
from index.records import SUPPORTING, Answer, Citation, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.checking import Judgement
    from index.records import Hit, Location, Span

    Closeness = Callable[[str], Sequence[float]]
    """Cosines of a sentence and each sentence of each hit's passage, in order."""
    Locate = Callable[[Hit, int], Location]


def cited(answer: Answer, text: str, *, closeness: Closeness, locate: Locate, strict: bool) -> Answer:
    """The same answer in the model's words: `answer.hits` are the sources, numbered from 1.

    A sentence that its sources support is numbered, by citations of the exact sentences; where another source supports
    it, by that one. A sentence that none supports stays, without a number and with what is wrong with it; with `strict`
    it is left out. Where nothing is left, the answer stays as it was.
    """
    writing = _Writing(answer.hits, closeness, locate)
    written = [writing.judged(each.text, each.markers) for each in parse(text)]
    supported = sum(bool(statement.markers) for statement in written)
    kept = tuple(statement for statement in written if statement.markers or not strict)
    if not kept or not supported:
        note = "Nothing that the model wrote is supported by the documents; they are quoted instead."
        return replace(answer, notes=(*answer.notes, note))
    note = f"{supported} of {len(written)} sentences supported."
    return replace(
        answer,
        statements=kept,
        citations=tuple(writing.citations.values()),
        writer="model",
        notes=(*answer.notes, note),
    )


class _Writing:
    """The sentences of the sources, and the citations given so far."""

    def __init__(self, hits: Sequence[Hit], closeness: Closeness, locate: Locate) -> None:
        self.citations: dict[tuple[str, Span], Citation] = {}
        self._places = [(n, hit, span) for n, hit in enumerate(hits, 1) for span in hit.passage.sentences]
        self._sources = [Source(hit.words(span), hit.passage.text) for _, hit, span in self._places]
        self._closeness = closeness
        self._locate = locate

    def judged(self, sentence: str, markers: Sequence[int]) -> Statement:
        """The sentence with its verdict; its own sources are asked first, then all of them."""
        closeness = self._closeness(sentence)
        own = [at for at, (number, _, _) in enumerate(self._places) if number in markers]
        judgement = self._compared(sentence, closeness, own) if own else None
        if judgement is None or judgement.verdict not in SUPPORTING:
            anywhere = self._compared(sentence, closeness, range(len(self._places)))
            if judgement is None or anywhere.verdict in SUPPORTING or judgement.verdict == "unverified":
                judgement = anywhere
        if judgement.verdict not in SUPPORTING or judgement.source is None:
            return Statement(sentence, (), judgement.verdict, judgement.detail)
        return Statement(sentence, (self._marker(judgement.source),), judgement.verdict)

    def _compared(self, sentence: str, closeness: Sequence[float], places: Sequence[int]) -> Judgement:
        """A judgement whose source is a place among all."""
        judgement = compare(sentence, [self._sources[at] for at in places], [closeness[at] for at in places])
        return judgement if judgement.source is None else replace(judgement, source=places[judgement.source])

    def _marker(self, place: int) -> int:
        _, hit, span = self._places[place]
        key = (hit.document.id, span)
        if key not in self.citations:
            where = self._locate(hit, span.start)
            self.citations[key] = Citation(
                len(self.citations) + 1, hit.document, where, span.start, span.end, hit.words(span)
            )
        return self.citations[key].marker

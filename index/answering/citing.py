"""What a model wrote, sentence by sentence against its sources: each marker resolved and checked, or removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index import languages
from index.answering.abstentions import abstains
from index.answering.markers import parse
from index.checking import Source, compare
from index.records import SUPPORTING, Answer, Citation, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.answering.second_opinion import NoOpinion, SecondOpinion
    from index.checking import Judgement, Verifier
    from index.records import Hit, Location, Span

    Closeness = Callable[[str], Sequence[float]]
    """Cosines of a sentence and each sentence of each hit's passage, in order."""
    Locate = Callable[[Hit, int], Location]

ABSTENTION = "Not checked: the model says what the documents do not have."
UNSUPPORTED = "Nothing that the model wrote is supported by the documents; they are quoted instead."
DECLINED = "The model found no answer in these passages. The documents are quoted instead."


def cited(
    answer: Answer,
    text: str,
    *,
    closeness: Closeness,
    locate: Locate,
    strict: bool,
    verifier: Verifier | None = None,
    opinion: SecondOpinion | NoOpinion | None = None,
) -> Answer:
    """The same answer in the model's words: `answer.hits` are the sources, numbered from 1.

    A sentence that its sources support is numbered, by citations of the exact sentences; where only another source than
    the model cited supports it, by that one, and its detail and a note say so. A sentence that none supports stays,
    with what is wrong with it; with `strict` it is left out. Where none is supported, the answer stays as it was: what
    the documents say. `verifier` has to agree to what is supported, and `opinion` may doubt it.
    """
    writing = _Writing(answer.hits, closeness, locate, verifier, opinion)
    written = [writing.judged(each.text, each.markers) for each in parse(text)]
    notes = (*answer.notes, *_foreign(written, answer.hits), *(opinion.notes if opinion is not None else ()))
    supported = sum(statement.is_supported for statement in written)
    if not supported:
        if any(not statement.is_claim for statement in written):
            return declined(replace(answer, notes=notes))
        return replace(answer, notes=(*notes, UNSUPPORTED))
    kept = [statement for statement in written if statement.is_supported or not strict]
    statements, citations = _renumbered(kept, writing.citations)
    claims = sum(statement.is_claim for statement in written)
    told = f"{supported} of {claims} sentences supported."
    return replace(
        answer,
        statements=statements,
        citations=citations,
        writer="model",
        notes=(*notes, told, *_misplaced(writing.misplaced)),
    )


def declined(answer: Answer) -> Answer:
    """The documents' words where the model says that they do not answer: what they may be worth is not sure then."""
    status = "unsure" if answer.statements else answer.status
    return replace(answer, status=status, notes=(*answer.notes, DECLINED))


class _Writing:
    """The sentences of the sources, and the citations given so far."""

    def __init__(
        self,
        hits: Sequence[Hit],
        closeness: Closeness,
        locate: Locate,
        verifier: Verifier | None,
        opinion: SecondOpinion | NoOpinion | None,
    ) -> None:
        self.citations: dict[int, Citation] = {}
        """By marker."""
        self.misplaced = 0
        """Sentences whose markers lead to sources that do not support them, though another one does."""
        self._given: dict[tuple[str, Span], int] = {}
        self._places = [(n, hit, span) for n, hit in enumerate(hits, 1) for span in hit.passage.sentences]
        self._sources = [Source(hit.words(span), hit.passage.text) for _, hit, span in self._places]
        self._closeness = closeness
        self._locate = locate
        self._verifier = verifier
        self._opinion = opinion

    def judged(self, sentence: str, markers: Sequence[int]) -> Statement:
        """The sentence with its verdict; its own sources are asked first, then all of them."""
        if abstains(sentence):
            return Statement(sentence, (), "unverified", ABSTENTION, is_claim=False)
        closeness = self._closeness(sentence)
        own = [at for at, (number, _, _) in enumerate(self._places) if number in markers]
        judgement = self._compared(sentence, closeness, own) if own else None
        misplaced = False
        if judgement is None or judgement.verdict not in SUPPORTING:
            anywhere = self._compared(sentence, closeness, range(len(self._places)))
            misplaced = bool(markers) and anywhere.verdict in SUPPORTING
            if judgement is None or anywhere.verdict in SUPPORTING or judgement.verdict == "unverified":
                judgement = anywhere
        return self._stated(sentence, judgement, markers if misplaced else ())

    def _stated(self, sentence: str, judgement: Judgement, wrong: Sequence[int]) -> Statement:
        """A statement of a judgement; `wrong` are the model's markers where they lead to other sources."""
        if judgement.source is None:
            return Statement(sentence, (), judgement.verdict, judgement.detail)
        marker = self._marker(judgement.source)
        if judgement.verdict == "unverified":
            return Statement(sentence, (), "unverified", judgement.detail, nearest=marker)
        if judgement.verdict not in SUPPORTING:
            return Statement(sentence, (marker,), judgement.verdict, judgement.detail)
        hit = self._places[judgement.source][1]
        detail = self._correction(wrong, hit) if wrong else ""
        statement = Statement(sentence, (marker,), judgement.verdict, detail)
        if self._opinion is not None:
            statement = self._opinion.of(statement, hit.passage.text, marker=marker)
        self.misplaced += bool(wrong) and statement.is_supported
        return statement

    def _correction(self, wrong: Sequence[int], hit: Hit) -> str:
        """Which sources the model cited, and which one supports the sentence; by name, for our numbers are others."""
        named = {number: source.document.name for number, source, _ in self._places}
        cited = ", ".join(dict.fromkeys(named.get(number, f"[{number}], which is no source") for number in wrong))
        place = f", {hit.location.label}" if hit.location.label else ""
        return f"The model cited {cited}; {hit.document.name}{place} supports it."

    def _compared(self, sentence: str, closeness: Sequence[float], places: Sequence[int]) -> Judgement:
        """A judgement whose source is a place among all."""
        sources, near = [self._sources[at] for at in places], [closeness[at] for at in places]
        judgement = compare(sentence, sources, near, self._verifier)
        return judgement if judgement.source is None else replace(judgement, source=places[judgement.source])

    def _marker(self, place: int) -> int:
        _, hit, span = self._places[place]
        key = (hit.document.id, span)
        if key not in self._given:
            marker = self._given[key] = len(self._given) + 1
            where = self._locate(hit, span.start)
            self.citations[marker] = Citation(marker, hit.document, where, span.start, span.end, hit.words(span))
        return self._given[key]


def _renumbered(
    statements: Sequence[Statement], citations: dict[int, Citation]
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Markers from 1 in the order of the statements that are shown, and the citations that these have."""
    used = dict.fromkeys(
        marker for each in statements for marker in (*each.markers, *(() if each.nearest is None else (each.nearest,)))
    )
    new = {old: number for number, old in enumerate(used, 1)}
    return (
        tuple(
            replace(
                each,
                markers=tuple(new[marker] for marker in each.markers),
                nearest=None if each.nearest is None else new[each.nearest],
            )
            for each in statements
        ),
        tuple(replace(citations[old], marker=number) for old, number in new.items()),
    )


def _misplaced(count: int) -> Iterator[str]:
    if count:
        sentences = "1 sentence" if count == 1 else f"{count} sentences"
        yield f"For {sentences} the model cited a source that does not support it; the one that does is cited instead."


def _foreign(statements: Sequence[Statement], hits: Sequence[Hit]) -> Iterator[str]:
    """That sentences are in another language than the documents, where both are clear."""
    ours = languages.language(" ".join(hit.passage.text for hit in hits[:3]))
    spoken = [languages.language(statement.text) for statement in statements]
    foreign = [code for code in spoken if code not in (ours, "")]
    if ours and foreign:
        some = "" if len(foreign) == len(statements) else "some sentences "
        yield (
            f"The model wrote {some}in {languages.name(foreign[0])}, and the documents are in {languages.name(ours)}: "
            "across languages hardly a sentence can be checked."
        )

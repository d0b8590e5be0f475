"""The writer that quotes: the best sentence of the documents, word for word, and then only what adds to it."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from index.answering.contrast import Contrast
from index.answering.fitness import Fitness
from index.answering.forms import STEM
from index.answering.intents import understood
from index.answering.quotation import LONGEST, Candidate, Quote, cut, overlap, surroundings
from index.answering.vicinity import Context, Run
from index.furniture import ITEM, ends, says
from index.records import Span
from index.retrieval.expecting import expected, has
from index.storage.analysis import asked, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.answering.intents import Question
    from index.records import Hit

    Around = Callable[[Hit], Context]

HITS = 8
"""Among how many hits sentences are chosen."""
STATEMENTS = 4
FURTHEST_PART = 0.35
"""How much less than the best sentence for a part of a question another one may be worth, where the best one answers
another part already."""
CLAIM_SHARE = 0.65
"""Weight of how good a pin a sentence is, beside how well its passage was found."""
LEAST_SHARE = {"summary": 0.8, "list": 0.85, "reason": 0.9}
"""From which share of the first sentence's claim on another one is worth reading, by the kind of the question."""
SUMMARY_MORE = 2
"""How many sentences more of its paragraph a sentence brings, where a summary is asked for."""
MOST = {"reason": 2, "list": 3, "summary": 3}
"""How many quotations there are at most, by the kind of the question."""
RIVAL_GAP = 0.15
"""How much less than the first sentence another one may be worth that might be the answer, where one is wanted."""
MISSING_SHARE = 0.75
"""The same for a sentence that has a name or a number of the question which the answer has not."""
RIVALS = 2
"""How many sentences are told beside the first where one thing is asked for."""
NEWS = 0.5
"""Which share of its terms a sentence must have that the answer has not yet."""
FURTHEST = 0.9
"""How much less than the best one a sentence may be worth before its form is looked at: none makes up for more."""
LOOKED_AT = 30
"""Among how many sentences further ones are chosen."""
_NOTE_BEFORE = re.compile(r"(?:\[\d[\d,\s–-]*\]\s*)+|\d{1,2}(?:,\d{1,2})+\s+(?=[A-Z])")
"""Numbers of notes to the sentence before."""
_NAME = re.compile(r"\b[A-Z]\w+")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_NAMING = re.compile(r"\d|[A-Z]")


def quotes(
    question: str | Question,
    hits: Sequence[Hit],
    around: Around | None = None,
    parts: Sequence[Sequence[Hit]] = (),
) -> list[Quote]:
    """What answers, the best first; none of no hits.

    `around` gives what stands around a hit; without it, nothing outside its passage is quoted. `parts` are the hits
    for each part of the question, or each side of a comparison: they are answered one after the other.
    """
    asked_for = understood(question) if isinstance(question, str) else question
    writer = _Writer(asked_for, around or Context)
    if asked_for.sides:
        return writer.compared([*hits, *(hit for some in parts for hit in islice(some, HITS // 2))])
    if parts:
        return _of_parts(writer.chosen(hits)[:1], [understood(part) for part in asked_for.parts], parts, around)
    return writer.chosen(hits)


def _answers(made: Sequence[Quote], part: Question) -> bool:
    """Whether quotations have all words of a question and what it asks for."""
    words = " ".join(quote.words for quote in made)
    kind = expected(part.text)
    return (
        {term[:STEM] for term in asked(part.text)} <= {term[:STEM] for term in terms(words)}
        and kind is not None
        and has(kind, words, part.text)
    )


def _of_parts(
    made: list[Quote], asked_for: Sequence[Question], parts: Sequence[Sequence[Hit]], around: Around | None
) -> list[Quote]:
    """What answers the whole, and then what answers each part; one sentence may be the best for one part only."""
    whole, taken = list(made), False
    for part, hits in zip(asked_for, parts, strict=True):
        if _answers(whole, part):
            continue
        writer = _Writer(part, around or Context)
        best = writer.chosen(hits)[:1]
        if any(overlap(one, other) for one in best for other in made):
            if not taken:
                taken = True
                continue
            best = [
                quote
                for quote in writer.chosen(hits, without=made)[:1]
                if quote.worth >= best[0].worth - FURTHEST_PART and writer.fits(quote.words)
            ]
        made += best
    return made[:STATEMENTS]


def _merged(answers: Sequence[list[Quote]]) -> list[Quote]:
    """Of each part its best quotation; nothing twice."""
    made: list[Quote] = []
    for row in answers:
        best = next(iter(row), None)
        if best is not None and not any(overlap(best, other) for other in made):
            made.append(best)
    return made[:STATEMENTS]


class _Writer:
    """Chooses what to quote for one question."""

    def __init__(self, question: Question, around: Around) -> None:
        self._question = question
        self._around = around
        self._wanted = asked(question.text)
        self._kind = expected(question.text)
        self._fitness = Fitness(question)

    def chosen(self, hits: Sequence[Hit], without: Sequence[Quote] = ()) -> list[Quote]:
        """The best sentence with what must come along, then those that add to it, as they stand in their documents.

        Nothing is chosen that overlaps those it is to be `without`.
        """
        made: list[Quote] = []
        known: frozenset[str] = frozenset()
        missing: frozenset[str] = frozenset()
        for candidate in self._candidates(hits)[:LOOKED_AT]:
            if len(made) == STATEMENTS:
                break
            if made and not self._adds(candidate, made, missing):
                continue
            quote = self._grown(candidate)
            if any(overlap(quote, other) for other in without):
                continue
            own = frozenset(terms(quote.words))
            if made and (len(own - known) < NEWS * len(own) or any(overlap(quote, other) for other in made)):
                continue
            made.append(quote)
            known |= own
            missing = self._missing(known | frozenset(terms(surroundings(made[0]))))
        places = {quote.hit.document.id: place for place, quote in reversed(list(enumerate(made)))}
        return made[:1] + sorted(made[1:], key=lambda quote: (places[quote.hit.document.id], quote.span))

    def fits(self, words: str) -> bool:
        """Whether words have what the question asks for."""
        return self._kind is None or has(self._kind, words, self._question.text)

    def compared(self, hits: Sequence[Hit]) -> list[Quote]:
        """The best sentence on both sides of a comparison, or the best on each; without one, the best of all."""
        rows = Contrast(self._question).best(self._candidates(hits))
        return _merged([[self._grown(candidate)] for candidate in rows]) if rows else self.chosen(hits)

    def _candidates(self, hits: Sequence[Hit]) -> list[Candidate]:
        """All sentences that may be quoted, the most worth first."""
        contexts = [Context(hit) for hit in (hits if self._question.sides else islice(hits, HITS))]
        bare = [
            (context.hit.score + CLAIM_SHARE * claim, claim, context, n)
            for context in contexts
            for n, claim in enumerate(context.hit.claims)
            if claim > float("-inf") and context.kinds[n] != "furniture"
        ]
        least = max((row[0] for row in bare), default=0.0) - FURTHEST
        found = [
            Candidate(context, n, worth + self._fitness.of(context, n), claim)
            for worth, claim, context, n in bare
            if worth >= least or self._question.sides
        ]
        return sorted(found, key=lambda candidate: -candidate.worth)

    def _grown(self, candidate: Candidate) -> Quote:
        """A sentence with what must come along."""
        context, n = self._wide(candidate)
        run = context.whole_item(n, LONGEST)
        listed = self._listed(context, n)
        if listed is not None:
            run = Run(min(run.first, listed.first), max(run.last, listed.last))
        else:
            run = context.goes_on(run)
            run = context.anchored(run)
            if run.first < n and (anchor := context.goes_on(Run(run.first, run.first))).last >= run.last:
                run = Run(run.first, anchor.last)
            run = context.qualified(run, frozenset(self._wanted))
            if self._question.kind == "summary":
                run = context.paragraph(run, SUMMARY_MORE)
            if context.kinds[n] == "row":
                run = context.headed(run)
        items = sum(context.item(each) for each in range(run.first, run.last + 1))
        span = context.span(run)
        if found := _NOTE_BEFORE.match(context.texts[run.first]):
            span = Span(span.start + found.end(), span.end)
        states = not context.heads(n) and (run.last > run.first or says(context.texts[n]))
        quote = Quote(
            context.hit, span, candidate.worth, candidate.claim, items=items if items > 1 else 0, states=states
        )
        return cut(quote, self._question.text) if run.first == run.last else quote

    def _wide(self, candidate: Candidate) -> tuple[Context, int]:
        """What stands around a sentence, and its number there."""
        context = self._around(candidate.context.hit)
        span = candidate.context.sentences[candidate.n]
        if span in context.sentences:
            return context, context.sentences.index(span)
        return candidate.context, candidate.n

    def _listed(self, context: Context, n: int) -> Run | None:
        """The list that a sentence leads to or stands in, where the question or the sentence needs it."""
        items = context.items(n)
        if items is None:
            return None
        inside = items.first <= n
        text = context.texts[n].rstrip()
        needs = not inside and text.endswith((":", "—", "--"))
        if inside:
            bare = text[found.end() :] if (found := ITEM.match(text)) else text
            partial = bare[:1].islower() or not ends(text)
            needs = partial and context.lead(items) is not None and context.length(items) <= 2 * LONGEST
        if not needs and not (self._question.wants_list and (inside or text.endswith(":"))):
            return None
        return context.listed(n)

    def _missing(self, known: frozenset[str]) -> frozenset[str]:
        """Names and numbers of the question that the answer has not; `Ukrainian` has what `Ukraine` asks for."""
        stems = {term[:STEM] for term in known}
        named = (term for term, word in self._wanted.items() if _NAMING.search(word))
        return frozenset(term for term in named if term[:STEM] not in stems)

    def _adds(self, candidate: Candidate, made: Sequence[Quote], missing: frozenset[str]) -> bool:
        """Whether a sentence may add to the answer: it says what is still missing, or might be the answer itself."""
        first, kind = made[0], self._question.kind
        if candidate.context.kinds[candidate.n] not in ("sentence", "item", "row"):
            return False
        share = candidate.claim / max(first.claim, 1e-6)
        near = first.worth - candidate.worth <= 2 * RIVAL_GAP
        if share >= MISSING_SHARE and near and self.fits(candidate.text) and missing & candidate.terms:
            return True
        if first.items and self._question.wants_list:
            return False
        if kind in LEAST_SHARE:
            gives = kind != "reason" or self._fitness.has_form(candidate.text)
            return gives and share >= LEAST_SHARE[kind] and len(made) < MOST.get(kind, STATEMENTS)
        lacks = self._kind is not None and not any(has(self._kind, quote.words, self._question.text) for quote in made)
        fits = self.fits(candidate.text)
        if lacks and fits and share >= MISSING_SHARE:
            return True
        if self._fitness.has_form(first.words) and not self._fitness.has_form(candidate.text):
            return False
        return fits and first.worth - candidate.worth <= RIVAL_GAP and len(made) <= RIVALS

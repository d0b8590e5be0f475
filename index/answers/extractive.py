"""Writes an answer by quoting: the best sentence, word for word, and then only sentences that add to the answer.

A quotation is a run of whole sentences of one document: a sentence with its rest, its list, its antecedents and its
qualifications. Most methods of `Context` take the run that is quoted so far and return the run that a reader needs. It
never crosses a heading, and is never longer than `LONGEST_RUN`; a list, than `LONGEST_LIST`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from index.records import Span
from index.search.evidence import disagree
from index.search.readings import rank_loss
from index.text.prose import (
    ITEM,
    TAKES_BACK,
    LineKind,
    end_sentences,
    ends_sentence,
    is_statement,
    kinds_of,
    refers_back,
)
from index.text.words import terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.records import Hit
    from index.text.questions import Question

    Around = Callable[[Hit], "Context"]

LONGEST_RUN = 700
"""The longest quotation with its context, in characters."""
LONGEST_LIST = 1800
"""The longest list with its introduction, in characters."""
FURTHEST_ANTECEDENT = 3
"""The number of sentences before a run that are searched for antecedents."""
LONGEST_WRAPPED = 170
"""A longer line, in characters, was not wrapped at a margin."""
SHORTEST_WRAPPED = 50
LONGEST_ITEM = 350
"""List items with a longer average, in characters, are sections of a text and are quoted one by one."""
LONGEST = 400
"""A longer item of a list, in characters, is quoted one sentence at a time."""
CLAIM_SHARE = 0.65
"""The weight of a sentence's pin score next to the score of its passage, if the reader has not read it."""
HITS = 8
"""The number of hits whose sentences are candidates."""
STATEMENTS = 4
JOIN_LOGIT = 0.0
"""The least logit of the reader for a neighbour of a quoted sentence that is quoted with it."""
MORE_GAP, UNREAD_GAP = 0.24, 0.15
"""A further sentence may be worth at most this much less than the first; and if the reader has not read it."""
LEAST_NEW = 0.5
"""The least share of a further sentence's terms that must be new to the answer."""
MORE_LOGIT = -1.0
"""The least logit of the reader for a further sentence."""
MOST_CONSIDERED = 30
"""The number of best sentences that further quotations are chosen from."""
_NOTE_BEFORE = re.compile(r"(?:\[\d[\d,\s–-]*\]\s*)+|\d{1,2}(?:,\d{1,2})+\s+(?=[A-Z])")
"""Footnote numbers that belong to the sentence before."""


class Run(NamedTuple):
    """A range of sentence numbers, `[first, last]`, both inclusive."""

    first: int
    last: int


@dataclass(frozen=True)
class Context:
    """A passage and the text around it, as sentences."""

    hit: Hit
    """The hit. Its passage may be wider than the one that was found."""
    headings: frozenset[int] = frozenset()
    """The offsets of headings in the document's text."""

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The spans of the sentences, in order."""
        return self.hit.passage.sentences

    @cached_property
    def texts(self) -> list[str]:
        """The text of each sentence."""
        return self.hit.texts(self.sentences)

    @cached_property
    def kinds(self) -> list[LineKind]:
        """The kind of each sentence."""
        return kinds_of(self.texts)

    @cached_property
    def ends(self) -> list[bool]:
        """Whether each sentence ends like one; a piece of a sentence does not."""
        return end_sentences(self.texts)

    @cached_property
    def gaps(self) -> list[str]:
        """The white space after each sentence except the last."""
        pairs = zip(self.sentences, self.sentences[1:], strict=False)
        return self.hit.texts([Span(sentence.end, following.start) for sentence, following in pairs])

    def span(self, run: Run) -> Span:
        """Return the span of a run in the document's text."""
        return Span(self.sentences[run.first].start, self.sentences[run.last].end)

    def length(self, run: Run) -> int:
        """Return the length of a run in characters."""
        start, end = self.span(run)
        return end - start

    def is_heading(self, n: int) -> bool:
        """Whether a sentence is a heading, or cannot be quoted and looks like one."""
        if self.sentences[n].start in self.headings:
            return True
        unfit = self.hit.claims[n] == float("-inf") and not self.ends[n]
        return unfit and not self.headings and not ITEM.match(self.texts[n])

    def is_item(self, n: int) -> bool:
        """Whether a sentence begins a list item."""
        begins_line = n == 0 or "\n" in self.gaps[n - 1]
        return begins_line and bool(ITEM.match(self.texts[n])) and not self.is_heading(n)

    def whole_sentence(self, n: int) -> Run:
        """Return a sentence with its other pieces if line breaks split it."""
        first = last = n
        while last + 1 < len(self.texts) and self._continues(last) and self.length(Run(first, last + 1)) <= LONGEST_RUN:
            last += 1
        while first and self._continues(first - 1) and self.length(Run(first - 1, last)) <= LONGEST_RUN:
            first -= 1
        return Run(first, last)

    def _continues(self, n: int) -> bool:
        """Whether sentence `n` continues in the next one: a line was wrapped, or a long sentence was split."""
        if (
            self.ends[n]
            or self.is_heading(n)
            or self.is_heading(n + 1)
            or self.is_item(n + 1)
            or self.kinds[n + 1] == "furniture"
        ):
            return False
        if self.gaps[n].count("\n") != 1:
            return not self.gaps[n].count("\n")
        if self.kinds[n] == "row" or self.kinds[n + 1] == "row":
            return False
        if self.texts[n + 1][:1].islower():
            return True
        return SHORTEST_WRAPPED <= self._line_length(n) <= LONGEST_WRAPPED and self.kinds[n] != "furniture"

    def _line_length(self, n: int) -> int:
        """Return the length of the line that a sentence ends, in characters."""
        text, end = self.hit.passage.text, self.sentences[n].end - self.hit.passage.start
        return end - (text.rfind("\n", 0, end) + 1)

    def items(self, n: int) -> Run | None:
        """Return the list that contains a sentence or follows it after a colon; None if there is none."""
        at = self._item_start(n)
        if at is None:
            after = n + 1
            if after < len(self.texts) and self.is_item(after) and not self.is_heading(after):
                at = after
        if at is None:
            return None
        first, last = at, self._item_end(at)
        while (before := self._item_start(first - 1)) is not None and not self._starts_list(first):
            first = before
        while last + 1 < len(self.texts) and self.is_item(last + 1) and not self._starts_list(last + 1):
            last = self._item_end(last + 1)
        return Run(first, last)

    def _item_start(self, n: int) -> int | None:
        """Return the first sentence of the item that contains a sentence; None outside a list."""
        for at in range(n, max(-1, n - 8), -1):
            if at < 0 or self.is_heading(at):
                return None
            if self.is_item(at):
                return at
            if (
                not at
                or self.gaps[at - 1].count("\n") > 1
                or ("\n" in self.gaps[at - 1] and not self._continues(at - 1))
            ):
                return None
        return None

    def _item_end(self, at: int) -> int:
        last = at
        while last + 1 < len(self.texts) and not self.is_item(last + 1) and not self.is_heading(last + 1):
            if "\n" in self.gaps[last] and not self._continues(last):
                break
            last += 1
        return last

    def _starts_list(self, n: int) -> bool:
        """Whether an item starts a new list: its number is the first."""
        return bool(re.match(r"\s*\(?(?:1|a|i)[.)]\s", self.texts[n]))

    def lead(self, listed: Run) -> int | None:
        """Return the sentence that introduces a list; None if there is none."""
        before = listed.first - 1
        if before < 0 or self.is_heading(before) or self.kinds[before] in ("furniture", "question"):
            return None
        text = self.texts[before]
        leads = text.rstrip().endswith((":", "—", "--")) or "following" in text
        return self.whole_sentence(before).first if leads else None

    def list_around(self, n: int) -> Run | None:
        """Return the list around a sentence with its introduction, as far as it may be quoted; None without one."""
        items = self.items(n)
        if items is None:
            return None
        lead = self.lead(items)
        first = items.first if lead is None else lead
        last = items.last
        number = sum(self.is_item(sentence) for sentence in range(items.first, items.last + 1))
        if self.length(items) > LONGEST_ITEM * number:
            return None
        while last > max(n, items.first) and self.length(Run(first, last)) > LONGEST_LIST:
            last -= 1
        return Run(first, last) if self.length(Run(first, last)) <= LONGEST_LIST else None

    def whole_item(self, n: int, longest: int) -> Run:
        """Return the item that contains a sentence if it is not too long, else the sentence."""
        begin = self._item_start(n)
        whole = self.whole_sentence(n)
        if begin is None:
            return whole
        run = Run(min(begin, whole.first), max(self._item_end(begin), whole.last))
        return run if self.length(run) <= longest else whole

    def with_answering(self, run: Run, logit: float) -> Run:
        """Add the neighbours in the same paragraph for which the reader has at least this logit."""
        first, last = run
        while first and self._joins(Run(first - 1, last), first - 1, first - 1, logit):
            first -= 1
        while last + 1 < len(self.texts) and self._joins(Run(first, last + 1), last + 1, last, logit):
            last += 1
        return Run(first, last)

    def _joins(self, run: Run, n: int, gap: int, logit: float) -> bool:
        """Whether a neighbour answers, belongs to the paragraph, and leaves the run short enough."""
        logits = self.hit.logits
        answers = bool(logits) and logits[n] >= logit and self.kinds[n] in ("sentence", "item", "loose")
        return answers and self._is_beside(n, gap) and self.length(run) <= LONGEST_RUN

    def _is_beside(self, n: int, gap: int) -> bool:
        return not self.is_heading(n) and self.gaps[gap].count("\n") < 2

    def with_antecedents(self, run: Run) -> Run:
        """Add the sentences before a run that it refers to.

        Without them, 12 of the 160 answers of `benchmarks.answers` that have three points lose one, and none gains one
        (p < .001; `benchmarks.rules`).
        """
        first = run.first
        for _ in range(FURTHEST_ANTECEDENT):
            if not first or not refers_back(self.texts[first]):
                break
            before = self.whole_sentence(first - 1).first
            unfit = self.is_heading(first - 1) or self.kinds[first - 1] not in ("sentence", "item")
            if unfit or self.length(Run(before, run.last)) > LONGEST_RUN:
                break
            first = before
        return Run(first, run.last)

    def with_qualifier(self, run: Run) -> Run:
        """Add the next sentence of the paragraph if it limits or denies the run.

        Of 1,091 answers of `benchmarks.rules`, 15 quote such a sentence; without it 3 lack what is needed, and none is
        better (p = .25).
        """
        at = run.last + 1
        if at >= len(self.texts) or not self._is_beside(at, run.last) or not TAKES_BACK.match(self.texts[at]):
            return run
        whole = Run(run.first, self.whole_sentence(at).last)
        return whole if self.length(whole) <= LONGEST_RUN else run


@dataclass(frozen=True)
class Quote:
    """A quotation from a passage, and its worth as an answer."""

    hit: Hit
    """The hit. Its passage may be wider than the one that was found, and contains the span."""
    span: Span
    worth: float
    items: int = 0
    """The number of list items that it quotes; 0 if it quotes no list."""
    disagrees: bool = False
    """Whether it says something else than the first quotation, which is from another document."""
    states: bool = True
    """Whether it states something; a heading or a by-line does not."""

    @cached_property
    def words(self) -> str:
        """The exact words."""
        return self.hit.words(self.span)

    @property
    def text(self) -> str:
        """The words for a reader: single spaces, a line for each list item."""
        lines = [" ".join(line.split()) for line in self.words.split("\n")]
        text = ""
        for line in filter(None, lines):
            text += line if not text else f"\n{line}" if self.items and ITEM.match(line) else f" {line}"
        return text


def overlap(first: Quote, second: Quote) -> bool:
    """Whether two quotations share characters of one document."""
    same = first.hit.document.id == second.hit.document.id
    return same and first.span.start < second.span.end and second.span.start < first.span.end


def quotes(
    question: Question,
    hits: Sequence[Hit],
    around: Around | None = None,
    parts: Sequence[tuple[Question, Sequence[Hit]]] = (),
) -> list[Quote]:
    """Return the quotations that answer a question, the best first; empty without hits.

    `around` returns the context of a hit; without it, quotations stay within their passages. `parts` are the
    questions that it consists of with their hits, or the question with the hits for each side of a comparison; they are
    answered one after the other.
    """
    chosen = _Quoter(question, around or Context).choose(hits)
    if parts:
        chosen = chosen[:1]
        for part, some in parts:
            chosen += _Quoter(part, around or Context).choose(some, without=chosen)[:1]
    return chosen[:STATEMENTS]


@dataclass(frozen=True)
class _Candidate:
    """A sentence that may be quoted."""

    context: Context
    n: int
    worth: float

    @property
    def logit(self) -> float:
        """The reader's logit that it answers; infinite if it was not read."""
        logits = self.context.hit.logits
        return logits[self.n] if logits else float("inf")

    @cached_property
    def text(self) -> str:
        """The words of the sentence."""
        return self.context.texts[self.n]


def _worths(hit: Hit, rank: int) -> list[float]:
    """Return the worth of each sentence of the hit of this rank."""
    share, gain = (1.0, -rank_loss(rank)) if hit.logits else (CLAIM_SHARE, hit.score)
    return [share * claim + gain for claim in hit.claims]


class _Quoter:
    """Chooses the quotations for one question."""

    def __init__(self, question: Question, around: Around) -> None:
        self._question = question
        self._around = around

    def choose(self, hits: Sequence[Hit], without: Sequence[Quote] = ()) -> list[Quote]:
        """Return the best sentence with its context, then those that add to it, in document order.

        If another document says otherwise, that is the only other quotation. There is none if the best sentence is in
        one of `without`, which are quoted already, or is unlikely to answer beside them. A cell that answers the
        question is the only quotation.
        """
        first = next(iter(hits), None)
        if first is not None and first.cell and self._wants_one_thing():
            cell = Quote(first, first.pin, first.score + first.cell)
            return [] if any(overlap(cell, other) for other in without) else [cell]
        chosen: list[Quote] = []
        known: frozenset[str] = frozenset()
        contexts = [Context(hit) for hit in islice(hits, HITS)]
        for candidate in self._candidates(contexts)[:MOST_CONSIDERED]:
            if len(chosen) == STATEMENTS:
                break
            if chosen and not self._adds(candidate, chosen[0]):
                continue
            quote = self._quote_with_context(candidate)
            if without and (candidate.logit < MORE_LOGIT or any(overlap(quote, other) for other in without)):
                return chosen
            own = frozenset(terms(quote.words))
            if chosen and (len(own - known) < LEAST_NEW * len(own) or any(overlap(quote, other) for other in chosen)):
                continue
            if not chosen and (otherwise := self._otherwise(candidate, contexts)) is not None:
                return [quote, otherwise]
            chosen.append(quote)
            known |= own
        places = {quote.hit.document.id: place for place, quote in reversed(list(enumerate(chosen)))}
        return chosen[:1] + sorted(chosen[1:], key=lambda quote: (places[quote.hit.document.id], quote.span))

    def _otherwise(self, best: _Candidate, contexts: Sequence[Context]) -> Quote | None:
        """Return the first sentence of another document that says nearly the same as the best one, but otherwise."""
        if best.context.kinds[best.n] not in ("sentence", "item"):
            return None
        found = (
            _Candidate(context, n, best.worth)
            for context in contexts
            if context.hit.document.id != best.context.hit.document.id
            for n, text in enumerate(context.texts)
            if context.kinds[n] in ("sentence", "item") and disagree(best.text, text, self._question.form)
        )
        other = next(found, None)
        return None if other is None else replace(self._quote_with_context(other), disagrees=True)

    def _wants_one_thing(self) -> bool:
        listed = self._question.kind == "list" and self._question.wanted > 1
        return not listed and self._question.kind not in ("steps", "comparison")

    def _candidates(self, contexts: Sequence[Context]) -> list[_Candidate]:
        """Return all sentences that may be quoted, the best first."""
        if any(context.hit.logits for context in contexts):
            contexts = [context for context in contexts if context.hit.logits]
        found = [
            _Candidate(context, n, worth)
            for rank, context in enumerate(contexts)
            for n, worth in enumerate(_worths(context.hit, rank))
            if worth > float("-inf") and context.kinds[n] != "furniture"
        ]
        return sorted(found, key=lambda candidate: -candidate.worth)

    def _quote_with_context(self, candidate: _Candidate) -> Quote:
        """Return the quotation of a sentence, with the sentences that belong to it."""
        context, n = self._in_context(candidate)
        run = context.whole_item(n, LONGEST)
        listed = self._needed_list(context, n)
        if listed is not None:
            run = Run(min(run.first, listed.first), max(run.last, listed.last))
        else:
            run = context.with_antecedents(run)
            run = context.with_answering(run, JOIN_LOGIT)
            run = context.with_qualifier(run)
        items = sum(context.is_item(sentence) for sentence in range(run.first, run.last + 1))
        span = context.span(run)
        if found := _NOTE_BEFORE.match(context.texts[run.first]):
            span = Span(span.start + found.end(), span.end)
        states = not context.is_heading(n) and (run.last > run.first or is_statement(context.texts[n]))
        return Quote(context.hit, span, candidate.worth, items=items if items > 1 else 0, states=states)

    def _in_context(self, candidate: _Candidate) -> tuple[Context, int]:
        """Return the context of a sentence, and its index there."""
        context = self._around(candidate.context.hit)
        span = candidate.context.sentences[candidate.n]
        if span in context.sentences:
            return context, context.sentences.index(span)
        return candidate.context, candidate.n

    def _needed_list(self, context: Context, n: int) -> Run | None:
        """Return the list that a sentence introduces or belongs to, if the question or the sentence needs it."""
        items = context.items(n)
        if items is None:
            return None
        inside = items.first <= n
        text = context.texts[n].rstrip()
        needs = not inside and text.endswith((":", "—", "--"))
        if inside:
            bare = text[found.end() :] if (found := ITEM.match(text)) else text
            partial = bare[:1].islower() or not ends_sentence(text)
            needs = partial and context.lead(items) is not None and context.length(items) <= 2 * LONGEST
        if not needs and not (self._question.wants_list and (inside or text.endswith(":"))):
            return None
        return context.list_around(n)

    def _adds(self, candidate: _Candidate, first: Quote) -> bool:
        """Whether a sentence answers about as well as the first one."""
        states = candidate.context.kinds[candidate.n] in ("sentence", "item", "row")
        gap = MORE_GAP if candidate.context.hit.logits else UNREAD_GAP
        return states and candidate.logit >= MORE_LOGIT and first.worth - candidate.worth <= gap

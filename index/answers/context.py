"""Finds the sentences that belong to a quoted sentence: its rest, its list, its antecedents and its qualifications.

A quotation is a run of whole sentences of one document. Most functions take the run that is quoted so far and return
the run that a reader needs. It never crosses a heading, and is never longer than `LONGEST_RUN`; a list, than
`LONGEST_LIST`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from index.records import Span
from index.text.prose import ITEM, LineKind, end_sentences, kinds_of
from index.text.sentence_forms import (
    DANGLING_END,
    TAKES_BACK,
    refers_back,
)

if TYPE_CHECKING:
    from index.records import Hit


LONGEST_RUN = 700
"""The longest quotation with its context, in characters."""
LONGEST_LIST = 1800
"""The longest list with its introduction, in characters."""
FURTHEST_ANTECEDENT = 3
"""The number of sentences before a run that are searched for antecedents."""
LONGEST_WRAPPED = 170
"""A longer line, in characters, was not wrapped at a margin."""
SHORTEST_WRAPPED = 50
_BAR = " | "
"""What stands between the cells of a row."""
LONGEST_ITEM = 350
"""List items with a longer average, in characters, are sections of a text and are quoted one by one."""


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
        text, following = self.texts[n], self.texts[n + 1]
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
        if following[:1].islower() or DANGLING_END.search(text):
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
        """Add the sentences before a run that it refers to."""
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
        """Add the next sentence of the paragraph if it limits or denies the run."""
        at = run.last + 1
        if at >= len(self.texts) or not self._is_beside(at, run.last) or not TAKES_BACK.match(self.texts[at]):
            return run
        whole = Run(run.first, self.whole_sentence(at).last)
        return whole if self.length(whole) <= LONGEST_RUN else run

    def within_row(self, run: Run, n: int) -> Run:
        """Return the part of a run that is in the same row as a sentence, if that is in a table that is known as one.

        The headers of its columns are told with a cell, and are not quoted with it. Rows of one cell each, as in a page
        that was laid out by a table, are lines of a text.
        """
        begin = self.sentences[n].start
        has_cells = any(_BAR in text for text in self.texts[run.first : run.last + 1])
        if not has_cells or not any(start <= begin < end for start, end in self.hit.tables):
            return run
        first = last = n
        while first > run.first and "\n" not in self.gaps[first - 1]:
            first -= 1
        while last < run.last and "\n" not in self.gaps[last]:
            last += 1
        return Run(first, last)

    def with_column_names(self, run: Run) -> Run:
        """Add the rows above, up to the row with the column names, if it is near."""
        first = run.first
        while first and self.kinds[first - 1] == "row" and self.length(Run(first - 1, run.last)) <= LONGEST_RUN:
            first -= 1
        whole = first == 0 or self.kinds[first - 1] != "row"
        return Run(first, run.last) if whole else run

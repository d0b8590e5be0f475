"""Finds out whether a kept quote still stands in its source, and if not, which words stand there now.

The order of the questions: do the words stand at their offsets in the same file; do they stand word for word elsewhere
in the newer text, where white space and the hyphens of line ends do not count; which words stand between the kept
neighbours, if they have anything in common with the quote; which sentences share most of the quote's words, if they did
not stand beside it from the beginning. If nothing fits, the words are gone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate, groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Literal

from index.citations.entries import locate
from index.citations.kept import CONTEXT, KeptItem, KeptQuote
from index.citations.resemblance import MIN_SHARED_WEIGHT, UNSPACED, SearchedText, is_related, shared_weight
from index.records import Span
from index.text.sentences import trim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Document
    from index.records.table import Cell, Table

State = Literal["there", "moved", "changed", "gone"]
WHAT: dict[State, str] = {
    "there": "The words stand in the source as they were kept.",
    "moved": "The source has changed. These words still stand in it, word for word.",
    "changed": "The source has changed, and these words with it.",
    "gone": "No longer in your library.",
}
"""What each state means, for readers."""
_WORDS_GONE = "The source has changed, and nothing like these words stands in it."
_CELL_GONE = "The source has changed, and no cell with these headers is in it."
_OTHER_CONTEXT = "The words around them are different."
_WITHIN = re.compile(rf"[^\W{UNSPACED}]\n[^\W{UNSPACED}]|\d[.,]\n\d|\d\n[.,]\d")
_MIN_CONTEXT_CHARACTERS = 16
"""Shorter neighbours do not find a place."""
_MIN_FIT_CHARACTERS = 8
"""Characters of the neighbours that must be the same; a full stop alone may be."""
_MIN_SHARE_ELSEWHERE = 0.7
"""What words elsewhere must share with a quote whose neighbours stand without it: lists and tables have lines that are
alike, and were so from the beginning."""
_MAX_NEIGHBOURS = 5
_MAX_CELLS = 50
_MAX_OCCURRENCES = 50
_MAX_GAP_SHARE = 3


@dataclass(frozen=True, slots=True)
class KeptState:
    """What has become of a kept quote."""

    state: State
    what: str
    """The state in a sentence."""
    now: KeptQuote | None = None
    """The words that stand in the library now, with their place; None if they are gone."""
    difference: tuple[tuple[Side, str], ...] = ()
    """For a changed quote: the words of both texts in order, those of then alone, and those of now alone."""


class SearchedDocument:
    """A version of a document in which many kept quotes are searched for."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = SearchedText(document.text)

    @cached_property
    def cells(self) -> dict[tuple[str, ...], list[Cell]]:
        """The cells of its tables by their headers."""
        found: dict[tuple[str, ...], list[Cell]] = {}
        for table in self.document.tables:
            for cell in table.cells:
                found.setdefault(table.headers(cell), []).append(cell)
        return found

    @cached_property
    def _rows(self) -> dict[str, list[tuple[Table, Sequence[Cell]]]]:
        """The rows of its tables by their headers, and by the words of each of their cells."""
        found: dict[str, list[tuple[Table, Sequence[Cell]]]] = {}
        for table in self.document.tables:
            for row, cells in groupby(table.cells, key=attrgetter("row")):
                group = tuple(cells)
                words = {self.document.text[cell.start : cell.end] for cell in group}
                for name in words | {table.rows[row]}:
                    found.setdefault(name, []).append((table, group))
        return found

    def headed(self, headers: tuple[str, ...]) -> Sequence[Cell]:
        """Return the cells with these headers; if there are none, those of rows that other cells name in this way."""
        if headers in self.cells:
            return self.cells[headers]
        begins = accumulate(headers[-1].split(", "), "{}, {}".format)
        rows = (row for begin in begins for row in self._rows.get(begin, ()))
        return [cell for table, row in rows for cell in row if table.is_headed(cell, headers, self.document.text)]


class KeptSearch:
    """The search for a kept quote in the versions of its document, the likeliest first."""

    def __init__(self, quote: KeptQuote) -> None:
        self.quote = quote
        self._found: KeptState | None = None
        self._gone = WHAT["gone"]
        self._share = 0.0
        self._changed: tuple[Document, Span] | None = None

    def look_into(self, version: SearchedDocument) -> bool:
        """Search a version, and return whether the quote stands in it, so that no other version matters."""
        quote, document = self.quote, version.document
        if document.id == quote.document and document.text[quote.start : quote.end] == quote.quote:
            self._found = KeptState("there", WHAT["there"], quote)
        elif quote.headers:
            self._look_into_cells(version)
        elif (span := _same_words(quote, version.text)) is not None:
            self._found = _moved(quote, document, span)
        else:
            self._gone = _WORDS_GONE
            found = nearest(quote, version.text)
            if found is not None and found[0] > self._share:
                self._share, self._changed = found[0], (document, found[1])
        return self._found is not None

    def _look_into_cells(self, version: SearchedDocument) -> None:
        """Search for words in a cell: they are found by its headers, since `1000` stands in many cells."""
        self._gone = _CELL_GONE
        now = min(_cells_now(self.quote, version), key=lambda cell: _strangeness(self.quote, cell), default=None)
        if now is not None and now.quote == self.quote.quote:
            self._found = KeptState("moved", WHAT["moved"], now)
        elif now is not None and self._changed is None:
            self._changed = version.document, Span(now.start, now.end)

    @property
    def state(self) -> KeptState:
        """The state of the quote in the versions that were searched."""
        if self._found is not None:
            return self._found
        if self._changed is None:
            return KeptState("gone", self._gone)
        now = kept_at(self.quote, *self._changed)
        return KeptState("changed", WHAT["changed"], now, tuple(difference(self.quote.quote, now.quote)))


def _cells_now(quote: KeptQuote, version: SearchedDocument) -> Iterator[KeptQuote]:
    """Yield the nearest cells with the headers of a kept quote, or the same words in them."""
    document = version.document
    spans = []
    for cell in version.headed(quote.headers):
        at = document.text.find(quote.quote, cell.start, cell.end)
        spans.append(Span(cell.start, cell.end) if at < 0 else Span(at, at + len(quote.quote)))
    spans.sort(key=lambda span: (span.of(document.text) != quote.quote, abs(span.start - quote.start)))
    for span in spans[:_MAX_CELLS]:
        yield kept_at(quote, document, span)


def _strangeness(quote: KeptQuote, now: KeptQuote) -> tuple[bool, bool, bool, int]:
    """Return how little a cell with the same headers resembles the kept one: its place, its name, its words."""
    moved = abs(now.start - quote.start)
    return now.place != quote.place, now.cell != quote.cell, now.quote != quote.quote, moved


def _moved(quote: KeptQuote, document: Document, span: Span) -> KeptState:
    known = len(_letters(quote.before)) + len(_letters(quote.after))
    fits = _fit(quote, document.text, span) >= min(_MIN_FIT_CHARACTERS, known)
    what = WHAT["moved"] if fits else f"{WHAT['moved']} {_OTHER_CONTEXT}"
    return KeptState("moved", what, kept_at(quote, document, span))


def kept_at(quote: KeptQuote, document: Document, span: Span) -> KeptQuote:
    """Return the quote at another place: these words, their document and their location."""
    location = locate(document, span)
    return replace(
        quote,
        document=document.id,
        title=document.title,
        author=document.author,
        date=document.date,
        page=location.page,
        heading=location.heading,
        paragraph=location.paragraph,
        place=location.place,
        cell=location.cell,
        headers=location.headers,
        recognised=location.recognised,
        start=span.start,
        end=span.end,
        quote=span.of(document.text),
        before=document.text[max(0, span.start - CONTEXT) : span.start],
        after=document.text[span.end : span.end + CONTEXT],
    )


def _same_words(quote: KeptQuote, text: SearchedText) -> Span | None:
    """Return the place of the quote in a text, word for word; of several places, the one with the best neighbours."""
    places = [Span(at, at + len(quote.quote)) for at in _occurrences(text.text, quote.quote)]
    places = [place for place in places or text.places(quote.quote) if _is_whole(quote, text.text, place)]
    # The place in the same part of the document decides among places with equal neighbours.
    return max(places, key=lambda place: (_fit(quote, text.text, place), -abs(place.start - quote.start)), default=None)


def _is_whole(quote: KeptQuote, text: str, place: Span) -> bool:
    """Return whether no word or number goes on beyond a place: `5 dead` does not stand in `15 dead`.

    A quote that itself began or ended within a word may still do so.
    """
    words, before, after = quote.quote, text[max(0, place.start - 2) : place.start], text[place.end : place.end + 2]
    starts_within = _is_within(before, words) and not _is_within(quote.before, words)
    return not starts_within and (not _is_within(words, after) or _is_within(words, quote.after))


def _is_within(before: str, after: str) -> bool:
    """Return whether the border between two texts is within a word or a number."""
    return _WITHIN.search(f"{before[-2:]}\n{after[:2]}") is not None


def _occurrences(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    for _ in range(_MAX_OCCURRENCES):
        if at < 0:
            return
        yield at
        at = text.find(words, at + 1)


def _fit(quote: KeptQuote, text: str, place: Span) -> int:
    """Return how many characters of the kept neighbours stand beside a place, white space left out."""
    before = _letters(text[max(0, place.start - 2 * CONTEXT) : place.start])
    after = _letters(text[place.end : place.end + 2 * CONTEXT])
    return _common(_letters(quote.before)[::-1], before[::-1]) + _common(_letters(quote.after), after)


def _letters(text: str) -> str:
    return "".join(text.split())


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )


def nearest(quote: KeptQuote, text: SearchedText) -> tuple[float, Span] | None:
    """Return the words of a text that took the place of a quote, and how much they share with it, in [0, 1]."""
    gaps = list(_between(quote, text))
    between = next((gap for gap in gaps if gap.start < gap.end), None)
    if between is not None and is_related(quote.quote, between.of(text.text)):
        return _narrowed(quote.quote, between, between.of(text.text))
    return _elsewhere(quote, text, _MIN_SHARE_ELSEWHERE if gaps else MIN_SHARED_WEIGHT)


def _narrowed(quote: str, between: Span, words: str) -> tuple[float, Span]:
    """Return the part of the words between the neighbours that belongs to a quote: other text may stand there, too."""
    share, part = shared_weight(quote, words), SearchedText(words).likest(quote)
    if part is not None and (closer := shared_weight(quote, part.of(words))) > share:
        return closer, Span(between.start + part.start, between.start + part.end)
    return max(MIN_SHARED_WEIGHT, share), between


def _elsewhere(quote: KeptQuote, text: SearchedText, least: float) -> tuple[float, Span] | None:
    """Return the sentences that share most of a quote's words and did not stand beside it from the beginning."""
    beside: list[Span] = []
    for _ in range(_MAX_NEIGHBOURS):
        span = text.likest(quote.quote, without=beside)
        if span is None or (share := shared_weight(quote.quote, span.of(text.text))) < least:
            return None
        if not _stood_beside(quote, span.of(text.text)):
            return share, span
        beside.append(span)
    return None


def _stood_beside(quote: KeptQuote, words: str) -> bool:
    """Return whether words stood beside the quote from the beginning: they, or all of them that was kept."""
    beside, found = _letters(quote.before) + _letters(quote.after), _letters(words)
    cut = range(_MIN_CONTEXT_CHARACTERS, min(len(found), len(beside) + 1))
    return found in beside or any(beside.startswith(found[-n:]) or beside.endswith(found[:n]) for n in cut)


def _neighbours(quote: KeptQuote) -> tuple[str, str]:
    """Return the text right before and right after a quote."""
    return quote.before.strip()[-CONTEXT // 2 :], quote.after.strip()[: CONTEXT // 2]


def _between(quote: KeptQuote, text: SearchedText) -> Iterator[Span]:
    """Yield what stands between the kept neighbours of a quote; an empty span if the quote was taken out."""
    before, after = _neighbours(quote)
    if min(len(before), len(after)) < _MIN_CONTEXT_CHARACTERS:
        return
    most = _MAX_GAP_SHARE * len(quote.quote) + CONTEXT + 2 * len(after)
    for place in text.places(before):
        end = next(text.places(after, place.end, place.end + most), None)
        if end is not None:
            yield trim(text.text, place.end, end.start)


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A kept quote that does not stand in the library where it stood."""

    fault: State
    """`changed` or `gone`; `moved` for words that stand elsewhere, word for word."""
    question: str
    document: str
    """The document's name when the quote was kept."""
    quote: str
    what: str
    """The finding in a sentence."""
    now: str
    """The words that stand there now; empty if they are gone."""
    place: str
    """The document and the place of these words."""
    difference: tuple[tuple[Side, str], ...]

    @property
    def is_mismatch(self) -> bool:
        """Whether the library no longer holds the words."""
        return self.fault != "moved"


def findings(items: Sequence[KeptItem], states: Sequence[KeptState]) -> list[KeptFinding]:
    """Return a finding for each quote that is not there; `states` has those of all quotes in order."""
    quotes = [(item.question, quote) for item in items for quote in item.quotes]
    checked = zip(quotes, states, strict=True)
    return [_finding(*quoted, state) for quoted, state in checked if state.state != "there"]


def _finding(question: str, quote: KeptQuote, state: KeptState) -> KeptFinding:
    now = state.now
    place = ", ".join(filter(None, (now.name, now.location.label))) if now else ""
    then, words = (kept.location.quoted(kept.quote) if kept else "" for kept in (quote, now))
    what = state.what
    return KeptFinding(state.state, question, quote.name, then, what, words, place, state.difference)


Side = Literal["both", "then", "now"]
_WORD = re.compile(r"\w+|[^\w\s]+")
_MAX_PAIRS = 20_000
"""Pairs of equal words: a thousand words of prose and their newer version have about as many. Texts with more, such as
those that repeat a word, are shown as a whole, because the comparison takes time by the cube."""


def difference(then: str, now: str) -> Iterator[tuple[Side, str]]:
    """Yield the words of both texts in order: those of both, those of then alone, those of now alone.

    White space differs only where one text has none: a line break instead of a blank is no difference.
    """
    for side, parts in groupby(_parts(then, now), key=itemgetter(0)):
        if words := "".join(words for _, words in parts):
            yield side, words


def _parts(then: str, now: str) -> Iterator[tuple[Side, str]]:
    at_then = at_now = 0
    for old, new in _equal_words(then, now):
        yield from _replaced(then[at_then : old.start()], now[at_now : new.start()])
        yield "both", old[0]
        at_then, at_now = old.end(), new.end()
    yield from _replaced(then[at_then:], now[at_now:])


def _equal_words(then: str, now: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield pairs of equal words in order; none for texts that have too many of them."""
    first, second = list(_WORD.finditer(then)), list(_WORD.finditer(now))
    one, other = [found[0] for found in first], [found[0] for found in second]
    known, others = Counter(one), Counter(other)
    if sum(number * others[word] for word, number in known.items()) > _MAX_PAIRS:
        return
    for a, b, size in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        yield from zip(first[a : a + size], second[b : b + size], strict=True)


def _replaced(then: str, now: str) -> Iterator[tuple[Side, str]]:
    """Yield what stands between two equal words: the white space at its ends belongs to both texts, if both have it."""
    if bool(then) == bool(now) and not then.strip() + now.strip():
        yield "both", then
        return
    starts = then[: len(then) - len(then.lstrip())] if now[:1].isspace() else ""
    then, now = then[len(starts) :], now.lstrip() if starts else now
    ends = then[len(then.rstrip()) :] if now[-1:].isspace() else ""
    then, now = then[: len(then) - len(ends)], now.rstrip() if ends else now
    yield from (("both", starts), ("then", then), ("now", now), ("both", ends))

"""Finds out whether a kept quote still stands in its source, and if not, which words stand there now.

The order of the questions: do the words stand at their offsets in the same file; do they stand word for word elsewhere
in the newer text, where white space and the hyphens of line ends do not count; which words stand between the kept
neighbours, if they have anything in common with the quote; which sentences share most of the quote's words, if they did
not stand beside it from the beginning. If nothing fits, the words are gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from index.citations.differences import difference
from index.citations.kept import CONTEXT, KeptQuote
from index.citations.links import locate
from index.citations.resemblance import LEAST_SHARED, UNSPACED, is_related, likest, shared
from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.citations.differences import Side
    from index.records import Document

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
_PIECE = re.compile(r"\s+|[-‐]|[^\s\-‐]")
_WITHIN = re.compile(rf"[^\W{UNSPACED}]\n[^\W{UNSPACED}]|\d[.,]\n\d|\d\n[.,]\d")
_LEAST_CONTEXT = 16
"""Shorter neighbours do not find a place."""
_LEAST_FIT = 8
"""Characters of the neighbours that must be the same; a full stop alone may be."""
_LEAST_ELSEWHERE = 0.7
"""What words elsewhere must share with a quote whose neighbours stand without it: lists and tables have lines that are
alike, and were so from the beginning."""
_MOST_NEIGHBOURS = 5
_MOST_OCCURRENCES = 50
_LONGEST_GAP = 3


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


def state_of(quote: KeptQuote, candidates: Iterable[Document]) -> KeptState:
    """Return the state of a quote; `candidates` are the versions of its document, the likeliest first."""
    if quote.headers:
        return _state_of_cell(quote, candidates)
    best: tuple[float, Document, Span] | None = None
    has_document = False
    for document in candidates:
        has_document = True
        if document.id == quote.document and document.text[quote.start : quote.end] == quote.quote:
            return KeptState("there", WHAT["there"], quote)
        if (span := _same_words(quote, document.text)) is not None:
            return _moved(quote, document, span)
        found = nearest(quote, document.text)
        if found is not None and (best is None or found[0] > best[0]):
            best = found[0], document, found[1]
    if best is None:
        return KeptState("gone", _WORDS_GONE if has_document else WHAT["gone"])
    now = kept_at(quote, best[1], best[2])
    return KeptState("changed", WHAT["changed"], now, tuple(difference(quote.quote, now.quote)))


def _state_of_cell(quote: KeptQuote, candidates: Iterable[Document]) -> KeptState:
    """Return the state of words in a cell: they are found by its headers, since `1000` stands in many cells."""
    changed: KeptQuote | None = None
    gone = WHAT["gone"]
    for document in candidates:
        if document.id == quote.document and document.text[quote.start : quote.end] == quote.quote:
            return KeptState("there", WHAT["there"], quote)
        now = next(iter(sorted(_cells_now(quote, document), key=lambda cell: _strangeness(quote, cell))), None)
        if now is not None and now.quote == quote.quote:
            return KeptState("moved", WHAT["moved"], now)
        changed, gone = changed or now, _CELL_GONE
    if changed is None:
        return KeptState("gone", gone)
    return KeptState("changed", WHAT["changed"], changed, tuple(difference(quote.quote, changed.quote)))


def _cells_now(quote: KeptQuote, document: Document) -> Iterator[KeptQuote]:
    """Yield the cells of a document with the headers of a kept quote, or the same words in them."""
    for table in document.tables:
        for cell in table.cells:
            if table.headers(cell) == quote.headers:
                at = document.text.find(quote.quote, cell.start, cell.end)
                span = Span(cell.start, cell.end) if at < 0 else Span(at, at + len(quote.quote))
                yield kept_at(quote, document, span)


def _strangeness(quote: KeptQuote, now: KeptQuote) -> tuple[bool, bool, bool, int]:
    """Return how little a cell with the same headers resembles the kept one: its place, its name, its words."""
    moved = abs(now.start - quote.start)
    return now.place != quote.place, now.cell != quote.cell, now.quote != quote.quote, moved


def _moved(quote: KeptQuote, document: Document, span: Span) -> KeptState:
    known = len(_letters(quote.before)) + len(_letters(quote.after))
    fits = _fit(quote, document.text, span) >= min(_LEAST_FIT, known)
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


def _same_words(quote: KeptQuote, text: str) -> Span | None:
    """Return the place of the quote in a text, word for word; of several places, the one with the best neighbours."""
    places = [Span(at, at + len(quote.quote)) for at in _occurrences(text, quote.quote)]
    if not places:
        places = [Span(*found.span()) for found in _first(re.compile(_pattern(quote.quote)).finditer(text))]
    places = [place for place in places if _is_whole(quote, text, place)]
    # The place in the same part of the document decides among places with equal neighbours.
    return max(places, key=lambda place: (_fit(quote, text, place), -abs(place.start - quote.start)), default=None)


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


def _pattern(words: str) -> str:
    """Return a pattern for the same words with other white space, and with or without hyphens at line ends."""
    pieces = _PIECE.findall(words)
    parts: list[str] = []
    for at, piece in enumerate(pieces):
        following, before = (pieces[at + 1] if at + 1 < len(pieces) else ""), (pieces[at - 1] if at else "")
        if piece.isspace():
            parts.append(r"\s*" if before in ("-", "‐") else r"\s+")
        elif piece in ("-", "‐"):
            parts.append("(?:[-‐])?" if following.isspace() and "\n" in following else r"[-‐]")
        else:
            is_within = at and piece.isalnum() and before.isalnum()
            parts.append(rf"(?:[-‐]\s*\n\s*)?{re.escape(piece)}" if is_within else re.escape(piece))
    return "".join(parts)


def _occurrences(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    for _ in range(_MOST_OCCURRENCES):
        if at < 0:
            return
        yield at
        at = text.find(words, at + 1)


def _first(found: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    for _, one in zip(range(_MOST_OCCURRENCES), found, strict=False):
        yield one


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


def nearest(quote: KeptQuote, text: str) -> tuple[float, Span] | None:
    """Return the words of a text that took the place of a quote, and how much they share with it, in [0, 1]."""
    between = _between(quote, text)
    if between is not None and is_related(quote.quote, between.of(text)):
        return _narrowed(quote.quote, text, between)
    least = _LEAST_ELSEWHERE if between is not None or _is_cut(quote, text) else LEAST_SHARED
    return _elsewhere(quote, text, least)


def _narrowed(quote: str, text: str, between: Span) -> tuple[float, Span]:
    """Return the part of the words between the neighbours that belongs to a quote: other text may stand there, too."""
    share, part = shared(quote, between.of(text)), likest(quote, between.of(text))
    if part is not None and (closer := shared(quote, part.of(between.of(text)))) > share:
        return closer, Span(between.start + part.start, between.start + part.end)
    return max(LEAST_SHARED, share), between


def _elsewhere(quote: KeptQuote, text: str, least: float) -> tuple[float, Span] | None:
    """Return the sentences that share most of a quote's words and did not stand beside it from the beginning."""
    for _ in range(_MOST_NEIGHBOURS):
        span = likest(quote.quote, text)
        if span is None or (share := shared(quote.quote, span.of(text))) < least:
            return None
        if not _stood_beside(quote, span.of(text)):
            return share, span
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return None


def _is_cut(quote: KeptQuote, text: str) -> bool:
    """Return whether the kept neighbours stand side by side: the quote between them was taken out."""
    before, after = _neighbours(quote)
    if min(len(before), len(after)) < _LEAST_CONTEXT:
        return False
    return re.search(rf"{_pattern(before)}\s*{_pattern(after)}", text) is not None


def _stood_beside(quote: KeptQuote, words: str) -> bool:
    """Return whether words stood beside the quote from the beginning: they, or all of them that was kept."""
    beside, found = _letters(quote.before) + _letters(quote.after), _letters(words)
    cut = range(_LEAST_CONTEXT, min(len(found), len(beside) + 1))
    return found in beside or any(beside.startswith(found[-n:]) or beside.endswith(found[:n]) for n in cut)


def _neighbours(quote: KeptQuote) -> tuple[str, str]:
    """Return the text right before and right after a quote."""
    return quote.before.strip()[-CONTEXT // 2 :], quote.after.strip()[: CONTEXT // 2]


def _between(quote: KeptQuote, text: str) -> Span | None:
    """Return the words between the kept neighbours of a quote."""
    before, after = _neighbours(quote)
    if min(len(before), len(after)) < _LEAST_CONTEXT:
        return None
    most = _LONGEST_GAP * len(quote.quote) + CONTEXT
    follows = re.compile(_pattern(after))
    for found in _first(re.compile(_pattern(before)).finditer(text)):
        start = found.end()
        end = follows.search(text, start, start + most + 2 * len(after))
        if end is not None and (words := text[start : end.start()]).strip():
            return Span(start + len(words) - len(words.lstrip()), end.start() - len(words) + len(words.rstrip()))
    return None

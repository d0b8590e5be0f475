"""Finds out whether a kept quote still stands in its source, and if not, which words stand there now.

The order of the questions: do the words stand at their offsets in the same file; do they stand word for word elsewhere
in the newer text, where white space and the hyphens of line ends do not count; which words stand between the kept
neighbours; which sentences share most of the quote's words. A match of the last kind is weighed by the length of
words, because every two sentences share their short words. If nothing fits, the words are gone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from index.citations.kept import CONTEXT, KeptQuote
from index.citations.links import locate
from index.records import Span
from index.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.records import Document

State = Literal["there", "moved", "changed", "gone"]
Side = Literal["both", "then", "now"]
WHAT: dict[State, str] = {
    "there": "The words stand in the source as they were kept.",
    "moved": "The source has changed. These words still stand in it, word for word.",
    "changed": "The source has changed, and these words with it.",
    "gone": "No longer in your library.",
}
"""What each state means, for readers."""
_WORDS_GONE = "The source has changed, and nothing like these words stands in it."
_OTHER_CONTEXT = "The words around them are different."
_WORD = re.compile(r"\w+")
_PIECE = re.compile(r"\s+|[-‐]|[^\s\-‐]")
_TOKEN = re.compile(r"\w+|[^\w\s]+|\s+")
_SHORT = 3
_SHORT_WEIGHT = 0.25
"""The weight of words of up to three letters beside that of longer words."""
LEAST_SHARED = 0.5
"""The least weight of shared words, as a share of the quote's, at which other words count as the changed quote."""
_LEAST_CONTEXT = 16
"""Shorter neighbours do not find a place."""
_LEAST_FIT = 8
"""Characters of the neighbours that must be the same; a full stop alone may be."""
_MOST_OCCURRENCES = 50
_LONGEST_GAP = 3
_REACH = 2_000
"""Characters around the best window in which its sentences are searched for."""
_MOST_TOKENS = 4_000
"""Longer texts are compared as a whole: the comparison takes quadratic time."""


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


def _moved(quote: KeptQuote, document: Document, span: Span) -> KeptState:
    known = len(_letters(quote.before)) + len(_letters(quote.after))
    fits = _fit(quote, document.text, span) >= min(_LEAST_FIT, known)
    what = WHAT["moved"] if fits else f"{WHAT['moved']} {_OTHER_CONTEXT}"
    return KeptState("moved", what, kept_at(quote, document, span))


def kept_at(quote: KeptQuote, document: Document, span: Span) -> KeptQuote:
    """Return the quote at another place: these words, their document and their location."""
    location = locate(document.landmarks, span.start)
    return replace(
        quote,
        document=document.id,
        title=document.title,
        author=document.author,
        date=document.date,
        page=location.page,
        heading=location.heading,
        paragraph=location.paragraph,
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
    # The place in the same part of the document decides among places with equal neighbours.
    return max(places, key=lambda place: (_fit(quote, text, place), -abs(place.start - quote.start)), default=None)


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
    if (between := _between(quote, text)) is not None:
        return max(LEAST_SHARED, _shared(quote.quote, between.of(text))), between
    wanted = _weights(quote.quote)
    window = _best_window(wanted, text)
    if window is None:
        return None
    span = _sentences(wanted, text, window)
    shared = _shared(quote.quote, span.of(text))
    return (shared, span) if shared >= LEAST_SHARED else None


def _between(quote: KeptQuote, text: str) -> Span | None:
    """Return the words between the kept neighbours of a quote."""
    before, after = quote.before.strip()[-CONTEXT // 2 :], quote.after.strip()[: CONTEXT // 2]
    if min(len(before), len(after)) < _LEAST_CONTEXT:
        return None
    most = _LONGEST_GAP * len(quote.quote) + CONTEXT
    for at in _occurrences(text, before):
        start = at + len(before)
        end = text.find(after, start, start + most + len(after))
        if end >= 0 and (words := text[start:end]).strip():
            return Span(start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip()))
    return None


def _weights(words: str) -> Counter[str]:
    """Return the words with their numbers."""
    return Counter(found.group().casefold() for found in _WORD.finditer(words))


def _weight(word: str) -> float:
    return _SHORT_WEIGHT if len(word) <= _SHORT and not word.isdigit() else 1.0


def _total(words: Counter[str]) -> float:
    return sum(number * _weight(word) for word, number in words.items())


def _shared(one: str, other: str) -> float:
    """Return the weight of the words that two texts share, as a share of the larger one's."""
    first, second = _weights(one), _weights(other)
    return _total(first & second) / max(_total(first), _total(second), _SHORT_WEIGHT)


def _best_window(wanted: Counter[str], text: str) -> Span | None:
    """Return the run of as many words as the quote has that shares the most of them."""
    words = [(found.group().casefold(), *found.span()) for found in _WORD.finditer(text)]
    size = min(wanted.total(), len(words))
    inside: Counter[str] = Counter()
    shared, best, begin = 0.0, 0.0, -1
    for at, (word, *_) in enumerate(words):
        if at >= size:
            out = words[at - size][0]
            inside[out] -= 1
            shared -= _weight(out) if inside[out] < wanted[out] else 0.0
        inside[word] += 1
        shared += _weight(word) if inside[word] <= wanted[word] else 0.0
        if shared > best + 1e-9:
            best, begin = shared, max(0, at - size + 1)
    if best < LEAST_SHARED * _total(wanted) or begin < 0:
        return None
    return Span(words[begin][1], words[min(begin + size, len(words)) - 1][2])


def _sentences(wanted: Counter[str], text: str, window: Span) -> Span:
    """Return the sentences that belong to a window: those whose words the quote shares."""
    start, end = max(0, window.start - _REACH), min(len(text), window.end + _REACH)
    fitting = [
        span
        for span in split_sentences(text, text.rfind("\n", 0, start) + 1 if start else 0, end)
        if span.end > window.start and span.start < window.end and _is_shared(wanted, span.of(text))
    ]
    return Span(fitting[0].start, fitting[-1].end) if fitting else window


def _is_shared(wanted: Counter[str], sentence: str) -> bool:
    words = _weights(sentence)
    return _total(words & wanted) >= 0.4 * max(_total(words), _SHORT_WEIGHT)


def difference(then: str, now: str) -> Iterator[tuple[Side, str]]:
    """Yield the words of both texts in order: those of both, those of then alone, those of now alone."""
    first, second = _TOKEN.findall(then), _TOKEN.findall(now)
    if len(first) + len(second) > _MOST_TOKENS:
        yield from (("then", then), ("now", now))
        return
    for kind, a, b, c, d in SequenceMatcher(None, _spaced(first), _spaced(second), autojunk=False).get_opcodes():
        if kind == "equal":
            yield "both", "".join(first[a:b])
            continue
        yield from ((side, words) for side, words in _sides(first[a:b], second[c:d]) if words)


def _sides(then: Sequence[str], now: Sequence[str]) -> Iterator[tuple[Side, str]]:
    yield "then", "".join(then)
    yield "now", "".join(now)


def _spaced(tokens: Sequence[str]) -> list[str]:
    """Return the tokens with equal white space: a line break instead of a blank is no difference."""
    return [" " if token.isspace() else token for token in tokens]

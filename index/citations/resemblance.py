"""How like two texts are, where in a text the words of a quote stand, and what in it is most like them.

Likeness is the weight of the words that two texts share. Short words weigh little, because every two sentences share
them. A text is indexed once, by its letters and by its words: then a quote is looked up, and does not read all of it.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.records import Span
from index.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
"""Chinese and Japanese characters, which stand without blanks: every two neighbours count as a word."""
_WORD = re.compile(rf"(?=([{UNSPACED}]{{2}}))[{UNSPACED}]|[{UNSPACED}]|[^\W{UNSPACED}]+")
_LIGHT_WORD_LETTERS = 3
_LIGHT_WORD_WEIGHT = 0.25
"""The weight of words of up to three letters beside that of longer words."""
MIN_SHARED_WEIGHT = 0.5
"""The least weight of shared words, as a share of the quote's, at which other words count as the changed quote."""
_NOT_LOOKED_UP = MIN_SHARED_WEIGHT / 2
"""The weight of a quote's most frequent words, as a share of all, whose places are not looked up: whatever shares
MIN_SHARED_WEIGHT must have others, too."""
_MAX_WINDOWS = 32
"""Windows that are compared word by word. More are as promising only where a text repeats itself."""
_MAX_LOOKUPS = 20_000
"""Places of words that are looked up for one quote: words that are more frequent say nothing about where it stands."""
_MAX_PLACES = 50
_MAX_LETTERS = 50_000
"""Letters of a quote, for all places where its letters stand, that are compared one by one."""
_REACH = 2_000
"""Characters around the best window in which its sentences are searched for."""
_BEGINNING = re.compile(rf"[{UNSPACED}]|\d+|(?<!\w)[^\W\d_]{{4}}")
_MIN_WORDS = 4
"""Texts of fewer words of some length may be about the same thing and share none of them."""
_SPACES = np.array([code for code in range(0x3001) if chr(code).isspace()], np.uint32)
_HYPHENS = np.array([ord("-"), ord("‐")], np.uint32)
_LINE_HYPHEN = re.compile(r"[-‐]\s*\n\s*")
_GAP_PIECE = re.compile(r"\s+|[-‐]")
_MAX_GAP_CHARACTERS = 16
"""Longer gaps between two letters must be the same in both texts, character by character."""
Numbers = np.ndarray[Any, Any]
_NOWHERE = np.empty(0, np.int64)


class _Letters(NamedTuple):
    """A text without white space and hyphens, and the offset of each of its letters in the whole text."""

    text: str
    offsets: Numbers


class _Words(NamedTuple):
    """The words of a text in order, where they start and end, and the numbers of each word from 0."""

    words: list[str]
    starts: Numbers
    ends: Numbers
    numbers: dict[str, Numbers]


class SearchedText:
    """A text in which many quotes are searched for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def places(self, words: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
        """Yield where the same words stand in `text[start:end]`, at most 50 places.

        White space may differ, and so may the hyphens of line ends.
        """
        words = words.strip()
        wanted = _letters(words)
        if not wanted.text:
            return
        end = len(self.text) if end is None else end
        first, last = np.searchsorted(self._letters.offsets, [start, end])
        at = int(first) - 1
        for _ in range(min(_MAX_PLACES, 1 + _MAX_LETTERS // len(wanted.text))):
            at = self._letters.text.find(wanted.text, at + 1, int(last))
            if at < 0:
                return
            span = self._same_gaps(words, wanted.offsets, at)
            if span is not None and start <= span.start and span.end <= end:
                yield span

    def _same_gaps(self, words: str, there: Numbers, at: int) -> Span | None:
        """Return the place of words whose letters stand from letter `at` on, if what is between the letters fits.

        `there` are the offsets of the letters in the words.
        """
        here = self._letters.offsets[at : at + len(there)]
        for n in np.flatnonzero((np.diff(there) > 1) | (np.diff(here) > 1)):
            then, now = words[there[n] : there[n + 1] + 1], self.text[here[n] : here[n + 1] + 1]
            if then != now and not _is_same_gap(then, now[1:-1]):
                return None
        start, end = int(here[0] - there[0]), int(here[-1] - there[-1]) + len(words)
        ends_fit = self.text[max(0, start) : here[0]] == words[: there[0]] and (
            self.text[here[-1] : end] == words[there[-1] :]
        )
        return Span(start, end) if ends_fit else None

    def likest(self, quote: str, without: Sequence[Span] = ()) -> Span | None:
        """Return the sentences that share most of a quote's words; None if they share less than MIN_SHARED_WEIGHT.

        What stands at the places `without` does not count.
        """
        wanted = _weights(quote)
        window = self._best_window(wanted, without)
        if window is None:
            return None
        fitting = [span for span in self._sentences(wanted, window) if not _overlaps(span, without)] or [window]
        spans = [Span(fitting[0].start, fitting[-1].end), *fitting]
        shares = [_share(wanted, _weights(span.of(self.text))) for span in spans]
        best = max(range(len(spans)), key=shares.__getitem__)
        return spans[best] if shares[best] >= MIN_SHARED_WEIGHT else None

    @cached_property
    def _letters(self) -> _Letters:
        return _letters(self.text)

    @cached_property
    def _words(self) -> _Words:
        words, starts, ends = [], array("q"), array("q")
        numbers: dict[str, array[int]] = {}
        for number, (word, start, end) in enumerate(_words(self.text)):
            words.append(word)
            starts.append(start)
            ends.append(end)
            numbers.setdefault(word, array("q")).append(number)
        return _Words(words, _array(starts), _array(ends), {word: _array(found) for word, found in numbers.items()})

    def _best_window(self, wanted: Counter[str], without: Sequence[Span]) -> Span | None:
        """Return the run of as many words as the quote has that shares the most of them; of equal ones, the first."""
        size = min(wanted.total(), len(self._words.words))
        best, begin = MIN_SHARED_WEIGHT * _total(wanted), -1
        for bound, starts in self._promising(wanted, size, without):
            if bound < best - 1e-9:
                break
            common, at = self._best_of(wanted, starts, size, without)
            if common > best + 1e-9 or (common > best - 1e-9 and (begin < 0 or at < begin)):
                best, begin = common, at
        if begin < 0:
            return None
        return Span(int(self._words.starts[begin]), int(self._words.ends[begin + size - 1]))

    def _promising(self, wanted: Counter[str], size: int, without: Sequence[Span]) -> Iterator[tuple[float, range]]:
        """Yield ranges of first words of windows, with the most that such a window can share: the best come first.

        Each range has the windows whose first looked-up word is the same.
        """
        looked_up = self._rarest(wanted)
        found = [self._places_of(word) for word in looked_up]
        at = np.concatenate([_NOWHERE, *found])
        weights = np.repeat([_weight(word) for word in looked_up], [len(numbers) for numbers in found])
        order = np.argsort(at)
        at, weights = at[order], weights[order]
        for span in without:
            stays = (self._words.starts[at] >= span.end) | (self._words.ends[at] <= span.start)
            at, weights = at[stays], weights[stays]
        sums = np.concatenate(([0.0], np.cumsum(weights)))
        total = _total(looked_up)
        bounds = np.minimum(sums[np.searchsorted(at, at + size)] - sums[:-1], total) + _total(wanted) - total
        before = np.concatenate(([-1], at[:-1]))
        lows, highs = np.maximum(before + 1, at - size + 1), np.minimum(at, len(self._words.words) - size)
        for n in np.argsort(-bounds, kind="stable")[:_MAX_WINDOWS]:
            if max(0, lows[n]) <= highs[n]:
                yield float(bounds[n]), range(max(0, int(lows[n])), int(highs[n]) + 1)

    def _rarest(self, wanted: Counter[str]) -> Counter[str]:
        """Return the words of a quote without the most frequent ones, which together weigh _NOT_LOOKED_UP."""
        left, places = _NOT_LOOKED_UP * _total(wanted), {word: len(self._places_of(word)) for word in wanted}
        total = sum(places.values())
        rarest = Counter(wanted)
        for word in sorted(wanted, key=places.__getitem__, reverse=True):
            weight = wanted[word] * _weight(word)
            if weight <= left or total > _MAX_LOOKUPS:
                left -= weight
                total -= places[word]
                del rarest[word]
        return rarest

    def _places_of(self, word: str) -> Numbers:
        return self._words.numbers.get(word, _NOWHERE)

    def _best_of(self, wanted: Counter[str], starts: range, size: int, without: Sequence[Span]) -> tuple[float, int]:
        """Return the weight that the best of some windows shares, and the number of its first word."""
        words = self._words.words[starts.start : starts[-1] + size]
        for span in without:
            for n in range(len(words)):
                number = starts.start + n
                if self._words.starts[number] < span.end and self._words.ends[number] > span.start:
                    words[n] = ""
        inside = Counter(words[:size])
        common = best = _total(inside & wanted)
        begin = 0
        for at in range(size, len(words)):
            out, word = words[at - size], words[at]
            inside[out] -= 1
            common -= _weight(out) if inside[out] < wanted[out] else 0.0
            inside[word] += 1
            common += _weight(word) if inside[word] <= wanted[word] else 0.0
            if common > best + 1e-9:
                best, begin = common, at - size + 1
        return best, starts.start + begin

    def _sentences(self, wanted: Counter[str], window: Span) -> list[Span]:
        """Return the sentences that belong to a window: those whose words the quote shares."""
        start, end = max(0, window.start - _REACH), min(len(self.text), window.end + _REACH)
        line = self.text.rfind("\n", max(0, start - _REACH), start) + 1
        return [
            span
            for span in split_sentences(self.text, line or start, end)
            if span.end > window.start and span.start < window.end and _is_shared(wanted, span.of(self.text))
        ]


def is_related(then: str, now: str) -> bool:
    """Return whether two texts share a number or the beginning of a word; true if `then` has too few to tell."""
    first, second = _beginnings(then), _beginnings(now)
    return len(first) < _MIN_WORDS or not first.isdisjoint(second)


def _beginnings(text: str) -> set[str]:
    """Return the numbers, the first letters of longer words, and the characters of scripts without blanks."""
    return set(_BEGINNING.findall(text.casefold()))


def shared_weight(one: str, other: str) -> float:
    """Return the weight of the words that two texts share, as a share of the larger one's, in [0, 1]."""
    return _share(_weights(one), _weights(other))


def _share(first: Counter[str], second: Counter[str]) -> float:
    return _total(first & second) / max(_total(first), _total(second), _LIGHT_WORD_WEIGHT)


def _weights(words: str) -> Counter[str]:
    """Return the words with their numbers."""
    return Counter(word for word, *_ in _words(words))


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words, or pairs of characters, with their places."""
    for match in _WORD.finditer(text):
        pair = 1 if match[1] else 0
        yield match[pair].casefold(), *match.span(pair)


def _weight(word: str) -> float:
    return _LIGHT_WORD_WEIGHT if len(word) <= _LIGHT_WORD_LETTERS and not word.isdigit() else 1.0


def _total(words: Counter[str]) -> float:
    return sum(number * _weight(word) for word, number in words.items())


def _is_shared(wanted: Counter[str], sentence: str) -> bool:
    words = _weights(sentence)
    return _total(words & wanted) >= 0.4 * max(_total(words), _LIGHT_WORD_WEIGHT)


def _overlaps(span: Span, others: Sequence[Span]) -> bool:
    return any(span.start < other.end and span.end > other.start for other in others)


def _array(numbers: array[int]) -> Numbers:
    return np.frombuffer(numbers, np.int64)


def _letters(text: str) -> _Letters:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    kept = "".join(text.split()).replace("-", "").replace("‐", "")
    return _Letters(kept, np.flatnonzero(~np.isin(codes, np.concatenate((_SPACES, _HYPHENS)))))


def _is_same_gap(then: str, now: str) -> bool:
    """Return whether white space and hyphens between two letters are the same, but for the ends of lines.

    `then` has the two letters, too: within a word, a hyphen at the end of a line may have been added.
    """
    gap = then[1:-1]
    if not gap:
        return then.isalnum() and _LINE_HYPHEN.fullmatch(now) is not None
    if gap.isspace():
        return now.isspace()
    return len(gap) <= _MAX_GAP_CHARACTERS and re.fullmatch(_gap_pattern(gap), now) is not None


def _gap_pattern(gap: str) -> str:
    """Return a pattern for a gap with hyphens: a hyphen at the end of a line may be missing, and so may the break."""
    pieces = _GAP_PIECE.findall(gap)
    parts: list[str] = []
    for at, piece in enumerate(pieces):
        following, before = (pieces[at + 1] if at + 1 < len(pieces) else ""), (pieces[at - 1] if at else "")
        if piece.isspace():
            parts.append(r"\s*+" if before else r"\s++")
        else:
            parts.append("[-‐]?+" if following.isspace() and "\n" in following else "[-‐]")
    return "".join(parts)

"""Words of a text, and the terms by which they are found: lower case, without accents, stemmed."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import regex

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = regex.compile(rf"[{_IDEOGRAPH}]|[[\p{{L}}\p{{N}}\p{{M}}]--[{_IDEOGRAPH}]]+", regex.V1)
"""Where scripts put no space between words, each character is one."""
_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_COMPOUND = regex.compile(r"[\p{L}\p{N}\p{M}_]+(?:[-.'’][\p{L}\p{N}\p{M}_]+)*")
_PART = regex.compile(r"[\p{L}\p{M}]+|\p{N}+")
_POSSESSIVE = re.compile(r"['’]s\b")
_IDLE = frozenset(
    "a an and are as at be been but by can could did do does for from get gets got had has have how if in into is it "
    "its of on or shall should so such than that the their them then there these they this to was were what when where "
    "which who whom whose why will with would".split()
)
"""Words that every question has."""
_KNOWN_WORDS = 200_000
"""How many words' forms are remembered before all are forgotten."""


class _Forms(dict[str, tuple[str, ...]]):
    """What is indexed for each word; a text is taken apart by looking its words up, at the speed of a dictionary."""

    def __init__(self, *, stemmed: bool) -> None:
        self._stemmed = stemmed

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _KNOWN_WORDS:
            self.clear()
        parts = _PART.findall(word) if self._stemmed else ()
        pieces = [word, *(parts if len(parts) > 1 else ())]
        analyze = _analyzer(stemmed=self._stemmed).analyze
        forms = self[word] = tuple(chain.from_iterable(map(analyze, pieces)))
        return forms


_PLAIN = _Forms(stemmed=False)
_STEMMED = _Forms(stemmed=True)


def words(text: str) -> list[str]:
    """The words of a text as they stand, but for case and accents."""
    return list(chain.from_iterable(map(_PLAIN.__getitem__, _split(text))))


def terms(text: str) -> list[str]:
    """The terms of a text, with repetition.

    Codes are written in more ways than one: `IL6` also has the terms of `IL-6` and `IL 6`.
    """
    return list(chain.from_iterable(map(_STEMMED.__getitem__, _split(text))))


def asked(question: str) -> dict[str, str]:
    """The terms to look for, each with the word it comes from, in order.

    Words that every question has ("how", "the", "did") are left out, unless there are no others.
    """
    return {term: word for word in _telling(question) for term in terms(word)}


def asked_terms(question: str) -> list[str]:
    """The same terms, as often as the question has them: what a long question repeats is what it is about."""
    return [term for word in _telling(question) for term in terms(word)]


def is_idle(word: str) -> bool:
    """Whether every question has this word."""
    return word.casefold() in _IDLE


def holds(terms_held: Set[str], word: str) -> bool:
    """Whether a text that has these terms has this word: all of it, or for a code all of its parts."""
    pieces = _pieces(word)
    return bool(pieces) and all(piece[0] in terms_held or _all_in(piece[1:], terms_held) for piece in pieces if piece)


@lru_cache(4096)
def _pieces(word: str) -> tuple[tuple[str, ...], ...]:
    """The forms of each part; a question's few words are looked for in hundreds of sentences."""
    return tuple(_STEMMED[piece] for piece in _split(word))


def spans_of_words(text: str) -> tuple[Span, ...]:
    """Where the words of a text stand, without those that every text has."""
    return tuple(Span(*found.span()) for found in _COMPOUND.finditer(text) if found[0].casefold() not in _IDLE)


def _split(text: str) -> list[str]:
    """The words as they are written; the quick way for the many texts that are plain ASCII."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    found: list[str] = _WORD.findall(unicodedata.normalize("NFC", text))
    return found


def _all_in(parts: Sequence[str], terms_held: Set[str]) -> bool:
    return bool(parts) and all(part in terms_held for part in parts)


def _telling(question: str) -> list[str]:
    """The words of a question that tell it from others; all of them where none does."""
    found: list[str] = _COMPOUND.findall(_POSSESSIVE.sub("", question))
    return [word for word in found if word.casefold() not in _IDLE] or found


@cache
def _analyzer(*, stemmed: bool) -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
    for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold(), tantivy.Filter.remove_long(100)):
        builder = builder.filter(step)
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()

"""Text analysis: splits a text into words and index terms (lower case, without accents, stemmed)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import regex

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = regex.compile(rf"[{_IDEOGRAPH}]|[[\p{{L}}\p{{N}}\p{{M}}]--[{_IDEOGRAPH}]]+", regex.V1)
"""In scripts that put no space between words, each character is a word."""
_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_COMPOUND = regex.compile(r"[\p{L}\p{N}\p{M}_]+(?:[-.'’][\p{L}\p{N}\p{M}_]+)*")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!,?\d)")
"""A number with commas between its thousands."""
_PART = regex.compile(r"[\p{L}\p{M}]+|\p{N}+")
_POSSESSIVE = re.compile(r"['’]s\b")
STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from get gets got had has have how if in into is it "
    "its of on or shall should so such than that the their them then there these they this to was were what when where "
    "which who whom whose why will with would".split()
)
"""Words that say nothing about the subject of a question."""
_CACHED_WORDS = 200_000
"""The cache of word forms is cleared when it holds this many words."""
_CACHED_QUESTIONS = 256
"""The cache size for questions: the search and the answer need the terms of one question several times."""


class _Forms(dict[str, tuple[str, ...]]):
    """A cache from a word to its index terms; a text is analysed at the speed of a dictionary lookup."""

    def __init__(self, *, stemmed: bool) -> None:
        self._stemmed = stemmed

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _CACHED_WORDS:
            self.clear()
        parts = _PART.findall(word) if self._stemmed else ()
        pieces = [word, *(parts if len(parts) > 1 else ())]
        analyze = _analyzer(stemmed=self._stemmed).analyze
        forms = self[word] = tuple(chain.from_iterable(map(analyze, pieces)))
        return forms


_PLAIN = _Forms(stemmed=False)
_STEMMED = _Forms(stemmed=True)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case and without accents, not stemmed."""
    return list(chain.from_iterable(map(_PLAIN.__getitem__, _split(text))))


def terms(text: str) -> list[str]:
    """Return the terms of a text, with repetition.

    A code can be written in several ways, so `IL6` also has the terms of `IL-6` and `IL 6`. `9,467` also has `9467`.
    """
    written = _GROUPED.sub(_both_ways, text) if "," in text else text
    return list(chain.from_iterable(map(_STEMMED.__getitem__, _split(written))))


def _both_ways(number: re.Match[str]) -> str:
    return f"{number[0]} {number[0].replace(',', '')}"


def terms_of(texts: Iterable[str]) -> list[list[str]]:
    """Return the terms of each text."""
    return [terms(text) for text in texts]


@lru_cache(_CACHED_QUESTIONS)
def question_terms(question: str) -> Mapping[str, str]:
    """Return the search terms of a question in order, each mapped to the word that it comes from.

    Stop words ("how", "the", "did") are left out, unless the question has no other words.
    """
    return MappingProxyType({term: word for word in _content_words(question) for term in terms(word)})


@lru_cache(_CACHED_QUESTIONS)
def repeated_question_terms(question: str) -> tuple[str, ...]:
    """Return the search terms with repetition: words that a long question repeats show its subject."""
    return tuple(term for word in _content_words(question) for term in terms(word))


def words_in(words: Iterable[str], term_sets: Iterable[Set[str]]) -> list[frozenset[str]]:
    """Return the words that each text contains. `term_sets` has the terms of each text."""
    known = [(word, _pieces(word)) for word in words]
    return [frozenset(word for word, pieces in known if _contains(terms_held, pieces)) for terms_held in term_sets]


def _contains(terms_held: Set[str], pieces: Sequence[Sequence[str]]) -> bool:
    """Return whether a text with these terms contains a word: the whole word, or all parts of a code."""
    return bool(pieces) and all(piece[0] in terms_held or _all_in(piece[1:], terms_held) for piece in pieces if piece)


@lru_cache(4096)
def _pieces(word: str) -> tuple[tuple[str, ...], ...]:
    """Return the terms of each part of a word. Cached, because the few words of a question are sought in hundreds of
    sentences.
    """
    return tuple(_STEMMED[piece] for piece in _split(word))


def word_spans(text: str) -> tuple[Span, ...]:
    """Return the spans of the words in a text, without stop words."""
    return tuple(Span(*found.span()) for found in _COMPOUND.finditer(text) if found[0].casefold() not in STOP_WORDS)


def _split(text: str) -> list[str]:
    """Return the words as they are written. Plain ASCII, the most common case, takes a faster path."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    found: list[str] = _WORD.findall(unicodedata.normalize("NFC", text))
    return found


def _all_in(parts: Sequence[str], terms_held: Set[str]) -> bool:
    return bool(parts) and all(part in terms_held for part in parts)


def _content_words(question: str) -> list[str]:
    """Return the words of a question without stop words; all words if nothing else is left."""
    found: list[str] = _COMPOUND.findall(_POSSESSIVE.sub("", question))
    return [word for word in found if word.casefold() not in STOP_WORDS] or found


@cache
def _analyzer(*, stemmed: bool) -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
    for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold(), tantivy.Filter.remove_long(100)):
        builder = builder.filter(step)
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()

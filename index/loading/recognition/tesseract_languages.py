"""The languages and scripts of text recognition: tesseract's names for them, and which ones a page may need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

_CODES = {
    "af": "afr", "ar": "ara", "be": "bel", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "da": "dan",
    "de": "deu", "el": "ell", "en": "eng", "es": "spa", "et": "est", "fa": "fas", "fi": "fin", "fr": "fra",
    "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor",
    "lt": "lit", "lv": "lav", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus",
    "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "ta": "tam", "th": "tha", "tr": "tur", "uk": "ukr",
    "ur": "urd", "vi": "vie", "zh": "chi_sim",
}  # fmt: skip
"""ISO 639-1 to tesseract's names, which are mostly those of ISO 639-3."""
_SCRIPTS = {
    "Cyrillic": ("rus", "ukr", "bel", "bul", "srp", "mkd", "kaz", "mon"),
    "Greek": ("ell", "grc"),
    "Arabic": ("ara", "fas", "urd", "pus", "uig"),
    "Hebrew": ("heb", "yid"),
    "Han": ("chi_sim", "chi_tra"),
    "Japanese": ("jpn",),
    "Hiragana": ("jpn",),
    "Katakana": ("jpn",),
    "Korean": ("kor",),
    "Hangul": ("kor",),
    "Devanagari": ("hin", "mar", "nep", "san"),
    "Bengali": ("ben", "asm"),
    "Tamil": ("tam",),
    "Telugu": ("tel",),
    "Thai": ("tha",),
    "Georgian": ("kat",),
    "Armenian": ("hye",),
}
"""The languages of each script but Latin, the most frequent first."""
LATIN = "Latin"
_USUAL = ("eng", "deu", "fra", "spa", "ita", "por", "nld")
"""The languages in Latin letters to try first."""
_NO_LANGUAGES = ("osd", "equ", "snum")


def script_of(language: str) -> str:
    """Return the script of one of tesseract's languages, such as `Cyrillic`."""
    return next((script for script, languages in _SCRIPTS.items() if language in languages), LATIN)


def of_script(script: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the allowed languages that are written in a script, the most likely one first."""
    preferred = _USUAL if script == LATIN else _SCRIPTS.get(script, ())
    first = [language for language in preferred if language in allowed]
    others = [language for language in allowed if script_of(language) == script and language not in first]
    return (*first, *others)


def package_of(language: str) -> str:
    """Return the package of Debian and Ubuntu that has one of tesseract's languages."""
    return f"tesseract-ocr-{language.replace('_', '-')}"


def usual_language(script: str) -> str:
    """Return the most frequent language of a script but Latin; empty if the script is not known here."""
    return next(iter(_SCRIPTS.get(script, ())), "")


def tesseract_name(code: str) -> str:
    """Return tesseract's name of a language by its ISO 639-1 code; empty if it is not known here."""
    return _CODES.get(code, "")


def are_languages(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names without those of tesseract's other models: orientation, formulas, numbers, whole scripts."""
    return tuple(name for name in names if name not in _NO_LANGUAGES and "/" not in name)


def iso_codes(words: Counter[str]) -> tuple[str, ...]:
    """Return the ISO 639-1 codes of tesseract's languages, given with their numbers of words, most words first."""
    codes = {name: code for code, name in _CODES.items()}
    return tuple(codes[name] for name, _ in words.most_common() if name in codes)

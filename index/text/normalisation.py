"""The canonical form of text, so that a span means the same words today, tomorrow and after re-indexing.

Invisible characters are removed, because a reader who copies a quote cannot see them: control characters, byte-order
marks, zero-width spaces, soft hyphens, directional marks. The zero-width joiner and non-joiner stay, because Persian,
the scripts of India and emoji spell with them. A lone surrogate cannot be stored as UTF-8 and becomes U+FFFD.
"""

from __future__ import annotations

import re
import unicodedata

_NEWLINE = re.compile("\r\n?|[\n\v\f\x1c-\x1e\x85\u2028]")
_PARAGRAPH_SEPARATOR = "\u2029"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # controls
    "\u00ad\u200b\u2060-\u2064\u180e\ufeff"  # soft hyphen, zero-width spaces, byte-order mark
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff]"  # annotation marks, non-characters
)
_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TRAILING = re.compile(r"(?<![ \t])[ \t]++(?=\n)")
_BLANK_LINES = re.compile(r"\n{3,}")
_SPELLED_OUT = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
        "\uf0b7": "•",
        "\uf0a7": "•",
    }
)
"""Ligatures hide letters from search. The last two are Word's bullets, from a font that only Word has."""


def normalise(text: str) -> str:
    r"""Return the canonical form: NFC, `\n`, visible characters, at most one blank line, no white space at the ends.

    The function is idempotent.
    """
    text = _SURROGATE.sub("\ufffd", _joined_surrogates(text))
    text = _NEWLINE.sub("\n", text).replace(_PARAGRAPH_SEPARATOR, "\n\n")
    text = _INVISIBLE.sub("", text).translate(_SPELLED_OUT)
    text = unicodedata.normalize("NFC", _SPACE.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text)).strip()


def has_words(text: str) -> bool:
    """Return whether the text has a letter or a digit, so that it can be found."""
    return any(character.isalnum() for character in text)


def _joined_surrogates(text: str) -> str:
    """Join pairs of surrogates, each of which is one character that another program left in two halves."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def one_line(text: str) -> str:
    """Return normalised text without line breaks, for a field such as the title."""
    plain = text.isascii() and text.isprintable()
    return " ".join((text if plain else normalise(text)).split())

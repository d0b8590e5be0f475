"""The names of exported files: made of the question, safe on every system, and stated as RFC 6266 demands."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 60
"""The most characters of a name, without its extension."""
MOST_BYTES = 140
"""The most bytes of it in UTF-8: some systems allow 143 in a name. A question may be in any script."""
_KEPT = ("L", "N", "M")
"""The categories of characters that are kept: letters and digits of every script, and the marks on them."""
_RESERVED = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")])
"""Names that Windows keeps for devices, whatever their extension."""


def file_stem(question: str, otherwise: str = "answer") -> str:
    """Return a question as a file name without extension: `who-signed-the-treaty`.

    Scripts are kept. `otherwise` is the name for a question without a letter or digit.
    """
    text = unicodedata.normalize("NFC", question.encode("utf-8", "ignore").decode().lower())
    words = "".join(
        mark if unicodedata.category(mark)[0] in _KEPT else "" if mark in "'’" else " " for mark in text
    ).split()
    stem = _cut("-".join(words)) or otherwise
    return f"{otherwise}-{stem}" if stem in _RESERVED else stem


def _cut(stem: str) -> str:
    """Return the words that fit; of a first word that is too long, its beginning."""
    short = stem[:LONGEST].encode()[:MOST_BYTES].decode("utf-8", "ignore")
    if len(short) < len(stem) and "-" in short and stem[len(short)] != "-":
        short = short.rpartition("-")[0]
    return short.rstrip("-")


def batch_stem(questions: Sequence[str], otherwise: str = "answers") -> str:
    """Return the first question as a file name, and how many follow: `who-signed-the-treaty-and-2-more`."""
    first = file_stem(questions[0], otherwise) if questions else otherwise
    return f"{first}-and-{len(questions) - 1}-more" if len(questions) > 1 else first


def attachment(stem: str, extension: str) -> str:
    """Return the value of `Content-Disposition` for a file to be saved: the name in ASCII, and in UTF-8 if it differs.

    The ASCII name has letters without their accents, and no letters of other scripts.
    """
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", stem) if mark.isascii())
    plain = "-".join(filter(None, plain.split("-"))) or "answer"
    header = f'attachment; filename="{plain}{extension}"'
    return header if plain == stem else f"{header}; filename*=UTF-8''{quote(stem + extension, safe='')}"

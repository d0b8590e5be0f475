"""Bytes to text, in whatever encoding somebody's computer wrote it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 65_536
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BINARY_SHARE = 0.01
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]")
_NEARLY_TWO = 1.9
_FALLBACK = "cp1252"
_FEW_BYTES = 400
"""Below this, statistics on letters are noise, and Western European is the better guess."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and what had to be repaired to have it."""

    text: str
    notes: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded | None:
    """Text of any encoding; None where the bytes are not text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _leniently(data[len(mark) :], encoding)
    if b"\x00" in data[:_SAMPLE]:
        return _wide(data)
    if len(_BINARY.findall(data[:_SAMPLE])) > _BINARY_SHARE * len(data[:_SAMPLE]):
        return None
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _almost_utf8(data) or _leniently(data, _guess(data[:_SAMPLE]))


def decode_as(data: bytes, encoding: str) -> Decoded | None:
    """Text in an encoding that the file itself names; None where no such encoding exists or fits."""
    try:
        return Decoded(data.decode(codecs.lookup(encoding).name))
    except (LookupError, UnicodeError, TypeError):
        return None


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 or UTF-32 without a byte-order mark: the zeros stand on one side of each letter."""
    sample = data[: _SAMPLE // 4 * 4]
    two_columns_of_zeros = _zeros(sample, 4, 1) + _zeros(sample, 4, 2) > _NEARLY_TWO
    width = 4 if two_columns_of_zeros else 2
    little = _zeros(sample, width, width - 1) >= _zeros(sample, width, 0)
    decoded = _leniently(data, f"utf-{8 * width}-{'le' if little else 'be'}")
    strange = len(_UNPRINTABLE.findall(decoded.text)) + decoded.text.count("\ufffd")
    return None if strange > _BINARY_SHARE * len(decoded.text) else decoded


def _zeros(data: bytes, width: int, column: int) -> float:
    values = data[column::width]
    return values.count(0) / max(1, len(values))


def _almost_utf8(data: bytes) -> Decoded | None:
    """A long UTF-8 file with a few bad bytes is still UTF-8: guessing anew would ruin all of it."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - bad
    return _repaired(text, "UTF-8", bad) if good > 10 * bad else None


def _leniently(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return _repaired(text, encoding.upper(), text.count("\ufffd"))


def _repaired(text: str, encoding: str, bad: int) -> Decoded:
    if not bad:
        return Decoded(text)
    what = "One character" if bad == 1 else f"{bad} characters"
    return Decoded(text, (f"{what} could not be read as {encoding} and stand as \ufffd.",))


def _guess(sample: bytes) -> str:
    """The best match; between equals Western European, which charset-normalizer sorts behind Central European."""
    from charset_normalizer import from_bytes

    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        return _FALLBACK
    if len(sample) < _FEW_BYTES and _accents_only(sample) and not best.encoding.startswith(("utf", "iso2022")):
        return _FALLBACK
    western = next((match for match in matches if match.encoding == _FALLBACK), None)
    if western and western.chaos <= best.chaos and western.coherence >= best.coherence:
        return _FALLBACK
    return best.encoding


def _accents_only(sample: bytes) -> bool:
    """Whether letters beyond ASCII sit inside words, as accents do, and not in runs, as other scripts do."""
    text = sample.decode(_FALLBACK, "replace")
    foreign = re.findall(r"[^\x00-\x7f]", text)
    runs = re.findall(r"[^\x00-\x7f]{4,}", text)
    return "\ufffd" not in text and sum(map(len, runs)) <= len(foreign) / 2

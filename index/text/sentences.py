"""The normal form of text, which keeps a span on the same words after re-indexing, and the borders of its sentences.

Invisible characters are removed, because a reader who copies a quote cannot see them: control characters, byte-order
marks, zero-width spaces, soft hyphens, directional marks. The zero-width joiner and non-joiner stay, because Persian,
the scripts of India and emoji spell with them. A lone surrogate cannot be stored as UTF-8 and becomes U+FFFD.

`sentencex` knows abbreviations, initials and the full stops of many scripts. But it treats everything between two
brackets or quotation marks as one sentence, and everything after an unclosed mark as the rest of one. So it gets the
text without such marks, and this module handles them. Measured by `python -m benchmarks.sentences`.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

import regex
import sentencex

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
RULES = 1
"""Increase this version with every change that moves a border: it is part of a library's fingerprint."""
WINDOW = 4000
"""The number of characters processed together; it limits the cost of steps that need more than linear time."""
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_ASIDE = re.compile(
    r"\([^()]{0,200}\)|\[[^][]{0,200}\]|“[^“”]{0,200}”|„[^„“”]{0,200}[“”]|«[^«»]{0,200}»"
    r"|(?<![^\s(])\"(?=\S)[^\"]{0,200}(?<=\S)\"|``(?:(?!``|'').){0,200}''"
)
_CLOSING = re.compile(r"(?:\s?(?:[)\]}”»]|'')|[\"'’])*(?:\[\d[\d,;–\s-]{0,60}\])*")
_REMARK = re.compile(r"(?:…|[.?!…]\s?[)\]\"'”’»]+)\s*$")
_NUMBER = re.compile(r"[\d\s.,()\[\]•*–-]{1,8}")
_COUNTED = re.compile(r"\b(?:figs?|eqs?|refs?|nos?|vols?|ch|chap|secs?|tab|suppl|art|pp?)\.\s*$", re.IGNORECASE)
_WORD = re.compile(r"\S")
_JOINING = frozenset(",;:")
_CUTS = (
    re.compile(r"[;:](?=\s)|[；：—]|\s(?=[–-]\s)"),
    re.compile(r",(?=\s)|[，、،]|\s(?=(?:and|or|but|nor|yet|so|which|that|because|while|whereas)\s)"),
    re.compile(r"\s"),
)
_CHARACTER = regex.compile(r"\X")
_ALONE = re.compile("[!-~\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff][!-~\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]")
"""Two characters of which the second always begins a visible character: no earlier character matters after that."""
_REACH = 64
"""Such a pair is searched for within this many characters, so that a huge word is not read again at each cut."""


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


def one_lines(texts: Sequence[str]) -> list[str]:
    """Return each text as one line: see `one_line`."""
    return [one_line(text) for text in texts]


_SQUARE_SCRIPT = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef]")
"""Scripts that are written without blanks between words."""
_SHOWN = (
    {code: " " for code in range(0x3001) if chr(code).isspace()}  # sentencex panics on some of the rarer blanks
    | str.maketrans(dict.fromkeys("()[]{}\"`'“”„‘’«»", " "))
    | str.maketrans("…", ".")
)


def gap(text: str, following: str) -> str:
    """Return a blank between two texts; none between letters of a script that is written without blanks."""
    return "" if _SQUARE_SCRIPT.match(text[-1:]) and _SQUARE_SCRIPT.match(following[:1]) else " "


def spaced_words(words: Sequence[str]) -> str:
    """Return words with the gaps between them."""
    return "".join(gap(before, word) * bool(before) + word for before, word in pairwise(["", *words]))


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the sentences of `text[start:end]` in order, without the white space between them.

    Every other character lies in exactly one span, and no span crosses the end of a line: a heading, a list item or a
    table row is a sentence of its own.
    """
    lines = _LINE.finditer(text, start, len(text) if end is None else end)
    return [span for line in lines for span in _split_line(text, line.start(), line.end())]


def split_lines(text: str, start: int, end: int) -> list[Span]:
    """Return the lines of a part of a text that hold anything, without the blanks around them."""
    lines = (trim(text, *found.span()) for found in _LINE.finditer(text, start, end))
    return [line for line in lines if line.start < line.end]


def first_line(text: str, start: int, end: int) -> Span:
    """Return the first line of `text[start:end]` with words, trimmed; an empty span at `end` if there is none."""
    lines = (trim(text, *line.span()) for line in _LINE.finditer(text, start, end))
    return next((line for line in lines if line.start < line.end), Span(end, end))


def trim(text: str, start: int, end: int) -> Span:
    """Return `[start, end)` without the white space at its ends; empty if there is nothing else."""
    part = text[start:end]
    begin = start + len(part) - len(part.lstrip())
    return Span(begin, max(begin, start + len(part.rstrip())))


def split_in_half(text: str, span: Span) -> tuple[Span, Span]:
    """Split a sentence that is too long in two: between clauses, else between words, else between characters.

    `span` has at least two characters, and no white space at its ends.
    """
    part = span.of(text)
    cut = span.start + _cut(part, len(part) // 4, len(part) // 2, len(part) - len(part) // 4)
    return trim(text, span.start, cut), trim(text, cut, span.end)


def _cut(part: str, low: int, ideal: int, high: int) -> int:
    """Return the best place in `(low, high)` to cut `part`, near `ideal`; visible characters stay whole."""
    for border in _CUTS:
        places = [match.end() for match in border.finditer(part) if low < match.end() < high]
        if places:
            return min(places, key=lambda place: abs(place - ideal))
    places = [place for place in _ends_of_characters(part, ideal) if place < len(part)]
    return min(places or [len(part) // 2], key=lambda place: abs(place - ideal))


def _ends_of_characters(part: str, ideal: int) -> Iterator[int]:
    """Yield the ends of visible characters in order, up to the first after `ideal`."""
    known = max((found.start() + 1 for found in _ALONE.finditer(part, max(0, ideal - _REACH), ideal)), default=0)
    if known:
        yield known
    for character in _CHARACTER.finditer(part, known):
        yield character.end()
        if character.end() > ideal:
            return


def _split_line(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the sentences of a line, window by window; each window begins with the sentence that the last one cut."""
    while start < end:
        window = text[start : min(start + WINDOW, end)]
        borders = _borders(window)
        if start + WINDOW < end:
            borders[-1:] = [] if len(borders) > 2 else [_cut(window, WINDOW * 3 // 4, WINDOW, WINDOW)]
        for left, right in pairwise(borders):
            span = trim(text, start + left, start + right)
            if span.start < span.end:
                yield span
        start += borders[-1]


def _borders(window: str) -> list[int]:
    """Return the beginnings of the sentences of a window, and the end of the last one."""
    asides = {place for aside in _ASIDE.finditer(window) for place in range(aside.start() + 1, aside.end())}
    borders = [0]
    for end in _ends(window):
        after = _WORD.search(window, end)
        if end not in asides and not _continues(window[borders[-1] : end], after[0] if after else ""):
            borders.append(end)
    return [*borders, len(window)]


def _ends(window: str) -> Iterator[int]:
    """Yield the ends of sentences, including their closing marks and footnote numbers."""
    begin, done = 0, 0
    for part in _parts(window.translate(_SHOWN))[:-1]:
        closing = _CLOSING.match(window, begin + len(part.rstrip()))
        begin += len(part)
        if closing and done < closing.end() < len(window):
            done = closing.end()
            yield done


def _continues(sentence: str, after: str) -> bool:
    """Whether a sentence continues with the character `after`, although the splitter ended it."""
    if after in _JOINING or _NUMBER.fullmatch(sentence):
        return True
    if after.islower():
        return bool(_REMARK.search(sentence[-12:]))
    return after.isdigit() and bool(_COUNTED.search(sentence[-12:]))


def _parts(shown: str) -> list[str]:
    """Return the splitter's parts, which together are the text; a single part if the splitter panics."""
    try:
        parts: list[str] = sentencex.segment("en", shown)
    except BaseException as panic:
        if (
            type(panic).__name__ != "PanicException"
        ):  # an error of Rust, which is not an Exception and cannot be imported
            raise
        return [shown]
    return parts

"""Parses a model's text into sentences, each with the numbers of the sources that it cites.

The prompt asks for `[1]`, and most models write it. These are markers, too: `[1, 2]`, `[1-3]`, `[^1]`, `[[1]]`,
`[1, p. 3]`, `[Source 1]`, `(Source 1)`, `【1】`, `[1](#source-1)`, and `According to [1],` before a sentence. A bare
`(1)` is not a marker, because it is as often a paragraph of a law. Nor is any number that no source has.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from string import punctuation, whitespace
from typing import TYPE_CHECKING

from index.answering.abstentions import abstains
from index.answering.prompting import DECLINED
from index.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Span

_NAME = r"(?:sources?|excerpts?|passages?|documents?|refs?\.?|references?)[:#\s]{0,3}"
_LIST = rf"\^?\d{{1,4}}(?:\s{{0,3}}(?:[,;、&–—−-]|and)\s{{0,3}}(?:{_NAME})?\^?\d{{1,4}}){{0,30}}"
_PLACE = r"(?:\s?[,:]\s?(?:pp?\.|pages?|§|¶|para)[^][【】()\n]{0,60}|(?::\d{1,4})?†[^][【】\n]{0,60})?"
_LINK = r"(?:\((?:#|\.?/|https?:)[^()\s]{0,200}\))?"
_OPEN, _CLOSE = rf"[\[【［]{{1,2}}\s?(?:{_NAME})?", r"\s?[\]】］]{1,2}"
_MARK = re.compile(
    rf"{_OPEN}(?P<square>{_LIST}){_PLACE}{_CLOSE}{_LINK}"
    rf"|[(（]{_NAME}(?P<named>{_LIST}){_PLACE}[)）]"
    r"|(?:^|(?<=[.!?*•-]\s))(?:according to|as (?:stated|noted|mentioned|described|shown) (?:in|by)|based on)\s"
    rf"(?P<intro>(?:{_OPEN}{_LIST}{_CLOSE}\s?(?:and\s|,\s)?){{1,9}}?|{_NAME}{_LIST})\s?,\s{{1,9}}(?=\w)",
    re.IGNORECASE | re.MULTILINE,
)
_RANGE = re.compile(r"(\d{1,4})(?:\s{0,3}[–—−-]\s{0,3}\^?(\d{1,4}))?")
_JOINED = re.compile(r"[ \t]{0,9}(?:[,;&]|and)?[ \t]{0,9}")
_CLOSING = ".,;:!?…。，；：！？)»”"
_STOPS = ".!?…。！？"
_EMPHASIS = re.compile(r"(?<![\w*_`])(\*{1,3}|_{1,3}|`)(?=\S)([^\n]{1,400}?)(?<=\S)\1(?![\w*_`])")
_MARKUP = re.compile(
    r"^[ \t]*#{1,6}[ \t].*(?<![\].!?。])$"  # a heading that is not a sentence
    r"|^[ \t]*(?:(?:[-*+•‣▪–>]|#{1,6})[ \t]+)+"
    r"|^[ \t]*```.*$|^[ \t]*\[\^\d{1,4}\]:.*$"  # fences, and the text of footnotes
    r"|\A\s{0,9}\**Answer\**:\**[ \t]*",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+(?=\S)", re.MULTILINE)
_LABEL = re.compile(r"\W*(?:sources?|references?|citations?|excerpts?)\W*", re.IGNORECASE)
_LEFT = re.compile(r"^[:;,. ]+ ")
_WORDS = re.compile(r"[^\W_]")
_NOTHING = re.compile(r"[\W_]*no[\W_]{1,3}answer[\W_]*", re.IGNORECASE)
_DECLINED = re.compile(rf"[\W_]*(?:(?i:no[\W_]{{1,3}}answer)|{DECLINED}\b.*|.*\b{DECLINED})[\W_]*", re.DOTALL)
_HALVES = frozenset(map(chr, range(0xD800, 0xE000)))
"""Lone surrogates, which a model can write but which cannot be encoded."""
_NEAR = 200
"""Maximum distance from a marker at which the text before and after it is examined."""


@dataclass(frozen=True, slots=True)
class MarkedSentence:
    """A sentence of a model, with the markers in it."""

    text: str
    """The text without markers, bullets and emphasis; each run of white space is one space."""
    markers: tuple[int, ...]
    """The source numbers in order of appearance, each once."""
    start: int
    end: int
    """The end in the model's text, including markers, as is `start`."""


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    numbers: tuple[int, ...]
    introduces: bool
    """Whether the marker is a phrase that introduces its sentence."""


def parse(text: str, sources: int = 99) -> list[MarkedSentence]:
    """Return the sentences of a model's text, in order, with their markers from 1 to `sources`.

    A marker after a sentence belongs to it, even if the next sentence follows on the same line. If a line or the whole
    text begins with a marker, the marker belongs to the next sentence. A closing list of sources and `NO ANSWER` are
    left out.
    """
    marks = list(_marks(text, sources))
    shown = _visible(text, marks)
    plain = "".join(shown)
    origin = [offset for offset, characters in enumerate(shown) for _ in characters]
    placed = [(mark, bisect_left(origin, mark.start)) for mark in marks]
    bounds = [0, *(end for _, offset in placed for end in _sentence_ends(plain, offset)), len(plain)]
    parts = (split_sentences(plain, *part) for part in pairwise(bounds))
    spans = [span for part in parts for span in part if _WORDS.search(span.of(plain))]
    owned: defaultdict[int, list[_Mark]] = defaultdict(list)
    for mark, owner in _owners(plain, spans, placed):
        owned[owner].append(mark)
    sentences: list[MarkedSentence] = []
    for number, span in enumerate(spans):
        words = _LEFT.sub("", " ".join(span.of(plain).split()))
        if sentences and _LABEL.fullmatch(words):
            break
        own = owned[number]
        if not (_LABEL.fullmatch(words) or _DECLINED.fullmatch(words)):
            start = min([origin[span.start], *(mark.start for mark in own)])
            end = max([origin[span.end - 1] + 1, *(mark.end for mark in own)])
            markers = dict.fromkeys(marker for mark in own for marker in mark.numbers)
            sentences.append(MarkedSentence(words, tuple(markers), start, end))
    return sentences


def declines(text: str) -> bool:
    """Return whether a text says only that the sources do not answer, in the prompt's words or in others."""
    words = _MARK.sub("", text).strip(punctuation + whitespace)
    first, last = (re.search(form, words) for form in (rf"^{DECLINED}\b", rf"\b{DECLINED}$"))
    if _NOTHING.fullmatch(words) or first or (last and not _MARK.search(text)):
        return True
    sentences = parse(text)
    return bool(sentences) and all(abstains(sentence.text) for sentence in sentences)


def _marks(text: str, sources: int) -> Iterator[_Mark]:
    for match in _MARK.finditer(text):
        ranges = [
            (int(first), int(last or first))
            for first, last in _RANGE.findall(match["square"] or match["named"] or match["intro"])
        ]
        defined = "^" in match[0] and text.startswith(":", match.end())
        if not defined and all(1 <= first <= last <= sources for first, last in ranges):
            numbers = tuple(number for first, last in ranges for number in range(first, last + 1))
            yield _Mark(*match.span(), numbers, introduces=match["intro"] is not None)


def _visible(text: str, marks: list[_Mark]) -> list[str]:
    """Return the visible text of each character: itself, nothing, or a space for a marker between words."""
    shown = ["\ufffd" if character in _HALVES else character for character in text]
    for start, end in _markup(text):
        shown[start:end] = [""] * (end - start)
    for mark, following in zip_longest(marks, marks[1:]):
        shown[mark.start : mark.end] = [" "] + [""] * (mark.end - mark.start - 1)
        if mark.introduces:
            shown[mark.end] = shown[mark.end].upper()
        elif following and _JOINED.fullmatch(text, mark.end, following.start):
            shown[mark.end : following.start] = [""] * (following.start - mark.end)
        else:
            _close_up(shown, mark)
    return shown


def _close_up(shown: list[str], mark: _Mark) -> None:
    """Remove the space before the punctuation that follows a marker, and a second full stop."""
    after = next((offset for offset in range(mark.end, min(len(shown), mark.end + _NEAR)) if shown[offset]), None)
    if after is not None and shown[after] not in _CLOSING:
        return
    before = mark.start
    while before > max(0, mark.start - _NEAR) and shown[before] in ("", " ", "\t"):
        shown[before] = ""
        before -= 1
    if after is not None and shown[after] in _STOPS and shown[before] and shown[before] in _STOPS:
        shown[after] = ""


def _markup(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of Markdown: bullets, headings, fences, emphasis; list numbers only if they count from 1."""
    for match in _MARKUP.finditer(text):
        yield match.span()
    for match in _EMPHASIS.finditer(text):
        yield match.start(), match.start(2)
        yield match.end(2), match.end()
    items = list(_NUMBERED.finditer(text))
    if len(items) > 1 and [int(item[1]) for item in items] == list(range(1, len(items) + 1)):
        for item in items:
            yield item.span()


def _sentence_ends(plain: str, offset: int) -> Iterator[int]:
    """Yield the end of a sentence at a marker with a full stop before or after it, even after an abbreviation."""
    end = offset + plain.startswith(tuple(_STOPS), offset)
    initial = next((letter for letter in plain[end : end + 9] if letter.isalnum()), "")
    if (
        initial
        and not initial.islower()
        and plain[end].isspace()
        and plain[max(0, end - 3) : end].rstrip().endswith(tuple(_STOPS))
    ):
        yield end


def _owners(plain: str, spans: list[Span], marks: list[tuple[_Mark, int]]) -> Iterator[tuple[_Mark, int]]:
    """Yield each marker with the index of its sentence."""
    starts = [span.start for span in spans]
    leading = bool(spans and marks) and marks[0][1] <= starts[0]
    for mark, offset in marks:
        index = bisect_left(starts, offset) - 1
        if index + 1 < len(spans) and (index < 0 or offset >= spans[index].end):
            begins_line = "\n" in plain[spans[index].end : offset] and "\n" not in plain[offset : starts[index + 1]]
            index += index < 0 or leading or begins_line or mark.introduces
        yield mark, index

"""A model's text -> its sentences, each with the numbers of the sources that it says it rests on.

Models are told to write `[1]`, and most do. What else is read as a marker: `[1, 2]`, `[1-3]`, `[^1]`, `[[1]]`,
`[1, p. 3]`, `[Source 1]`, `(Source 1)`, `【1】`, `[1](#source-1)`, and `According to [1],` before a sentence. What is
not: a bare `(1)`, for it is the paragraph of a law at least as often, and any number that no source has.
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
    rf"(?P<said>(?:{_OPEN}{_LIST}{_CLOSE}\s?(?:and\s|,\s)?){{1,9}}?|{_NAME}{_LIST})\s?,\s{{1,9}}(?=\w)",
    re.IGNORECASE | re.MULTILINE,
)
_RANGE = re.compile(r"(\d{1,4})(?:\s{0,3}[–—−-]\s{0,3}\^?(\d{1,4}))?")
_JOINED = re.compile(r"[ \t]{0,9}(?:[,;&]|and)?[ \t]{0,9}")
_CLOSING = ".,;:!?…。，；：！？)»”"
_STOPS = ".!?…。！？"
_EMPHASIS = re.compile(r"(?<![\w*_`])(\*{1,3}|_{1,3}|`)(?=\S)([^\n]{1,400}?)(?<=\S)\1(?![\w*_`])")
_FURNITURE = re.compile(
    r"^[ \t]*#{1,6}[ \t].*(?<![\].!?。])$"  # a heading that is no sentence
    r"|^[ \t]*(?:(?:[-*+•‣▪–>]|#{1,6})[ \t]+)+"
    r"|^[ \t]*```.*$|^[ \t]*\[\^\d{1,4}\]:.*$"  # fences, and what footnotes say
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
"""Halves of a character, which a model can write and nobody can encode."""
_NEAR = 200
"""How far from a marker it is looked for what stands before it and after."""


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence that a model wrote."""

    text: str
    """Without markers, bullets and emphasis; white space as one space."""
    markers: tuple[int, ...]
    """In the order in which they stand, each once."""
    start: int
    end: int
    """Where it stands in the model's text, with its markers."""


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    numbers: tuple[int, ...]
    said: bool
    """Whether it is a phrase that introduces its sentence."""


def parse(text: str, sources: int = 99) -> list[Written]:
    """The sentences of a model's text, in order, with their markers out of 1 to `sources`.

    A marker after a sentence belongs to it, even if the next one follows on the same line; where a line, or the whole
    text, begins with one, it belongs to what follows. A closing list of sources, and `NO ANSWER`, are left out.
    """
    marks = list(_marks(text, sources))
    shown = _shown(text, marks)
    plain = "".join(shown)
    origin = [place for place, characters in enumerate(shown) for _ in characters]
    placed = [(mark, bisect_left(origin, mark.start)) for mark in marks]
    borders = [0, *(border for _, place in placed for border in _borders(plain, place)), len(plain)]
    parts = (split_sentences(plain, *part) for part in pairwise(borders))
    spans = [span for part in parts for span in part if _WORDS.search(span.of(plain))]
    owned: defaultdict[int, list[_Mark]] = defaultdict(list)
    for mark, owner in _owners(plain, spans, placed):
        owned[owner].append(mark)
    sentences: list[Written] = []
    for number, span in enumerate(spans):
        words = _LEFT.sub("", " ".join(span.of(plain).split()))
        if sentences and _LABEL.fullmatch(words):
            break
        own = owned[number]
        if not (_LABEL.fullmatch(words) or _DECLINED.fullmatch(words)):
            start = min([origin[span.start], *(mark.start for mark in own)])
            end = max([origin[span.end - 1] + 1, *(mark.end for mark in own)])
            markers = dict.fromkeys(marker for mark in own for marker in mark.numbers)
            sentences.append(Written(words, tuple(markers), start, end))
    return sentences


def declines(text: str) -> bool:
    """Whether a model says that the sources do not answer, and nothing else: in its own words, or in those given."""
    said = _MARK.sub("", text).strip(punctuation + whitespace)
    first, last = (re.search(form, said) for form in (rf"^{DECLINED}\b", rf"\b{DECLINED}$"))
    if _NOTHING.fullmatch(said) or first or (last and not _MARK.search(text)):
        return True
    sentences = parse(text)
    return bool(sentences) and all(abstains(sentence.text) for sentence in sentences)


def _marks(text: str, sources: int) -> Iterator[_Mark]:
    for found in _MARK.finditer(text):
        ranges = [
            (int(first), int(last or first))
            for first, last in _RANGE.findall(found["square"] or found["named"] or found["said"])
        ]
        defined = "^" in found[0] and text.startswith(":", found.end())
        if not defined and all(1 <= first <= last <= sources for first, last in ranges):
            numbers = tuple(number for first, last in ranges for number in range(first, last + 1))
            yield _Mark(*found.span(), numbers, said=found["said"] is not None)


def _shown(text: str, marks: list[_Mark]) -> list[str]:
    """What is read at each place of a text: its character, nothing, or a space for a marker between words."""
    shown = ["\ufffd" if character in _HALVES else character for character in text]
    for start, end in _furniture(text):
        shown[start:end] = [""] * (end - start)
    for mark, following in zip_longest(marks, marks[1:]):
        shown[mark.start : mark.end] = [" "] + [""] * (mark.end - mark.start - 1)
        if mark.said:
            shown[mark.end] = shown[mark.end].upper()
        elif following and _JOINED.fullmatch(text, mark.end, following.start):
            shown[mark.end : following.start] = [""] * (following.start - mark.end)
        else:
            _close_up(shown, mark)
    return shown


def _close_up(shown: list[str], mark: _Mark) -> None:
    """Leave no blank before the punctuation that follows a marker, nor a second full stop."""
    after = next((place for place in range(mark.end, min(len(shown), mark.end + _NEAR)) if shown[place]), None)
    if after is not None and shown[after] not in _CLOSING:
        return
    before = mark.start
    while before > max(0, mark.start - _NEAR) and shown[before] in ("", " ", "\t"):
        shown[before] = ""
        before -= 1
    if after is not None and shown[after] in _STOPS and shown[before] and shown[before] in _STOPS:
        shown[after] = ""


def _furniture(text: str) -> Iterator[tuple[int, int]]:
    """What Markdown puts around words: bullets, headings, fences, emphasis; numbers only where lines count from 1."""
    for found in _FURNITURE.finditer(text):
        yield found.span()
    for found in _EMPHASIS.finditer(text):
        yield found.start(), found.start(2)
        yield found.end(2), found.end()
    items = list(_NUMBERED.finditer(text))
    if len(items) > 1 and [int(item[1]) for item in items] == list(range(1, len(items) + 1)):
        for item in items:
            yield item.span()


def _borders(plain: str, place: int) -> Iterator[int]:
    """Where a sentence ends for sure, though with an abbreviation: at a marker with a full stop before it or after."""
    end = place + plain.startswith(tuple(_STOPS), place)
    begins = next((letter for letter in plain[end : end + 9] if letter.isalnum()), "")
    if (
        begins
        and not begins.islower()
        and plain[end].isspace()
        and plain[max(0, end - 3) : end].rstrip().endswith(tuple(_STOPS))
    ):
        yield end


def _owners(plain: str, spans: list[Span], marks: list[tuple[_Mark, int]]) -> Iterator[tuple[_Mark, int]]:
    """To which sentence each marker belongs, by its place among the words."""
    starts = [span.start for span in spans]
    leading = bool(spans and marks) and marks[0][1] <= starts[0]
    for mark, place in marks:
        at = bisect_left(starts, place) - 1
        if at + 1 < len(spans) and (at < 0 or place >= spans[at].end):
            begins = "\n" in plain[spans[at].end : place] and "\n" not in plain[place : starts[at + 1]]
            at += at < 0 or leading or begins or mark.said
        yield mark, at

"""The protocol of engines that recognise the words of a page, and what they return."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Protocol

from index.text.sentences import one_line, spaced_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

_MIN_CONFIDENCE, _MIN_MARK_CONFIDENCE = 0.1, 0.35
"""Confidences below which a word, and one without letters and digits, is taken for a spot."""

_DIGITS = 5
_SURE = 0.7
"""The confidence of a word that was certainly read."""
_READABLE_SHARE, _MIN_LETTERS = 0.25, 1.5
"""The share of letters in such words, from which a page can be read, and letters beyond that: pages in an unknown
script have .12 or less, small and worn print .35 or more."""
_MARKS = "\"'“”„‘’‚«»‹›()[]{}.,;:!?¡¿…·•*-–—、。，；：！？「」『』（）《》"
_INNER = "-'’.,:/%$€£"
"""Marks at the ends of words, and within words and numbers."""
_FIRST_WORD_LETTER = "\u2e80"
"""The first of the letters that are words of their own."""


class PrintedWord(NamedTuple):
    """A word in a picture of a page. Its box is in shares of the page as displayed, from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    """How certain the engine is, in [0, 1]."""
    line: int
    """The number of the printed line, or of the part of it in one column."""


class PrintedRule(NamedTuple):
    """A ruling line in a picture of a page: its ends in shares of the page as displayed, from the upper left corner.

    It runs across the page from left to right, or down it from the top.
    """

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of a page, in the order in which the engine reads them."""

    words: tuple[PrintedWord, ...] = ()
    turn: int = 0
    """By how many degrees the page must be turned clockwise to be upright: 0, 90, 180 or 270."""
    languages: tuple[str, ...] = ()
    """The engine's names of the languages that it expected."""
    note: str = ""
    """Why the page could not be recognised, or only in part; empty if it was."""
    rules: tuple[PrintedRule, ...] = ()
    """The ruling lines of the page, by which tables are found."""

    @property
    def confidence(self) -> float:
        """The mean confidence of the letters, in [0, 1]; 0 without words."""
        letters = sum(len(word.text) for word in self.words)
        return sum(word.confidence * len(word.text) for word in self.words) / letters if letters else 0.0

    @property
    def text(self) -> str:
        """The words with blanks between them, if their script has blanks."""
        return spaced_words([word.text for word in self.words])


class Engine(Protocol):
    """Recognises the words in pictures. It is used by one thread, for one document after the other."""

    @property
    def name(self) -> str:
        """The name of the program, with its version."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages to choose from, by the engine's names for them."""
        ...

    def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:
        """Return the words of a page that is drawn in levels of grey. It is ruled if it may have a table.

        Raises RecognitionFailed if the engine fails, or needs more seconds of processor time.
        """
        ...


def printed_word(text: str, box: tuple[float, float, float, float], confidence: float, line: int) -> PrintedWord | None:
    """Return a word, or None if it is blank or probably a spot; `box` is left, top, right and bottom in shares."""
    words = one_line(text).replace(" ", "")
    if not words or confidence < (_MIN_CONFIDENCE if any(map(str.isalnum, words)) else _MIN_MARK_CONFIDENCE):
        return None
    left, top, right, bottom = (round(min(1.0, max(0.0, share)), _DIGITS) for share in box)
    return PrintedWord(words, left, top, right, bottom, round(confidence, 3), line)


def is_readable(page: PageWords, strictness: float = 1.0) -> bool:
    """Return whether enough of what was read are words or numbers, of which the engine is certain.

    Scripts without a language and photographs are read as letters and marks that make no words. More must be certain
    with a `strictness` above 1.
    """
    letters = sum(len(word.text) for word in page.words)
    return (
        sum(len(word.text) for word in page.words if _is_sure(word))
        >= strictness * _READABLE_SHARE * letters + _MIN_LETTERS
    )


def _is_sure(word: PrintedWord) -> bool:
    core = word.text.strip(_MARKS)
    kinds = {unicodedata.category(letter)[0] for letter in core if letter not in _INNER}
    words = len(core) > 1 or core >= _FIRST_WORD_LETTER
    return word.confidence >= _SURE and (kinds == {"N"} or (words and bool(kinds) and kinds <= {"L", "M"}))


def direction(words: Sequence[PrintedWord]) -> int:
    """Return by how many degrees a page must be turned clockwise for its lines to run to the right: 0, 90 or 270.

    An engine may read lines that run up or down the page without saying so.
    """
    votes: Counter[int] = Counter()
    for _, group in groupby(words, key=lambda word: word.line):
        line = list(group)
        across, down = (line[-1].left + line[-1].right) - (line[0].left + line[0].right), line[-1].top - line[0].top
        if len(line) > 1:
            votes[0 if abs(across) >= abs(down) else 270 if down > 0 else 90] += len(line)
    return votes.most_common(1)[0][0] if votes else 0


def turned_back(page: PageWords, turn: int) -> PageWords:
    """Return the words of a page that was turned clockwise by `turn` degrees, with their boxes before the turn."""
    words = tuple(_before_turn(word, turn) for word in page.words)
    return PageWords(words, turn, page.languages, page.note)


def _before_turn(word: PrintedWord, turn: int) -> PrintedWord:
    left, top, right, bottom = word[1:5]
    if turn == 90:
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    elif turn == 180:
        left, top, right, bottom = 1 - right, 1 - bottom, 1 - left, 1 - top
    elif turn == 270:
        left, top, right, bottom = 1 - bottom, left, 1 - top, right
    left, top, right, bottom = (round(share, _DIGITS) for share in (left, top, right, bottom))
    return PrintedWord(word.text, left, top, right, bottom, word.confidence, word.line)

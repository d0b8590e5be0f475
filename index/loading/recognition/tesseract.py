"""Recognises words with the program tesseract, page by page in a process of its own."""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from index.errors import RecognitionFailed
from index.loading.processor_time import Allowance
from index.loading.recognition.engine import PageWords, direction, is_readable, printed_word, turned_back
from index.loading.recognition.line_geometry import sample, slant, slanted_back, straightened, word_height
from index.loading.recognition.second_look import clippings, put_back, with_missed
from index.loading.recognition.tesseract_languages import (
    LATIN,
    are_languages,
    of_script,
    package_of,
    script_of,
    tesseract_name,
    usual_language,
)
from index.text.words import language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from index.loading.recognition.engine import PrintedWord

_PROGRAM = "tesseract"
_GOOD = 0.8
"""A page of less mean confidence may be turned or in another script: then drawn pages of prose have .44 or less, else
.96."""
_FEW_WORDS = 3
"""With fewer words, a page may stand upside down, however certain they are."""
_ENOUGH_WORDS = 10
"""A sample with fewer words says nothing about the page."""
_AUTOMATIC, _ONE_BLOCK = "3", "6"
"""Ways to divide a picture: as the engine finds blocks; and not at all, which finds lonely digits."""
_SCRIPTS = "osd"
"""The model that tells scripts and turns apart."""
_NOT_LATIN = "\u0250"
"""The first letter after the Latin ones."""
_WORD_LEVEL = "5"
_COLUMNS = 12
_TURNS = (90, 180, 270)
_FULL_TURN = 360
_VERSION = re.compile(r"tesseract v?(\S+)")
_TURN, _SCRIPT = re.compile(r"^Rotate: (\d+)", re.MULTILINE), re.compile(r"^Script: (\w+)", re.MULTILINE)
_SAMPLED = 3_000
"""Characters of a page by which its language is determined."""
_TALL_ENOUGH, _TALL = 18, 32
"""Heights of words in pixels: smaller ones are enlarged, to the second height. Tesseract reads capitals of 20 to 30
pixels best."""
_FEWEST_HEIGHTS = 3
_LARGEST = 40_000_000
"""Pixels of an enlarged picture."""
_LARGE = 3_000_000
"""Pixels of a page of which a sample is read first: reading a smaller one takes hardly longer than reading a sample."""
_DOUBLE = 2.0
"""How much more of a page must be readable if its script seems to be another one."""
_PATIENCE_SECONDS = 30.0
"""Processor time for telling the version and the languages."""


class _Guess(NamedTuple):
    """How a page is probably to be read: the languages, and the clockwise turn in degrees."""

    languages: tuple[str, ...]
    turn: int = 0


@dataclass(frozen=True)
class _Sheet:
    """A page as it is given to the engine: turned, straightened and enlarged, if need be."""

    picture: Image.Image
    turn: int
    slanted: float
    straight: tuple[int, int]
    """The size in pixels after it was straightened."""
    upright: tuple[int, int]
    """The size in pixels before that."""

    @classmethod
    def of(cls, page: Image.Image, turn: int = 0) -> _Sheet:
        upright = page.rotate(-turn, expand=True) if turn else page
        slanted = slant(upright)
        straight = straightened(upright, slanted) if slanted else upright
        picture = _enlarged(straight, word_height(straight))
        return cls(picture, turn, slanted, straight.size, upright.size)

    def page(self, words: tuple[PrintedWord, ...], languages: tuple[str, ...]) -> PageWords:
        """Return words with their boxes on the page as it was."""
        found = slanted_back(words, self.slanted, self.straight, self.upright) if self.slanted else tuple(words)
        read = turned_back(PageWords(found, 0, languages), self.turn)
        return replace(read, turn=(self.turn + direction(words)) % _FULL_TURN)


class Tesseract:
    """Recognises pages with tesseract. What the last page needed is tried first for the next one."""

    def __init__(self, languages: tuple[str, ...] = ()) -> None:
        """`languages` are tesseract's names of those to choose from; empty for all that are installed.

        Raises RecognitionFailed if the program does not run, or if one of the languages is not installed.
        """
        self.name, installed = _installed(shutil.which(_PROGRAM) or _PROGRAM)
        if missing := [name for name in languages if name not in installed]:
            known = ", ".join(installed) or "none"
            packages = " ".join(map(package_of, missing))
            raise RecognitionFailed(
                f"The languages {', '.join(missing)} of PINCITE_OCR_LANGUAGES are not installed; installed: {known}.",
                f"Install them, on Debian or Ubuntu: apt install {packages}",
            )
        self.languages = languages or installed
        self._models = _models(shutil.which(_PROGRAM) or _PROGRAM)
        self._guess = _Guess(self._expected(LATIN))
        self._settled = False
        self._left = 0.0
        self._script = LATIN

    def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:
        """Return the words of a page; none, with a note, if they cannot be made out. Raises RecognitionFailed."""
        self._left = seconds
        self._script = LATIN
        sheets = _Sheets(picture)
        first = self._guess if self._settled else self._sampled(sheets.at(0), self._guess)
        guess, words = first, self._words(sheets.at(first.turn).picture, first.languages)
        if _is_doubtful(words):
            guess, words = self._turned(sheets, guess, words)
        guess, words = self._in_its_language(sheets, guess, words)
        sheet = sheets.at(guess.turn)
        if is_ruled and words:
            words = self._looked_at_again(sheet, guess.languages, words)
        page = sheet.page(words, guess.languages)
        good = page.confidence >= _GOOD
        self._settled = good and guess == first and not guess.turn
        if good:
            self._guess = _Guess(guess.languages)
        unreadable = self._unreadable(page) if words else ""
        return PageWords(note=unreadable) if unreadable else page

    def _sampled(self, sheet: _Sheet, guess: _Guess) -> _Guess:
        """Return how to read a large page, by reading a part of it first; a page is read once, then."""
        if sheet.picture.width * sheet.picture.height < _LARGE:
            return guess
        sheets = _Sheets(sample(sheet.picture))
        words = self._words(sheets.at(0).picture, guess.languages)
        if len(words) < _ENOUGH_WORDS:
            return guess
        if _is_doubtful(words):
            guess, words = self._turned(sheets, guess, words)
        found = self._language(guess, words)
        return _Guess(self._with(found), guess.turn) if found else guess

    def _turned(
        self, sheets: _Sheets, guess: _Guess, words: tuple[PrintedWord, ...]
    ) -> tuple[_Guess, tuple[PrintedWord, ...]]:
        """Return the better of doubtful words and those that are read as tesseract's detection of scripts advises."""
        turn, script = self._detected(sheets.at(0))
        other = _Guess(self._expected(script) or guess.languages, turn)
        return (guess, words) if other == guess else self._better(sheets, other, guess, words)

    def _in_its_language(
        self, sheets: _Sheets, guess: _Guess, words: tuple[PrintedWord, ...]
    ) -> tuple[_Guess, tuple[PrintedWord, ...]]:
        """Return the better of words and those that are read in the language in which they seem to be."""
        found = self._language(guess, words)
        return self._better(sheets, _Guess(self._with(found), guess.turn), guess, words) if found else (guess, words)

    def _language(self, guess: _Guess, words: tuple[PrintedWord, ...]) -> str:
        """Return the language in which words seem to be, if it is another than was guessed, and can be read."""
        sure = " ".join(word.text for word in words if word.confidence > _GOOD)
        found = tesseract_name(language(sure[:_SAMPLED]))
        return found if found in self.languages and found not in guess.languages else ""

    def _better(
        self, sheets: _Sheets, other: _Guess, guess: _Guess, words: tuple[PrintedWord, ...]
    ) -> tuple[_Guess, tuple[PrintedWord, ...]]:
        """Return the reading with more certain letters: spots that are read as words are many, and uncertain."""
        found = self._words(sheets.at(other.turn).picture, other.languages)
        is_better = _certainty(found) > _certainty(words) and _has_letters_of(script_of(other.languages[0]), found)
        return (other, found) if is_better else (guess, words)

    def _looked_at_again(
        self, sheet: _Sheet, languages: tuple[str, ...], words: tuple[PrintedWord, ...]
    ) -> tuple[PrintedWord, ...]:
        """Return words with those that were missed, or doubtful at first."""
        clipped = clippings(sheet.picture, words)
        if clipped is None:
            return words
        again = self._words(clipped[0], languages, _ONE_BLOCK)
        return with_missed(words, tuple(put_back(again, clipped[1], clipped[0].size, sheet.picture.size)))

    def _unreadable(self, page: PageWords) -> str:
        """Return why what was read makes no sense; empty if it does."""
        if page.confidence >= _GOOD or is_readable(page, _DOUBLE):
            return ""
        if _SCRIPTS not in self._models:
            return f"no words can be made out in its picture, nor its script: apt install {package_of(_SCRIPTS)}"
        wanted = usual_language(self._script)
        if self._expected(self._script) or not wanted:
            return "" if is_readable(page) else "no words can be made out in its picture"
        if wanted in self._models:
            return f"its script seems to be {self._script}: add {wanted} to PINCITE_OCR_LANGUAGES"
        return f"its script seems to be {self._script}: apt install {package_of(wanted)}"

    def _expected(self, script: str) -> tuple[str, ...]:
        """Return the languages to read a script with; none if there is none for it."""
        found = of_script(script, self.languages)
        if not found and script == LATIN:
            return self.languages[:1]
        return self._with(found[0]) if found else ()

    def _with(self, name: str) -> tuple[str, ...]:
        """Return a language; with English if its letters are not Latin, because such texts contain Latin words."""
        both = script_of(name) != LATIN and "eng" in self.languages
        return (name, "eng") if both else (name,)

    def _words(
        self, picture: Image.Image, languages: tuple[str, ...], layout: str = _AUTOMATIC
    ) -> tuple[PrintedWord, ...]:
        arguments = ("--psm", layout, "-l", "+".join(languages), "tsv")
        return tuple(_parsed(self._run(picture, arguments), picture.size))

    def _detected(self, sheet: _Sheet) -> tuple[int, str]:
        """Return by how many degrees a page must be turned clockwise, and its script; (0, Latin) if this is unknown."""
        try:
            told = self._run(sheet.picture, ("--psm", "0", "-l", _SCRIPTS)) if _SCRIPTS in self._models else ""
        except RecognitionFailed:  # it fails for a page with few letters
            told = ""
        turn, script = _TURN.search(told), _SCRIPT.search(told)
        degrees = int(turn.group(1)) if turn else 0
        self._script = script.group(1) if script else LATIN
        return degrees if degrees in _TURNS else 0, self._script

    def _run(self, picture: Image.Image, arguments: tuple[str, ...]) -> str:
        drawn = io.BytesIO()
        picture.save(drawn, "PPM")
        begun = _children_seconds()
        try:
            return _output((_PROGRAM, "stdin", "stdout", "--dpi", "300", *arguments), drawn.getvalue(), self._left)
        finally:
            self._left -= _children_seconds() - begun


class _Sheets:
    """A page as it is given to the engine, for each turn."""

    def __init__(self, page: Image.Image) -> None:
        self._page = page
        self._made: dict[int, _Sheet] = {}

    def at(self, turn: int) -> _Sheet:
        if turn not in self._made:
            self._made[turn] = _Sheet.of(self._page, turn)
        return self._made[turn]


def _has_letters_of(script: str, words: tuple[PrintedWord, ...]) -> bool:
    """Return whether most letters are Latin or not, as those of a script are: English is always read, too."""
    letters = [letter for word in words for letter in word.text if letter.isalpha()]
    return script == LATIN or 2 * sum(letter < _NOT_LATIN for letter in letters) < len(letters)


def _enlarged(picture: Image.Image, height: float) -> Image.Image:
    """Return a picture whose words, of some height in pixels, are high enough to be read well; itself for most."""
    if not 0 < height < _TALL_ENOUGH:
        return picture
    factor = min(_TALL / height, 4.0, math.sqrt(_LARGEST / (picture.width * picture.height)))
    return picture.resize((round(picture.width * factor), round(picture.height * factor))) if factor > 1 else picture


def _is_doubtful(words: tuple[PrintedWord, ...]) -> bool:
    """Return whether words may be those of a page that is turned, or in another script."""
    return PageWords(words).confidence < _GOOD or len(words) < _FEW_WORDS


def _certainty(words: tuple[PrintedWord, ...]) -> float:
    return PageWords(words).confidence * math.log1p(sum(len(word.text) for word in words))


def _parsed(table: str, size: tuple[int, int]) -> Iterator[PrintedWord]:
    """Yield the words of tesseract's table of tab-separated values."""
    lines: dict[tuple[str, ...], int] = {}
    numbers = count()
    for row in table.splitlines():
        fields = row.split("\t", _COLUMNS - 1)
        if len(fields) < _COLUMNS or fields[0] != _WORD_LEVEL:
            continue
        left, top, width, height = map(int, fields[6:10])
        box = left / size[0], top / size[1], (left + width) / size[0], (top + height) / size[1]
        line = tuple(fields[1:5])
        if line not in lines:
            lines[line] = next(numbers)
        if word := printed_word(fields[11], box, float(fields[10]) / 100, lines[line]):
            yield word


@cache
def _installed(program: str) -> tuple[str, tuple[str, ...]]:
    """Return the program's name with its version, and its languages. Raises RecognitionFailed."""
    version = _VERSION.search(_output((program, "--version"), b"", _PATIENCE_SECONDS))
    return f"{_PROGRAM} {version.group(1)}" if version else _PROGRAM, are_languages(_models(program))


@cache
def _models(program: str) -> tuple[str, ...]:
    listed = _output((program, "--list-langs"), b"", _PATIENCE_SECONDS)
    return tuple(line.strip() for line in listed.splitlines()[1:] if line.strip())


def _output(command: tuple[str, ...], given: bytes, seconds: float) -> str:
    """Return what a command prints. Raises RecognitionFailed if it fails, or needs more processor time."""
    # More threads make a page of tesseract slower wherever other pages are read at the same time.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    pipe = subprocess.PIPE
    try:
        with tempfile.TemporaryFile() as file:  # a pipe that is still being filled cannot be waited for twice
            file.write(given)
            file.seek(0)
            with subprocess.Popen(command, stdin=file, stdout=pipe, stderr=pipe, env=environment) as process:  # noqa: S603
                try:
                    printed, errors = _communicated(process, seconds)
                except BaseException:
                    process.kill()
                    raise
    except OSError as error:
        raise RecognitionFailed(f"tesseract cannot be started: {error.strerror or error}.") from error
    if process.returncode:
        told = errors.decode("utf-8", "replace").strip().splitlines()
        reason = told[-1].rstrip(".") if told else f"exit code {process.returncode}"
        raise RecognitionFailed(f"tesseract failed: {reason}.")
    return printed.decode("utf-8", "replace")


def _communicated(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
    allowance = Allowance(process.pid, seconds)
    while left := allowance.left:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=left)
    raise RecognitionFailed("tesseract took too long.")


def _children_seconds() -> float:
    """Return the processor time of all programs that have ended; 0 on Windows."""
    times = os.times()
    return times.children_user + times.children_system

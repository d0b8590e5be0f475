"""Recognises words with the program tesseract, page by page in a process of its own."""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from index.errors import RecognitionFailed
from index.loading.recognition.engine import PageWords, direction, printed_word, turned_back
from index.loading.recognition.second_look import UNSURE, with_missed
from index.loading.recognition.slant import slant, slanted_back, straightened
from index.loading.recognition.tesseract_languages import (
    LATIN,
    are_languages,
    of_script,
    script_of,
    tesseract_name,
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
_FEW_WORDS = 10
"""Fewer words may be a title page, or a page that stands upside down."""
_AUTOMATIC, _ONE_BLOCK, _SPARSE = "3", "6", "11"
"""Ways to divide a page: as the engine finds blocks; not at all, which finds lonely digits; and into single words."""
_WORD_LEVEL = "5"
_COLUMNS = 12
_TURNS = (90, 180, 270)
_FULL_TURN = 360
_VERSION = re.compile(r"tesseract v?(\S+)")
_TURN, _SCRIPT = re.compile(r"^Rotate: (\d+)", re.MULTILINE), re.compile(r"^Script: (\w+)", re.MULTILINE)
_SAMPLE = 3_000
"""Characters of a page by which its language is determined."""
_TALL_ENOUGH, _TALL = 18, 32
"""Heights of lines in pixels: smaller ones are enlarged, to the second height. Tesseract reads capitals of 20 to 30
pixels best."""
_FEWEST_HEIGHTS = 3
_LARGEST = 40_000_000
"""Pixels of an enlarged picture."""


class Tesseract:
    """Recognises pages with tesseract. What the last page needed is tried first for the next one."""

    def __init__(self, languages: tuple[str, ...] = ()) -> None:
        """`languages` are tesseract's names of those to choose from; empty for all that are installed.

        Raises RecognitionFailed if the program does not run, or if one of the languages is not installed.
        """
        self.name, installed = _installed(shutil.which(_PROGRAM) or _PROGRAM)
        if missing := [name for name in languages if name not in installed]:
            known = ", ".join(installed) or "none"
            packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
            raise RecognitionFailed(
                f"The languages {', '.join(missing)} of PINCITE_OCR_LANGUAGES are not installed; installed: {known}.",
                f"Install them, on Debian or Ubuntu: apt install {packages}",
            )
        self.languages = languages or installed
        self._turns = "osd" in _models(shutil.which(_PROGRAM) or _PROGRAM)
        self._last = self._expected(LATIN)
        self._deadline = 0.0

    def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:
        """Return the words of a page. Raises RecognitionFailed."""
        self._deadline = time.monotonic() + seconds
        page = self._attempt(picture, self._last)
        if page.confidence < _GOOD or len(page.words) < _FEW_WORDS:
            page = self._turned(picture, page)
        page = self._in_its_language(picture, page)
        if is_ruled and page.words:
            page = self._with_cells(picture, page)
        if page.confidence >= _GOOD:
            self._last = page.languages
        return page

    def _turned(self, picture: Image.Image, page: PageWords) -> PageWords:
        """Return the better of a doubtful page and the same page as tesseract's detection of scripts advises."""
        turn, script = self._detected(picture)
        languages = self._expected(script) or page.languages
        if not turn and languages == page.languages:
            return page
        return _better(page, self._attempt(picture, languages, turn))

    def _in_its_language(self, picture: Image.Image, page: PageWords) -> PageWords:
        """Return the better of a page and the same page with the language in which its words seem to be."""
        sure = " ".join(word.text for word in page.words if word.confidence > _GOOD)
        found = tesseract_name(language(sure[:_SAMPLE]))
        if found not in self.languages or found in page.languages:
            return page
        return _better(page, self._attempt(picture, self._with(found), page.turn))

    def _with_cells(self, picture: Image.Image, page: PageWords) -> PageWords:
        """Return a page with words in cells that were missed, or doubtful at first."""
        page = with_missed(page, self._attempt(picture, page.languages, page.turn, _ONE_BLOCK))
        if all(word.confidence >= UNSURE for word in page.words):
            return page
        return with_missed(page, self._attempt(picture, page.languages, page.turn, _SPARSE))

    def _expected(self, script: str) -> tuple[str, ...]:
        found = of_script(script, self.languages)
        return self._with(found[0]) if found else of_script(LATIN, self.languages)[:1] or self.languages[:1]

    def _with(self, name: str) -> tuple[str, ...]:
        """Return a language; with English if its letters are not Latin, because such texts contain Latin words."""
        both = script_of(name) != LATIN and "eng" in self.languages
        return (name, "eng") if both else (name,)

    def _attempt(
        self, picture: Image.Image, languages: tuple[str, ...], turn: int = 0, layout: str = _AUTOMATIC
    ) -> PageWords:
        page = _upright(picture, turn)
        slanted = slant(page)
        upright = straightened(page, slanted) if slanted else page
        words = self._words(upright, languages, layout)
        if (factor := _enlargement(words, upright)) > 1:
            size = round(upright.width * factor), round(upright.height * factor)
            words = self._words(upright.resize(size), languages, layout)
        found = slanted_back(words, slanted, upright.size, page.size) if slanted else words
        read = turned_back(PageWords(found, 0, languages), turn)
        return replace(read, turn=(turn + direction(words)) % _FULL_TURN)

    def _words(self, picture: Image.Image, languages: tuple[str, ...], layout: str) -> tuple[PrintedWord, ...]:
        arguments = ("--psm", layout, "-l", "+".join(languages), "tsv")
        return tuple(_parsed(self._run(picture, arguments), picture.size))

    def _detected(self, picture: Image.Image) -> tuple[int, str]:
        """Return by how many degrees a page must be turned clockwise, and its script; (0, Latin) if this is unknown."""
        try:
            told = self._run(picture, ("--psm", "0", "-l", "osd")) if self._turns else ""
        except RecognitionFailed:  # it fails for a page with few letters
            return 0, LATIN
        turn, script = _TURN.search(told), _SCRIPT.search(told)
        degrees = int(turn.group(1)) if turn else 0
        return degrees if degrees in _TURNS else 0, script.group(1) if script else LATIN

    def _run(self, picture: Image.Image, arguments: tuple[str, ...]) -> str:
        drawn = io.BytesIO()
        picture.save(drawn, "PPM")
        return _output((_PROGRAM, "stdin", "stdout", "--dpi", "300", *arguments), drawn.getvalue(), self._deadline)


def _upright(picture: Image.Image, turn: int) -> Image.Image:
    return picture.rotate(-turn, expand=True) if turn else picture


def _better(one: PageWords, other: PageWords) -> PageWords:
    """Return the reading with more certain letters: spots that are read as words are many, and uncertain."""
    return max(one, other, key=lambda page: page.confidence * math.log1p(sum(len(word.text) for word in page.words)))


def _enlargement(words: tuple[PrintedWord, ...], picture: Image.Image) -> float:
    """Return by how much to enlarge a picture whose words are too small to be read well; 1 for most pictures."""
    heights = sorted((word.bottom - word.top) * picture.height for word in words if any(map(str.isalnum, word.text)))
    if len(heights) < _FEWEST_HEIGHTS or heights[len(heights) // 2] >= _TALL_ENOUGH:
        return 1.0
    most = math.sqrt(_LARGEST / (picture.width * picture.height))
    return max(1.0, min(_TALL / max(heights[len(heights) // 2], 1.0), 4.0, most))


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
    version = _VERSION.search(_output((program, "--version"), b"", time.monotonic() + 30))
    return f"{_PROGRAM} {version.group(1)}" if version else _PROGRAM, are_languages(_models(program))


@cache
def _models(program: str) -> tuple[str, ...]:
    listed = _output((program, "--list-langs"), b"", time.monotonic() + 30)
    return tuple(line.strip() for line in listed.splitlines()[1:] if line.strip())


def _output(command: tuple[str, ...], given: bytes, deadline: float) -> str:
    """Return what a command prints. Raises RecognitionFailed if it fails or is not done at the deadline."""
    # More threads make a page of tesseract slower wherever other pages are read at the same time.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    left = max(0.0, deadline - time.monotonic())
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=left, env=environment, check=True)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise RecognitionFailed("tesseract took too long.") from error
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = told[-1].rstrip(".") if told else f"exit code {error.returncode}"
        raise RecognitionFailed(f"tesseract failed: {reason}.") from error
    except OSError as error:
        raise RecognitionFailed(f"tesseract cannot be started: {error.strerror or error}.") from error
    return done.stdout.decode("utf-8", "replace")

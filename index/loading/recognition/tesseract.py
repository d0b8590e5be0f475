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
from index.loading.recognition.page_images import sample, slant, slanted_back, straightened, word_height
from index.text.words import language

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    import numpy as np
    from PIL import Image

    from index.loading.recognition.engine import PrintedWord


# The languages and scripts of text recognition: tesseract's names for them, and which ones a page may need.

_CODES = {
    "af": "afr", "ar": "ara", "be": "bel", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "da": "dan",
    "de": "deu", "el": "ell", "en": "eng", "es": "spa", "et": "est", "fa": "fas", "fi": "fin", "fr": "fra",
    "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor",
    "lt": "lit", "lv": "lav", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus",
    "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "ta": "tam", "th": "tha", "tr": "tur", "uk": "ukr",
    "ur": "urd", "vi": "vie", "zh": "chi_sim",
}  # fmt: skip
"""ISO 639-1 to tesseract's names, which are mostly those of ISO 639-3."""
_LANGUAGES_OF_SCRIPTS = {
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
    return next((script for script, languages in _LANGUAGES_OF_SCRIPTS.items() if language in languages), LATIN)


def of_script(script: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the allowed languages that are written in a script, the most likely one first."""
    preferred = _USUAL if script == LATIN else _LANGUAGES_OF_SCRIPTS.get(script, ())
    first = [language for language in preferred if language in allowed]
    others = [language for language in allowed if script_of(language) == script and language not in first]
    return (*first, *others)


def package_of(language: str) -> str:
    """Return the package of Debian and Ubuntu that has one of tesseract's languages."""
    return f"tesseract-ocr-{language.replace('_', '-')}"


def usual_language(script: str) -> str:
    """Return the most frequent language of a script but Latin; empty if the script is not known here."""
    return next(iter(_LANGUAGES_OF_SCRIPTS.get(script, ())), "")


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


# Reads again what the first reading of a page missed or doubts, as engines miss lonely words in cells of tables.
#
# Ink outside of all words is cut out, with the doubtful words, and set line by line in a small picture of its own.

_SURE, _UNSURE = 0.8, 0.5
"""Confidences of words that are taken from the second reading, and of those that they may replace."""
_TOUCHING, _SAME = 0.1, 0.6
"""Shares that two boxes have in common: more than the first of the smaller one, they touch; more than the second of the
new one, they are one word."""
_DARK = 0.6
"""A pixel is dark if its level is less than this share of the paper's."""
_MIN_INK_HEIGHTS, _MAX_INK_HEIGHTS, _MAX_INK_WIDTHS = 0.4, 2.0, 20.0
"""Sizes of ink that may be words, in heights of the page's words."""
_MAX_SPOTS = 200
"""A page with more is a drawing."""
_BLOCKS = 4
"""Blocks in the height of a word: ink in adjacent blocks is one word."""
_MARGIN = 0.3
"""What is cut out around ink, in heights of words."""


class Clipping(NamedTuple):
    """Ink of a page: its box in pixels there, and its upper left corner in the small picture."""

    box: tuple[int, int, int, int]
    left: int
    top: int


def clippings(picture: Image.Image, words: Sequence[PrintedWord]) -> tuple[Image.Image, tuple[Clipping, ...]] | None:
    """Return what to read again, below each other in one picture; None if nothing was missed or is doubtful."""
    import numpy as np
    from PIL import Image

    levels = np.asarray(picture)
    paper = int(np.percentile(levels[::4, ::4], 75))
    boxes = [_pixels(word, picture.size) for word in words]
    height = int(np.median([bottom - top for _, top, _, bottom in boxes]))
    ink = levels < _DARK * paper
    for left, top, right, bottom in boxes:
        ink[top : bottom + 1, left : right + 1] = False
    doubtful = [box for word, box in zip(words, boxes, strict=True) if word.confidence < _UNSURE]
    found = sorted([*_pieces(ink, height), *doubtful], key=lambda box: (box[1], box[0]))
    if not found or len(found) > _MAX_SPOTS:
        return None
    margin = max(2, round(_MARGIN * height))
    cut = [_wider(box, margin, picture.size) for box in found]
    gathered = Image.new("L", (_widest(cut) + 2 * height, sum(b - t + height for _, t, _, b in cut) + height), paper)
    clipped, top = [], height
    for box in cut:
        gathered.paste(picture.crop(box), (height, top))
        clipped.append(Clipping(box, height, top))
        top += box[3] - box[1] + height
    return gathered, tuple(clipped)


def put_back(
    words: Sequence[PrintedWord], clipped: Sequence[Clipping], small: tuple[int, int], page: tuple[int, int]
) -> Iterator[PrintedWord]:
    """Yield the words of the small picture with their boxes on the page; `small` and `page` are sizes in pixels."""
    for word in words:
        left, top, right, bottom = _pixels(word, small)
        own = next((one for one in clipped if one.top <= (top + bottom) / 2 <= one.top + one.box[3] - one.box[1]), None)
        if own:
            across, down = own.box[0] - own.left, own.box[1] - own.top
            shares = (
                (left + across) / page[0],
                (top + down) / page[1],
                (right + across) / page[0],
                (bottom + down) / page[1],
            )
            x0, y0, x1, y1 = (round(min(1.0, max(0.0, share)), 5) for share in shares)
            yield word._replace(left=x0, top=y0, right=x1, bottom=y1, line=clipped.index(own))


def with_missed(first: Sequence[PrintedWord], second: Sequence[PrintedWord]) -> tuple[PrintedWord, ...]:
    """Return the first reading, with sure words of the second where it has no words, or the same word, and unsure."""
    sure = [word for word in second if word.confidence >= _SURE]
    kept = tuple(_better(word, sure) for word in first)
    lines = 1 + max((word.line for word in kept), default=-1)
    missed = (word for word in sure if not any(_shared(word, other) > _TOUCHING for other in first))
    return (*kept, *(word._replace(line=lines + word.line) for word in missed))


def _pieces(ink: np.ndarray, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the boxes of ink that may be words: left, top, right and bottom."""
    import numpy as np

    side = max(2, height // _BLOCKS)
    rows, columns = (length // side for length in ink.shape)
    blocks = ink[: rows * side, : columns * side].reshape(rows, side, columns, side).sum((1, 3)) > side // 2
    left = set(zip(*(places.tolist() for places in np.nonzero(blocks)), strict=True))
    while left:
        piece = _piece(left)
        lowest, highest = min(row for row, _ in piece), max(row for row, _ in piece) + 1
        first, last = min(column for _, column in piece), max(column for _, column in piece) + 1
        high, wide = side * (highest - lowest), side * (last - first)
        if _MIN_INK_HEIGHTS * height <= high <= _MAX_INK_HEIGHTS * height and wide <= _MAX_INK_WIDTHS * height:
            yield side * first, side * lowest, side * last, side * highest


def _piece(left: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take adjacent blocks out of those that are left."""
    piece = [left.pop()]
    for row, column in piece:
        near = {(row + down, column + across) for down in (-1, 0, 1) for across in (-2, -1, 0, 1, 2)} & left
        left -= near
        piece += near
    return piece


def _pixels(word: PrintedWord, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    return round(word.left * width), round(word.top * height), round(word.right * width), round(word.bottom * height)


def _wider(box: tuple[int, int, int, int], margin: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(0, left - margin), max(0, top - margin), min(size[0], right + margin), min(size[1], bottom + margin)


def _widest(boxes: Sequence[tuple[int, int, int, int]]) -> int:
    return max(right - left for left, _, right, _ in boxes)


def _better(word: PrintedWord, sure: Sequence[PrintedWord]) -> PrintedWord:
    """Return a word, or the one word of the second reading that is surely in its place."""
    if word.confidence >= _UNSURE:
        return word
    near = [other for other in sure if _shared(word, other) > _TOUCHING]
    same = len(near) == 1 and _shared(word, near[0]) * min(map(_area, (word, near[0]))) > _SAME * _area(near[0])
    return near[0]._replace(line=word.line) if same else word


def _shared(one: PrintedWord, other: PrintedWord) -> float:
    """Return the share of the smaller box that two words have in common."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min(_area(one), _area(other))
    return max(0.0, across) * max(0.0, down) / smaller if smaller > 0 else 0.0


def _area(word: PrintedWord) -> float:
    return (word.right - word.left) * (word.bottom - word.top)


_PROGRAM = "tesseract"
_GOOD = 0.8
"""A page of less mean confidence may be turned or in another script: then drawn pages of prose have .44 or less, else
.96."""
_MIN_UPRIGHT_WORDS = 3
"""With fewer words, a page may stand upside down, however certain they are."""
_MIN_SAMPLE_WORDS = 10
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
_MIN_WORD_PIXELS, _ENLARGED_WORD_PIXELS = 18, 32
"""Heights of words in pixels: smaller ones are enlarged, to the second height. Tesseract reads capitals of 20 to 30
pixels best."""
_MIN_HEIGHTS = 3
_MAX_ENLARGED_PIXELS = 40_000_000
"""Pixels of an enlarged picture."""
_SAMPLED_PAGE_PIXELS = 3_000_000
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
        if sheet.picture.width * sheet.picture.height < _SAMPLED_PAGE_PIXELS:
            return guess
        sheets = _Sheets(sample(sheet.picture))
        words = self._words(sheets.at(0).picture, guess.languages)
        if len(words) < _MIN_SAMPLE_WORDS:
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
    if not 0 < height < _MIN_WORD_PIXELS:
        return picture
    factor = min(
        _ENLARGED_WORD_PIXELS / height, 4.0, math.sqrt(_MAX_ENLARGED_PIXELS / (picture.width * picture.height))
    )
    return picture.resize((round(picture.width * factor), round(picture.height * factor))) if factor > 1 else picture


def _is_doubtful(words: tuple[PrintedWord, ...]) -> bool:
    """Return whether words may be those of a page that is turned, or in another script."""
    return PageWords(words).confidence < _GOOD or len(words) < _MIN_UPRIGHT_WORDS


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

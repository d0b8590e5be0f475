"""The two engines on drawn pages: what they read, how they turn pages, and what they refuse."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec

import pytest
from PIL import Image, ImageDraw

from index.errors import RecognitionFailed
from index.loading import processor_time
from index.loading.recognition import tesseract as module
from index.loading.recognition.engine import PrintedWord
from index.loading.recognition.tesseract import (
    Tesseract,
    are_languages,
    clippings,
    of_script,
    put_back,
    script_of,
    tesseract_name,
    with_missed,
)
from tests.loading.printed_pages import TEXT, drawn

INSTALLED = shutil.which("tesseract") is not None
needs_tesseract = pytest.mark.skipif(not INSTALLED, reason="tesseract is not installed")
needs_rapidocr = pytest.mark.skipif(
    not (find_spec("rapidocr") and find_spec("onnxruntime")), reason="pincite[ocr] is not installed"
)
RUSSIAN = (
    "История города начинается с небольшой гавани, основанной купцами. Через реки вели мосты, и корабль стоял там три "
    "зимы, а весной его отвели в море два парохода."
)
GERMAN = (
    "Die Geschichte der Stadt beginnt mit einem kleinen Hafen, den Kaufleute gegründet hatten. Über die Flüsse führten "
    "Brücken, und das Schiff lag dort während dreier Winter, bis es verkauft wurde."
)


def needs_language(name: str) -> pytest.MarkDecorator:
    """Skip a test if tesseract lacks a language."""
    lacks = not INSTALLED or name not in module._models("tesseract")
    return pytest.mark.skipif(lacks, reason=f"tesseract-ocr-{name} is not installed")


@needs_tesseract
@pytest.mark.parametrize("turn", [0, 90, *(pytest.param(turn, marks=pytest.mark.nightly) for turn in (180, 270))])
def test_tesseract_reads_pages_however_they_lie(turn: int) -> None:
    """All words are read from a page that was scanned on its side or upside down, in their order."""
    page = Tesseract().read(drawn(turn=turn), seconds=60)
    assert page.text == TEXT
    assert page.turn == turn
    assert page.confidence > 0.8
    first, last = page.words[0], page.words[-1]
    lower, further = first.top < last.top, first.left < last.left
    assert {0: lower, 90: further, 180: not lower, 270: not further}[turn]


@needs_language("deu")
def test_tesseract_chooses_the_language_of_the_words() -> None:
    """A German page is read as German, and the next page is tried in that language first."""
    engine = Tesseract()
    page = engine.read(drawn(GERMAN), seconds=60)
    assert page.languages == ("deu",)
    assert "Flüsse führten Brücken" in page.text
    assert engine.read(drawn(GERMAN), seconds=60).languages == ("deu",)


@needs_language("rus")
def test_tesseract_chooses_the_script() -> None:
    """A page in Cyrillic letters is read as Russian."""
    page = Tesseract().read(drawn(RUSSIAN), seconds=60)
    assert page.languages[0] == "rus"
    assert "небольшой гавани" in page.text


@needs_language("rus")
@needs_language("osd")
@pytest.mark.parametrize(
    ("installed", "allowed", "advice"),
    [
        (("eng", "osd"), (), "its script seems to be Cyrillic: apt install tesseract-ocr-rus"),
        (("eng", "osd", "rus"), ("eng",), "its script seems to be Cyrillic: add rus to PINCITE_OCR_LANGUAGES"),
        (("eng",), (), "no words can be made out in its picture, nor its script: apt install tesseract-ocr-osd"),
    ],
)
def test_script_without_a_language_is_not_read(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], allowed: tuple[str, ...], advice: str
) -> None:
    """The page has no words instead of Latin nonsense, and the note says what to install."""
    module._installed.cache_clear()
    monkeypatch.setattr(module, "_models", lambda program: installed)
    page = Tesseract(allowed).read(drawn(RUSSIAN), seconds=60)
    module._installed.cache_clear()
    assert (page.words, page.note) == ((), advice)


@needs_language("deu")
def test_large_page_is_read_once() -> None:
    """The language is found in a sample, and then the page is read in it; the next one without a sample."""
    read: list[tuple[int, tuple[str, ...]]] = []

    class Counting(Tesseract):
        def _words(
            self, picture: Image.Image, languages: tuple[str, ...], layout: str = "3"
        ) -> tuple[PrintedWord, ...]:
            read.append((picture.height, languages))
            return super()._words(picture, languages, layout)

    page = Image.new("L", (1800, 2400), 255)
    page.paste(drawn(GERMAN, size=26, width=38).resize((1200, 1600)), (300, 400))
    engine = Counting()
    assert engine.read(page, seconds=60).languages == engine.read(page, seconds=60).languages == ("deu",)
    whole = [languages for height, languages in read if height == 2400]
    assert whole == [("deu",), ("deu",)]
    assert [languages for height, languages in read if height < 2400] == [("eng",)]


@needs_language("rus")
def test_script_that_a_sample_does_not_show_is_found_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample may have too few letters to tell: a page that stays doubtful is looked at as a whole."""
    looked: list[int] = []
    detected = Tesseract._detected

    def short_sighted(self: Tesseract, sheet: module._Sheet) -> tuple[int, str]:
        looked.append(sheet.picture.height)
        return detected(self, sheet) if sheet.picture.height >= 2400 else (0, "Latin")

    monkeypatch.setattr(Tesseract, "_detected", short_sighted)
    page = Image.new("L", (1800, 2400), 255)
    page.paste(drawn(RUSSIAN, size=26, width=34).resize((1200, 1600)), (300, 400))
    assert Tesseract(("eng", "rus")).read(page, seconds=60).languages == ("rus", "eng")
    assert len(looked) == 2


@pytest.mark.parametrize(
    ("text", "script", "has"),
    [("Mugerre Angelu г.", "Cyrillic", False), ("История PDF", "Cyrillic", True), ("Mugerre", "Latin", True)],
)
def test_letters_show_whether_the_script_was_detected_rightly(text: str, script: str, has: bool) -> None:
    """Few words may be taken for another script, which is then read with English: they stay Latin."""
    words = tuple(PrintedWord(word, 0.1, 0.1, 0.2, 0.2, 0.9, 0) for word in text.split())
    assert module._has_letters_of(script, words) == has


@needs_tesseract
def test_small_type_is_enlarged() -> None:
    """Letters a few pixels high are read from an enlarged picture; a blank page has no words, and is no error."""
    page = Tesseract(("eng",)).read(drawn(size=13, width=70), seconds=60)
    words = TEXT.split()
    assert sum(word in page.text.split() for word in words) > 0.9 * len(words)
    assert Tesseract().read(drawn(""), seconds=60).words == ()


@needs_tesseract
def test_tesseract_ends_in_time() -> None:
    """A page that takes longer is an error; a language that is not installed is one with its package."""
    with pytest.raises(RecognitionFailed, match="took too long"):
        Tesseract(("eng",)).read(drawn(), seconds=0.01)
    with pytest.raises(RecognitionFailed, match=r"tlh.*apt install tesseract-ocr-tlh"):
        Tesseract(("eng", "tlh"))


def test_program_that_cannot_be_started_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the program vanishes, the error says so."""
    with pytest.raises(RecognitionFailed, match="cannot be started"):
        module._output(("/nowhere/tesseract",), b"", 60.0)


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")
@pytest.mark.parametrize("command", ["sleep 600", "kill -STOP $$", "while :; do :; done"])
def test_program_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A program that waits, is stopped or never ends is ended, whatever it was given."""
    monkeypatch.setattr(processor_time, "CLOCK_FACTOR", 2)
    with pytest.raises(RecognitionFailed, match="took too long"):
        module._output(("sh", "-c", command), bytes(1_000_000), 0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells the processor time of a process")
def test_program_that_waits_on_a_busy_machine_is_not_given_up() -> None:
    """The limit counts processor time; all that it is given and prints arrives."""
    printed = module._output(("sh", "-c", "sleep 0.5; cat"), b"tern " * 100_000, 0.2)
    assert printed == "tern " * 100_000


def test_rows_that_are_no_words_are_skipped() -> None:
    """Blocks, lines and blank words of the table are no words; words have the number of their line."""
    rows = [
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
        "4\t1\t1\t1\t1\t0\t0\t0\t90\t10\t-1\t",
        "5\t1\t1\t1\t1\t1\t10\t20\t30\t10\t96.5\tThe",
        "5\t1\t1\t1\t1\t2\t50\t20\t30\t10\t95\t ",
        '5\t1\t1\t1\t2\t1\t10\t40\t30\t10\t91\t"tern"',
        "5\t1\tbroken",
    ]
    words = list(module._parsed("\n".join(rows), (100, 200)))
    assert [(word.text, word.line, word.confidence) for word in words] == [("The", 0, 0.965), ('"tern"', 1, 0.91)]
    assert words[0][1:5] == (0.1, 0.1, 0.4, 0.15)


def test_languages_belong_to_scripts() -> None:
    """The languages of a script are found, the most likely first; models that are no languages are left out."""
    allowed = are_languages(("osd", "equ", "ukr", "rus", "pol", "eng", "script/Latin"))
    assert allowed == ("ukr", "rus", "pol", "eng")
    assert of_script("Cyrillic", allowed) == ("rus", "ukr")
    assert of_script("Latin", allowed) == ("eng", "pol")
    assert of_script("Thai", allowed) == ()
    assert (script_of("ukr"), script_of("pol")) == ("Cyrillic", "Latin")
    assert (tesseract_name("de"), tesseract_name("xx")) == ("deu", "")


@needs_rapidocr
def test_rapidocr_reads_latin_letters_and_refuses_others() -> None:
    """Latin words are read with their boxes; a page in Cyrillic letters has no words, and a note that says why."""
    from index.loading.recognition.rapid import Rapid

    engine = Rapid()
    page = engine.read(drawn("The Arctic tern was moored in the harbour.", width=24).crop((0, 0, 420, 160)), seconds=60)
    assert page.text == "The Arctic tern was moored in the harbour."
    assert page.words[0].left < page.words[2].left
    assert page.confidence > 0.9
    refused = engine.read(drawn(RUSSIAN, width=34).crop((0, 0, 600, 260)), seconds=60)
    assert refused.words == ()
    assert "install tesseract" in refused.note


# What a second reading of a page adds to the first, and what is read again


FIRST = (PrintedWord("Kiel", 0.1, 0.1, 0.2, 0.12, 0.9, 0), PrintedWord("—-16", 0.3, 0.1, 0.35, 0.12, 0.3, 0))
SIZE = (1000, 1000)


def second(text: str, left: float, right: float, confidence: float = 0.95) -> tuple[PrintedWord, ...]:
    """Return one word on the level of those of the first reading."""
    return (PrintedWord(text, left, 0.1, right, 0.12, confidence, 0),)


def page(*inked: tuple[int, int, int, int]) -> Image.Image:
    """Return a page with ink in the words of the first reading, and in some boxes."""
    drawn = Image.new("L", SIZE, 240)
    for box in ((100, 100, 200, 120), (300, 100, 350, 120), *inked):
        ImageDraw.Draw(drawn).rectangle(box, fill=20)
    return drawn


def test_missed_ink_and_doubtful_words_are_read_again() -> None:
    """Cut out line by line, with boxes on the page; words that are sure, large ink and specks are not."""
    sure = tuple(word._replace(confidence=0.9) for word in FIRST)
    assert clippings(page((500, 300, 900, 700), (50, 50, 52, 52)), sure) is None
    found = clippings(page((500, 300, 516, 318)), FIRST)
    assert found is not None
    small, clipped = found
    assert [round(one.box[0] / 100) for one in clipped] == [3, 5]
    assert small.width * small.height < 0.02 * SIZE[0] * SIZE[1]
    assert small.getextrema() == (20, 240)
    found = clippings(page((500, 300, 516, 318)), FIRST)
    assert found is not None
    small, clipped = found
    own = clipped[1]
    left, top = own.left + 500 - own.box[0], own.top + 300 - own.box[1]
    width, height = small.size
    word = PrintedWord("5", left / width, top / height, (left + 16) / width, (top + 18) / height, 0.9, 7)
    (back,) = put_back((word,), clipped, small.size, SIZE)
    assert back[1:5] == pytest.approx((0.5, 0.3, 0.516, 0.318), abs=0.002)


def test_second_reading_adds_missed_and_replaces_doubtful_words() -> None:
    """Missed words stand on lines of their own; sure words stay, and doubtful ones add nothing."""
    found = with_missed(FIRST, second("5", 0.5, 0.51))
    assert [word.text for word in found] == ["Kiel", "—-16", "5"]
    assert found[2].line == 1
    found = with_missed(FIRST, second("16", 0.301, 0.35))
    assert [(word.text, word.confidence, word.line) for word in found] == [("Kiel", 0.9, 0), ("16", 0.95, 0)]
    assert with_missed(FIRST, second("Keil", 0.1, 0.2)) == FIRST
    assert with_missed(FIRST, second("5", 0.5, 0.51, confidence=0.6)) == FIRST
    assert with_missed(FIRST, second("elKi", 0.17, 0.25)) == FIRST
    assert with_missed(FIRST, second("16 of 20", 0.3, 0.6)) == FIRST

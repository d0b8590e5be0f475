"""Pages of a PDF: where words stand on them, and what they look like."""

from __future__ import annotations

import io
import threading
import time
import unicodedata
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pypdfium2 as pdfium
import pytest
from PIL import Image

from index.errors import DamagedFile, PageError, PinciteError
from index.loading.loader import load, load_bytes
from index.loading.pdf.extraction import page_image
from index.loading.pdf.highlights import PageMark, Rectangle, page_marks
from index.loading.pdf.pdfium import PDFIUM
from index.loading.pdf.trace import Words
from index.records import Document, Span
from index.text.chunks import Chunker, count_tiktoken
from index.text.sentences import normalise
from tests.loading.pdfs import Printed, build, column
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
FILES = ROOT.parent / "shared" / "files"
SEEDS = sorted((ROOT / "seeds").glob("*.pdf"))
REAL = sorted(FILES.rglob("*.pdf"))
MOST = 120
"""Sentences of a real file that are looked at, about."""

BEES = (
    "The bees left the hive in the early morning, while the dew was still on",
    "the clover, and did not come back before the bells of the village rang",
    "for noon. Nobody had expected them to stay away for so long, least of",
    "all the old beekeeper, who had counted them one by one and written the",
    "number on the door.",
)


class Find(Protocol):
    """Writes a PDF, reads it, and finds the nth occurrence of words on its pages."""

    def __call__(self, data: bytes, words: str, nth: int = 0) -> tuple[PageMark, ...]: ...


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """See Find."""

    def find(data: bytes, words: str, nth: int = 0) -> tuple[PageMark, ...]:
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        document = load_bytes(data, source=str(path))
        start = -1
        for _ in range(nth + 1):
            start = document.text.index(words, start + 1)
        return marks(path, document, Span(start, start + len(words)))

    return find


def marks(path: Path, document: Document, span: Span) -> tuple[PageMark, ...]:
    """Where a span of a document stands on its pages."""
    text, pages = document.text, [mark.start for mark in document.landmarks if mark.kind == "page"]
    words = Words(text[max(0, span.start - 1500) : span.start], span.of(text), text[span.end : span.end + 1500])
    expected = range(bisect_right(pages, span.start) - 1, bisect_right(pages, span.end - 1))
    return page_marks(path, words, expected, path.name)


def bare(text: str) -> str:
    """Letters alone, as they are compared: without white space and hyphens, accents apart."""
    return unicodedata.normalize("NFD", "".join(normalise(text).split())).replace("-", "")


class Reader:
    """Reads what stands within rectangles: letters whose middle is in them, by pdfium's boxes and our own geometry."""

    def __init__(self, path: Path) -> None:
        self._document = pdfium.PdfDocument(path)
        self._pages: dict[int, list[tuple[str, float, float]]] = {}

    def close(self) -> None:
        self._document.close()

    def within(self, found: Sequence[PageMark]) -> str:
        """The letters in each rectangle, in order."""
        return "".join(
            letter
            for mark in found
            for box in mark.rectangles
            for letter, x, y in self.letters(mark.number - 1)
            if box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height
        )

    def is_out_of_sight(self, words: str, page: int) -> bool:
        """Whether any of the words stands on a page where it is not shown."""
        everything = "".join(letter for letter, *_ in self.letters(page))
        shown = "".join(letter for letter, x, y in self.letters(page) if 0 <= x <= 1 and 0 <= y <= 1)
        return any(everything.count(word) > shown.count(word) for word in map(bare, words.split()))

    def letters(self, index: int) -> list[tuple[str, float, float]]:
        """Each letter of a page with its middle, in shares of the page as it is shown."""
        if index not in self._pages:
            page = self._document[index]
            text_page = page.get_textpage()
            self._pages[index] = list(self._letters(page, text_page))
            text_page.close()
            page.close()
        return self._pages[index]

    def _letters(self, page: Any, text_page: Any) -> Iterator[tuple[str, float, float]]:
        left, bottom, right, top = page.get_bbox()
        for index in range(text_page.count_chars()):
            letter = bare(text_page.get_text_range(index, 1).replace("\ufffe", "-"))
            box = text_page.get_charbox(index)
            if box[0] == box[2] or box[1] == box[3]:
                box = text_page.get_charbox(index, loose=True)
            across = ((box[0] + box[2]) / 2 - left) / (right - left)
            up = ((box[1] + box[3]) / 2 - bottom) / (top - bottom)
            if letter:
                yield letter, *_turned(across, up, page.get_rotation())


def _turned(across: float, up: float, rotation: int) -> tuple[float, float]:
    """From the lower left corner of a page as it was printed to the upper left one as it is shown."""
    return {0: (across, 1 - up), 90: (up, across), 180: (1 - across, up), 270: (1 - up, 1 - across)}[rotation]


def place(found: Sequence[PageMark]) -> tuple[int, float, float]:
    """Page, left and top of the first rectangle, in points."""
    mark = found[0]
    box = mark.rectangles[0]
    return mark.number, round(box.left * mark.width), round(box.top * mark.height)


def rows(found: Sequence[PageMark]) -> list[int]:
    """How far down each rectangle begins, in points."""
    return [round(box.top * mark.height) for mark in found for box in mark.rectangles]


# Every sentence of every PDF


def sentences(document: Document) -> Iterator[Span]:
    """All sentences of all passages."""
    chunker = Chunker(limit=256, count_tokens=lambda texts: [count_tiktoken(text) for text in texts])
    return (span for chunk in chunker.chunk(document.text, document.landmarks) for span in chunk.sentences)


def compared(path: Path, most: int | None = None) -> tuple[list[str], list[str], int]:
    """Sentences whose rectangles hold other words, those in sight that have none, and how many are in sight.

    Of a long document about as many are looked at as `most` says, from its beginning to its end.
    """
    document, reader = load(path, max_bytes=1 << 28), Reader(path)
    wrong, missed, seen = [], [], 0
    spans = list(sentences(document))
    for span in spans[:: max(1, len(spans) // most) if most else 1]:
        words, found = span.of(document.text), marks(path, document, span)
        assert found
        if all(mark.rectangles for mark in found):
            wrong += [words] if reader.within(found) != bare(words) else []
        elif any(reader.is_out_of_sight(words, mark.number - 1) for mark in found):
            continue
        else:
            missed.append(words)
        seen += 1
    reader.close()
    return wrong, missed, seen


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_every_sentence_of_the_seeds_is_found(path: Path) -> None:
    """The rectangles of each sentence hold its letters, in order, and no others."""
    wrong, missed, seen = compared(path)
    assert (wrong, missed) == ([], [])
    assert seen > 50


@pytest.mark.skipif(not REAL, reason="shared data: the folder of real files is not beside this checkout")
@pytest.mark.parametrize("path", REAL[:: length(6, 1)], ids=lambda path: path.name)
def test_sentences_of_real_files_are_found_or_left_unmarked(path: Path) -> None:
    """No rectangle is wrong, and of a hundred sentences that can be seen at most one has none; two in a short file."""
    try:
        wrong, missed, seen = compared(path, MOST)
    except PinciteError as refused:
        pytest.skip(f"shared data: {refused.message}")
    assert wrong == []
    assert len(missed) <= max(2, seen / 100), missed


# Where words stand


def test_one_rectangle_for_each_line(find: Find) -> None:
    """A sentence over three lines is marked from its first word to its last, line by line."""
    words = "Nobody had expected them to stay away for so long, least of all the old beekeeper, who had counted them"
    (mark,) = find(build([column(BEES)]), words)
    assert (mark.number, mark.label, mark.width, mark.height) == (1, "1", 612, 792)
    first, second = mark.rectangles
    assert first.left * 612 > 72 + 40
    assert second.left * 612 == pytest.approx(72, abs=1)
    assert first.top * 792 == pytest.approx(792 - 700 + 26 - 8, abs=3)
    assert second.top - first.top == pytest.approx(13 / 792, abs=0.001)


def test_a_word_broken_at_the_margin_is_marked_on_both_lines(find: Find) -> None:
    """The document has it whole; on the page its halves are marked, the first one with its hyphen."""
    lines = [*BEES[:4], "number on the door, though in all the years it was not what he was remark-", "able for."]
    (mark,) = find(build([column(lines)]), "was remarkable for.")
    first, second = mark.rectangles
    assert (second.top - first.top) * 792 == pytest.approx(13, abs=0.1)
    (line,) = find(build([column(lines)]), lines[4][:-1])[0].rectangles
    assert first.left + first.width == line.left + line.width


@pytest.mark.parametrize("nth", range(4))
def test_words_that_repeat_are_told_by_what_stands_around_them(find: Find, nth: int) -> None:
    """The second of four same lines is the second on the page, though each of them has the same words."""
    same = "All of this has been said."
    lines = ["To begin with:", same, "And again, a little louder:", same, "Then once more, as a song:", same, same]
    printed = [Printed(72, 700 - 40 * number, line) for number, line in enumerate(lines)]
    _, _, top = place(find(build([printed]), same, nth))
    assert top == pytest.approx(92 + 40 * (1, 3, 5, 6)[nth] - 10, abs=3)


@pytest.mark.parametrize("nth", range(2))
def test_words_that_repeat_on_the_next_page(find: Find, nth: int) -> None:
    """The same words on two pages are marked on the page on which the reader was told they are."""
    pages = [[*column(["The bees came home."], top=500 - 50 * n), *column([f"Page {n} is over."])] for n in range(2)]
    assert place(find(build(pages), "The bees came home.", nth))[0] == nth + 1


def test_what_cannot_be_told_apart_is_not_marked(find: Find) -> None:
    """Where the same words stand twice among the same words, there is a page, and no rectangle."""
    same = [Printed(72, 700 - 20 * number, "No.") for number in range(2)]
    painted = [same[0], Printed(400, 300, "Maybe."), same[1], Printed(400, 200, "Perhaps.")]
    found = find(build([painted]), "No.")
    assert [mark.number for mark in found] == [1]


def test_a_sentence_over_two_pages(find: Find) -> None:
    """It is marked at the foot of one page and at the head of the next, and not in the running heads between them."""
    pages = [
        [Printed(72, 760, "A history of bees", 9), *column(BEES, top=120), Printed(300, 30, str(number + 1), 9)]
        for number in range(3)
    ]
    pages[0] = [*pages[0][:-2], Printed(72, 68, "The number of the bees that came home late was"), pages[0][-1]]
    pages[1] = [pages[1][0], Printed(72, 700, "never written down by anyone."), pages[1][-1]]
    first, second = find(build(pages), "was never written")
    assert (first.number, second.number) == (1, 2)
    assert rows([first, second])[0] > 700 > 100 > rows([first, second])[1] > 70


def test_columns_painted_line_by_line(find: Find) -> None:
    """Where the file paints across both columns, a sentence is marked down its own."""
    left = [f"left {n} words that go on and on" for n in range(12)]
    right = [f"right {n} words that go on and on" for n in range(12)]
    printed = [
        item
        for n, (a, b) in enumerate(zip(left, right, strict=True))
        for item in (Printed(72, 700 - 13 * n, a), Printed(330, 700 - 13 * n, b))
    ]
    found = find(build([printed]), f"{right[3]} {right[4]}")
    assert [round(box.left * 612) for box in found[0].rectangles] == [330, 330]


def test_a_wide_gap_parts_a_rectangle(find: Find) -> None:
    """Cells of one row are marked each by itself, not what lies between them."""
    found = find(
        build([[Printed(72, 700, "Apples"), Printed(300, 700, "1.99"), *column(BEES, top=600)]]), "Apples 1.99"
    )
    assert [round(box.left * 612) for box in found[0].rectangles] == [72, 300]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page(find: Find, tmp_path: Path, rotation: int) -> None:
    """Rectangles follow the page as it is shown, whichever way it is turned."""
    words = "before the bells of the village"
    found = find(build([column(BEES)], rotate=rotation), words)
    assert (found[0].width, found[0].height) == ((792, 612) if rotation % 180 else (612, 792))
    reader = Reader(tmp_path / "a.pdf")
    assert reader.within(found) == bare(words)
    reader.close()


def test_lines_that_run_up_the_page(find: Find, tmp_path: Path) -> None:
    """Each of them has a rectangle of its own, upright."""
    printed = [Printed(100 + 13 * number, 72, line, upward=True) for number, line in enumerate(BEES)]
    found = find(build([printed]), "while the dew was still on the clover, and did")
    assert len(found[0].rectangles) == 2
    assert all(box.height * 792 > 2 * box.width * 612 for box in found[0].rectangles)
    reader = Reader(tmp_path / "a.pdf")
    assert reader.within(found) == bare("while the dew was still on the clover, and did")
    reader.close()


def test_a_cropped_page(find: Find, tmp_path: Path) -> None:
    """Shares are of what is shown; words outside of it are on that page, and cannot be marked."""
    data = build([[*column(BEES), *column(["Cut off at the printer's."], top=100)]], crop="36 200 612 792")
    found = find(data, "number on the door.")
    assert (found[0].width, found[0].height) == (576, 592)
    assert found[0].rectangles[0].left * 576 == pytest.approx(36, abs=1)
    (mark,) = find(data, "Cut off at the printer's.")
    assert mark.rectangles == ()


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        pytest.param([Printed(72, 700, "A dash - and a high-flown word.")], "high-flown", id="a hyphen within"),
        pytest.param([Printed(72, 700, "Minus -40 degrees.")], "-40", id="a sign before a number"),
        pytest.param([Printed(72, 700, "Café, naïve, Ångström.")], "naïve, Ångström", id="accents"),
        pytest.param(
            [Printed(72, 700, "CO"), Printed(87, 697, "2", 7), Printed(92, 700, " is a gas.")],
            "CO2 is",
            id="a lowered figure",
        ),
        pytest.param(
            [Printed(72, 700, "Bold", bold=True), Printed(100, 700, "and plain.")], "Bold and", id="two fonts"
        ),
    ],
)
def test_odd_letters(find: Find, tmp_path: Path, printed: list[Printed], words: str) -> None:
    """They are marked as they are read, on one line as one rectangle."""
    found = find(build([printed]), words)
    reader = Reader(tmp_path / "a.pdf")
    assert reader.within(found) == bare(words)
    assert len(found[0].rectangles) == 1
    reader.close()


@pytest.mark.parametrize(
    "words", ["Words that are nowhere.", "-", "", "x" * 30_000], ids=["foreign", "-", "empty", "long"]
)
def test_what_is_not_there_is_not_marked(tmp_path: Path, words: str) -> None:
    """The expected page is told, with nothing marked on it; never something else."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES), column(BEES)]))
    (mark,) = page_marks(path, Words("", words, ""), range(1, 2), "a.pdf")
    assert (mark.number, mark.rectangles) == (2, ())


def test_pages_that_are_not_there(tmp_path: Path) -> None:
    """Pages beyond the last are left out: whoever expects them is wrong."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES)]))
    assert page_marks(path, Words("", "foreign", ""), range(7, 9), "a.pdf") == ()


def test_a_span_of_very_many_pages_is_told_by_its_first(tmp_path: Path) -> None:
    """However long the words are, only a few pages are opened."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column([f"Page {number}."]) for number in range(40)]))
    found = page_marks(path, Words("", "Page 0.", ""), range(40), "a.pdf")
    assert [mark.number for mark in found] == list(range(1, 17))
    assert not any(mark.rectangles for mark in found)


def test_a_page_that_is_damaged(tmp_path: Path) -> None:
    """It has no mark and no image; the pages beside it have."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES), column(BEES)]).replace(b"/Type /Page /Parent", b"/Type /Nope /Parent", 1))
    with pytest.raises(PageError, match=r"Page 1 of a\.pdf is damaged"):
        page_image(path, 1, (), width=400, name="a.pdf")
    assert page_image(path, 2, (), width=400, name="a.pdf")
    found = page_marks(path, Words("", "foreign", ""), range(2), "a.pdf")
    assert [mark.number for mark in found] == [2]


def test_no_pdf(tmp_path: Path) -> None:
    """What pdfium cannot open is a damaged file, for words and images alike."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.5\nnothing")
    with pytest.raises(DamagedFile, match=r"a\.pdf"):
        page_marks(path, Words("", "x", ""), range(1), "a.pdf")
    with pytest.raises(DamagedFile, match=r"a\.pdf"):
        page_image(path, 1, (), width=400, name="a.pdf")


# What pages look like


def drawn(data: bytes) -> Image.Image:
    """The image in a PNG."""
    image = Image.open(io.BytesIO(data), formats=["PNG"])
    image.load()
    return image


@pytest.fixture
def bees(tmp_path: Path) -> Path:
    """A page of prose."""
    path = tmp_path / "bees.pdf"
    path.write_bytes(build([column(BEES), []]))
    return path


@pytest.mark.parametrize("width", [200, 777, 1200, 3000])
def test_an_image_is_as_wide_as_asked_for(bees: Path, width: int) -> None:
    """To the pixel, and as high as the page demands."""
    image = drawn(page_image(bees, 1, (), width=width, name="bees.pdf"))
    assert image.width == width
    assert image.height == pytest.approx(width * 792 / 612, abs=1)


def test_the_image_of_a_very_high_page_is_bounded(tmp_path: Path) -> None:
    """A scroll of paper is drawn narrower than asked for, and not 117,000 pixels high."""
    path = tmp_path / "a.pdf"
    path.write_bytes(
        build([column(BEES)]).replace(
            b"/MediaBox [0 0 612 792] /CropBox [0 0 612 792]", b"/MediaBox [0 0 20 792 ] /CropBox [0 0 20 792 ]"
        )
    )
    assert drawn(page_image(path, 1, (), width=3000, name="a.pdf")).size == (152, 6000)


def test_rectangles_are_highlighted(bees: Path) -> None:
    """Within a rectangle white paper turns yellow and ink stays dark; outside nothing changes."""
    plain = drawn(page_image(bees, 1, (), width=612, name="bees.pdf"))
    marked = drawn(page_image(bees, 1, [Rectangle(0.1, 0.1, 0.5, 0.05)], width=612, name="bees.pdf"))
    assert (plain.getpixel((70, 82)), marked.getpixel((70, 82))) == ((255, 255, 255), (255, 238, 150))
    inside = marked.crop((62, 80, 367, 118)).convert("L")
    assert inside.getextrema()[0] < 60  # type: ignore[operator]
    for box in ((0, 0, 612, 79), (0, 120, 612, 792)):
        assert marked.crop(box).tobytes() == plain.crop(box).tobytes()


def test_light_letters_on_a_dark_ground_are_highlighted_by_light(tmp_path: Path) -> None:
    """On black, a highlighter would show nothing."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES)]).replace(b"BT /F1 11", b"0 0 612 792 re f BT /F1 11", 1))
    marked = drawn(page_image(path, 1, [Rectangle(0.5, 0.5, 0.1, 0.1)], width=612, name="a.pdf"))
    assert marked.getpixel((330, 420)) == pytest.approx((89, 83, 52), abs=3)
    assert marked.getpixel((200, 420)) == (0, 0, 0)


@pytest.mark.parametrize("number", [-1, 0, 3, 10**9])
def test_a_page_that_a_document_does_not_have(bees: Path, number: int) -> None:
    """The error says how many there are."""
    with pytest.raises(PageError, match=r"bees\.pdf has no page .* from 1 to 2"):
        page_image(bees, number, (), width=400, name="bees.pdf")


@pytest.mark.parametrize("width", [-1, 0, 199, 3001, 10**9])
def test_a_width_that_is_not_drawn(bees: Path, width: int) -> None:
    """The error says which are."""
    with pytest.raises(PageError, match="Ask for 200 to 3,000"):
        page_image(bees, 1, (), width=width, name="bees.pdf")


# Several at once


def test_pages_are_had_while_others_read(bees: Path) -> None:
    """Six threads reading, finding and drawing all get what one alone gets."""
    data = bees.read_bytes()
    document = load_bytes(data, source=str(bees))
    span = Span(10, 60)
    alone = (document, marks(bees, document, span), page_image(bees, 1, (), width=300, name="bees.pdf"))
    results: list[object] = []

    def work() -> None:
        for _ in range(5):
            read = load_bytes(data, source=str(bees))
            results.append((read, marks(bees, read, span), page_image(bees, 1, (), width=300, name="bees.pdf")))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 30
    assert all(result == alone for result in results)


def test_who_waits_for_pdfium_has_the_next_turn() -> None:
    """Whoever lets go of it and asks again comes after those who asked before: a page is seen while a file is read."""
    turns: list[str] = []
    inside = threading.Event()

    def reader() -> None:
        with PDFIUM:
            inside.set()
            until = time.monotonic() + 10
            while not PDFIUM._next.locked() and time.monotonic() < until:
                time.sleep(0.001)  # until the viewer stands in line
        for _ in range(3):
            with PDFIUM:
                turns.append("reader")

    def viewer() -> None:
        inside.wait(10)
        with PDFIUM:
            turns.append("viewer")

    threads = [threading.Thread(target=work) for work in (reader, viewer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert turns == ["viewer", "reader", "reader", "reader"]

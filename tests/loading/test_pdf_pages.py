"""Pages of a PDF: the places of words on them, and their images."""

from __future__ import annotations

import io
import re
import threading
import time
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pypdfium2 as pdfium
import pytest
from PIL import Image

from index.errors import DamagedFile, PageError, PinciteError
from index.loading.loader import load, load_bytes
from index.loading.pdf.page_pictures import PageMark, Picture, Rectangle, page_image
from index.loading.pdf.pdfium import PDFIUM
from index.records import Document, Span
from index.text.chunks import Chunker, count_tiktoken
from index.text.sentences import normalise
from index.views.viewer import marks_of
from tests.boxes import marks
from tests.loading.pdfs import BEES, Printed, build, column
from tests.nightly import length
from tests.skips import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
SEEDS = sorted((ROOT / "seeds").glob("*.pdf"))
REAL = sorted(FILES.rglob("*.pdf"))
MAX_SENTENCES = length(30, 120)
"""About how many sentences of a real file are compared."""


class Find(Protocol):
    """Writes a PDF, reads it and returns the marks of the nth occurrence of the words."""

    def __call__(self, data: bytes, words: str, nth: int = 0) -> tuple[PageMark, ...]: ...


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Return a function as described by Find."""

    def find(data: bytes, words: str, nth: int = 0) -> tuple[PageMark, ...]:
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        document = load_bytes(data, source=str(path))
        start = -1
        for _ in range(nth + 1):
            start = document.text.index(words, start + 1)
        return marks(path, document, Span(start, start + len(words)))

    return find


def bare(text: str) -> str:
    """Return the letters for comparison: without white space, hyphens and bars between cells, with accents apart."""
    return re.sub("[-|]", "", unicodedata.normalize("NFD", "".join(normalise(text).split())))


class Reader:
    """Reads the letters whose middle is in a rectangle, by pdfium's boxes and independent geometry."""

    def __init__(self, path: Path) -> None:
        self._document = pdfium.PdfDocument(path)
        self._pages: dict[int, list[tuple[str, float, float]]] = {}

    def close(self) -> None:
        self._document.close()

    def within(self, highlights: Sequence[PageMark]) -> str:
        """Return the letters in the rectangles, in order."""
        return "".join(
            letter
            for mark in highlights
            for box in mark.rectangles
            for letter, x, y in self.letters(mark.number - 1)
            if box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height
        )

    def is_cropped(self, words: str, page: int) -> bool:
        """Return whether any of the words is on the page, but outside its visible area."""
        everything = "".join(letter for letter, *_ in self.letters(page))
        shown = "".join(letter for letter, x, y in self.letters(page) if 0 <= x <= 1 and 0 <= y <= 1)
        return any(everything.count(word) > shown.count(word) for word in map(bare, words.split()))

    def letters(self, index: int) -> list[tuple[str, float, float]]:
        """Return each letter of a page with its middle, in shares of the page as shown."""
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


def letters_within(folder: Path, highlights: Sequence[PageMark]) -> str:
    """Return the letters in the rectangles of the PDF that `find` wrote."""
    with closing(Reader(folder / "a.pdf")) as reader:
        return reader.within(highlights)


def _turned(across: float, up: float, rotation: int) -> tuple[float, float]:
    """Convert a position from the lower left corner of the printed page to the upper left corner of the shown page."""
    return {0: (across, 1 - up), 90: (up, across), 180: (1 - across, up), 270: (1 - up, 1 - across)}[rotation]


def place(highlights: Sequence[PageMark]) -> tuple[int, float, float]:
    """Return page, left and top of the first rectangle, in points."""
    mark = highlights[0]
    box = mark.rectangles[0]
    return mark.number, round(box.left * mark.width), round(box.top * mark.height)


def rows(highlights: Sequence[PageMark]) -> list[int]:
    """Return the top of each rectangle, in points."""
    return [round(box.top * mark.height) for mark in highlights for box in mark.rectangles]


# Every sentence of every PDF is marked


def sentences(document: Document) -> Iterator[Span]:
    """Yield all sentences of all passages."""
    chunker = Chunker(limit=256, count_tokens=lambda texts: [count_tiktoken(text) for text in texts])
    return (span for chunk in chunker.chunk(document.text, document.landmarks) for span in chunk.sentences)


def compare(path: Path, limit: int | None = None) -> tuple[list[str], list[str], int]:
    """Compare the sentences of a PDF with the letters in their rectangles.

    Returns the sentences whose rectangles hold other words, the visible sentences without a rectangle, and the number
    compared. About `limit` sentences of a long document are compared, from its beginning to its end.
    """
    document, reader = load(path, max_bytes=1 << 28), Reader(path)
    if document.recognised:
        pytest.skip(f"{path.name} is a scan: its words are marked by their boxes, not by its letters")
    wrong, missed, compared = [], [], 0
    recognised = {word.start for word in document.recognised}  # the letters of a picture cannot be compared
    spans = [span for span in sentences(document) if recognised.isdisjoint(range(*span))]
    for span in spans[:: max(1, len(spans) // limit) if limit else 1]:
        words, highlights = span.of(document.text), marks(path, document, span)
        assert highlights
        if all(mark.rectangles for mark in highlights):
            wrong += [words] if reader.within(highlights) != bare(words) else []
        elif any(reader.is_cropped(words, mark.number - 1) for mark in highlights):
            continue
        else:
            missed.append(words)
        compared += 1
    reader.close()
    return wrong, missed, compared


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_every_sentence_of_the_seeds_is_marked(path: Path) -> None:
    """The rectangles of each sentence hold its letters, in order, and no others: of 60 sentences, nightly of all."""
    wrong, missed, compared = compare(path, length(60, 1_000_000))
    assert (wrong, missed) == ([], [])
    assert compared > 50


@pytest.mark.skipif(not REAL, reason="shared data: the folder of real files is not beside this checkout")
@pytest.mark.parametrize("path", REAL[:: length(6, 1)], ids=lambda path: path.name)
def test_sentences_of_real_files_are_marked_or_left_unmarked(path: Path) -> None:
    """No rectangle is wrong, and at most 1 % of the visible sentences has none; at most two in a short file."""
    try:
        wrong, missed, compared = compare(path, MAX_SENTENCES)
    except PinciteError as error:
        pytest.skip(f"shared data: {error.message}")
    assert wrong == []
    assert len(missed) <= max(2, compared / 100), missed


# Marks of words


def test_each_line_of_a_sentence_has_a_rectangle(find: Find) -> None:
    """A sentence on several lines is marked from its first word to its last, line by line."""
    words = "Nobody had expected them to stay away for so long, least of all the old beekeeper, who had counted them"
    (mark,) = find(build([column(BEES)]), words)
    assert (mark.number, mark.label, mark.width, mark.height) == (1, "1", 612, 792)
    first, second = mark.rectangles
    assert first.left * 612 > 72 + 40
    assert second.left * 612 == pytest.approx(72, abs=1)
    assert first.top * 792 == pytest.approx(792 - 700 + 26 - 8, abs=3)
    assert second.top - first.top == pytest.approx(13 / 792, abs=0.001)


def test_hyphenated_word_is_marked_on_both_lines(find: Find) -> None:
    """The document has the whole word; the page has both halves marked, the first one with its hyphen."""
    lines = [*BEES[:4], "number on the door, though in all the years it was not what he was remark-", "able for."]
    (mark,) = find(build([column(lines)]), "was remarkable for.")
    first, second = mark.rectangles
    assert (second.top - first.top) * 792 == pytest.approx(13, abs=0.1)
    (line,) = find(build([column(lines)]), lines[4][:-1])[0].rectangles
    assert first.left + first.width == line.left + line.width


@pytest.mark.parametrize("nth", range(4))
def test_repeated_words_are_identified_by_their_context(find: Find, nth: int) -> None:
    """The second of four equal lines is marked as the second on the page."""
    same = "All of this has been said."
    lines = ["To begin with:", same, "And again, a little louder:", same, "Then once more, as a song:", same, same]
    printed = [Printed(72, 700 - 40 * number, line) for number, line in enumerate(lines)]
    _, _, top = place(find(build([printed]), same, nth))
    assert top == pytest.approx(92 + 40 * (1, 3, 5, 6)[nth] - 10, abs=3)


@pytest.mark.parametrize("nth", range(2))
def test_words_repeated_on_the_next_page_are_marked_on_their_own(find: Find, nth: int) -> None:
    """Equal words on two pages are marked on the page where the reader expects them."""
    pages = [[*column(["The bees came home."], top=500 - 50 * n), *column([f"Page {n} is over."])] for n in range(2)]
    assert place(find(build(pages), "The bees came home.", nth))[0] == nth + 1


@pytest.mark.parametrize(("nth", "row"), [(0, 0), (1, 1)])
def test_equal_words_are_marked_at_their_own_places(find: Find, nth: int, row: int) -> None:
    """Nothing around them tells them apart, but each was read at one place."""
    same = [Printed(72, 700 - 20 * number, "No.") for number in range(2)]
    painted = [same[0], Printed(400, 300, "Maybe."), same[1], Printed(400, 200, "Perhaps.")]
    assert place(find(build([painted]), "No.", nth))[2] == pytest.approx(92 + 20 * row - 10, abs=3)


def test_sentence_across_two_pages_is_marked_on_both(find: Find) -> None:
    """The sentence is marked at the foot of one page and the top of the next, but not in the running heads between."""
    pages = [
        [Printed(72, 760, "A history of bees", 9), *column(BEES, top=120), Printed(300, 30, str(number + 1), 9)]
        for number in range(3)
    ]
    pages[0] = [*pages[0][:-2], Printed(72, 68, "The number of the bees that came home late was"), pages[0][-1]]
    pages[1] = [pages[1][0], Printed(72, 700, "never written down by anyone."), pages[1][-1]]
    first, second = find(build(pages), "was never written")
    assert (first.number, second.number) == (1, 2)
    assert rows([first, second])[0] > 700 > 100 > rows([first, second])[1] > 70


def test_sentence_in_a_column_is_marked_in_its_column(find: Find) -> None:
    """If the file paints across both columns, a sentence is still marked within its own."""
    left = [f"left {n} words that go on and on" for n in range(12)]
    right = [f"right {n} words that go on and on" for n in range(12)]
    printed = [
        item
        for n, (a, b) in enumerate(zip(left, right, strict=True))
        for item in (Printed(72, 700 - 13 * n, a), Printed(330, 700 - 13 * n, b))
    ]
    highlights = find(build([printed]), f"{right[3]} {right[4]}")
    assert [round(box.left * 612) for box in highlights[0].rectangles] == [330, 330]


def test_cells_of_a_row_have_separate_rectangles(find: Find) -> None:
    """Each cell is marked, but not the gap between the cells."""
    highlights = find(
        build([[Printed(72, 700, "Apples"), Printed(300, 700, "1.99"), *column(BEES, top=600)]]), "Apples 1.99"
    )
    assert [round(box.left * 612) for box in highlights[0].rectangles] == [72, 300]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rectangles_follow_a_rotated_page(find: Find, tmp_path: Path, rotation: int) -> None:
    """Rectangles refer to the page as shown, whatever its rotation."""
    words = "before the bells of the village"
    highlights = find(build([column(BEES)], rotate=rotation), words)
    assert (highlights[0].width, highlights[0].height) == ((792, 612) if rotation % 180 else (612, 792))
    assert letters_within(tmp_path, highlights) == bare(words)


def test_lines_that_run_up_the_page_have_upright_rectangles(find: Find, tmp_path: Path) -> None:
    """Each line has an upright rectangle of its own."""
    printed = [Printed(100 + 13 * number, 72, line, upward=True) for number, line in enumerate(BEES)]
    highlights = find(build([printed]), "while the dew was still on the clover, and did")
    assert len(highlights[0].rectangles) == 2
    assert all(box.height * 792 > 2 * box.width * 612 for box in highlights[0].rectangles)
    assert letters_within(tmp_path, highlights) == bare("while the dew was still on the clover, and did")


def test_rectangles_are_relative_to_the_visible_page(find: Find, tmp_path: Path) -> None:
    """Words outside the visible area have their page but no rectangle."""
    data = build([[*column(BEES), *column(["Cut off at the printer's."], top=100)]], crop="36 200 612 792")
    highlights = find(data, "number on the door.")
    assert (highlights[0].width, highlights[0].height) == (576, 592)
    assert highlights[0].rectangles[0].left * 576 == pytest.approx(36, abs=1)
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
def test_hyphens_signs_and_accents_are_marked(find: Find, tmp_path: Path, printed: list[Printed], words: str) -> None:
    """Such letters are marked as they are read, and words on one line have one rectangle."""
    highlights = find(build([printed]), words)
    assert letters_within(tmp_path, highlights) == bare(words)
    assert len(highlights[0].rectangles) == 1


def test_damaged_pages_and_files_have_no_marks_and_no_images(tmp_path: Path) -> None:
    """The pages beside them have both; pages beyond the last are left out."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES)]))
    assert marks_of(path, range(7, 9), (), ()) == ()
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES), column(BEES)]).replace(b"/Type /Page /Parent", b"/Type /Nope /Parent", 1))
    with pytest.raises(PageError, match=r"Page 1 of a\.pdf is damaged"):
        page_image(path, 1, Picture(width=400), name="a.pdf")
    assert page_image(path, 2, Picture(width=400), name="a.pdf")
    assert [mark.number for mark in marks_of(path, range(2), (), ())] == [2]
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.5\nnothing")
    with pytest.raises(DamagedFile, match=r"a\.pdf"):
        marks_of(path, range(1), (), ())
    with pytest.raises(DamagedFile, match=r"a\.pdf"):
        page_image(path, 1, Picture(width=400), name="a.pdf")


def test_span_of_many_pages_has_marks_for_the_first_16(tmp_path: Path) -> None:
    """Only a few pages are shown, however long the span is."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column([f"Page {number}."]) for number in range(40)]))
    document = load(path, max_bytes=1 << 28)
    highlights = marks(path, document, Span(0, len(document.text)))
    assert [mark.number for mark in highlights] == list(range(1, 17))
    assert all(mark.rectangles for mark in highlights)


# Images of pages


def decode_png(data: bytes) -> Image.Image:
    """Decode a PNG."""
    image = Image.open(io.BytesIO(data), formats=["PNG"])
    image.load()
    return image


@pytest.fixture
def bees(tmp_path: Path) -> Path:
    """Write a PDF of a page of prose and an empty page."""
    path = tmp_path / "bees.pdf"
    path.write_bytes(build([column(BEES), []]))
    return path


@pytest.mark.parametrize("width", [200, 777, 1200, 3000])
def test_page_image_has_the_requested_width(bees: Path, width: int) -> None:
    """The width is exact, and the height keeps the proportions of the page."""
    image = decode_png(page_image(bees, 1, Picture(width=width), name="bees.pdf"))
    assert image.width == width
    assert image.height == pytest.approx(width * 792 / 612, abs=1)


def test_image_of_a_very_high_page_is_limited(tmp_path: Path) -> None:
    """A very high page is drawn narrower than requested, not 117,000 pixels high."""
    path = tmp_path / "a.pdf"
    path.write_bytes(
        build([column(BEES)]).replace(
            b"/MediaBox [0 0 612 792] /CropBox [0 0 612 792]", b"/MediaBox [0 0 20 792 ] /CropBox [0 0 20 792 ]"
        )
    )
    assert decode_png(page_image(path, 1, Picture(width=3000), name="a.pdf")).size == (152, 6000)


def test_rectangles_are_highlighted(bees: Path) -> None:
    """Within a rectangle white paper turns yellow and ink stays dark; outside nothing changes."""
    plain = decode_png(page_image(bees, 1, Picture(width=612), name="bees.pdf"))
    marked = decode_png(page_image(bees, 1, Picture((Rectangle(0.1, 0.1, 0.5, 0.05),), 612), name="bees.pdf"))
    assert (plain.getpixel((70, 82)), marked.getpixel((70, 82))) == ((255, 255, 255), (255, 238, 150))
    inside = marked.crop((62, 80, 367, 118)).convert("L")
    assert inside.getextrema()[0] < 60  # type: ignore[operator]
    for box in ((0, 0, 612, 79), (0, 120, 612, 792)):
        assert marked.crop(box).tobytes() == plain.crop(box).tobytes()


def test_dark_background_is_highlighted_by_lightening(tmp_path: Path) -> None:
    """A dark highlight would not be visible on black."""
    path = tmp_path / "a.pdf"
    path.write_bytes(build([column(BEES)]).replace(b"BT /F1 11", b"0 0 612 792 re f BT /F1 11", 1))
    marked = decode_png(page_image(path, 1, Picture((Rectangle(0.5, 0.5, 0.1, 0.1),), 612), name="a.pdf"))
    assert marked.getpixel((330, 420)) == pytest.approx((89, 83, 52), abs=3)
    assert marked.getpixel((200, 420)) == (0, 0, 0)


@pytest.mark.parametrize("number", [-1, 0, 3, 10**9])
def test_image_of_a_missing_page_is_an_error(bees: Path, number: int) -> None:
    """The error says how many pages there are."""
    with pytest.raises(PageError, match=r"bees\.pdf has no page .* from 1 to 2"):
        page_image(bees, number, Picture(width=400), name="bees.pdf")


@pytest.mark.parametrize("width", [-1, 0, 199, 3001, 10**9])
def test_image_width_outside_the_limits_is_an_error(bees: Path, width: int) -> None:
    """The error names the allowed widths."""
    with pytest.raises(PageError, match="Ask for 200 to 3,000"):
        page_image(bees, 1, Picture(width=width), name="bees.pdf")


# Threads


def test_pages_are_read_marked_and_drawn_in_several_threads(bees: Path) -> None:
    """Six threads that read, mark and draw get the results of one."""
    data = bees.read_bytes()
    document = load_bytes(data, source=str(bees))
    span = Span(10, 60)
    alone = (document, marks(bees, document, span), page_image(bees, 1, Picture(width=300), name="bees.pdf"))
    results: list[object] = []

    def work() -> None:
        for _ in range(5):
            read = load_bytes(data, source=str(bees))
            results.append((read, marks(bees, read, span), page_image(bees, 1, Picture(width=300), name="bees.pdf")))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 30
    assert all(result == alone for result in results)


def test_pdfium_lock_is_fair() -> None:
    """A thread that asks for the lock again waits for earlier requests, so a page is shown while a file is read."""
    turns: list[str] = []
    inside = threading.Event()

    def reader() -> None:
        with PDFIUM:
            inside.set()
            until = time.monotonic() + 10
            while not PDFIUM._next.locked() and time.monotonic() < until:
                time.sleep(0.001)  # until the viewer waits for the lock
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

"""PDF: printed lines become paragraphs, and their pages can be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import TooLarge
from index.loading.loader import load_bytes
from tests.loading.pdfs import BEES as LINES
from tests.loading.pdfs import Printed, build, column
from tests.loading.tables import headings

if TYPE_CHECKING:
    from index.records import Document

PROSE = " ".join(LINES)


def read(data: bytes, name: str = "a.pdf") -> Document:
    """Load a PDF."""
    return load_bytes(data, source=name)


def page_of(document: Document, words: str) -> str:
    """Return the label of the page on which these words begin."""
    start = document.text.index(words)
    return [mark.label for mark in document.landmarks if mark.kind == "page" and mark.start <= start][-1]


def test_lines_of_a_pdf_become_paragraphs() -> None:
    """A gap or an indent starts another one; a sentence that happens to end at the margin does not."""
    document = read(build([[*column(LINES), *column(LINES, top=600)]]))
    assert document.text == f"{PROSE}\n\n{PROSE}"
    more = ["   It was late when the first of them came home, heavy with pollen,", "and fell asleep."]
    document = read(build([column([*LINES, *more])]))
    assert document.text.split("\n\n")[1].startswith("It was late")
    lines = ["The bees left the hive in the early morning, while the dew lay there.", *LINES]
    assert "\n\n" not in read(build([column(lines)])).text


HYPHENS = {
    "a word broken at the margin": (
        ["Nobody hoped for any co-", "operation of the bees."],
        "Nobody hoped for any cooperation of the bees.",
    ),
    "a compound that is written so elsewhere": (
        ["A long-term hive lasts. It was a long-", "term plan, they said."],
        "A long-term hive lasts. It was a long-term plan, they said.",
    ),
    "a compound of words that are never one": (
        ["The market is based on honey: a market-", "based honey."],
        "The market is based on honey: a market-based honey.",
    ),
    "a name": (
        ["They all lived in Baden-", "Baden, near the woods."],
        "They all lived in Baden-Baden, near the woods.",
    ),
    "a number": (["The bees had COVID-", "19, or so it seemed."], "The bees had COVID-19, or so it seemed."),
    "a dash": (["The bees came back -", "late, but they came."], "The bees came back - late, but they came."),
}


@pytest.mark.parametrize(("lines", "text"), HYPHENS.values(), ids=HYPHENS.keys())
def test_hyphen_at_the_margin_is_removed_only_from_broken_words(lines: list[str], text: str) -> None:
    """A hyphen is removed only where it was added at the margin."""
    assert read(build([column(lines)])).text == text


def test_sentence_across_a_page_break_is_whole() -> None:
    """A footnote precedes, and a caption follows the paragraph that it would interrupt, each on its own page."""
    document = read(build([column(LINES[:3]), column(LINES[3:])]))
    assert document.text == PROSE
    assert page_of(document, "least of") == "1"
    assert page_of(document, "all the old beekeeper") == "2"
    note = [Printed(72, 80, "1 So says the book of the bees, in its second edition.", 8)]
    document = read(build([[*column(LINES[:3]), *note], column(LINES[3:])]))
    assert PROSE in document.text
    assert page_of(document, "1 So says") == "1"
    second = [Printed(72, 720, "Figure 1: A hive", 11), *column(LINES[3:], top=650)]
    document = read(build([column(LINES[:3]), second]))
    assert PROSE in document.text
    assert page_of(document, "Figure 1") == "2"
    assert page_of(document, "all the old") == "2"


@pytest.mark.parametrize("shift", [0, 5])
def test_columns_painted_line_by_line_are_read_in_order(shift: int) -> None:
    """A page that is painted across its columns is still read column by column."""
    left, right = column(_narrow_lines()[:9], x=72), column(_narrow_lines()[9:], x=330, top=700 - shift)
    across = [printed for pair in zip(left, right, strict=True) for printed in pair]
    title = [Printed(72, 740, "The bees of this village and of all the villages around it, and their honey", 11)]
    assert read(build([[*title, *across]])).text.endswith(" ".join(_narrow_lines()))


def _narrow_lines() -> list[str]:
    """Return 18 lines that fit a narrow column."""
    words = f"{PROSE} {PROSE}".replace("door. The", "door, and that the").split()
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > 34:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:18]


def _book(pages: int) -> bytes:
    """Build pages with a page number and a running head, which alternates between book and chapter."""
    pages_printed = []
    for number in range(pages):
        head = "On Bees" if number % 2 else f"Chapter {'I' if number < pages / 2 else 'II'}: The Hive"
        body = column([line.replace("noon", f"noon on day {number * number}") for line in LINES])
        pages_printed.append([Printed(72, 760, head, 9), *body, Printed(300, 40, str(number + 7), 9)])
    return build(pages_printed)


def test_running_heads_and_page_numbers_are_left_out() -> None:
    """Text that repeats on every page is left out, and the notes say what and on how many pages."""
    document = read(_book(12))
    assert "On Bees" not in document.text
    assert "Chapter" not in document.text
    assert "\n18" not in document.text
    assert document.text.count("noon on day") == 12
    assert document.notes == ("Left out of passages: a running head or foot on 12 pages, page numbers on 12 pages.",)


CHANGING_HEADS = {
    "before the page number": [
        [Printed(72, 760, f"{name} {n + 3}", 9)]
        for n, name in enumerate(("Spring", "Summer", "Summer", "Summer", "Autumn", "Autumn", "Winter"))
    ],
    "in its row": [
        [Printed(72, 760, name, 9), Printed(500, 760, str(n + 3), 9)]
        for n, name in enumerate(("Spring", "Summer", "Autumn", "Winter"))
    ],
    "Roman numbers": [[Printed(300, 40, roman, 9)] for roman in ("iii", "iv", "v", "vi")],
}


@pytest.mark.parametrize("heads", CHANGING_HEADS.values(), ids=CHANGING_HEADS.keys())
def test_heads_that_only_the_page_number_identifies_are_left_out(heads: list[list[Printed]]) -> None:
    """A head may change with the chapter, and pages may be numbered in Roman numerals."""
    words = set(read(build([[*head, *column(LINES)] for head in heads])).text.split())
    assert not words & {word for head in heads for printed in head for word in printed.words.split()}


def _day(number: int) -> list[Printed]:
    """Return the lines of a page about one day."""
    return column([f"It was day {number * number}.", *LINES[1:]], top=650)


AMBIGUOUS = {
    "chapters that begin at one height": [[Printed(72, 740, f"Chapter {n}"), *_day(n)] for n in (4, 9, 11, 30)],
    "chapters that begin with each page": [[Printed(72, 740, f"Chapter {n}", 14), *_day(n)] for n in (1, 2, 3, 4)],
    "a page that is there twice": [[Printed(72, 740, "May 5, 2023", 11), *column(LINES)]] * 2,
    "figures at the foot": [[*_day(n), Printed(72, 60, f"Sum: {n}")] for n in (17, 3, 99, 12)],
}


@pytest.mark.parametrize("pages", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_text_that_resembles_running_heads_is_kept(pages: list[list[Printed]]) -> None:
    """Numbers that do not count pages, and text that repeats on two pages only, belong to the document."""
    document = read(build(pages))
    assert document.notes == ()
    assert all(
        printed.words in document.text.replace("\n", " ")
        for page in pages
        for printed in page
        if printed.y > 705 or printed.y < 70
    )


def test_headings_are_told_by_type_or_outline() -> None:
    """Larger type makes a heading, the largest the highest, bold type the lowest; or an outline says which."""
    page = [
        Printed(72, 740, "On the Dance of Bees", 20),
        Printed(72, 715, "First Part", 15),
        *column(LINES, top=690),
        Printed(72, 600, "A Note on Wax", 11, bold=True),
        *column(LINES, top=575),
    ]
    document = read(build([page]))
    assert headings(document) == [(1, "On the Dance of Bees"), (2, "First Part"), (3, "A Note on Wax")]
    assert document.title == "On the Dance of Bees"
    pages = [
        [Printed(72, 730, f"{n}. {name}", 11), *column(LINES)] for n, name in enumerate(["Bees", "Wax", "Honey"], 1)
    ]
    outline = [("Bees", 0), ("Wax", 1), ("Honey", 2)]
    assert headings(read(build(pages, outline=outline))) == [(1, "1. Bees"), (1, "2. Wax"), (1, "3. Honey")]


def test_items_contents_and_superscripts_stay_in_their_lines() -> None:
    """An item of two lines becomes one; lines with dot leaders are not joined; a superscript is no part of a word."""
    items = [
        "• honey of the heath",
        "• wax, which is sold by the pound to those who make",
        "  candles of it",
        "• pollen",
    ]
    text = read(build([column(items)])).text
    assert text == "• honey of the heath\n• wax, which is sold by the pound to those who make candles of it\n• pollen"
    lines = [
        "Bees ............................. 1",
        "Wax .............................. 2",
        "Honey ............................ 3",
    ]
    assert read(build([column(lines)])).text.count("\n") == 2
    page = [
        Printed(72, 700, "The bees are well", 11),
        Printed(156, 704, "2", 7),
        Printed(163, 700, "and so is the queen.", 11),
    ]
    assert read(build([page])).text == "The bees are well 2 and so is the queen."


def test_pages_have_labels_and_count_even_if_empty() -> None:
    """A page has the label that the PDF states, else its number; pages that have only numbers keep them."""
    pages = [column([f"{insect} are well."]) for insect in ("Bees", "Wasps", "Ants", "Flies")]
    labelled = read(build(pages, labels="0 << /S /r >> 2 << /S /D >>"))
    assert [page_of(labelled, insect) for insect in ("Bees", "Wasps", "Ants", "Flies")] == ["i", "ii", "1", "2"]
    assert page_of(read(build(pages)), "Flies") == "4"
    assert read(build([column([f"Sheet {n}"]) for n in range(5)])).text.startswith("Sheet 0")
    document = read(build([column(["Bees."]), [], column(["Wasps."]), []]))
    assert page_of(document, "Wasps") == "3"
    assert document.reading.empty_pages == 2
    assert [mark.label for mark in document.landmarks if mark.kind == "page"] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("rotate", [0, 90, 270])
def test_text_that_runs_up_the_page_is_read(rotate: int) -> None:
    """A page whose text runs upward is read as if it were turned."""
    lines = [Printed(100 + 13 * n, 72, line, 11, upward=True) for n, line in enumerate(LINES)]
    assert read(build([lines], rotate=rotate)).text == PROSE


def test_missing_pages_and_stamps_leave_the_text_alone() -> None:
    """A missing page has a note, the others their numbers; a stamp in the margin is a paragraph of its own."""
    stamp = Printed(30, 200, "printed for the members of the society", 14, upward=True)
    document = read(build([[*column(LINES[:2]), stamp, *column(LINES[2:], top=674)]]))
    assert document.text == f"{PROSE}\n\nprinted for the members of the society"
    data = build([column(["Bees."]), column(["Wasps."])])
    document = read(data.replace(b"/Kids [6 0 R", b"/Kids [1 0 R", 1))
    assert document.text == "Wasps."
    assert page_of(document, "Wasps.") == "2"
    assert document.notes == ("1 page could not be read.",)


STATED = {
    "title and author": ({"Title": "On Bees", "Author": "Ada Lovelace"}, ("On Bees", "Ada Lovelace", "")),
    "a program's title": ({"Title": "Microsoft Word - bees.doc"}, ("", "", "")),
    "a file name": ({"Title": "bees_final-2.indd"}, ("", "", "")),
    "the name of the file": ({"Title": "a"}, ("", "", "")),
    "no title": ({"Title": "untitled", "Author": "anonymous"}, ("", "", "")),
    "the day of export": ({"CreationDate": "D:20201205080000Z"}, ("", "", "")),
}


@pytest.mark.parametrize(("information", "expected"), STATED.values(), ids=STATED.keys())
def test_pdf_properties_of_a_person_count_and_those_of_a_program_do_not(
    information: dict[str, str], expected: tuple[str, str, str]
) -> None:
    """Properties that a person entered count; what programs leave does not, nor does the export date."""
    document = read(build([column(LINES)], information=information))
    assert (document.title, document.author, document.date) == expected


def test_title_author_and_date_are_taken_from_the_first_page() -> None:
    """The largest line at the top is the title, `By …` gives the author, and a line that is a date gives the date."""
    page = [
        Printed(72, 740, "The Dance of the Bees", 20),
        Printed(72, 715, "By Ada Lovelace", 11),
        Printed(72, 695, "3 May 1843", 11),
        *column(LINES, top=660),
    ]
    document = read(build([page]))
    assert (document.title, document.author, document.date) == ("The Dance of the Bees", "Ada Lovelace", "1843-05-03")


@pytest.mark.parametrize(
    "line", ["4.2 Conclusions on Bees", "Bees", "the bees, and so on,"], ids=["section", "word", "phrase"]
)
def test_large_type_that_is_not_a_title_is_ignored(line: str) -> None:
    """A section heading, a word or a phrase in large type is not the title of the document."""
    assert read(build([[Printed(72, 740, line, 20), *column(LINES)]])).title == ""


def test_pdf_with_more_pages_than_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page is read, and the error names the setting. Without a limit, all pages are read."""
    data = build([column(["A ship left."])] * 3)
    monkeypatch.setattr("index.loading.pdf.extraction.read_sheet", lambda page: pytest.fail("a page was read"))
    with pytest.raises(TooLarge, match=r"long\.pdf has 3 pages, more than the 2 .* PINCITE_MAX_PAGES"):
        load_bytes(data, source="long.pdf", max_pages=2)
    monkeypatch.undo()
    assert load_bytes(data, source="long.pdf", max_pages=3).text
    assert load_bytes(data, source="long.pdf").text


@pytest.mark.parametrize(
    "odd",
    [
        Printed(72, 690, "\xad\xad", 11),
        Printed(72, 687, "", 11),
        Printed(72, 687, "tiny", 0.001),
        Printed(-900, -900, "far"),
    ],
    ids=["only soft hyphens", "no letters", "no height", "off the page"],
)
def test_invisible_print_does_no_harm(odd: Printed) -> None:
    """Text that cannot be seen on a page does not affect the visible text."""
    assert "The bees are well." in read(build([[Printed(72, 700, "The bees are well."), odd]])).text

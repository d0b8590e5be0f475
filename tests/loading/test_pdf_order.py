"""PDF: lines stay in reading order, whatever their type and layout."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.loading.loader import load_bytes
from index.loading.pdf.extraction import describe
from index.loading.pdf.furniture import without_furniture
from index.loading.pdf.lines import Line, Place, Sheet
from index.loading.pdf.paragraphs import body_size, heading_levels
from index.loading.pdf.paragraphs import paragraphs as joined_lines
from index.loading.pdf.pdfium import Glyph, runs_to_the_left
from index.loading.pdf.reading_order import lines_in_reading_order
from index.loading.pdf.tables.columns import sentence
from index.text.sentences import normalise
from tests.loading.pdfs import Printed, build, column

if TYPE_CHECKING:
    from collections.abc import Sequence


def paragraphs(*pages: Sequence[Printed]) -> list[str]:
    """Return the paragraphs of a PDF of these pages."""
    return load_bytes(build(pages), source="a.pdf").text.split("\n\n")


def manual(lines: Sequence[tuple[str, str]], *, top: float = 700, size: float = 11) -> list[Printed]:
    """Return lines that may begin with words in a typewriter font, whose letters are 0.6 times the size wide."""
    printed = []
    for number, (code, words) in enumerate(lines):
        y = top - 13 * number
        printed += [Printed(72, y, code, size, code=True)] if code else []
        printed.append(Printed(72 + 0.6 * size * len(f"{code} " if code else ""), y, words, size))
    return printed


MANUAL = (
    ("REF_URL, SRCH_URL, and the SRCH_URL1 of each library", "are links, in which the text corre-"),
    ("", "sponds to an address, but with positions that hold the percent sign and a letter of a call of"),
    ("sprintf(address, database, query, entry, number)", "for its variables. It uses the name, to-"),
    ("", "gether with a word of the question, and the other ones use the number of the entry, and"),
    ("start, stop, n1, and the length of the sequences", "as they are in the table above."),
)
PROSE = MANUAL[1][1]


def test_lines_of_code_and_hyphens_stay_in_order() -> None:
    """A typewriter font is not taken for smaller; a hyphen is continued even on an indented line."""
    (text,) = paragraphs(manual(MANUAL))
    offsets = [
        text.index(words)
        for words in ("text corresponds to an address", "sprintf(address", "together with a word", "start, stop")
    ]
    assert offsets == sorted(offsets)
    lines = [
        PROSE,
        "blastx  Compare the sequence to a database, by com-",
        "    paring all of its frames, and allow gaps.",
    ]
    assert not [text for text in paragraphs(column(lines)) if text.endswith("-")]


def _display(size: float) -> list[Printed]:
    """Return prose, a line of code of this size, and prose that continues the sentence."""
    above = column(["The bees are counted in the morning by means of the call", "of the command"])
    code = Printed(100, 655, "count --bees hive.txt", size, code=True)
    return [*above, code, *column(["which writes the number of them, and the hour, on the door."], top=630)]


@pytest.mark.parametrize("size", [7, 9, 11])
def test_displayed_code_stays_within_its_sentence(size: float) -> None:
    """Code that is displayed within a sentence is read at its place, because the sentence refers to it."""
    text = " ".join(paragraphs(_display(size)))
    offsets = [text.index(words) for words in ("of the command", "count --bees", "which writes")]
    assert offsets == sorted(offsets)


def test_headings_are_joined_only_with_their_own_lines() -> None:
    """Text between two headings, numbers and several sentences keep them apart; a full line is continued."""
    page = [
        Printed(72, 720, "3.3 The counting of bees in the hives of our village", 12, bold=True),
        *column([PROSE] * 4, top=700),
        Printed(72, 620, "3.4 The weighing of honey", 12, bold=True),
        *column([PROSE] * 4, top=600),
    ]
    texts = paragraphs(page)
    assert texts[0] == page[0].words
    assert "3.4 The weighing of honey" in texts
    page = [Printed(72, 740, "1 The Bees of the Village", 17), Printed(72, 715, "1.1 Their Number", 17)]
    assert paragraphs([*page, *column([PROSE] * 4, top=680)])[:2] == ["1 The Bees of the Village", "1.1 Their Number"]
    lines = ["Who made the pump?", "Two brothers from Lisbon made it.", "Who owns it?", "The mayor."]
    page = [*column(lines, top=740, size=16, pitch=28), *column([PROSE] * 9, top=500)]
    document = load_bytes(build([page]), source="a.pdf")
    assert document.text.split("\n\n")[:4] == lines
    assert [mark.label for mark in document.landmarks if mark.kind == "heading"] == [lines[0], lines[2]]
    heading = ["The counting of bees, hives and honey in all villages,", "and What Became of It"]
    second = [
        *column(heading, top=740, size=18, pitch=34),
        *column([PROSE] * 4, top=640),
        *column(["Bees", "Hives"], top=520, size=18, pitch=34),
        *column([PROSE] * 4, top=440),
    ]
    texts = paragraphs(column([PROSE] * 4), second)
    assert " ".join(heading) in texts
    assert {"Bees", "Hives"} < set(texts)


def _columns(labels: int) -> list[Printed]:
    """Return two columns with a note below the left one and a figure with this many labels above the right one."""
    left = column(["The bees left the hive in the morning,", "while the dew was on the clover, for sev-"], top=300)
    note = Printed(72, 100, "8 So says the book of the bees.", 8)
    ticks = [Printed(330 + 70 * (number % 2), 760 - 9 * number, str(number), 6) for number in range(labels)]
    caption = Printed(330, 450, "Figure 1: Bees by the hour of the day.", 9)
    right = column(["eral hours, and nobody had seen them,", "until the bells rang for noon."], x=330, top=420)
    return [*left, note, *ticks, caption, *right]


@pytest.mark.parametrize("labels", [3, 18, 34])
def test_word_broken_across_columns_is_whole(labels: int) -> None:
    """The word is whole, however many labels and notes separate its halves."""
    texts = paragraphs(_columns(labels))
    assert any("on the clover, for several hours, and nobody" in text for text in texts)
    assert "8 So says the book of the bees." in texts


def test_footnote_is_a_paragraph_of_its_own() -> None:
    """The sentence above the footnote continues on the next page."""
    first = [
        *column([PROSE] * 3, top=180),
        Printed(72, 141, "and the composition bias rarely pro-", 11),
        Printed(72, 100, "1", 6),
        Printed(76, 97, "In principle, the number of bees is a whole one, and so is", 8),
        Printed(72, 87, "that of the hives.", 8),
    ]
    texts = paragraphs(first, column(["duces numbers, but it can cause doubts."]))
    assert any(text.endswith("rarely produces numbers, but it can cause doubts.") for text in texts)
    assert "1 In principle, the number of bees is a whole one, and so is that of the hives." in texts


SEPARATE = {
    "the mark at the head of a note": (
        [Printed(72, 700, "1", 6), Printed(76, 697, "In principle", 9)],
        "1 In principle",
    ),
    "a sign at the head of a note": (
        [Printed(72, 703, "†", 8), Printed(76, 700, "Equal contribution", 11)],
        "† Equal contribution",
    ),
    "a mark behind a word": (
        [Printed(72, 700, "It was seen in practice"), Printed(180, 704, "12", 7), Printed(188, 700, ", too.")],
        "It was seen in practice 12, too.",
    ),
    "a mark behind a full stop": (
        [Printed(72, 700, "The bees are well."), Printed(159, 704, "2", 7), Printed(166, 700, "So is the queen.")],
        "The bees are well. 2 So is the queen.",
    ),
    "labels on two levels": ([Printed(72, 700, "adult", 10), Printed(90, 696, "child", 10)], "adult child"),
}


@pytest.mark.parametrize(("page", "text"), SEPARATE.values(), ids=SEPARATE.keys())
def test_note_marks_and_labels_are_not_glued_to_words(page: list[Printed], text: str) -> None:
    """Nobody would find a word that a note mark or a figure label is glued to."""
    assert paragraphs(page) == [text]


JOINED = {
    "a power": ([Printed(72, 700, "about 12 m"), Printed(127, 704, "2", 7), Printed(132, 700, "of wax")], "m2 of wax"),
    "a formula": ([Printed(72, 700, "CO"), Printed(89, 697, "2", 7), Printed(94, 700, "and wax")], "CO2 and wax"),
    "a function": (
        [Printed(72, 700, "the sin"), Printed(104.4, 704, "2", 7), Printed(111, 700, "of it")],
        "sin2 of it",
    ),
    "a name of one size": ([Printed(72, 700, "fasta36 and page1")], "fasta36 and page1"),
    "a word in two parts": ([Printed(72, 700, "bee"), Printed(90.3, 700, "hive")], "beehive"),
    "a letter that is lowered": (
        [Printed(72, 700, "T"), Printed(77, 697.6, "E"), Printed(83, 700, "X is a program")],
        "TEX is a program",
    ),
}


@pytest.mark.parametrize(("page", "text"), JOINED.values(), ids=JOINED.keys())
def test_powers_and_formulas_stay_one_word(page: list[Printed], text: str) -> None:
    """Powers, formulas and words that are painted in parts are not split."""
    assert text in " ".join(paragraphs(page))


TITLES = {
    "a colon": ["The Bees:", "A Unified Toolkit for the Reading of Hives"],
    "a question": ["Do Bees Count?", "An Answer from the Village", "of the Hives"],
    "three lines": ["The Bees of the Village", "and of All of the Villages Around", "Honey in Winter"],
}


@pytest.mark.parametrize("pitch", [20, 30])
@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_title_of_several_lines_is_whole(title: list[str], pitch: int) -> None:
    """The lines are joined, whatever their ends and their distance."""
    lines = [Printed(150 + 40 * (n % 2), 740 - n * pitch, words, 17) for n, words in enumerate(title)]
    page = [*lines, Printed(200, 640, "Ada Lovelace"), *column([PROSE] * 4, top=600)]
    document = load_bytes(build([page]), source="a.pdf")
    assert document.title == " ".join(title)
    assert document.text.startswith(" ".join(title) + "\n\nAda Lovelace")


def test_contents_and_leaders_keep_their_lines() -> None:
    """Dot leaders fill each line, whatever its type and however many numbers stand behind them."""
    contents = [f"{name} {'. ' * (52 - len(name))}{page}" for name, page in (("Bees", 7), ("Hives", 8), ("Honey", 9))]
    page = [*column(contents, top=740, size=15, pitch=20), *column([PROSE] * 9, top=600)]
    assert "\n".join(contents) in load_bytes(build([column([PROSE]), page]), source="a.pdf").text
    lines = [f"{name} {'. ' * 20}{number}" for name, number in (("Bees", "7 12"), ("Hives", "8 14"), ("Honey", "9 16"))]
    text = load_bytes(build([column([PROSE]), column(lines)]), source="a.pdf").text
    assert text.count("\n") >= len(lines)
    assert all(word in text for word in ("Bees", "7", "12", "Honey", "9", "16"))


def test_authors_are_read_before_the_abstract() -> None:
    """Adjacent names above two columns are read before the columns."""
    title = Printed(130, 745, "On the Bees of the Villages around the Mill", 17)
    names = [
        item
        for n, words in enumerate([("Ada Lovelace", "Charles Babbage"), ("London Museum of Engines", "Cambridge")])
        for item in (Printed(100, 715 - 13 * n, words[0]), Printed(360, 715 - 13 * n, words[1]))
    ]
    left = [
        "The bees left the hive in the early",
        "morning, while the dew was still",
        "on the clover, and did not come",
    ] * 3
    right = [
        "back before the bells of the village",
        "rang for noon, and nobody had seen",
        "them by the road or by the mill",
    ] * 3
    text = [
        item
        for n, (a, b) in enumerate(zip(["Abstract", *left[1:]], right, strict=True))
        for item in (Printed(72, 660 - 13 * n, a), Printed(330, 660 - 13 * n, b))
    ]
    texts = " ".join(paragraphs([title, *names, *text]))
    offsets = [
        texts.index(words) for words in ("On the Bees", "Charles Babbage", "Cambridge", "Abstract", "back before")
    ]
    assert offsets == sorted(offsets)


def test_line_is_no_caption_or_continuation_by_chance() -> None:
    """One that refers to a figure begins with a small letter; short lines that fill their columns stay apart."""
    lines = [
        "The letters are easy to read on paper and on a screen (see",
        "figure 1 on the next page). The font is free.",
    ]
    heading = Printed(72, 640, "This package has the font for all programs, and it", 11)
    texts = paragraphs([*column(lines), heading])
    assert texts[0].startswith(" ".join(lines))
    names = ["Limping Bees", "Killing Switches", "Bill and Talents", "Stainless Hives", "The Blackouts"]
    page = [Printed(72 + 100 * n, 700 - 4 * n, words, 11) for n, words in enumerate(names)]
    assert "Killing Switches" in "\n".join(paragraphs(page)).split("\n")


def test_row_with_dotted_leaders_is_a_row_of_a_table() -> None:
    """The dots lead from the first cell to the others, and are no words."""
    rows = [("Revenue", "1,234", "2,345"), ("Cost of goods", "734", "845"), ("Gross profit", "500", "1,500")]
    page = [
        part
        for n, (name, *numbers) in enumerate(rows)
        for part in (
            Printed(72, 700 - 14 * n, f"{name} {'.' * (50 - len(name))}"),
            *(Printed(400 + 80 * column, 700 - 14 * n, words) for column, words in enumerate(numbers)),
        )
    ]
    document = load_bytes(build([page]), source="a.pdf")
    assert document.text == "\n".join(" | ".join(row) for row in rows)
    assert len(document.tables) == 1


def _word(text: str, left: float, start: int) -> Line:
    place = Place(start, start + len(text), 100, 110)
    return Line(text, left, left + 6 * len(text), 100, 110, places=(place,))


def test_leftward_scripts_are_read_from_the_right() -> None:
    """Words of a cell and cells of a row stand from left to right on the page, but are read the other way."""
    words = [_word("הכל", 100, 3), _word("סך", 130, 0)]
    assert sentence(words) == "סך הכל"
    assert sentence([_word("total", 100, 0), _word("sum", 140, 6)]) == "total sum"
    cells = [Line("הדבורים", 400, 450, 100, 110), Line("הכוורת", 300, 350, 100, 110)]
    assert [line.text for line in lines_in_reading_order(cells)] == ["הדבורים הכוורת"]


@pytest.mark.parametrize(("words", "leftward"), [("סך הכל 1.9", True), ("قائمة", True), ("Hull 7", False), ("", False)])
def test_scripts_that_run_to_the_left(words: str, *, leftward: bool) -> None:
    """Most of the letters decide; digits belong to no script."""
    assert runs_to_the_left(words) is leftward


def test_letters_of_a_slanted_label_are_on_one_level() -> None:
    """Each letter of a label at an axis is higher than the one before, but all stand on one slanted baseline."""
    slanted = [Glyph(10 * n, 10 * n, (-7.0, 7.0)) for n in range(2)]
    upright = [Glyph(10 * n, 4 * n, (0.0, 10.0)) for n in range(2)]
    assert not slanted[0].is_on_another_level(slanted[1])
    assert upright[0].is_on_another_level(upright[1])


@pytest.mark.parametrize(
    ("next_column", "joined"), [("rance of the tides was wide", True), ("need of a pilot was wide", False)]
)
def test_word_is_not_joined_with_a_word_of_its_own_in_another_column(next_column: str, joined: bool) -> None:
    """A word broken at the end of a column ends in the next one, unless that begins with a word of its own."""
    left = ["The harbour of the old town was closed to ships", "for the whole winter, because the mere igno-"]
    right = [f"{next_column} among all", "who had no need to sail before the spring."]
    text = load_bytes(build([[*column(left), *column(right, x=320)]]), source="a.pdf").text
    assert ("ignorance" in text) == joined
    assert "ignoneed" not in text


# PDF: any lines become paragraphs, and none is lost but running heads and page numbers


SIGNS = [
    "#", "# #", "#1", "1", "# 1", "1 #", "ii", "ı", "İ", "٣", "²", "-", "-\u00ad", "\ufffe", "\ufffd", "%",
    "\\1", "",
]  # fmt: skip
"""Signs that have a meaning in a pattern, or look like a number or a numeral."""

words = st.lists(st.sampled_from(SIGNS) | st.text(max_size=4), min_size=1, max_size=4).map(" ".join)
lines = st.builds(
    lambda text, left, width, bottom, size, bold, sideways: Line(
        text, left, left + width, bottom, bottom + size, bold, sideways
    ),
    words.map(lambda text: " ".join(normalise(text).split())).filter(bool),
    st.sampled_from([0.0, 72.0, 300.0]),
    st.sampled_from([0.0, 10.0, 200.0, 500.0]),
    st.sampled_from([-3.0, 20.0, 30.0, 400.0, 411.0, 760.0]),
    st.sampled_from([0.0, 8.0, 11.0, 20.0]),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)
sheets = st.lists(
    st.lists(lines, max_size=6).map(lambda page_lines: Sheet(792.0, tuple(page_lines))), min_size=1, max_size=6
)


@given(sheets)
def test_any_lines_become_paragraphs_with_all_letters(pages: list[Sheet]) -> None:
    """Any lines become paragraphs that have all of their letters; only whole lines are left out."""
    body = body_size([sheet.lines for sheet in pages])
    kept_sheets, notes = without_furniture(pages, body)
    printed = Counter(line for sheet in pages for line in sheet.lines)
    kept_lines = Counter(line for sheet_lines in kept_sheets for line in sheet_lines)
    assert kept_lines <= printed
    assert bool(notes) == (kept_lines != printed)
    if any(kept_sheets):
        body_paragraphs = joined_lines([lines_in_reading_order(sheet_lines) for sheet_lines in kept_sheets], body)
        heading_levels(body_paragraphs, body, [])
        describe({}, body_paragraphs, body, "a.pdf")
        assert _letters(paragraph.text for paragraph in body_paragraphs) == _letters(
            line.text for line in kept_lines.elements()
        )


def _letters(texts: object) -> Counter[str]:
    """Count the letters, without hyphens and blanks, which change where lines are joined."""
    return Counter(letter for text in texts for letter in text if letter != "-" and not letter.isspace())  # type: ignore[attr-defined]


@pytest.mark.parametrize("sign", ["#", "# of bees:", "A #", "# 1 of #", "Hive #{number}", "#{number} #"])
def test_number_sign_at_the_edge_of_a_page_is_not_a_number(sign: str) -> None:
    """A number sign was once taken for a page number beside lines that have one in its place."""
    heads = [sign.replace("{number}", str(number)) if number % 2 else sign.replace("#", "1") for number in range(6)]
    pages = [
        [Printed(72, 760, head), *column([f"Day {number * number} was fine."], top=500)]
        for number, head in enumerate(heads)
    ]
    text = load_bytes(build(pages), source="a.pdf").text
    assert all(f"Day {number * number} was fine." in text for number in range(6))


@pytest.mark.parametrize("letter", ["ı", "İ", "ſ", "Ⅳ"])
def test_letter_outside_ascii_is_not_a_roman_numeral(letter: str) -> None:
    """A dotless i at the edge of a page is a Turkish letter, not a Roman numeral."""
    page = Sheet(792.0, (Line(letter, 72, 80, 30, 41), Line("The bees are well.", 72, 200, 400, 411)))
    kept_sheets, notes = without_furniture([page] * 4, 11)
    assert (len(kept_sheets), all(kept_sheets)) == (4, True)
    assert "page numbers" not in "".join(notes)

"""PDF: any lines become paragraphs, and none is lost but running heads and page numbers."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.loading.loader import load_bytes
from index.loading.pdf.extraction import describe
from index.loading.pdf.furniture import without_furniture
from index.loading.pdf.lines import Line, Sheet
from index.loading.pdf.paragraphs import body_size, heading_levels, paragraphs
from index.loading.pdf.reading_order import lines_in_reading_order
from index.text.sentences import normalise
from tests.loading.pdfs import Printed, build, column

SIGNS = [
    "#",
    "# #",
    "#1",
    "1",
    "# 1",
    "1 #",
    "ii",
    "ı",
    "İ",
    "٣",
    "²",
    "-",
    "-\u00ad",
    "\ufffe",
    "\ufffd",
    "%",
    "\\1",
    "",
]
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
        body_paragraphs = paragraphs([lines_in_reading_order(sheet_lines) for sheet_lines in kept_sheets], body)
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

"""Tables of recognised pages: cells with headers, and words with boxes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from index.loading.loader import load_bytes
from index.loading.recognition.engine import PageWords, PrintedRule, PrintedWord, turned_back
from index.loading.recognition.recogniser import PageStore, Recogniser
from tests.loading.printed_pages import HEIGHT, WIDTH, FakeEngine, page_words, saved, scanned_pdf
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.records import Document

SHIPS = [("Ship", "Year", "Tons"), ("Tern", "1911", "400"), ("Skua", "1922", "650"), ("Great Auk", "1934", "1,020")]


def words_of(rows: Sequence[Sequence[str]], *, top: float = 0.2, first_line: int = 0) -> tuple[PrintedWord, ...]:
    """Return the words of a table as an engine reads them: column by column, each cell a line."""
    found = []
    for column in range(len(rows[0])):
        for number, row in enumerate(rows):
            left = 0.1 + 0.2 * column
            for word in row[column].split():
                right, upper = left + 0.012 * len(word), top + 0.025 * number
                line = first_line + len(rows) * column + number
                found.append(PrintedWord(word, left, upper, right, upper + 0.012, 0.9 - 0.01 * column, line))
                left = right + 0.008
    return tuple(found)


def read(*pages: PageWords) -> Document:
    """Read a scan of these pages, on which only their rules are drawn."""
    engine = FakeEngine([replace(page, rules=()) for page in pages])
    return load_bytes(scanned_pdf(list(map(ruled, pages))), source="ships.pdf", recogniser=Recogniser(loaded=engine))


def ruled(page: PageWords) -> Image.Image:
    """Draw the rules of a page."""
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    for rule in page.rules:
        ends = (rule.left * WIDTH, rule.top * HEIGHT, rule.right * WIDTH, rule.bottom * HEIGHT)
        ImageDraw.Draw(picture).line(ends, fill=0, width=2)
    return picture


def cells(document: Document) -> list[tuple[str, ...]]:
    """Return each cell with its row and column headers."""
    return [
        (document.text[cell.start : cell.end], table.rows[cell.row], table.columns[cell.column])
        for table in document.tables
        for cell in table.cells
    ]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_scanned_table_has_cells_with_headers(turn: int) -> None:
    """However the page lies; each word keeps its box and confidence, and is an exact part of its cell."""
    upright = PageWords(words_of(SHIPS), languages=("eng",))
    document = read(replace(turned_back(upright, turn), turn=turn) if turn else upright)
    assert len(document.tables) == 1
    assert document.tables[0].header_rows == 1
    assert ("1,020", "Great Auk", "Tons") in cells(document)
    slices = {document.text[word.start : word.end]: word for word in document.recognised}
    assert list(slices) == " ".join(" ".join(row) for row in SHIPS).split()
    assert slices["1,020"].confidence == 0.88
    original = next(word for word in turned_back(upright, turn).words if word.text == "1,020")
    assert slices["1,020"][3:7] == pytest.approx(original[1:5])


def test_rules_join_the_lines_of_a_row() -> None:
    """Rules divide rows as those of a PDF do; a bar that stands for a rule is no word."""
    rows = [("Ship", "Home"), ("Tern", "the harbour"), ("", "of Norwich"), ("Skua", "the Kiel"), ("", "canal | docks")]
    across = [PrintedRule(0.08, y, 0.6, y) for y in (0.195, 0.22, 0.27, 0.32)]
    down = [PrintedRule(x, 0.195, x, 0.32) for x in (0.08, 0.28, 0.6)]
    document = read(PageWords(words_of(rows), rules=(*across, *down)))
    assert document.text == "Ship | Home\nTern | the harbour of Norwich\nSkua | the Kiel canal docks"
    assert ("the Kiel canal docks", "Skua", "Home") in cells(document)
    assert [document.text[w.start : w.end] for w in document.recognised][-4:] == ["the", "Kiel", "canal", "docks"]


def test_table_goes_on_over_pages() -> None:
    """The head is not repeated, and its words on the second page are left out."""
    more = [SHIPS[0], ("Gannet", "1941", "90"), ("Petrel", "1950", "75"), ("Fulmar", "1951", "80")]
    document = read(PageWords(words_of(SHIPS)), PageWords(words_of(more)))
    assert document.text.count("Tons") == 1
    assert ("75", "Petrel", "Tons") in cells(document)
    last = {document.text[word.start : word.end]: word.page for word in document.recognised}
    assert (last["Tons"], last["1,020"], last["Gannet"], last["80"]) == (0, 0, 1, 1)


def test_columns_of_prose_are_no_table() -> None:
    """Nor are lists, or a page with rules between paragraphs."""
    line = "the old harbour of Norwich was closed in winter and nobody in the town had a boat"
    prose = line.split()
    left = page_words([" ".join(prose[n % 5 : n % 5 + 6]) for n in range(12)]).words
    right = tuple(word._replace(left=word.left + 0.45, right=word.right + 0.45, line=word.line + 50) for word in left)
    rules = tuple(PrintedRule(0.1, y, 0.9, y) for y in (0.08, 0.2, 0.3, 0.9))
    for page in (PageWords(left + right), PageWords(left + right, rules=rules), PageWords(left, rules=rules)):
        assert read(page).tables == ()


def test_rules_are_kept_with_the_page(tmp_path: Path) -> None:
    """A table is found again where the recognition of its page is stored."""
    page = PageWords(words_of(SHIPS), 90, ("eng",), "", (PrintedRule(0.1, 0.2, 0.5, 0.21),))
    PageStore(tmp_path, "scan").put(3, "key", page)
    assert PageStore(tmp_path, "scan").get(3, "key") == page


REAL = {
    ("single_table.pdf", "Chipper", "total chunks"): "20,843",
    ("single_table.pdf", "Base 256", "mean chunks per document (std)"): "400.64 (242.04)",
    ("table-multi-row-column-cells.pdf", "Blind", "Ballots Completed"): "1",
    ("table-multi-row-column-cells.pdf", "Low Vision", "Results, Accuracy"): "98.3% n=2 (97.7%, n=3)",
}


@pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")
@NEEDS_FILES
@pytest.mark.parametrize("name", sorted({name for name, _, _ in REAL}))
def test_scans_of_real_tables(name: str) -> None:
    """Tables with rules, lonely digits, and a shaded head with headings over several columns."""
    import pypdfium2 as pdfium

    with pdfium.PdfDocument(FILES / "pdf" / name) as opened:
        pages = [page.render(scale=200 / 72).to_pil().convert("L") for page in opened]
    found = {
        (row, column): words
        for words, row, column in cells(load_bytes(saved(pages, "PDF", resolution=200.0), source=name))
    }
    wanted = {key[1:]: words for key, words in REAL.items() if key[0] == name}
    assert {key: found.get(key) for key in wanted} == wanted

"""Records and their derived properties."""

from __future__ import annotations

from dataclasses import replace
from pkgutil import resolve_name

import pytest

from index.records import DocumentInfo, Location, Reading, Span
from index.records.file_kinds import format_of, formats, is_plain, kind_of, origin, reading_in_words
from tests.cases import cases


def test_span_is_half_open_and_counts_code_points() -> None:
    """The start belongs to the span, the end does not; offsets are not bytes or UTF-16 units."""
    assert Span(2, 4).of("😀naïve") == "aï"
    assert Span(3, 3).of("abcdef") == ""


@cases(
    ("location", "label"),
    [
        pytest.param(Location("3", "Trade > Oil", 2), "p. 3, § Trade > Oil, ¶ 2", id="all of it"),
        pytest.param(Location("iv"), "p. iv", id="page"),
        pytest.param(Location(heading="Trade"), "§ Trade", id="heading"),
        pytest.param(Location(paragraph=7), "¶ 7", id="paragraph"),
        pytest.param(Location(), "", id="nothing"),
    ],
)
def test_location_label_has_page_heading_and_paragraph(location: Location, label: str) -> None:
    """Unknown parts are omitted."""
    assert location.label == str(location) == label


@cases(
    ("title", "source", "name"),
    [
        ("The Treaty", "/papers/treaty.pdf", "The Treaty"),
        ("", "/papers/treaty.pdf", "treaty.pdf"),
        ("", "https://example.org/a/b.html", "b.html"),
        ("", "/", "/"),
    ],
)
def test_document_name_is_its_title_or_file_name(title: str, source: str, name: str) -> None:
    """Without either, it is the source."""
    assert DocumentInfo("f", source, title, "", "", "text/plain", 1, 0, 1).name == name


# The kinds of files, and how a document was read, in words


PDF = DocumentInfo("0" * 64, "/a/report.pdf", "", "", "", "application/pdf", 900, 12, 3)
MARKDOWN = replace(PDF, source="/a/notes.md", media_type="text/markdown", pages=0)
PNG = replace(PDF, source="/a/bill.png", media_type="image/png", pages=1)
READINGS = {
    "text layer": (PDF, Reading(languages=("en",)), "PDF · text layer · English"),
    "tables": (PDF, Reading(tables=1, languages=("de", "en")), "PDF · text layer · 1 table · German, English"),
    "scan": (PDF, Reading(12, "tesseract 5.5"), "Scan · 12 pages recognised by tesseract 5.5"),
    "mixed": (
        PDF,
        Reading(3, "tesseract 5.5", empty_pages=1),
        "PDF · 3 of 12 pages recognised by tesseract 5.5 · 1 page without words",
    ),
    "picture": (PNG, Reading(1, "tesseract 5.5"), "Scan · 1 page recognised by tesseract 5.5"),
    "attachment": (MARKDOWN, Reading(container="/a/letter.eml"), "Markdown · attached to letter.eml"),
    "member": (MARKDOWN, Reading(container="/a/papers.tar.gz"), "Markdown · from papers.tar.gz"),
    "text": (MARKDOWN, Reading(), "Markdown"),
}


@cases(("info", "reading", "words"), READINGS.values(), ids=READINGS.keys())
def test_reading_in_words(info: DocumentInfo, reading: Reading, words: str) -> None:
    """It names what was recognised, what is missing, tables, languages and where the document comes from."""
    assert reading_in_words(replace(info, reading=reading)) == words


def test_reading_is_plain_if_nothing_need_be_said() -> None:
    """Languages and tables are no reason for a line on the receipt; recognition, gaps and containers are.

    A report with some scanned pages is still a PDF. Later formats have the end of their media type as name.
    """
    assert is_plain(Reading(tables=3, languages=("en",)))
    assert not any(map(is_plain, (Reading(1), Reading(empty_pages=1), Reading(container="/a/b.zip"))))
    assert [kind_of(replace(PDF, reading=Reading(pages))) for pages in (0, 6, 7)] == ["PDF", "PDF", "Scan"]
    assert format_of("application/x-shape").kind == "shape"
    assert origin(Reading(container="https://example.org/mail.mbox")) == "attached to mail.mbox"


def test_each_name_media_type_and_ending_has_one_meaning() -> None:
    """The list names each format once, its readers exist, and every format of the formats' issue is in it."""
    names = [each.name for each in formats()]
    assert sorted(names) == sorted(set(names))
    kinds = {(media_type, each.kind) for each in formats() for media_type in each.media_types.split()}
    kinds |= {(ending, each.kind) for each in formats() for ending in each.endings.split()}
    assert len(kinds) == len({word for word, _ in kinds})
    assert all(callable(resolve_name(name)) for each in formats() for name in (each.read, each.members) if name)
    issue = "pptx xlsx xls ods csv tsv eml mbox html mhtml zip gz png jpg tiff webp pdf docx md txt"
    assert {ending for each in formats() for ending in each.endings.split()} >= {*issue.split()}

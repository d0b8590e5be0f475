"""Records and their derived properties."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from pkgutil import resolve_name
from typing import Any

import pytest

from index.records import (
    DocumentInfo,
    Found,
    Hit,
    Location,
    Passage,
    Reading,
    Span,
    boxes,
    document,
    report,
    results,
    table,
)
from index.records.file_kinds import format_of, formats, is_plain, kind_of, origin, reading_in_words
from tests.cases import cases
from tests.factories import why

RECORDS = [
    record
    for module in (boxes, document, report, results, table)
    for record in vars(module).values()
    if isinstance(record, type) and is_dataclass(record) and record.__module__ == module.__name__
]
INFO = DocumentInfo("f" * 64, "/papers/treaty.pdf", "The Treaty", "", "", "application/pdf", 99, 3, 1)
PASSAGE = Passage(1, INFO.id, 0, 10, 32, "It rained. Peace came.", (Span(10, 20), Span(21, 32)))
HIT = Hit(PASSAGE, INFO, 0.5, Span(21, 32), Location("2"), why(dense=0.5, dense_rank=1))


def test_span_is_half_open_and_counts_code_points() -> None:
    """The start belongs to the span, the end does not; offsets are not bytes or UTF-16 units."""
    assert Span(2, 4).of("😀naïve") == "aï"
    assert Span(3, 3).of("abcdef") == ""


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


def test_quote_of_a_hit_is_its_pin() -> None:
    """The pin's offsets are relative to the document, and the quote is cut from the passage."""
    assert HIT.quote == "Peace came."


def test_search_result_is_a_sequence_of_hits() -> None:
    """It has a length, can be iterated, and its first element is the best hit."""
    found = Found("peace?", (HIT,), {})
    assert (len(found), list(found), found[0]) == (1, [HIT], HIT)


@cases("record", RECORDS, ids=lambda record: record.__name__)
def test_records_are_frozen_slotted_and_documented(record: Any) -> None:
    """Records cannot be changed or given new fields, and each has a docstring."""
    assert record.__doc__
    assert not record.__doc__.startswith(record.__name__ + "(")
    assert "__dict__" not in dir(record)
    bare = object.__new__(record)
    with pytest.raises(FrozenInstanceError):
        setattr(bare, fields(record)[0].name, None)


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
    """Languages and tables are no reason for a line on the receipt; recognition, gaps and containers are."""
    assert is_plain(Reading(tables=3, languages=("en",)))
    assert not any(map(is_plain, (Reading(1), Reading(empty_pages=1), Reading(container="/a/b.zip"))))


def test_scan_has_mostly_recognised_pages() -> None:
    """A report with some scanned pages is still a PDF."""
    assert [kind_of(replace(PDF, reading=Reading(pages))) for pages in (0, 6, 7)] == ["PDF", "PDF", "Scan"]


def test_unknown_format_and_container_have_a_name() -> None:
    """Formats that a later version reads have the end of their media type as name."""
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

"""Records and their derived properties."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest

from index import records
from index.records import DocumentInfo, Found, Hit, Landmark, Location, Passage, Span
from tests.cases import cases
from tests.factories import why

RECORDS = [
    record for name in records.__all__ if isinstance(record := getattr(records, name), type) and is_dataclass(record)
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


def test_records_are_compared_by_value() -> None:
    """Two records with the same content are equal and have the same hash."""
    assert Landmark("page", 0, "1") == Landmark("page", 0, "1")
    assert len({Landmark("page", 0, "1"), Landmark("page", 0, "1")}) == 1

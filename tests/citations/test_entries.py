"""Citations made fit for one line."""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given

from index.citations.entries import LONGEST, describe_citation, nearest_entry
from index.records import Citation, Location
from tests.citations.factories import FILE, PAGE, citation, citations, hit


def test_a_reference_says_who_what_when_and_where() -> None:
    """As far as it is known."""
    assert describe_citation(citation()).reference == (
        "John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1"
    )
    bare = citation(replace(FILE, title="", author="", date=""), location=Location())
    assert describe_citation(bare).reference == "cholera.pdf"


def test_a_file_is_called_by_its_name_and_not_by_its_path() -> None:
    """Where it lies on somebody's disk is nobody else's business."""
    entry = describe_citation(citation())
    assert (entry.file, entry.address) == ("cholera.pdf", "")
    assert not any("private" in str(getattr(entry, name)) for name in entry.__slots__)


def test_a_page_is_called_by_its_address() -> None:
    """And has no file."""
    entry = describe_citation(citation(PAGE))
    assert (entry.file, entry.address) == ("", "https://example.org/cholera")


@pytest.mark.parametrize(
    ("date", "issued"),
    [
        ("1855-03-02", (1855, 3, 2)),
        ("1855-03", (1855, 3)),
        ("1855", (1855,)),
        ("", ()),
        ("2020-13", ()),
        ("0000", ()),
        ("2021-02-29", ()),
        ("<b>1855</b>", ()),
        ("１８５５", ()),
    ],
)
def test_a_date_is_taken_apart_only_if_it_is_one(date: str, issued: tuple[int, ...]) -> None:
    """Else it stands as stated, and in no field for dates."""
    entry = describe_citation(citation(replace(FILE, date=date)))
    assert (entry.issued, entry.date) == (issued, date)


def test_a_key_is_the_quotes_own() -> None:
    """The same quote has the same key in every export; another quote, or the same span of another document, has not."""
    key = describe_citation(citation()).key
    assert key == describe_citation(citation(marker=9)).key
    assert key.startswith("snow1855-")
    assert (
        len({key, describe_citation(citation(start=12)).key, describe_citation(citation(replace(FILE, id="a"))).key})
        == 3
    )


@given(citations())
def test_nothing_in_an_entry_breaks_a_line_or_cannot_be_seen(each: Citation) -> None:
    """No line breaks, controls, directional marks, zero-width spaces or halves of characters; keys are plain ASCII."""
    entry = describe_citation(each)
    words = [entry.title, entry.author, entry.date, entry.quote, entry.file, entry.reference, entry.note, entry.link]
    words += [name.sorted for name in entry.names]
    for text in words:
        assert len(text.splitlines()) <= 1
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
        assert not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\u200e\u200f\ufeff\u2060")
    assert entry.title
    assert re.fullmatch(r"[a-z0-9]+-[0-9a-f]{8}", entry.key)


def test_huge_fields_are_cut_and_quotes_are_not() -> None:
    """An author of a megabyte is a trap; a quote that lost its end would be no quote."""
    huge = "John Snow; " * 100_000
    begun = time.thread_time()
    entry = describe_citation(
        citation(replace(FILE, title=huge, author=huge), location=Location(huge, huge), quote=huge)
    )
    assert time.thread_time() - begun < 5
    assert all(
        len(text) <= LONGEST for text in (entry.title, entry.author, entry.location.page, entry.location.heading)
    )
    assert entry.title.endswith("…")
    assert entry.quote == huge.strip()


def test_the_nearest_miss_is_described_like_a_citation() -> None:
    """It is no citation, so it has no number."""
    assert nearest_entry(hit()) == describe_citation(citation(marker=0))

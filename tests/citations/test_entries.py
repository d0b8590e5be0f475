"""Entries: citations prepared for one line of text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given

from index.citations.entries import LONGEST, describe_citation, nearest_entry
from index.records import Citation, Location
from tests.citations.factories import FILE, PAGE, citation, citations, hit


def test_reference_names_author_title_date_and_place() -> None:
    """Unknown parts are left out."""
    assert describe_citation(citation()).reference == (
        "John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1"
    )
    bare = citation(replace(FILE, title="", author="", date=""), location=Location())
    assert describe_citation(bare).reference == "cholera.pdf"


def test_file_is_named_without_its_path() -> None:
    """The location of a file on a user's disk is private."""
    entry = describe_citation(citation())
    assert (entry.file, entry.address) == ("cholera.pdf", "")
    assert not any("private" in str(getattr(entry, name)) for name in entry.__slots__)


def test_web_page_is_named_by_its_address() -> None:
    """A web page has no file name."""
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
def test_only_valid_dates_are_split(date: str, issued: tuple[int, ...]) -> None:
    """An invalid date stays as text and is in no date field."""
    entry = describe_citation(citation(replace(FILE, date=date)))
    assert (entry.issued, entry.date) == (issued, date)


def test_key_identifies_the_quote() -> None:
    """A quote has one key in every export; another span, or the same span of another document, has another key."""
    key = describe_citation(citation()).key
    assert key == describe_citation(citation(marker=9)).key
    assert key.startswith("snow1855-")
    assert (
        len({key, describe_citation(citation(start=12)).key, describe_citation(citation(replace(FILE, id="a"))).key})
        == 3
    )


@given(citations())
def test_entry_has_no_line_breaks_or_invisible_characters(cited: Citation) -> None:
    """Controls, directional marks, zero-width spaces and surrogates are removed; keys are plain ASCII."""
    entry = describe_citation(cited)
    texts = [entry.title, entry.author, entry.date, entry.quote, entry.file, entry.reference, entry.note, entry.link]
    texts += [name.sorted for name in entry.names]
    for text in texts:
        assert len(text.splitlines()) <= 1
        assert not [character for character in text if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]
        assert not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\u200e\u200f\ufeff\u2060")
    assert entry.title
    assert re.fullmatch(r"[a-z0-9]+-[0-9a-f]{8}", entry.key)


def test_long_fields_are_shortened_but_quotes_are_not() -> None:
    """A megabyte of authors is an attack, on which quadratic time would take hours. A quote keeps its end."""
    huge = "John Snow; " * 100_000
    entry = describe_citation(
        citation(replace(FILE, title=huge, author=huge), location=Location(huge, huge), quote=huge)
    )
    assert all(
        len(text) <= LONGEST for text in (entry.title, entry.author, entry.location.page, entry.location.heading)
    )
    assert entry.title.endswith("…")
    assert entry.quote == huge.strip()


def test_nearest_hit_is_described_like_a_citation() -> None:
    """It is no citation, so its number is 0."""
    assert nearest_entry(hit()) == describe_citation(citation(marker=0))

"""Entries: authors, locations, links to the exact words of a document, and the lines that describe a citation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.citations.entries import (
    MAX_FIELD_CHARACTERS,
    MAX_NAMES,
    QuoteContext,
    deep_link,
    describe_citation,
    locate,
    nearest_entry,
    parse_names,
    web_address,
)
from index.records import Citation, Location, Span
from tests.cases import cases
from tests.citations.factories import FILE, PAGE, citation, citations, hit, hostile, quoting
from tests.citations.kept_items import document as bare_document

if TYPE_CHECKING:
    from index.library.library import Library
    from index.records import Citation
    from tests.conftest import Write


def test_entry_names_the_source_and_identifies_the_quote() -> None:
    """Unknown parts are left out, and a path on a user's disk is private. A quote has one key in every export.

    Another span, or the same span of another document, has another key; the nearest hit has the number 0.
    """
    assert describe_citation(citation()).reference == (
        "John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1"
    )
    bare = citation(replace(FILE, title="", author="", date=""), location=Location())
    assert describe_citation(bare).reference == "cholera.pdf"
    entry = describe_citation(citation())
    assert (entry.file, entry.address) == ("cholera.pdf", "")
    assert not any("private" in str(getattr(entry, name)) for name in entry.__slots__)
    entry = describe_citation(citation(PAGE))
    assert (entry.file, entry.address) == ("", "https://example.org/cholera")
    key = describe_citation(citation()).key
    assert key == describe_citation(citation(marker=9)).key
    assert key.startswith("snow1855-")
    assert (
        len({key, describe_citation(citation(start=12)).key, describe_citation(citation(replace(FILE, id="a"))).key})
        == 3
    )
    assert nearest_entry(hit()) == describe_citation(citation(marker=0))


@cases(
    ("date", "issued"),
    [
        ("1855-03-02", (1855, 3, 2)), ("1855-03", (1855, 3)), ("1855", (1855,)), ("", ()), ("2020-13", ()),
        ("0000", ()), ("2021-02-29", ()), ("<b>1855</b>", ()), ("１８５５", ()),
    ],
)  # fmt: skip
def test_only_valid_dates_are_split(date: str, issued: tuple[int, ...]) -> None:
    """An invalid date stays as text and is in no date field."""
    entry = describe_citation(citation(replace(FILE, date=date)))
    assert (entry.issued, entry.date) == (issued, date)


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
        len(text) <= MAX_FIELD_CHARACTERS
        for text in (entry.title, entry.author, entry.location.page, entry.location.heading)
    )
    assert entry.title.endswith("…")
    assert entry.quote == huge.strip()


def link(quote: str, source: str = "https://example.org/a", context: QuoteContext | None = None) -> str:
    """Return the link to a quote of a web page."""
    return deep_link(quoting(quote, replace(PAGE, source=source)), context)


def directive(address: str) -> list[str]:
    """Return the decoded parts of a text directive, as a browser splits it."""
    return [unquote(part) for part in address.partition("#:~:text=")[2].split(",")]


def test_link_has_the_span_of_a_file_or_the_words_of_a_page() -> None:
    """The path of a file means nothing on another machine; in a web page, a browser scrolls to the words.

    Dash, comma and ampersand separate the parts of its directive; other symbols are encoded as in any address.
    """
    assert deep_link(citation()) == f"pincite:{'5e' * 32}#11-50"
    assert link("The pump was the cause.") == "https://example.org/a#:~:text=The%20pump%20was%20the%20cause%2E"
    address = link('Yes, a well-known "case" & 100 % <true>')
    assert address.endswith("#:~:text=Yes%2C%20a%20well%2Dknown%20%22case%22%20%26%20100%20%25%20%3Ctrue%3E")


def test_long_quote_is_given_by_its_ends_and_a_short_one_with_its_context() -> None:
    """A few words are enough, so the link stays short; in different blocks, a browser needs both ends.

    `Yes.` alone would be found at its first occurrence; context on other lines is another block, and left out.
    """
    words = [f"word{number}" for number in range(100)]
    assert directive(link(" ".join(words))) == [" ".join(words[:6]), " ".join(words[-6:])]
    assert directive(link("One two three\nfour five\n\nsix seven")) == ["One two three", "six seven"]
    address = link("Yes.", context=QuoteContext("Above.\nDid he agree, then? ", " He did so twice, he said.\nBelow."))
    assert directive(address) == ["Did he agree, then?-", "Yes.", "-He did so twice,"]
    assert directive(link("Yes.")) == directive(link("Yes.", context=QuoteContext("Above.\n", "\nBelow."))) == ["Yes."]


@cases(
    ("source", "address"),
    [
        pytest.param("https://example.org/a#top", "https://example.org/a#top:~:text=x", id="a fragment is kept"),
        pytest.param("https://example.org/#:~:text=y", "https://example.org/#:~:text=x", id="a directive is replaced"),
        pytest.param("https://me:secret@example.org/", "https://example.org/#:~:text=x", id="no password"),
        pytest.param("https://example.org/a b{c}\\d", "https://example.org/a%20b%7Bc%7D%5Cd#:~:text=x", id="encoded"),
        pytest.param("https://example.org/100%/%20", "https://example.org/100%25/%20#:~:text=x", id="encoded once"),
        pytest.param("http://bücher.example/ä", "http://xn--bcher-kva.example/%C3%A4#:~:text=x", id="another script"),
        pytest.param("HTTPS://example.org:8080/?q=a&b=c", "https://example.org:8080/?q=a&b=c#:~:text=x", id="query"),
    ],
)
def test_address_is_normalised_before_the_directive(source: str, address: str) -> None:
    """Passwords are removed, and characters that are not allowed are encoded."""
    assert link("x", source) == address


@cases(
    "source",
    [
        "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "http://", "http://[x", "https://a b/",
        "//a/b", "",
    ],
)  # fmt: skip
def test_invalid_web_address_is_not_linked(source: str) -> None:
    """Only http and https with a valid host are linked."""
    assert web_address(source) == ""
    assert link("x", source).startswith("pincite:")


@given(citations())
def test_link_has_only_characters_that_are_safe_in_every_format(cited: Citation) -> None:
    """It has no space, bracket, brace, quotation mark or backslash, and is ASCII."""
    address = deep_link(cited)
    assert re.fullmatch(r"(https?|pincite):[!#$%&'()*+,\-./:;=?@_~A-Za-z0-9\[\]]+", address)
    assert address.startswith("pincite:") or urlsplit(address).hostname


@given(hostile, st.text(alphabet="ab -,&\n", max_size=400))
def test_words_of_a_document_add_no_parts_to_a_directive(first: str, second: str) -> None:
    """A directive has a start, or a start and an end."""
    for quote in (first, second):
        parts = link(quote).partition(":~:text=")[2].split(",")
        assert len(parts) <= 2
        assert not any("-" in part or "&" in part for part in parts)


PAPER = """\
Before all headings.

# Trade

One paragraph.

Another one.

## Oil

Deep in it.

### Crude

Deeper.

## Gas

Up again, and on.

# Peace

The end.
"""


def test_location_agrees_with_the_library(library: Library, write: Write) -> None:
    """Both agree for every character of a document, which may have no landmarks."""
    library.add(write("paper.md", PAPER))
    document = library.document("paper.md")
    assert len(document.landmarks) > 10
    for start in range(len(document.text)):
        assert locate(document, Span(start, start)) == library.locate("paper.md", Span(start, start))
    assert locate(bare_document("words"), Span(1, 3)) == Location()


@cases(
    ("author", "sorted_names"),
    [
        pytest.param("John Snow", ["Snow, John"], id="a person"),
        pytest.param("Snow, John", ["Snow, John"], id="filed already"),
        pytest.param("J. R. R. Tolkien", ["Tolkien, J. R. R."], id="initials"),
        pytest.param("Ludwig van Beethoven", ["van Beethoven, Ludwig"], id="a particle"),
        pytest.param("Anna Müller, Bo Lee and Chi Wu", ["Müller, Anna", "Lee, Bo", "Wu, Chi"], id="a list"),
        pytest.param("Anna Müller & Bo Lee", ["Müller, Anna", "Lee, Bo"], id="two"),
        pytest.param("Snow, John; Farr, William", ["Snow, John", "Farr, William"], id="semicolons"),
        pytest.param("Royal Commission", ["Royal Commission"], id="a body"),
        pytest.param(
            "Department of Health and Social Care", ["Department of Health and Social Care"], id="a body with and"
        ),
        pytest.param("Johnson & Johnson", ["Johnson & Johnson"], id="a firm"),
        pytest.param("Foo, Inc.", ["Foo, Inc."], id="a firm with a comma"),
        pytest.param("The Economist", ["The Economist"], id="an article"),
        pytest.param("Pincite seed library", ["Pincite seed library"], id="lower case"),
        pytest.param("RAND EUROPE", ["RAND EUROPE"], id="capitals"),
        pytest.param("Dr. John Snow", ["Dr. John Snow"], id="a title"),
        pytest.param("Martin Luther King Jr.", ["Martin Luther King Jr."], id="a suffix"),
        pytest.param("Voltaire", ["Voltaire"], id="one word"),
        pytest.param("山田太郎", ["山田太郎"], id="no capitals"),
        pytest.param("", [], id="none"),
        pytest.param(" ; ", [], id="nothing between semicolons"),
    ],
)
def test_only_personal_names_are_split(author: str, sorted_names: list[str]) -> None:
    """A name that could be an organisation stays whole, because a wrong split gives a wrong author."""
    assert [name.sorted for name in parse_names(author)] == sorted_names


@given(hostile)
def test_no_letter_of_an_author_is_lost(author: str) -> None:
    """All letters and digits are in the names, except for an `and` between two names; their number is limited."""
    line = " ".join(author.split())
    names = "".join(f"{name.given}{name.family}" for name in parse_names(line)).replace("and", "")
    original = "".join(character for character in line if character.isalnum()).replace("and", "")
    assert sorted(character for character in names if character.isalnum()) == sorted(original)
    assert len(parse_names("; ".join(["John Snow"] * 1000))) == MAX_NAMES

"""Links to the exact words of a document."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.citations.entries import QuoteContext, deep_link, web_address
from tests.citations.factories import PAGE, citation, citations, hostile, quoting

if TYPE_CHECKING:
    from index.records import Citation


def link(quote: str, source: str = "https://example.org/a", context: QuoteContext | None = None) -> str:
    """Return the link to a quote of a web page."""
    return deep_link(quoting(quote, replace(PAGE, source=source)), context)


def directive(address: str) -> list[str]:
    """Return the decoded parts of a text directive, as a browser splits it."""
    return [unquote(part) for part in address.partition("#:~:text=")[2].split(",")]


def test_link_to_a_file_has_its_hash_and_the_span() -> None:
    """The path of a file means nothing on another machine."""
    assert deep_link(citation()) == f"pincite:{'5e' * 32}#11-50"


def test_link_to_a_web_page_has_a_text_directive() -> None:
    """A browser scrolls to the words."""
    assert link("The pump was the cause.") == "https://example.org/a#:~:text=The%20pump%20was%20the%20cause%2E"


def test_special_characters_of_a_directive_are_encoded() -> None:
    """Dash, comma and ampersand separate its parts; other symbols are encoded as in any address."""
    address = link('Yes, a well-known "case" & 100 % <true>')
    assert address.endswith("#:~:text=Yes%2C%20a%20well%2Dknown%20%22case%22%20%26%20100%20%25%20%3Ctrue%3E")


def test_long_quote_is_given_by_its_ends() -> None:
    """Its first and last words are enough, so the link stays short."""
    words = [f"word{number}" for number in range(100)]
    assert directive(link(" ".join(words))) == [" ".join(words[:6]), " ".join(words[-6:])]


def test_quote_over_several_lines_is_given_by_its_ends() -> None:
    """A browser finds words in different blocks only if it gets both ends."""
    assert directive(link("One two three\nfour five\n\nsix seven")) == ["One two three", "six seven"]


def test_short_quote_is_given_with_its_context() -> None:
    """`Yes.` alone would be found at its first occurrence; context on other lines is another block."""
    address = link("Yes.", context=QuoteContext("Above.\nDid he agree, then? ", " He did so twice, he said.\nBelow."))
    assert directive(address) == ["Did he agree, then?-", "Yes.", "-He did so twice,"]


def test_short_quote_without_context_is_given_alone() -> None:
    """A quote that fills its line has no context, either."""
    assert directive(link("Yes.")) == directive(link("Yes.", context=QuoteContext("Above.\n", "\nBelow."))) == ["Yes."]


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
    "source",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "http://",
        "http://[x",
        "https://a b/",
        "//a/b",
        "",
    ],
)
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

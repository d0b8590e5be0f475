"""Links to the very words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.citations.links import QuoteContext, deep_link, web_address
from tests.citations.factories import PAGE, citation, citations, hostile, quoting

if TYPE_CHECKING:
    from index.records import Citation


def link(quote: str, source: str = "https://example.org/a", context: QuoteContext | None = None) -> str:
    """The link to a quote of a page."""
    return deep_link(quoting(quote, replace(PAGE, source=source)), context)


def directive(made: str) -> list[str]:
    """The parts of a text directive as a browser takes them apart, decoded last."""
    return [unquote(part) for part in made.partition("#:~:text=")[2].split(",")]


def test_a_file_is_named_by_its_contents_and_the_span() -> None:
    """Nobody else could open its path."""
    assert deep_link(citation()) == f"pincite:{'5e' * 32}#11-50"


def test_the_words_of_a_web_page_are_its_text_directive() -> None:
    """A browser scrolls to them."""
    assert link("The pump was the cause.") == "https://example.org/a#:~:text=The%20pump%20was%20the%20cause%2E"


def test_what_has_a_meaning_in_a_directive_is_encoded() -> None:
    """Dash, comma and ampersand part its parts; all else that is not a letter is encoded as in any address."""
    made = link('Yes, a well-known "case" & 100 % <true>')
    assert made.endswith("#:~:text=Yes%2C%20a%20well%2Dknown%20%22case%22%20%26%20100%20%25%20%3Ctrue%3E")


def test_a_long_quote_is_given_by_its_ends() -> None:
    """Its first and its last words; so it need not be repeated whole."""
    words = [f"word{number}" for number in range(100)]
    assert directive(link(" ".join(words))) == [" ".join(words[:6]), " ".join(words[-6:])]


def test_a_quote_over_several_lines_is_given_by_its_ends() -> None:
    """A browser finds no words that begin in one block and end in another, unless it is told both ends."""
    assert directive(link("One two three\nfour five\n\nsix seven")) == ["One two three", "six seven"]


def test_a_short_quote_takes_the_words_around_it_along() -> None:
    """`Yes.` alone would be found at its first occurrence; what is on other lines is another block."""
    made = link("Yes.", context=QuoteContext("Above.\nDid he agree, then? ", " He did so twice, he said.\nBelow."))
    assert directive(made) == ["Did he agree, then?-", "Yes.", "-He did so twice,"]


def test_a_short_quote_without_context_stands_alone() -> None:
    """And so does one that fills its line."""
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
def test_an_address_can_stand_anywhere(source: str, address: str) -> None:
    """It is the document's, less what does not belong into other hands, plus the directive."""
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
def test_what_is_no_web_address_is_not_made_a_link(source: str) -> None:
    """Only http and https with a host that can be one."""
    assert web_address(source) == ""
    assert link("x", source).startswith("pincite:")


@given(citations())
def test_no_link_has_a_character_with_a_meaning_elsewhere(each: Citation) -> None:
    """No blank, bracket, brace, quotation mark or backslash, nothing that is not ASCII."""
    made = deep_link(each)
    assert re.fullmatch(r"(https?|pincite):[!#$%&'()*+,\-./:;=?@_~A-Za-z0-9\[\]]+", made)
    assert made.startswith("pincite:") or urlsplit(made).hostname


@given(hostile, st.text(alphabet="ab -,&\n", max_size=400))
def test_a_directive_has_no_more_parts_than_it_should(first: str, second: str) -> None:
    """Start, or start and end; the words of a document add none."""
    for quote in (first, second):
        parts = link(quote).partition(":~:text=")[2].split(",")
        assert len(parts) <= 2
        assert not any("-" in part or "&" in part for part in parts)

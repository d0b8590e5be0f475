"""Markdown, read back by markdown-it with its footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from index.citations.export import cite, export
from index.citations.readable import escape_markdown, make_outline
from index.records import Answer, Citation, Statement
from index.text.sentences import one_line
from tests.cases import cases
from tests.citations.factories import PAGE, abstention, answer, answers, citation, citations, hostile, quoting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin, inline=True)
OURS = {
    "heading",
    "paragraph",
    "footnote_block",
    "footnote",
    "footnote_anchor",
    "inline",
    "blockquote",
    "em",
    "text",
    "link",
}
OURS |= {"footnote_ref", "text_special", "softbreak"}


def tokens(text: str) -> list[Token]:
    """Every token of a text, the inner ones too; none of a kind that we do not write."""
    found = [inner for token in PARSER.parse(text) for inner in (token, *(token.children or ()))]
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in found}
    assert kinds <= OURS, kinds - OURS
    return found


def words(found: Iterable[Token]) -> str:
    """What a reader sees."""
    return "".join(token.content for token in found if token.type in ("text", "text_special"))


def test_an_answer_has_a_footnote_for_each_quote() -> None:
    """With reference, words and link."""
    made = export(answer(citation(PAGE)), "markdown")
    assert made == (
        "## What was the cause?\n\n“The pump in Broad Street was the cause.”[^1]\n\n"
        "[^1]: John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1: "
        "“The pump in Broad Street was the cause.” "
        "<https://example.org/cholera#:~:text=The%20pump%20in%20Broad%20Street%20was%20the%20cause%2E>\n"
    )


def test_one_citation_is_a_block_quote() -> None:
    """And below it where it stands."""
    first, _, last = cite(citation(), "markdown").splitlines()
    assert first == "> “The pump in Broad Street was the cause.”"
    assert last.startswith(
        "> — John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1 <pincite:"
    )


def test_a_statement_that_does_not_hold_says_so() -> None:
    """In italics, which no text of a document can be."""
    made = export(answer(statements=(Statement("It was 1853!", (), "contradicted", "1854 in the source"),)), "markdown")
    assert "It was 1853\\! *(Contradicted: 1854 in the source)*" in made


def test_no_answer_says_so_and_shows_what_came_nearest() -> None:
    """With no footnotes, for there is nothing to pin."""
    made = export(abstention(), "markdown")
    assert "The documents hold no answer: nothing in 1,284 passages of 12 documents supports one" in made
    assert "Nearest:\n\n> “The pump in Broad Street was the cause.”\n" in made
    assert "[^" not in made


@cases(
    "text",
    [
        "# a",
        "- a",
        "+ a",
        "* a",
        "1. a",
        "1) a",
        "> a",
        "---",
        "===",
        "***",
        "~~~",
        ": a",
        "[a]: /b",
        "[^1]: a",
        "| a |",
    ],
)
def test_what_would_begin_a_block_begins_none(text: str) -> None:
    """At the beginning of a line as well."""
    found = tokens(escape_markdown(text))
    assert [token.type for token in found][:2] == ["paragraph_open", "inline"]
    assert words(found) == text


@pytest.mark.parametrize("plain", ["a-b, c. (d) “e”: f; g/h 50 % = 1 > 2 + 3 & more", "John Snow’s 1. case"])
def test_what_is_harmless_stays_readable(plain: str) -> None:
    """A text without markup is not strewn with backslashes."""
    assert escape_markdown(plain) == plain


@given(hostile)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    """And is nothing but text."""
    line = one_line(text)
    found = tokens(escape_markdown(line))
    assert words(found) == line
    assert {token.type for token in found} <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@given(answers())
def test_no_document_adds_a_footnote_a_link_or_any_markup(each: Answer) -> None:
    """The footnotes are ours, one for each citation; the links are theirs; the rest is text."""
    outline, made = make_outline(each), export(each, "markdown")
    found = tokens(made)
    notes = [token for token in found if token.type == "footnote_open"]
    used = {marker for line in outline.lines for marker in (*line.markers, *line.beside)}
    assert len(notes) == len(used)
    cited = sum(len(line.markers) + len(line.beside) for line in outline.lines)
    assert sum(token.type == "footnote_ref" for token in found) == cited
    links = [str(token.attrs["href"]) for token in found if token.type == "link_open"]
    assert all(token.markup == "autolink" for token in found if token.type == "link_open")
    assert len(links) == len(used)
    assert sum(token.type == "em_open" for token in found) == sum(bool(line.remark) for line in outline.lines)
    assert sum(token.type == "heading_open" for token in found) == 1
    seen = words(found)
    for line in outline.lines:
        assert line.text in seen
    for entry in outline.entries:
        if entry.marker in used:
            assert f"{entry.reference}: “{entry.quote}” " in seen


@given(citations())
def test_no_quote_breaks_out_of_its_block(each: Citation) -> None:
    """One block quote of two paragraphs with one link."""
    found = tokens(cite(each, "markdown"))
    assert sum(token.type == "blockquote_open" for token in found) == 1
    assert sum(token.type == "paragraph_open" for token in found) == 2
    assert sum(token.type == "link_open" for token in found) == 1


def test_bare_addresses_stay_bare() -> None:
    """GitHub makes links of what looks like one, unless it is escaped."""
    made = cite(quoting("See http://evil.example, www.evil.example or me@evil.example."), "markdown")
    assert "http\\://evil.example, www\\.evil.example or me\\@evil.example" in made

"""Markdown, read back by markdown-it with its footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
TOKEN_TYPES = {
    "heading", "paragraph", "footnote_block", "footnote", "footnote_anchor", "inline", "blockquote", "em", "text",
    "link", "footnote_ref", "text_special", "softbreak",
}  # fmt: skip


def tokens(text: str) -> list[Token]:
    """Return all tokens of a text, including inner ones, and check that exports use their types."""
    parsed = [inner for token in PARSER.parse(text) for inner in (token, *(token.children or ()))]
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in parsed}
    assert kinds <= TOKEN_TYPES, kinds - TOKEN_TYPES
    return parsed


def visible_text(rendered: Iterable[Token]) -> str:
    """Return the text that a reader sees."""
    return "".join(token.content for token in rendered if token.type in ("text", "text_special"))


def test_footnotes_block_quotes_and_remarks() -> None:
    """A footnote has reference, words and link. GitHub links all that looks like an address, unless it is escaped.

    No text of a document can be in italics, which mark a verdict; an abstention has no footnote.
    """
    text = export(answer(citation(PAGE)), "markdown")
    assert text == (
        "## What was the cause?\n\n“The pump in Broad Street was the cause.”[^1]\n\n"
        "[^1]: John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1: "
        "“The pump in Broad Street was the cause.” "
        "<https://example.org/cholera#:~:text=The%20pump%20in%20Broad%20Street%20was%20the%20cause%2E>\n"
    )
    first, _, last = cite(citation(), "markdown").splitlines()
    assert first == "> “The pump in Broad Street was the cause.”"
    assert last.startswith(
        "> — John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1 <pincite:"
    )
    text = cite(quoting("See http://evil.example, www.evil.example or me@evil.example."), "markdown")
    assert "http\\://evil.example, www\\.evil.example or me\\@evil.example" in text
    text = export(answer(statements=(Statement("It was 1853!", (), "contradicted", "1854 in the source"),)), "markdown")
    assert "It was 1853\\! *(Contradicted: 1854 in the source)*" in text
    text = export(abstention(), "markdown")
    assert "The documents hold no answer: nothing in 1,284 passages of 12 documents supports one" in text
    assert "Nearest:\n\n> “The pump in Broad Street was the cause.”\n" in text
    assert "[^" not in text


@cases(
    "text",
    [
        "# a", "- a", "+ a", "* a", "1. a", "1) a", "> a", "---", "===", "***", "~~~", ": a", "[a]: /b", "[^1]: a",
        "| a |",
    ],
)  # fmt: skip
def test_text_that_could_begin_a_block_is_escaped(text: str) -> None:
    """The characters are escaped at the beginning of a line, too."""
    parsed = tokens(escape_markdown(text))
    assert [token.type for token in parsed][:2] == ["paragraph_open", "inline"]
    assert visible_text(parsed) == text


@cases("plain", ["a-b, c. (d) “e”: f; g/h 50 % = 1 > 2 + 3 & more", "John Snow’s 1. case"])
def test_harmless_punctuation_is_not_escaped(plain: str) -> None:
    """A text without markup has no backslashes."""
    assert escape_markdown(plain) == plain


@given(hostile)
def test_escaped_text_is_read_back_unchanged(text: str) -> None:
    """The parser finds text and no other token."""
    line = one_line(text)
    parsed = tokens(escape_markdown(line))
    assert visible_text(parsed) == line
    assert {token.type for token in parsed} <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@given(answers())
def test_document_cannot_add_a_footnote_a_link_or_markup(exported: Answer) -> None:
    """Each citation has one footnote with at most one link; everything else is text."""
    outline, text = make_outline(exported), export(exported, "markdown")
    parsed = tokens(text)
    notes = [token for token in parsed if token.type == "footnote_open"]
    used = {marker for line in outline.lines for marker in (*line.markers, *line.beside)}
    assert len(notes) == len(used)
    cited = sum(len(line.markers) + len(line.beside) for line in outline.lines)
    assert sum(token.type == "footnote_ref" for token in parsed) == cited
    links = [str(token.attrs["href"]) for token in parsed if token.type == "link_open"]
    assert all(token.markup == "autolink" for token in parsed if token.type == "link_open")
    assert len(links) == sum(bool(entry.shared_link) for entry in outline.entries if entry.marker in used)
    assert sum(token.type == "em_open" for token in parsed) == sum(bool(line.remark) for line in outline.lines)
    assert sum(token.type == "heading_open" for token in parsed) == 1
    visible = visible_text(parsed)
    for line in outline.lines:
        assert line.text in visible
    for entry in outline.entries:
        if entry.marker in used:
            assert f"{entry.reference}: “{entry.quote}” " in visible


@given(citations())
def test_quote_cannot_break_out_of_its_block(cited: Citation) -> None:
    """One block quote has two paragraphs and one link."""
    parsed = tokens(cite(cited, "markdown"))
    assert sum(token.type == "blockquote_open" for token in parsed) == 1
    assert sum(token.type == "paragraph_open" for token in parsed) == 2
    assert sum(token.type == "link_open" for token in parsed) == 1

"""A collection as one footnoted document: Markdown, HTML and Word; what is wrong in it is said."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import docx
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from index.citations.kept import KeptItem, KeptSentence
from index.citations.kept_export import KEPT_FORMS, KeptExport, KeptForm, render
from index.citations.staleness import KeptState
from index.errors import PinciteError
from index.loading.loader import load_bytes
from index.records import Landmark
from tests.citations.factories import hostile
from tests.citations.kept_items import document, item, quote_of, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.citations.kept import KeptQuote
    from index.citations.references import Style
    from index.records import Document

TEXT = "Before it. The pump in Broad Street was the cause. The brewery had a well. After it."
SOURCE = document(
    TEXT, "cholera.pdf", title="On Cholera", author="John Snow", date="1855", landmarks=(Landmark("page", 0, "39"),)
)
PUMP, WELL = quote_of(SOURCE, "The pump in Broad Street was the cause."), quote_of(SOURCE, "The brewery had a well.")
OTHER = quote_of(
    document("Farr counted the deaths by elevation.", "farr.txt", title="Farr", author="William Farr"),
    "Farr counted the deaths by elevation.",
)
ITEMS = (
    item(PUMP, id="item-number-1", position=1.0, question="What was the cause?", note="Compare Farr.\nAnd others."),
    item(
        PUMP, WELL, id="item-number-2", position=2.0, question="What was the cause?",
        sentences=(KeptSentence("The pump was to blame.", (0,)), KeptSentence("The brewery had a well.", (1,))),
    ),
    item(OTHER, id="item-number-3", position=3.0, question="Who counted?"),
)  # fmt: skip
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def exported(
    items: Sequence[KeptItem] = ITEMS, form: KeptForm = "markdown", *, style: Style = "apa", address: str = "",
    newer: Document | None = None,
) -> bytes:  # fmt: skip
    """Return an export, checked against the documents, of which the first may have a newer version."""
    known = {SOURCE.id: newer or SOURCE}
    states = [_state(quote, known) for entry in items for quote in entry.quotes]
    return render(KeptExport(items, states, style, address, NOW), form)


def _state(quote: KeptQuote, known: dict[str, Document]) -> KeptState:
    if quote.document not in known:
        return KeptState("there", "", quote)
    return state_of(quote, [known[quote.document]])


def visible(data: bytes) -> str:
    """Return Markdown or HTML without the data at its end."""
    return re.split(r"\n<!-- pincite-kept|\n<script type=\"application/json\"", data.decode())[0]


def test_markdown_has_notes_questions_and_bibliography() -> None:
    """Each quote once with its location and file, each question once, each document once."""
    assert (
        visible(exported())
        == """# Kept quotes

## What was the cause?

> “The pump in Broad Street was the cause.”[^1]

Compare Farr.

And others.

The pump was to blame.[^1]

> “The brewery had a well.”[^2]

## Who counted?

> “Farr counted the deaths by elevation.”[^3]

## References

- Farr, W. (n.d.). Farr.
- Snow, J. (1855). On Cholera.

*Compared with the library on 2026-11-28: all of them stand in it.*

[^1]: John Snow, On Cholera (1855), p. 39 (cholera.pdf)

[^2]: John Snow, On Cholera (1855), p. 39 (cholera.pdf)

[^3]: William Farr, Farr (farr.txt)
"""
    )


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_changed_and_removed_quotes_carry_a_sign(form: KeptForm) -> None:
    """The sign is beside the words and in the note, with the words of now.

    A model's sentence that is not the quote leaves the quote to the note; shown above, it is not repeated.
    """
    newer = document(TEXT.replace("the cause", "not the cause").replace(" The brewery had a well.", ""), "cholera.pdf")
    text = visible(exported(form=form, newer=newer))
    assert "(This quotation is no longer in the library as it was kept)" in text
    assert "Now: “The pump in Broad Street was not the cause.”" in text
    assert "(This quotation is no longer in the library)" in text
    assert "2 of 3 no longer stand in it as quoted" in text
    for items in (ITEMS[1:2], ITEMS):
        assert visible(exported(items, form)).count("The pump in Broad Street was the cause.") == 1


def test_moved_quote_links_to_its_new_place() -> None:
    """Word for word there, so no sign; the note names the place of now. There are three styles, as for answers."""
    newer = document(f"A preface. {TEXT}", "cholera.pdf", title="On Cholera", landmarks=(Landmark("page", 0, "41"),))
    text = visible(exported(ITEMS[:1], address="https://example.org/", newer=newer))
    assert f"[^1]: On Cholera, p. 41 <https://example.org/d/{newer.id[:12]}/22-61>" in text
    assert "no longer" not in text
    assert "## Works Cited" in exported(style="mla").decode()
    assert "## Bibliography" in exported(style="chicago").decode()


def test_word_has_real_footnotes() -> None:
    """python-docx opens the file; every mark has its note, and our own reader of Word files reads them, too."""
    text = TEXT.replace("the cause", "not it")
    facts = {"title": SOURCE.title, "author": SOURCE.author, "date": SOURCE.date, "landmarks": SOURCE.landmarks}
    data = exported(form="docx", newer=document(text, "cholera.pdf", **facts))
    package = docx.Document(io.BytesIO(data))
    texts = [paragraph.text for paragraph in package.paragraphs]
    assert texts[:3] == [
        "Kept quotes",
        "What was the cause?",
        "“The pump in Broad Street was the cause.” (This quotation is no longer in the library as it was kept)",
    ]
    assert [paragraph.style and paragraph.style.name for paragraph in package.paragraphs][:3] == [
        "Title",
        "Heading 1",
        "Quote",
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        body, notes = (archive.read(f"word/{name}.xml").decode() for name in ("document", "footnotes"))
        assert archive.testzip() is None
        assert "footnotes+xml" in archive.read("[Content_Types].xml").decode()
    marks = re.findall(r'<w:footnoteReference w:id="(\d+)"/>', body)
    assert marks == re.findall(r'<w:footnote w:id="(\d+)">', notes) == ["1", "2", "3"]
    assert body.count("NOTEREF _Note1 ") == 1
    read = load_bytes(data, source="kept.docx", name="kept.docx").text
    assert read.count("John Snow, On Cholera (1855), p. 39") == 2
    assert "Now: “The pump in Broad Street was not it.”" in read


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, and the scheme of its link."""
        link = dict(attrs).get("href") or ""
        self.tags.append((tag, link.partition(":")[0] if ":" in link else link[:1]))


def tags_of(page: str) -> list[tuple[str, str]]:
    """Return the tags of a page with the schemes of their links."""
    parser = Tags()
    parser.feed(page)
    return parser.tags


@settings(max_examples=60)
@given(hostile, hostile, hostile)
def test_hostile_words_become_no_markup(words: str, note: str, question: str) -> None:
    """HTML has the same tags as for harmless words; Markdown renders no element that harmless words do not give."""
    harmless = [_kept("harmless words", "note", "question")]
    hostile_items = [_kept(words, note, question)]
    page = exported(hostile_items, "html").decode()
    allowed = set(tags_of(exported(harmless, "html").decode()))
    assert set(tags_of(page)) <= allowed | {("p", ""), ("h2", "")}
    rendered = MarkdownIt("commonmark", {"html": True}).render(visible(exported(hostile_items)))
    assert {tag for tag, _ in tags_of(rendered)} <= {"h1", "h2", "p", "blockquote", "em", "strong", "a", "ul", "li"}
    docx.Document(io.BytesIO(exported(hostile_items, "docx")))


def _kept(words: str, note: str, question: str) -> KeptItem:
    words = words or "x"
    quote = replace(PUMP, document="0" * 64, quote=words, end=PUMP.start + len(words), title=note, author=question)
    return item(quote, note=note, question=question)


def test_empty_collection_and_unknown_form() -> None:
    """Nothing kept is a document, too; a form that does not exist is refused."""
    for form in KEPT_FORMS:
        assert exported((), form)
    assert "Nothing was kept." in exported(()).decode()
    with pytest.raises(PinciteError, match="'pdf' is not a form"):
        exported(form="pdf")  # type: ignore[arg-type]

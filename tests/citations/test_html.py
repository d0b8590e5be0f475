"""HTML, read back by lxml."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import given
from lxml import html

from index.citations.export import cite, export
from index.citations.readable import make_outline
from tests.citations.factories import PAGE, abstention, answer, answers, citation, citations

if TYPE_CHECKING:
    from index.records import Answer, Citation

TAGS = {"article", "h2", "p", "sup", "a", "em", "ol", "li", "blockquote", "footer"}
ATTRIBUTES = {"class", "href", "id", "value", "cite", "rel"}
SCHEMES = ("https://", "http://", "pincite:", "#")


def parse(text: str) -> Any:
    """Return the root element, and check that tags, attributes and schemes are those that exports use."""
    [root] = html.fragments_fromstring(text.strip())
    for element in root.iter():
        assert element.tag in TAGS
        assert set(element.attrib) <= ATTRIBUTES
        assert all(element.get(name, "#").startswith(SCHEMES) for name in ("href", "cite"))
    return root


def visible_text(element: Any) -> str:
    """Return the text of an element, with single spaces."""
    return " ".join(element.text_content().split())


def test_markers_of_an_answer_link_to_its_sources() -> None:
    """The sources link to the words in the document; the nearest quote of an abstention has no number."""
    root = parse(export(answer(citation(PAGE)), "html"))
    [source] = root.findall("./ol/li")
    assert root.find("./p/sup/a").get("href") == f"#{source.get('id')}"
    assert source.get("value") == "1"
    assert source.find(".//a").get("href").startswith("https://example.org/cholera#:~:text=The%20pump")
    assert visible_text(source).startswith("“The pump in Broad Street was the cause.” John Snow, On the Mode")
    root = parse(export(abstention(), "html"))
    assert "The documents hold no answer" in visible_text(root)
    assert root.find("./blockquote") is not None
    assert root.find("./ol") is None


@given(answers())
def test_document_cannot_add_markup(exported: Answer) -> None:
    """The number of elements of each kind follows from the answer, and every word is text."""
    outline = make_outline(exported)
    root = parse(export(exported, "html"))
    counts = Counter(element.tag for element in root.iter())
    assert counts["li"] == counts["blockquote"] == len(outline.entries)
    assert counts["sup"] == sum(len(line.markers) + len(line.beside) for line in outline.lines)
    assert counts["em"] == sum(bool(line.remark) for line in outline.lines)
    assert visible_text(root.find("h2")) == outline.question
    for item, entry in zip(root.findall("./ol/li"), outline.entries, strict=True):
        assert visible_text(item.find(".//p")) == f"“{entry.quote}”"
        assert visible_text(item.find(".//a")) == entry.reference
        assert item.find(".//a").get("href") == entry.link


@given(citations())
def test_citation_is_one_block_quote(cited: Citation) -> None:
    """No other element is beside it."""
    assert parse(cite(cited, "html")).tag == "blockquote"

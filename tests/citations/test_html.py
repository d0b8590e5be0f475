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


def read(text: str) -> Any:
    """The one element; only our tags, attributes and schemes."""
    [root] = html.fragments_fromstring(text.strip())
    for element in root.iter():
        assert element.tag in TAGS
        assert set(element.attrib) <= ATTRIBUTES
        assert all(element.get(name, "#").startswith(SCHEMES) for name in ("href", "cite"))
    return root


def seen(element: Any) -> str:
    """Its words."""
    return " ".join(element.text_content().split())


def test_an_answer_is_an_article_whose_markers_lead_to_the_sources() -> None:
    """And the sources to the words."""
    root = read(export(answer(citation(PAGE)), "html"))
    [source] = root.findall("./ol/li")
    assert root.find("./p/sup/a").get("href") == f"#{source.get('id')}"
    assert source.get("value") == "1"
    assert source.find(".//a").get("href").startswith("https://example.org/cholera#:~:text=The%20pump")
    assert seen(source).startswith("“The pump in Broad Street was the cause.” John Snow, On the Mode")


def test_no_answer_says_so_and_shows_what_came_nearest() -> None:
    """As a quote that has no number."""
    root = read(export(abstention(), "html"))
    assert "The documents hold no answer" in seen(root)
    assert root.find("./blockquote") is not None
    assert root.find("./ol") is None


@given(answers())
def test_no_document_makes_markup(each: Answer) -> None:
    """As many elements of each kind as the answer calls for, and every word as text."""
    outline = make_outline(each)
    root = read(export(each, "html"))
    counts = Counter(element.tag for element in root.iter())
    assert counts["li"] == counts["blockquote"] == len(outline.entries)
    assert counts["sup"] == sum(len(line.markers) + len(line.beside) for line in outline.lines)
    assert counts["em"] == sum(bool(line.remark) for line in outline.lines)
    assert seen(root.find("h2")) == outline.question
    for item, entry in zip(root.findall("./ol/li"), outline.entries, strict=True):
        assert seen(item.find(".//p")) == f"“{entry.quote}”"
        assert seen(item.find(".//a")) == entry.reference
        assert item.find(".//a").get("href") == entry.link


@given(citations())
def test_a_citation_is_one_block_quote(each: Citation) -> None:
    """Nothing stands beside it."""
    assert read(cite(each, "html")).tag == "blockquote"

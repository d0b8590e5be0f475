"""Parses XML that holds a text, such as DocBook, JATS and TEI, and drawings in SVG.

The names of elements differ, but not how texts are built: an element with words of its own is a paragraph, an element
without them is a container, and a container with a title is a section.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from index.loading.draft import Block, Draft, paragraph, verbatim
from index.loading.grid import Outline, grid
from index.loading.metadata import doi_in
from index.loading.xml_parts import local, parse_text, root_name, strings, text_of
from index.records.file_kinds import Format
from index.records.table import Reading
from index.text.dates import iso_date
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.draft import Content
    from index.records.file_kinds import Head

SVG = "image/svg+xml"
XML_TEXT = "text/xml"
_SAMPLE = 200_000
_TEXTS = frozenset(
    {"TEI", "TEI.2", "teiCorpus", "book", "chapter", "refentry", "FictionBook", "topic", "concept", "task", "dita"}
)
"""The root elements of texts; those of articles and sections are common in data, too."""
_LEAF = re.compile(r">\s*[^<\s][^<]*</")
_MIXED = re.compile(r">[^<]*[^<\s][^<]*<[A-Za-z]")
_MIXED_SHARE = 0.05
_TITLES = frozenset({"title", "head", "heading", "article-title"})
_LISTINGS = frozenset({"programlisting", "screen", "literallayout", "codeblock", "preformat", "synopsis", "eg", "pre"})
_LISTS = frozenset({"itemizedlist", "orderedlist", "variablelist", "simplelist", "list", "ul", "ol", "sl"})
_ITEMS = frozenset({"listitem", "item", "list-item", "varlistentry", "member", "li", "sli"})
_TABLES = frozenset({"table", "informaltable"})
_CELLS = frozenset({"entry", "td", "th", "cell"})
_NOTES = frozenset({"footnote", "fn", "note"})
_FRONTS = frozenset({"info", "bookinfo", "articleinfo", "chapterinfo", "sectioninfo", "front"})
"""Containers of the title of the section in which they stand."""
_REFERENCES = frozenset({"element-citation", "mixed-citation", "citation", "bibl", "biblStruct", "biblioentry"})
_BLOCKS = _LISTINGS | _LISTS | _TABLES
_UNSEEN = frozenset(
    {
        "teiHeader",
        "indexterm",
        "remark",
        "journal-meta",
        "contrib-group",
        "aff",
        "author-notes",
        "history",
        "permissions",
    }
    | {"pub-date", "article-id", "article-categories", "self-uri", "counts", "binary", "style", "script", "defs"}
    | {"author", "authorgroup", "copyright", "legalnotice", "revhistory", "pubdate", "date", "volume", "issue", "fpage"}
    | {"lpage", "elocation-id", "graphic", "imagedata", "kwd-group", "funding-group", "custom-meta-group", "metadata"}
)
_STATED_TITLES = (
    "/*/*[local-name()='info' or local-name()='bookinfo' or local-name()='articleinfo']/*[local-name()='title']",
    "//*[local-name()='titleStmt']/*[local-name()='title']",
    "/*/*[local-name()='front']//*[local-name()='article-title']",
    "//*[local-name()='title-info']/*[local-name()='book-title']",
    "/*/*[local-name()='title']",
)
_STATED_AUTHORS = (
    "/*/*[local-name()='front']//*[local-name()='contrib'][@contrib-type='author']/*[local-name()='name']",
    "//*[local-name()='titleStmt']/*[local-name()='author']",
    "/*/*[contains(local-name(),'info')]//*[local-name()='author']",
)
_STATED_DATES = (
    "/*/*[local-name()='front']//*[local-name()='pub-date']",
    "//*[local-name()='publicationStmt']/*[local-name()='date']",
    "/*/*[contains(local-name(),'info')]/*[local-name()='pubdate' or local-name()='date']",
)
_STATED_DOI = "/*/*[local-name()='front']//*[local-name()='article-id'][@pub-id-type='doi']"
_FIRST_NAMES = frozenset({"given-names", "firstname", "forename", "first-name", "othername"})
_SURNAMES = frozenset({"surname", "last-name"})


def read(content: Content, name: str) -> Draft:
    """Return the text of an XML document, or the words of a drawing. Raises DamagedFile if it is not XML."""
    root = parse_text(content.text, name)
    if content.media_type == SVG:
        return _drawing(root)
    blocks = [block for block in _blocks(root, 0) if has_words(block.text)]
    return Draft(
        blocks,
        title=_first(root, _STATED_TITLES),
        author=", ".join(dict.fromkeys(filter(None, map(_person, _found(root, _STATED_AUTHORS))))),
        date=next(filter(None, map(_day, _found(root, _STATED_DATES))), ""),
        reading=Reading(doi=doi_in(_first(root, (_STATED_DOI,)))),
    )


def _drawing(root: Any) -> Draft:
    """Return the title, the description and the labels of a drawing."""
    blocks = [paragraph(_label(element)) for element in root.iter("{*}title", "{*}desc", "{*}text", "{*}flowRoot")]
    title = next((text_of(child) for child in root if local(child) == "title"), "")
    return Draft([block for block in blocks if has_words(block.text)], title)


def _label(text: Any) -> str:
    """Return the words of a label; each positioned part of it is a line of the drawing."""
    lines = [text_of(part) for part in text if local(part) == "tspan" and (part.get("y") or part.get("dy"))]
    return " ".join(lines) if lines and not (text.text or "").strip() else text_of(text)


def _found(root: Any, paths: tuple[str, ...]) -> list[Any]:
    """Return the elements that the first of these paths finds."""
    return next(filter(None, map(root.xpath, paths)), [])


def _first(root: Any, paths: tuple[str, ...]) -> str:
    return next((text for element in _found(root, paths) if (text := text_of(element))), "")


def _person(element: Any) -> str:
    """Return a name in the order in which people say it."""
    first = [text_of(part) for part in element.iter() if local(part) in _FIRST_NAMES]
    last = [text_of(part) for part in element.iter() if local(part) in _SURNAMES]
    return one_line(" ".join([*first, *last]) if last else text_of(element))


def _day(element: Any) -> str:
    parts = {local(part): text_of(part) for part in element if local(part)}
    if "year" in parts:
        stated = "-".join([parts["year"], *(parts[part].zfill(2) for part in ("month", "day") if part in parts)])
        return iso_date(stated) or iso_date(parts["year"])
    return iso_date(element.get("when", "")) or iso_date(text_of(element))


def _blocks(element: Any, depth: int) -> Iterator[Block]:
    """Yield the blocks of an element that lies in `depth` sections."""
    kind = local(element)
    if not kind or kind in _UNSEEN:
        return
    if _is_title(element):
        yield paragraph(text_of(element), max(1, depth if kind != "article-title" else 1))
    elif kind in _REFERENCES:
        yield paragraph(", ".join(text for part in element.iter() if (text := one_line(part.text or ""))))
    elif kind in _LISTINGS:
        yield verbatim("".join(strings(element)))
    elif kind in _LISTS:
        yield verbatim("\n".join(_items(element, 0)))
    elif kind in _TABLES and (table := _table(element)):
        yield table
    elif _has_words(element):
        yield from _paragraphs(element, depth)
    else:
        inner = depth + any(_is_title(child) or local(child) in _FRONTS for child in element)
        for child in element:
            yield from _blocks(child, inner - (local(child) in _FRONTS))


def _is_title(element: Any) -> bool:
    """Return whether an element is the title of a section; references have titles, too."""
    kind = local(element)
    return kind in _TITLES and (kind != "article-title" or local(element.getparent()) == "title-group")


def _has_words(element: Any) -> bool:
    """Return whether an element has words of its own, between or without children."""
    return any((part or "").strip() for part in (element.text, *(child.tail for child in element)))


def _paragraphs(element: Any, depth: int) -> Iterator[Block]:
    """Yield a paragraph, divided where it holds a list, a table or a listing; its notes come after it."""
    words: list[str] = [element.text or ""]
    notes: list[Any] = []
    for child in element:
        if local(child) in _BLOCKS:
            yield paragraph(one_line("".join(words)))
            yield from _blocks(child, depth)
            words = []
        elif local(child) in _NOTES:
            notes.append(child)
        elif local(child) not in _UNSEEN:
            words.append(_inline(child, notes))
        words.append(child.tail or "")
    yield paragraph(one_line("".join(words)))
    yield from (paragraph(text_of(note)) for note in notes)


def _inline(element: Any, notes: list[Any]) -> str:
    """Return the words of an inline element; notes in it are collected, because they interrupt the sentence."""
    if not any(local(inner) in _NOTES for inner in element.iter()):
        return " ".join("".join(strings(element)).split("\n"))
    words = [element.text or ""]
    for child in element:
        if local(child) in _NOTES:
            notes.append(child)
        else:
            words.append(_inline(child, notes))
        words.append(child.tail or "")
    return "".join(words)


def _items(element: Any, depth: int) -> Iterator[str]:
    """Yield the items of a list as lines, those of a list within an item indented."""
    for item in (child for child in element if local(child) in _ITEMS):
        nested = [child for child in item.iter() if local(child) in _LISTS]
        within = {part for child in nested for part in child.iter()}
        words = (text for part in item.iter() if part not in within and (text := _own(part)))
        yield f"{'  ' * depth}- {one_line(' '.join(words))}"
        for child in nested[:1]:
            yield from _items(child, depth + 1)


def _own(element: Any) -> str:
    """Return the words that stand in an element itself or right after it."""
    return one_line(f"{element.text or ''} {element.tail or ''}")


def _table(element: Any) -> Block | None:
    """Return a table with its caption; None if it has no rows."""
    rows = [row for row in element.iter() if local(row) in {"row", "tr"}]
    texts = [[text_of(cell) for cell in row if local(cell) in _CELLS] for row in rows]
    heads = sum(1 for row in rows if any(local(parent) == "thead" for parent in row.iterancestors()))
    captions = (text_of(child) for child in element.iter() if local(child) in {"title", "caption", "head"})
    return grid(texts, Outline(caption=next(captions, ""), header_rows=heads or None)) if any(map(any, texts)) else None


def _recognise(head: Head, suffix: str) -> str:
    root = root_name(head.text, suffix)
    if root == "svg":
        return SVG
    return XML_TEXT if root and (root in _TEXTS or _is_mixed(head.text[:_SAMPLE])) else ""


def _is_mixed(xml: str) -> bool:
    """Return whether words stand beside elements, as in a text, and not only within elements, as in data."""
    mixed = sum(1 for _ in _MIXED.finditer(xml))
    return mixed > 1 and mixed >= _MIXED_SHARE * sum(1 for _ in _LEAF.finditer(xml))


FORMATS = (
    Format(
        name="XML of texts",
        kind="Data",
        media_types=XML_TEXT,
        looks_at="text",
        rank=11,
        recognise=_recognise,
        read="index.plugins.formats.xml_document:read",
        form="record",
    ),
    Format(
        name="a drawing",
        kind="Drawing",
        endings="svg",
        media_types=SVG,
        looks_at="text",
        rank=11,
        recognise=_recognise,
        ending_decides="last",
        read="index.plugins.formats.xml_document:read",
        prose=False,
    ),
)

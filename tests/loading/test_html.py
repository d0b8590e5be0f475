"""Web pages are read with their main text, their structure and the metadata that they state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.tables import headings, quotation

if TYPE_CHECKING:
    from index.records import Document

SENTENCE = "The bees left the hive in the early morning, while the dew was still on the clover. "
LINKS = "".join(f"<li><a href='/{n}'>Another page on something else, number {n}</a></li>" for n in range(12))


def read(body: str, head: str = "") -> Document:
    """Load a page with this body and head."""
    return load_bytes(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), source="a.html")


MARKUP = {
    "paragraphs": ("<p>Bees.</p><p>Wasps.</p>", "Bees.\n\nWasps."),
    "words without tags": ("Bees<div>Wasps</div>Ants", "Bees\n\nWasps\n\nAnts"),
    "inline tags": ("<p>The <b>bees</b> <a href='/x'>are</a>\n  well.</p>", "The bees are well."),
    "entities": ("<p>Bees &amp; wasps &eacute;t&eacute;&nbsp;!</p>", "Bees & wasps été !"),
    "line ends": ("<p>Bees<br>wasps<br><br>ants</p>", "Bees\nwasps\n\nants"),
    "comments": ("<p>Bees <!-- not this -->wasps</p>", "Bees wasps"),
    "scripts and styles": ("<script>bad()</script><style>p {}</style><p>Bees.</p><noscript>bad</noscript>", "Bees."),
    "hidden elements": (
        "<p hidden>bad</p><p style='display: none'>bad</p><p>Bees.</p><i aria-hidden=true>x</i>",
        "Bees.",
    ),
    "menus and footers": ("<nav>Home</nav><p>Bees.</p><footer>Imprint</footer>", "Bees."),
    "a list": ("<ul><li>honey</li><li>wax <b>too</b></li></ul>", "- honey\n- wax too"),
    "a numbered list": ("<ol start=3><li>honey</li><li>wax</li></ol>", "3. honey\n4. wax"),
    "a list within a list": (
        "<ul>\n <li>honey\n  <ol><li>heath</li></ol></li>\n <li>wax</li>\n</ul>",
        "- honey\n  1. heath\n- wax",
    ),
    "paragraphs in items": ("<ul><li><p>honey</p><p>of the heath</p></li></ul>", "- honey\n  of the heath"),
    "an item without a list": ("<li>honey</li>", "- honey"),
    "a table": (
        "<table><tr><th>hive</th><th>bees</th></tr><tr><td>one</td><td>2<br>000</td></tr></table>",
        "hive | bees\none | 2 000",
    ),
    "a listing": ("<pre>if bees:\n    fly()</pre>", "if bees:\n    fly()"),
    "a term": ("<dl><dt>bee</dt>\n <dd><p>An insect.</p><p>It flies.</p></dd></dl>", "bee: An insect.\n\nIt flies."),
    "two terms": ("<dl><dt>-v</dt><dt>--verbose</dt><dd>Say more.</dd></dl>", "-v, --verbose: Say more."),
    "a term with its colon": ("<dl><dt>bee:</dt><dd>an insect</dd><dt>wasp<dd>too</dl>", "bee: an insect\n\nwasp: too"),
    "a question and its answer": ("<dl><dt>Do bees sleep?</dt><dd>They do.</dd></dl>", "Do bees sleep?\nThey do."),
    "terms without words": ("<dl><dt> </dt><dd>an insect</dd></dl>", "an insect"),
    "terms within terms": (
        "<dl><dt>Bees</dt><dd><dl><dt>drone</dt><dd>a male</dd></dl></dd></dl>",
        "Bees:\n\ndrone: a male",
    ),
    "terms in a list": ("<ul><li><dl><dt>bee</dt><dd>an insect</dd></dl><li>wax</ul>", "- bee: an insect\n- wax"),
    "a heading as a term": ("<dl><dt><h3>Bees</h3></dt><dd>Insects.</dd></dl>", "Bees\n\nInsects."),
    "contents": ("<dl><dt><a href=1>1. Bees</a></dt><dt><a href=2>2. Wasps</a></dt></dl>", "1. Bees\n\n2. Wasps"),
    "links to themselves": ("<h2>Bees<a href='#bees'>¶</a></h2><p>See <a href='#wax'>wax</a>.</p>", "Bees\n\nSee wax."),
    "sentences in items": ("<ul>\n<li>\n<p>Honey. </p>\n<p>Wax.</p></li></ul>", "- Honey.\n  Wax."),
    "a listing with markup": ("<pre>a <b>bee</b><script>bad</script> flies<!-- x -->.</pre>", "a bee flies."),
}


def test_row_over_all_columns_names_the_rows_below_it() -> None:
    """It is no header of columns, although it is made of header cells and follows the headers."""
    groups = [
        f"<tr><th colspan=3>{name}</th></tr><tr><td>Hull</td><td>{n}</td><td>{n}0</td></tr>"
        for name, n in (("Men", 1), ("Women", 2))
    ]
    document = read(f"<table><tr><th>Town</th><th>Old</th><th>New</th></tr>{''.join(groups)}</table>")
    assert document.tables[0].header_rows == 1
    assert quotation(document, "10") == "New · Men, Hull"
    assert quotation(document, "2") == "Old · Women, Hull"


@cases(("markup", "text"), MARKUP.values(), ids=MARKUP.keys())
def test_visible_text_of_html_is_read(markup: str, text: str) -> None:
    """The text is what a visitor sees, in order, without scripts, hidden parts and menus."""
    assert read(markup).text == text


def test_headings_are_landmarks_and_long_cells_paragraphs() -> None:
    """With their level, before their text; cells that hold longer texts are no rows of a table."""
    document = read("<h1>Bees</h1><p>Text.</p><h3>The <i>swarm</i></h3><p>More.</p>")
    assert headings(document) == [(1, "Bees"), (3, "The swarm")]
    assert document.text == "Bees\n\nText.\n\nThe swarm\n\nMore."
    cell = f"<td><h2>Bees</h2><p>{SENTENCE * 4}</p><p>{SENTENCE}</p></td>"
    document = read(f"<table><tr>{cell}<td>side</td></tr></table>")
    assert headings(document) == [(2, "Bees")]
    assert " | " not in document.text
    assert "in rows" in read("<table><tr><td><table><tr><td>in</td></tr></table>in rows</td></tr></table>").text


def test_main_text_of_a_page_is_read_without_its_links() -> None:
    """Link lists around an article are left out and noted; its headings and lists are kept."""
    article = f"<h1>The Dance</h1><p>{SENTENCE * 6}</p><h2>Honey</h2><ul><li>heath</li></ul><p>{SENTENCE * 6}</p>"
    document = read(
        f"<div class=menu><ul>{LINKS}</ul></div><article>{article}</article><div class=related><ul>{LINKS}</ul></div>"
    )
    assert headings(document) == [(1, "The Dance"), (2, "Honey")]
    assert "- heath" in document.text
    assert "Another page" not in document.text
    assert document.notes[0].startswith("Left out of passages: 2 pieces")


def _page(main: str) -> str:
    """Return a page whose main text trafilatura finds, with a menu before it and a footer after it."""
    foot = "<div class=footer><p>This site is made by friends of the bees, who take no money for it.</p></div>"
    return f"<div class=menu><ul>{LINKS}</ul></div><article>{main}</article>{foot}"


PROSE = {
    "a numbered list at the end": f"<p>{SENTENCE * 6}</p><ol><li>Lift the lid of the hive.<li>{SENTENCE}</ol>",
    "a numbered list of all": f"<h1>Swarms</h1><ol><li>Lift the lid of the hive.{'<li>' + SENTENCE * 3}</ol>" * 3,
    "definitions at the end": f"<p>{SENTENCE * 6}</p><dl><dt>bee</dt><dd>{SENTENCE}</dd><dt>lid</dt><dd>Lift it.</dl>",
    "headings that are anchors": f"<p>{SENTENCE * 6}</p><h2><a name=lid>Lift the lid</a></h2><p>{SENTENCE}</p>",
    "a short sentence at the end": f"<p>{SENTENCE * 6}</p><p>So you lift it.</p>",
}


@cases("main", PROSE.values(), ids=PROSE.keys())
def test_prose_of_the_main_text_is_read_whole(main: str) -> None:
    """Numbers that we put before items, terms and short paragraphs do not hide where the main text begins and ends."""
    document = read(_page(main))
    assert "lift" in document.text.lower()
    assert document.text.count("The bees left the hive") == main.count("The bees left the hive")
    assert "Another page" not in document.text
    assert "friends of the bees" not in document.text


def test_contents_that_repeat_the_headings_are_a_menu() -> None:
    """A list of links to the headings below is left out, although the main text has the same words."""
    parts = [f"The ways of the bees in the month of {month}" for month in ("April", "May", "June")]
    menu = "".join(f"<li><a href='#{n}'>{part}</a>" for n, part in enumerate(parts))
    main = "".join(f"<h2 id={n}>{part}</h2><p>{SENTENCE * 3}</p>" for n, part in enumerate(parts))
    document = read(f"<div class=toc><ol>{menu}</ol></div><article>{main}</article>")
    assert document.text.count(parts[1]) == 1


def test_page_of_links_or_of_one_listing_is_read() -> None:
    """A list of links is the text of its page; a whole document in `pre` has its lines joined; depth is no limit."""
    links = "".join(f"<p><a href='/{n}'>Page number {n} on bees and what they do all day</a></p>" for n in range(40))
    document = read(links)
    assert "Page number 0 " in document.text
    assert "Page number 30 " in document.text
    lines = (
        "The bees of this county shall not be disturbed between the hours of\n"
        "six and eight, nor shall any hive be moved.\n\n"
    )
    document = read(f"<pre>{lines * 20}</pre>")
    assert document.text.startswith("The bees of this county shall not be disturbed between the hours of six and eight")
    assert read("<div>" * 1500 + "Bees." + "</div>" * 1500).text == "Bees."


STATED = {
    "title of the page": ("<title>On Bees</title>", "<p>Text.</p>", ("On Bees", "", "")),
    "title with the name of the site": (
        "<title>On Bees of the Heath | Hive</title>", "<h1>Hive</h1><h2>On bees of the heath</h2><p>Text.</p>",
        ("On bees of the heath", "", ""),
    ),
    "title that says more than the heading": (
        "<title>Preface - On Bees of the Heath</title>", "<h1>Preface</h1><p>Text.</p>",
        ("Preface - On Bees of the Heath", "", ""),
    ),
    "title beside the name of the site": (
        "<title>On Bees</title>", "<h1>The Hive</h1><p>Text.</p>", ("On Bees", "", ""),
    ),
    "heading that says more": (
        "<title>On Bees</title>", "<h1>1. On bees of the heath</h1><p>Text.</p>",
        ("1. On bees of the heath", "", ""),
    ),
    "heading of the page": ("<title> </title>", "<h1>On Bees</h1><p>Text.</p>", ("On Bees", "", "")),
    "title of a drawing": ("", "<svg><title>Logo</title></svg><h1>On Bees</h1><p>Text.</p>", ("On Bees", "", "")),
    "nothing": ("", "<p>Text written in 2020 by somebody.</p>", ("", "", "")),
    "author": (
        "<title>Bees</title><meta name=author content='Ada Lovelace'>", "<p>Text.</p>",
        ("Bees", "Ada Lovelace", ""),
    ),
    "byline": ("<title>Bees</title>", "<p>By Ada Lovelace</p><p>Text.</p>", ("Bees", "Ada Lovelace", "")),
    "published": (
        "<meta property='article:published_time' content='2020-12-05T08:00:00Z'>", "<p>Text.</p>",
        ("", "", "2020-12-05"),
    ),
    "a date among the metadata": ("<meta name=Date content='2020-12-05'>", "<p>Text.</p>", ("", "", "2020-12-05")),
    "linked data": (
        '<script type="application/ld+json">{"@type": "Article", "datePublished": "2020-12-05"}</script>',
        "<p>Text.</p>", ("", "", "2020-12-05"),
    ),
    "a time": (
        "", "<article><time datetime='2020-12-05'>last week</time><p>Text.</p></article>",
        ("", "", "2020-12-05"),
    ),
    "a date for search engines of articles": (
        "<meta name=citation_publication_date content='2014/5/12'>", "<p>Text.</p>", ("", "", "2014-05-12"),
    ),
    "a line that is a date": ("", "<p>December 2020</p><p>Text.</p>", ("", "", "2020-12")),
    "a date in a sentence": ("", "<p>On 5 December 2020 the bees left.</p>", ("", "", "")),
    "a date in an address": (
        "<link rel=canonical href='https://example.org/2020/12/05/bees'>", "<p>Text.</p>", ("", "", ""),
    ),
}  # fmt: skip


@cases(("head", "body", "expected"), STATED.values(), ids=STATED.keys())
def test_title_author_and_date_of_a_page_are_stated_not_guessed(
    head: str, body: str, expected: tuple[str, str, str]
) -> None:
    """Title, author and date are those that the page states; a date in running text or in a URL is not the page's."""
    document = read(body, head)
    assert (document.title, document.author, document.date) == expected


@cases(
    ("head", "doi"),
    [
        ("<meta name=citation_doi content='10.1371/journal.pone.0118432'>", "10.1371/journal.pone.0118432"),
        ("<meta name='DC.Identifier' content='doi:10.1000/182'>", "10.1000/182"),
        ("<meta name=dc.identifier content='https://dx.doi.org/10.1016/s0140(20)1-2.'>", "10.1016/s0140(20)1-2"),
        ("<meta name=dc.identifier content='978-1-925136-98-2'>", ""),
        ("<meta name=description content='A reply to 10.1000/182.'>", ""),
    ],
)
def test_doi_of_a_page_is_the_one_that_its_metadata_state(head: str, doi: str) -> None:
    """A DOI in the text is that of a work that the page cites."""
    assert read("<p>The bees of 10.1000/999 came home.</p>", head).reading.doi == doi


ENCODINGS = {
    "declared by the page": "<meta charset=windows-1251><p>Пчёлы улетели.</p>".encode("cp1251"),
    "declared the old way": "<meta http-equiv=Content-Type content='x; charset=koi8-r'><p>Пчёлы улетели.</p>".encode(
        "koi8_r"
    ),
    "declared by its XML": "<?xml version='1.0' encoding='utf-8'?><html><p>Пчёлы улетели.</p></html>".encode(),
    "byte-order mark": "<meta charset=windows-1251><p>Пчёлы улетели.</p>".encode("utf-8-sig"),
    "UTF-16": "<html><p>Пчёлы улетели.</p></html>".encode("utf-16"),
    "not declared": "<html><p>Пчёлы улетели.</p></html>".encode(),
    "declared wrongly": "<meta charset=klingon><p>Пчёлы улетели.</p>".encode(),
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_encoding_of_a_page_is_recognised(data: bytes) -> None:
    """A page is read in the encoding of its byte-order mark, else in the declared one, else in the detected one."""
    assert load_bytes(data, source="a.html").text == "Пчёлы улетели."


def test_page_is_read_whole_where_trafilatura_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where trafilatura raises an error, the whole page is read, with the metadata that needs no guessing."""
    import trafilatura
    from trafilatura import metadata

    def fail(*_: object, **__: object) -> None:
        raise AttributeError("no such attribute")

    monkeypatch.setattr(trafilatura, "bare_extraction", fail)
    monkeypatch.setattr(metadata, "extract_metadata", fail)
    document = read("<h1>Bees</h1><p>3 May 1843</p>", "<title>On Bees</title>")
    assert document.text == "Bees\n\n3 May 1843"
    assert (document.title, document.date) == ("On Bees", "1843-05-03")


def _tr(*cells: str) -> str:
    """Return a row of cells, each with its tag and its attributes."""
    return "<tr>" + "".join(f"<{cell}</{cell[:2]}>" for cell in cells) + "</tr>"


TABLES = {
    "a head": (
        f"<thead>{_tr('td>Team', 'td>Cups')}</thead><tbody>{_tr('td>Blues', 'td>one')}</tbody>",
        {"one": "Cups · Blues"},
    ),
    "cells that span columns and rows": (
        _tr("th rowspan=2>Team", "th colspan=2>Cups") + _tr("th>won", "th>lost")
        + _tr("td rowspan=2>East", "td>1", "td>2") + _tr("td>3", "td>4"),
        {"2": "Cups, lost · East", "3": "Cups, won · East"},
    ),
    "headers of rows": (
        _tr("th>Name", "td>Ada") + _tr("th>Town", "td>London"),
        {"Ada": "Name", "London": "Town"},
    ),
    "two headers of each row": (
        _tr("td>", "td>", "th>won") + _tr("th rowspan=2>East", "th>Blues", "td>1") + _tr("th>Kings", "td>2"),
        {"2": "won · East, Kings", "Kings": ""},
    ),
    "headers in bold": (_tr("td><b>Ship</b>", "td><b>Port</b>") + _tr("td>Tern", "td>Hull"), {"Hull": "Port · Tern"}),
    "no markup": (_tr("td>Team", "td>Cups") + _tr("td>Blues", "td>1") + _tr("td>Kings", "td>2"), {"2": "Cups · Kings"}),
    "a hidden column": (
        _tr("th>Team", "th style='display:none'>key", "th>Cups") + _tr("td>Blues", "td hidden>k1", "td>1"),
        {"1": "Cups · Blues"},
    ),
    "spans that are no numbers": (
        _tr("th colspan=x>Team", "th rowspan=-1>Cups") + _tr("td>Blues", "td>1"),
        {"1": "Cups · Blues"},
    ),
}  # fmt: skip


@cases(("rows", "expected"), TABLES.values(), ids=TABLES.keys())
def test_cells_of_html_tables_have_headers(rows: str, expected: dict[str, str]) -> None:
    """The headers are those of the markup, else those that the words tell."""
    document = read(f"<table>{rows}</table>")
    assert {words: quotation(document, words) for words in expected} == expected


def test_caption_and_layout_of_tables() -> None:
    """A caption is a paragraph above its table; a table for layout, or one that holds others, is none."""
    document = read(
        f"<table><caption>Cups <b>won</b></caption>{_tr('th>Team', 'th>Cups')}{_tr('td>Blues', 'td>1')}</table>"
    )
    assert document.text == "Cups won\n\nTeam | Cups\nBlues | 1"
    assert document.tables[0].caption == "Cups won"
    inner = f"<table>{_tr('th>Team', 'th>Cups')}{_tr('td>Blues', 'td>1')}</table>"
    document = read(f"<table><tr><td>{inner}</td><td>side</td></tr></table>")
    assert [table.columns for table in document.tables] == [("Team", "Cups")]
    assert read(f"<table role=presentation>{_tr('td>left', 'td>right')}</table>").tables == ()
    document = read(f"<table>{_tr('td colspan=1000>a', 'td rowspan=60000 colspan=1000>b') * 2000}</table>")
    assert document.tables == ()
    assert document.text.startswith("a | b\na | b")


def test_tables_of_data_beside_the_main_text_are_kept() -> None:
    """A table of results after the article is part of the page, a list of links is not."""
    article = f"<p>{SENTENCE * 6}</p><h2>Honey</h2><p>{SENTENCE * 6}</p>"
    rows = "".join(_tr(f"td>Team {n}", f"td>{n * 7}") for n in range(12))
    data = f"<div class=related><table>{_tr('th>Team', 'th>Cups')}{rows}</table></div>"
    document = read(f"<article><h1>Cups</h1>{article}</article>{data}<div class=menu><ul>{LINKS}</ul></div>")
    assert quotation(document, "77") == "Cups · Team 11"
    assert "Another page" not in document.text

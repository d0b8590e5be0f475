"""Cells of tables in exports, in evidence packs and among kept quotes: always with their headers."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from index.citations.entries import locate
from index.citations.evidence_pack import read_pack, verify_pack
from index.citations.export import cite, export
from index.citations.kept import file_json, parse_file
from index.citations.kept_export import KeptExport, render
from index.loading import formats
from index.loading.draft import Content, Draft, compose
from index.loading.grid import grid
from index.records import Citation, DocumentInfo, Location, Span
from tests.citations.factories import answer, citation
from tests.citations.kept_items import item, state_of
from tests.citations.kept_items import quote_of as kept_quote
from tests.citations.packs import make_pack, unzipped

if TYPE_CHECKING:
    from index.citations.kept import KeptQuote
    from index.records import Document
    from tests.citations.conftest import SavePack

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ROWS = [["Grade", "Strength, MPa", "Yield, MPa"], ["SNB22-3", "1000", "890"], ["SNB23-1", "1140", "1000"]]
HEADED = "Strength, MPa · SNB22-3: 1000"


def steel(rows: list[list[str]], identity: str = "a") -> Document:
    """Return a document of a table."""
    draft = Draft([grid(rows)], title="Steel")
    return compose(draft, Content(b"", formats.PLAIN), id=identity * 64, source="/home/me/steel.html")


DOCUMENT = steel(ROWS)


def cell(document: Document = DOCUMENT, words: str = "1000", **changes: Any) -> Citation:
    """Return the citation of the first cell with these words."""
    at = document.text.index(words)
    span = Span(at, at + len(words))
    info = DocumentInfo(document.id, document.source, document.title, "", "", "text/html", len(document.text), 0, 1)
    return replace(Citation(1, info, locate(document, span), *span, words), **changes)


def kept(words: str = "1000", nth: int = 0) -> KeptQuote:
    """Return a cell as a kept quote."""
    quote = kept_quote(DOCUMENT, words, nth)
    place = locate(DOCUMENT, Span(quote.start, quote.end))
    return replace(quote, place=place.place, cell=place.cell, headers=place.headers, recognised=place.recognised)


@pytest.mark.parametrize("form", ["text", "markdown", "html", "bibtex", "ris", "csl"])
def test_every_form_shows_the_headers_with_the_quote(form: Any) -> None:
    """A number alone says nothing."""
    assert HEADED in cite(cell(), form).replace("\\", "")
    assert "table 1, row 2" in cite(cell(), form)


@pytest.mark.parametrize("form", ["text", "markdown", "html", "bibtex", "ris"])
def test_recognised_words_are_said_to_be_so(form: Any) -> None:
    """In the reference of each form; in an answer, beside the statement, too."""
    assert "as recognised in a picture" in cite(cell(location=Location("1", recognised=0.9)), form)
    assert "low confidence" in cite(cell(location=Location("1", recognised=0.1)), form)
    assert "recognised" not in cite(cell(), form)
    assert "(as recognised)" in export(answer(citation(location=Location("1", recognised=0.9))), "text")


@pytest.mark.parametrize("style", ["apa", "mla", "chicago"])
def test_references_name_the_place_and_the_cell(style: Any) -> None:
    """And no paragraph, which a cell has none of."""
    placed = cell(location=Location("", "Costs", 3, "Sheet “2023”", "B7", ("Sum", "Rent")))
    assert "Sheet “2023”, B7" in cite(placed, style)
    assert "par" not in cite(placed, style).partition("B7")[2]


def quoting_cell() -> bytes:
    """Return a pack of an answer that quotes a cell."""
    told = answer(cell())
    return make_pack(replace(told, statements=(replace(told.statements[0], text=HEADED),)))


def test_a_pack_proves_the_headers(save_pack: SavePack) -> None:
    """They are in the readable part, and other headers are a fault; a statement's are checked like the cell's own."""
    pack = read_pack(save_pack(quoting_cell()))
    assert "- Headers: Strength, MPa · SNB22-3" in unzipped(quoting_cell())["evidence.md"].replace("\\", "")
    findings = verify_pack(pack, lambda _: DOCUMENT)
    assert not [finding for finding in findings if "headers" in finding.what or finding.fault == "statement not quoted"]
    other = steel([ROWS[0], ["SNB99-9", *ROWS[1][1:]], ROWS[2]])
    (finding,) = [found for found in verify_pack(pack, lambda _: other) if "headers" in found.what]
    assert finding.fault == "described otherwise"
    forged = replace(pack, statements=(replace(pack.statements[0], text="Price · SNB22-3: 1000"),))
    assert "statement not quoted" in [finding.fault for finding in verify_pack(forged, lambda _: DOCUMENT)]


def test_a_row_may_be_named_by_its_other_cells(save_pack: SavePack) -> None:
    """As a question named it: a pack and a kept quote know the cell, and no words but those of its row."""
    rows = [
        ["No.", "Grade", "Plant", "Strength, MPa"],
        ["1", "SNB22-3", "Hull", "1000"],
        ["2", "SNB23-1", "Leith", "1140"],
    ]
    document, moved = steel(rows), steel([rows[0], rows[2], rows[1]], "b")
    at = document.text.index("1000")
    faults = {}
    for name in ("Hull", "SNB22-3, Hull", "Leith"):
        headers = ("Strength, MPa", name)
        place = replace(locate(document, Span(at, at + 4)), headers=headers)
        told = cell(document, location=place)
        data = make_pack(
            replace(answer(told), statements=(replace(answer(told).statements[0], text=place.quoted("1000")),))
        )
        pack = read_pack(save_pack(data))
        faults[name] = [finding.what for finding in verify_pack(pack, lambda _: document) if "headers" in finding.what]
        quote = replace(kept_quote(document, "1000", 0), cell=place.cell, headers=headers)
        assert state_of(quote, [moved]).state == ("changed" if name == "Leith" else "moved")
    assert [name for name, found in faults.items() if found] == ["Leith"]


def test_a_kept_cell_is_found_by_its_headers() -> None:
    """Not by its words: `1000` stands in another cell, too; and a second table may have the same headers."""
    moved = steel([ROWS[0], ["SNB20-1", "900", "800"], *ROWS[1:]], "b")
    state = state_of(kept(), [moved])
    assert (state.state, state.now and state.now.cell) == ("moved", "table 1, row 3")
    changed_cell = steel([ROWS[0], ["SNB22-3", "1001", "890"], ROWS[2]], "b")
    state = state_of(kept(), [changed_cell])
    assert (state.state, state.now and state.now.quote) == ("changed", "1001")
    gone = steel([ROWS[0], ROWS[2]], "b")
    assert "1000" in gone.text
    assert state_of(kept(), [gone]).state == "gone"
    assert "no cell with these headers" in state_of(kept(), [gone]).what
    assert state_of(kept(), []).what == "No longer in your library."
    assert state_of(kept(), [DOCUMENT]).state == "there"
    twice = compose(
        Draft([grid([ROWS[0], ["SNB22-3", "7", "8"]]), grid(ROWS)], title="Steel"),
        Content(b"", formats.PLAIN),
        id="b" * 64,
        source="/home/me/steel.html",
    )
    state = state_of(replace(kept(), cell="table 2, row 2"), [twice])
    assert (state.state, state.now and state.now.quote) == ("moved", "1000")


def test_collections_carry_headers_and_older_ones_open() -> None:
    """The fields are optional."""
    whole = file_json([item(kept())], NOW)
    assert parse_file(whole)[0].quotes[0].headers == ("Strength, MPa", "SNB22-3")
    older = re.sub(r',\s*"(?:place|cell|recognised)": (?:"[^"]*"|null)|,\s*"headers": \[[^\]]*\]', "", whole)
    assert '"headers"' not in older
    assert parse_file(older)[0].quotes[0] == replace(kept(), place="", cell="", headers=(), recognised=None)


@pytest.mark.parametrize("form", ["markdown", "html", "docx"])
def test_exports_of_collections_show_the_headers(form: Any) -> None:
    """In the quotation, and the cell in the note."""
    quote = kept()
    data = render(KeptExport([item(quote)], [state_of(quote, [DOCUMENT])], "apa", "", NOW), form)
    if form == "docx":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            text = "".join(archive.read(f"word/{name}.xml").decode() for name in ("document", "footnotes"))
    else:
        text = data.decode()
    assert HEADED in text
    assert "table 1, row 2" in text

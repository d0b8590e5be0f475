"""Verifying evidence packs against another copy of the library."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.citations.entries import QuoteContext
from index.citations.evidence_pack import Pack, PackFinding, pack, read_pack, verify_pack
from index.records import Location, Statement
from tests.citations.factories import DOCUMENT, FILE, QUOTE, TEXT, answer, citation
from tests.citations.packs import AT, forged, library_of

if TYPE_CHECKING:
    from index.library.library import Library
    from index.records import Document
    from tests.citations.conftest import SavePack
    from tests.conftest import Write


def faults(findings: list[PackFinding]) -> list[str]:
    """Return the kinds of the findings."""
    return [finding.fault for finding in findings]


def test_pack_is_verified_in_a_copy_of_the_library(pack_read: Pack) -> None:
    """There are no findings."""
    assert verify_pack(pack_read, library_of(DOCUMENT)) == []


def test_pack_of_a_hit_is_verified_from_end_to_end(library: Library, write: Write, save_pack: SavePack) -> None:
    """The citation of a hit is packed, read, and checked against the stored document."""
    library.add(write("treaty.md", "# Peace\n\nThe treaty was signed in winter. Nobody had foreseen it.\n"))
    top = library.search("Who signed the treaty?")[0]
    cited = citation(top.document, location=top.location, start=top.pin.start, end=top.pin.end, quote=top.quote)
    path = save_pack(pack(answer(cited, hits=(top,)), {}, {}, AT))
    assert verify_pack(read_pack(path), library.document) == []


def test_missing_document_is_named(pack_read: Pack) -> None:
    """Its hash says which file is needed."""
    [finding] = verify_pack(pack_read, library_of())
    assert finding.fault == "document missing"
    assert finding.document == DOCUMENT.title
    assert finding.quote == QUOTE.of(TEXT)
    assert DOCUMENT.id in finding.what


@pytest.mark.parametrize(
    ("text", "quote_status"),
    [
        (TEXT, "It contains the quote anyway."),
        (f"New. {TEXT}", "The quote stands at 16 to 55."),
        ("Other words.", "The document does not contain the quote."),
    ],
)
def test_changed_document_is_not_reported_as_missing(pack_read: Pack, text: str, quote_status: str) -> None:
    """The finding says whether the new document still has the quote."""
    [finding] = verify_pack(pack_read, lambda _: replace(DOCUMENT, id="0" * 64, text=text))
    assert finding.fault == "another document"
    assert finding.what == f"Its SHA-256 is {'0' * 64}, not {DOCUMENT.id}. {quote_status}"


def test_quote_that_is_not_in_its_document_is_named(pack_read: Pack) -> None:
    """One changed number is enough."""
    [finding] = verify_pack(pack_read, library_of(replace(DOCUMENT, text=TEXT.replace("Broad", "Board"))))
    assert finding == PackFinding(
        "quote not there",
        1,
        DOCUMENT.title,
        QUOTE.of(TEXT),
        "Characters 11 to 50 of the document differ from the quote. The document does not contain the quote.",
    )


def test_forged_context_is_found() -> None:
    """An invented context can reverse the meaning of a true quote."""
    doctored = forged(context=QuoteContext("It is false that ", ""))
    assert faults(verify_pack(doctored, library_of(DOCUMENT))) == ["context differs"]


@pytest.mark.parametrize("name", ["title", "author", "date"])
def test_forged_description_is_found(name: str) -> None:
    """A true quote under another author is no evidence of what that author wrote."""
    fields: dict[str, Any] = {name: "Else"}
    info = replace(FILE, **fields)
    [finding] = verify_pack(forged(citation=citation(info)), library_of(DOCUMENT))
    assert finding.fault == "described otherwise"
    assert finding.what.startswith(f"Its {name} is ")


def test_forged_page_is_found() -> None:
    """The page is part of the reference."""
    doctored = forged(citation=citation(location=Location("40", "Soho", 1)))
    assert faults(verify_pack(doctored, library_of(DOCUMENT))) == ["described otherwise"]


def test_statement_without_its_words_in_the_quotes_is_found(pack_read: Pack) -> None:
    """True quotes below a false statement are the most misleading pack."""
    false = Statement("The pump was not the cause.", (1,), "verbatim")
    [finding] = verify_pack(replace(pack_read, statements=(false,)), library_of(DOCUMENT))
    assert (finding.fault, finding.marker, finding.quote) == ("statement not quoted", 1, false.text)
    unpinned = replace(false, markers=())
    assert verify_pack(replace(pack_read, statements=(unpinned,)), library_of(DOCUMENT))[0].marker == 0


def test_shortened_quote_counts_as_a_quote(pack_read: Pack) -> None:
    """An ellipsis marks the words that were left out."""
    shortened = Statement("… in Broad Street was …", (1,), "verbatim")
    assert verify_pack(replace(pack_read, statements=(shortened,)), library_of(DOCUMENT)) == []


def test_model_statement_need_not_be_a_quote(pack_read: Pack) -> None:
    """It has a verdict of its own, which the reader sees."""
    written = replace(pack_read, writer="model", statements=(Statement("A pump did it.", (1,), "supported"),))
    assert verify_pack(written, library_of(DOCUMENT)) == []


def test_each_document_is_loaded_once(pack_read: Pack) -> None:
    """A document may be long."""
    loaded: list[str] = []

    def documents(identity: str) -> Document | None:
        loaded.append(identity)
        return DOCUMENT

    verify_pack(replace(pack_read, evidence=pack_read.evidence * 3), documents)
    assert loaded == [DOCUMENT.id]

"""Checking evidence packs in another copy of the library."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.citations.evidence_pack import Pack, PackFinding, pack
from index.citations.links import QuoteContext
from index.citations.pack_verification import read_pack, verify_pack
from index.records import Location, Statement
from tests.citations.factories import DOCUMENT, FILE, QUOTE, TEXT, answer, citation
from tests.citations.packs import AT, forged, library_of

if TYPE_CHECKING:
    from index.library.library import Library
    from index.records import Document
    from tests.citations.conftest import Keep
    from tests.conftest import Write


def faults(findings: list[PackFinding]) -> list[str]:
    """What kinds they are of."""
    return [finding.fault for finding in findings]


def test_a_pack_holds_in_another_copy_of_the_library(read: Pack) -> None:
    """Nothing to report."""
    assert verify_pack(read, library_of(DOCUMENT)) == []


def test_a_pack_made_from_one_library_holds_in_another(library: Library, write: Write, keep: Keep) -> None:
    """From end to end: the citation of a hit, packed, read, and checked against the documents as stored."""
    library.add(write("treaty.md", "# Peace\n\nThe treaty was signed in winter. Nobody had foreseen it.\n"))
    best = library.search("Who signed the treaty?")[0]
    cited = citation(best.document, location=best.location, start=best.pin.start, end=best.pin.end, quote=best.quote)
    kept = keep(pack(answer(cited, hits=(best,)), {}, {}, AT))
    assert verify_pack(read_pack(kept), library.document) == []


def test_a_document_that_is_not_there_is_named(read: Pack) -> None:
    """With its hash, which says which file is wanted."""
    [finding] = verify_pack(read, library_of())
    assert finding.fault == "document missing"
    assert finding.document == DOCUMENT.title
    assert finding.quote == QUOTE.of(TEXT)
    assert DOCUMENT.id in finding.what


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEXT, "It contains the quote anyway."),
        (f"New. {TEXT}", "The quote stands at 16 to 55."),
        ("Other words.", "The document does not contain the quote."),
    ],
)
def test_a_document_that_has_changed_is_told_from_one_that_is_missing(read: Pack, text: str, says: str) -> None:
    """And whether it still has the quote."""
    [finding] = verify_pack(read, lambda _: replace(DOCUMENT, id="0" * 64, text=text))
    assert finding.fault == "another document"
    assert finding.what == f"Its SHA-256 is {'0' * 64}, not {DOCUMENT.id}. {says}"


def test_a_quote_that_is_not_in_its_document_is_named(read: Pack) -> None:
    """One changed number is enough."""
    [finding] = verify_pack(read, library_of(replace(DOCUMENT, text=TEXT.replace("Broad", "Board"))))
    assert finding == PackFinding(
        "quote not there",
        1,
        DOCUMENT.title,
        QUOTE.of(TEXT),
        "Characters 11 to 50 of the document differ from the quote. The document does not contain the quote.",
    )


def test_invented_surroundings_are_found() -> None:
    """A true quote can be made to say the opposite by what is put before it."""
    doctored = forged(context=QuoteContext("It is false that ", ""))
    assert faults(verify_pack(doctored, library_of(DOCUMENT))) == ["context differs"]


@pytest.mark.parametrize("name", ["title", "author", "date"])
def test_an_invented_description_is_found(name: str) -> None:
    """A true quote of another author is no evidence of what that author said."""
    fields: dict[str, Any] = {name: "Else"}
    info = replace(FILE, **fields)
    [finding] = verify_pack(forged(citation=citation(info)), library_of(DOCUMENT))
    assert finding.fault == "described otherwise"
    assert finding.what.startswith(f"Its {name} is ")


def test_an_invented_page_is_found() -> None:
    """The page is half of a reference."""
    doctored = forged(citation=citation(location=Location("40", "Soho", 1)))
    assert faults(verify_pack(doctored, library_of(DOCUMENT))) == ["described otherwise"]


def test_a_statement_that_its_quotes_do_not_hold_is_found(read: Pack) -> None:
    """True quotes below a false statement are the worst of all packs."""
    false = Statement("The pump was not the cause.", (1,), "verbatim")
    [finding] = verify_pack(replace(read, statements=(false,)), library_of(DOCUMENT))
    assert (finding.fault, finding.marker, finding.quote) == ("statement not quoted", 1, false.text)
    unpinned = replace(false, markers=())
    assert verify_pack(replace(read, statements=(unpinned,)), library_of(DOCUMENT))[0].marker == 0


def test_a_quotation_that_was_cut_still_counts_as_one(read: Pack) -> None:
    """An ellipsis says that words were left out."""
    cut = Statement("… in Broad Street was …", (1,), "verbatim")
    assert verify_pack(replace(read, statements=(cut,)), library_of(DOCUMENT)) == []


def test_what_a_model_wrote_is_no_quotation(read: Pack) -> None:
    """It has its own verdict, which the reader sees."""
    written = replace(read, writer="model", statements=(Statement("A pump did it.", (1,), "supported"),))
    assert verify_pack(written, library_of(DOCUMENT)) == []


def test_each_document_is_asked_for_once(read: Pack) -> None:
    """It may be long."""
    asked: list[str] = []

    def documents(identity: str) -> Document | None:
        asked.append(identity)
        return DOCUMENT

    verify_pack(replace(read, evidence=read.evidence * 3), documents)
    assert asked == [DOCUMENT.id]

"""RIS, read back by rispy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import rispy
from hypothesis import given

from index.citations.entries import describe_citation
from index.citations.export import cite, export
from tests.citations.factories import FILE, PAGE, answers, citation, citations

if TYPE_CHECKING:
    from index.records import Answer, Citation


def test_a_record_has_all_that_is_known() -> None:
    """Title, author, date, place, link and quote, each under its tag."""
    [record] = rispy.loads(cite(citation(PAGE), "ris"))
    assert record == {
        "type_of_reference": "ELEC",
        "id": describe_citation(citation(PAGE)).key,
        "title": "On the Mode of Communication of Cholera",
        "authors": ["Snow, John"],
        "year": "1855",
        "date": "1855/03/02/",
        "start_page": "39",
        "section": "Soho",
        "urls": [describe_citation(citation(PAGE)).link],
        "notes": ["p. 39, § Soho, ¶ 1: “The pump in Broad Street was the cause.”"],
    }


@pytest.mark.parametrize(("date", "tag"), [("1855-03", "1855/03//"), ("1855", "1855///")])
def test_a_date_is_as_precise_as_stated(date: str, tag: str) -> None:
    """Always with its three slashes."""
    assert f"DA  - {tag}\n" in cite(citation(replace(FILE, date=date)), "ris")


@given(citations())
def test_no_document_breaks_out_of_its_record(each: Citation) -> None:
    """One record comes back, with what should be in it and no other tag."""
    entry = describe_citation(each)
    [record] = rispy.loads(cite(each, "ris"))
    assert record["title"] == entry.title
    assert record["notes"] == [entry.note]
    assert ";".join(record["urls"]) == entry.link
    assert record.get("authors", []) == [name.sorted for name in entry.names]
    assert record.get("section", "") == entry.location.heading
    assert "unknown_tag" not in record


@given(answers())
def test_as_many_records_as_quotes(each: Answer) -> None:
    """No more, no fewer."""
    assert len(rispy.loads(export(each, "ris"))) == len(
        {describe_citation(citation).key for citation in each.citations}
    )

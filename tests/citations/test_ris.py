"""RIS, read back by rispy, and CSL-JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import rispy
from hypothesis import given

from index.citations.entries import describe_citation
from index.citations.export import cite, export
from index.citations.references import WORD_JOINER
from tests.citations.factories import ARTICLE, DOI, FILE, PAGE, abstention, answers, citation, citations

if TYPE_CHECKING:
    from index.records import Answer, Citation


def test_record_has_all_known_fields() -> None:
    """Title, author, date, place, link and quote are each under their tag."""
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
def test_date_is_as_precise_as_in_the_source(date: str, tag: str) -> None:
    """A date always has three slashes. Programs look articles up by their DOI."""
    assert f"DA  - {tag}\n" in cite(citation(replace(FILE, date=date)), "ris")
    [record] = rispy.loads(cite(citation(ARTICLE), "ris"))
    assert record["doi"] == DOI


@given(citations())
def test_document_cannot_break_out_of_its_record(cited: Citation) -> None:
    """One record is read back, with the right values and no unknown tag."""
    entry = describe_citation(cited)
    [record] = rispy.loads(cite(cited, "ris"))
    assert record["title"] == entry.title
    assert record["notes"] == [entry.note]
    assert ";".join(record["urls"]) == entry.link
    assert record.get("authors", []) == [name.sorted for name in entry.names]
    assert record.get("section", "") == entry.location.heading
    assert record.get("doi", "") == entry.doi
    assert "unknown_tag" not in record


@given(answers())
def test_each_quote_has_one_record(exported: Answer) -> None:
    """The number of records is the number of distinct keys."""
    assert len(rispy.loads(export(exported, "ris"))) == len(
        {describe_citation(cited).key for cited in exported.citations}
    )


MARKUP = re.compile(r"</?[a-z]", re.IGNORECASE)


def test_item_has_all_known_fields() -> None:
    """The names of the fields are those of CSL 1.0.2."""
    [item] = json.loads(cite(citation(PAGE), "csl"))
    assert item == {
        "id": describe_citation(citation(PAGE)).key,
        "type": "webpage",
        "title": "On the Mode of Communication of Cholera",
        "author": [{"family": "Snow", "given": "John"}],
        "issued": {"date-parts": [[1855, 3, 2]]},
        "page": "39",
        "section": "Soho",
        "URL": describe_citation(citation(PAGE)).link,
        "note": "p. 39, § Soho, ¶ 1: “The pump in Broad Street was the cause.”",
    }


def test_organisation_and_article_have_fields_of_their_own() -> None:
    """The name of an organisation is never split, and processors link to a DOI. An abstention is an empty list."""
    [item] = json.loads(cite(citation(replace(PAGE, author="Royal Commission")), "csl"))
    assert item["author"] == [{"literal": "Royal Commission"}]
    [item] = json.loads(cite(citation(ARTICLE), "csl"))
    assert item["DOI"] == DOI
    assert "URL" not in item
    assert json.loads(export(abstention(), "csl")) == []


@given(answers())
def test_no_item_has_markup(exported: Answer) -> None:
    """Tags in a text are broken up for processors, and no word is lost."""
    entries = {entry.key: entry for entry in map(describe_citation, exported.citations)}
    items = json.loads(export(exported, "csl"))
    assert [item["id"] for item in items] == list(entries)
    for item in items:
        assert item["title"].replace(WORD_JOINER, "") == entries[item["id"]].title
        assert item["note"].replace(WORD_JOINER, "") == entries[item["id"]].note
        assert not any(MARKUP.search(text) for text in _texts(item))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for part in inner for text in _texts(part)]
    return [value] if isinstance(value, str) else []

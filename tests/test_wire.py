"""The JSON that every face speaks."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from index import wire
from index.records import Why

if TYPE_CHECKING:
    from index.library import Library
    from tests.conftest import Write

TEXT = "# Trade\n\nThe king signed the treaty. It rained.\n"


def test_a_hit_tells_where_its_words_are(library: Library, write: Write) -> None:
    """Offsets are code points of the document's text: passage and pin can be cut out of it."""
    library.add(write("treaty.md", TEXT))
    found = wire.found(library.search("treaty"))
    text = wire.document(library.document("treaty.md"))["text"]
    hit = found["hits"][0]
    assert text[hit["start"] : hit["end"]] == hit["text"]
    assert text[hit["pin"]["start"] : hit["pin"]["end"]] == hit["pin"]["text"] == "The king signed the treaty."
    assert hit["location"] == {"page": "", "heading": "Trade", "paragraph": 1, "label": "§ Trade, ¶ 1"}
    assert hit["why"]["matched_terms"] == ("treaty",)
    assert hit["document"].keys() == {"id", "title", "source", "author", "date", "claimed"}
    assert found.keys() == {"question", "hits", "notes", "timings_ms"}


def test_a_hit_tells_why_and_what_else_says_the_same(library: Library, write: Write) -> None:
    """Every reason has its field, copies are hits of their own, notes are told; all of it survives JSON."""
    library.add([write("treaty.md", TEXT), write("again.md", TEXT + "\n"), write("rain.txt", "Rain fell.")])
    result = library.search("treaty in:md", explain=True)
    hit = result[0]
    said = json.loads(json.dumps(wire.found(result)))
    assert said["notes"] == []
    assert said["hits"][0]["why"].keys() == {each.name for each in fields(Why)}
    assert said["hits"][0]["why"]["pin_terms"] == ["treaty"]
    assert said["hits"][0]["why"]["nearest_words"][0] == "treaty"
    assert said["hits"][0]["why"]["evidence"] == pytest.approx(hit.why.evidence, abs=1e-6)
    (copy,) = said["hits"][0]["also"]
    assert copy.keys() == said["hits"][0].keys()
    assert copy["also"] == []
    assert copy["document"]["source"] == hit.also[0].document.source != hit.document.source
    text = library.document(copy["document"]["id"]).text
    assert text[copy["pin"]["start"] : copy["pin"]["end"]] == copy["pin"]["text"]
    assert wire.found(library.search("treaty in:nowhere"))["notes"] != []


def test_every_record_is_json(library: Library, write: Write) -> None:
    """All that a face can send survives JSON, and says what its record says."""
    receipt = library.add([write("treaty.md", TEXT), write("broken.pdf", "%PDF-1.4 no")])
    (info,) = library.documents()
    values = {
        "receipt": wire.receipt(receipt),
        "stats": wire.stats(library.stats()),
        "recall": wire.recall(library.recall()),
        "verification": wire.verification(library.verify()),
        "info": wire.document_info(info),
        "document": wire.document(library.document(info.id)),
        "found": wire.found(library.search("treaty")),
    }
    again = json.loads(json.dumps(values))
    assert again["receipt"]["added"] == [info.source]
    assert again["receipt"]["failed"][0].keys() == {"source", "reason", "hint"}
    assert again["stats"]["documents"] == again["verification"]["documents"] == 1
    assert again["recall"]["passages"] == again["info"]["passages"] == 1
    assert again["document"]["landmarks"][0] == {"kind": "heading", "start": 0, "label": "Trade", "level": 1}
    assert again["found"]["question"] == "treaty"

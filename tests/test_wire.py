"""The JSON that every face speaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from index import wire

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
    assert hit["document"].keys() == {"id", "title", "source", "author", "date"}
    assert found.keys() == {"question", "hits", "timings_ms"}


def test_every_record_is_json(library: Library, write: Write) -> None:
    """All that a face can send survives JSON, and says what its record says."""
    receipt = library.add([write("treaty.md", TEXT), write("broken.pdf", "%PDF-1.4 no")])
    (info,) = library.documents()
    values = {
        "receipt": wire.receipt(receipt),
        "stats": wire.stats(library.stats()),
        "verification": wire.verification(library.verify()),
        "info": wire.document_info(info),
        "document": wire.document(library.document(info.id)),
        "found": wire.found(library.search("treaty")),
    }
    again = json.loads(json.dumps(values))
    assert again["receipt"]["added"] == [info.source]
    assert again["receipt"]["failed"][0].keys() == {"source", "reason", "hint"}
    assert again["stats"]["documents"] == again["verification"]["documents"] == 1
    assert again["info"]["passages"] == 1
    assert again["document"]["landmarks"][0] == {"kind": "heading", "start": 0, "label": "Trade", "level": 1}
    assert again["found"]["question"] == "treaty"

"""Moving sources from document to document in one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.storage import tables
from tests.storage.factories import a_document, put

if TYPE_CHECKING:
    from index.storage.catalog.catalog import Catalog

SHIP, WHALE, COMET = (
    a_document(text, source=f"/notes/{name}")
    for text, name in (("A ship left.", "a.md"), ("A whale swam.", "b.md"), ("A comet came.", "sub/c.md"))
)


@pytest.fixture(autouse=True)
def _filled(catalog: Catalog) -> None:
    for document in (SHIP, WHALE, COMET):
        put(catalog, document)


def test_moved_document_keeps_its_number_and_passages(catalog: Catalog) -> None:
    """A move is one change of the catalog, in which no passage is removed."""
    number, generation = catalog.number_of(SHIP.id), catalog.generation()
    assert number is not None
    passages = catalog.passages_of(number)
    catalog.relink({"/notes/z.md": SHIP.id}, ["/notes/a.md"])
    assert catalog.sources_of(number) == ["/notes/z.md"]
    assert (catalog.number_of(SHIP.id), catalog.passages_of(number)) == (number, passages)
    assert (catalog.generation(), catalog.removed_since(-1)) == (generation + 1, [])


def test_two_documents_can_swap_their_sources(catalog: Catalog) -> None:
    """Neither document is without a source in between, so none is removed."""
    catalog.relink({"/notes/a.md": WHALE.id, "/notes/b.md": SHIP.id})
    assert catalog.documents_of(["/notes/a.md", "/notes/b.md"]) == {"/notes/a.md": WHALE.id, "/notes/b.md": SHIP.id}
    assert catalog.removed_since(-1) == []


def test_document_without_any_source_is_removed(catalog: Catalog) -> None:
    """A document that still has another source stays."""
    catalog.link("/elsewhere/a.md", SHIP.id)
    catalog.relink({"/notes/b.md": COMET.id}, ["/notes/a.md", "/notes/nothing.md"])
    assert dict(catalog.sources()) == {
        "/elsewhere/a.md": SHIP.id,
        "/notes/b.md": COMET.id,
        "/notes/sub/c.md": COMET.id,
    }
    assert catalog.number_of(WHALE.id) is None
    assert [document.passages for document in catalog.removed_since(-1) or ()] == [1]


def test_failed_relink_changes_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception midway leaves every source where it was."""
    before, generation = catalog.sources(), catalog.generation()

    def fail(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(tables, "remove", fail)
    with pytest.raises(RuntimeError):
        catalog.relink({"/notes/z.md": SHIP.id}, ["/notes/a.md", "/notes/b.md"])
    assert (catalog.sources(), catalog.generation()) == (before, generation)


def test_sources_below_a_folder_match_whole_names(catalog: Catalog) -> None:
    """A path that only starts with the same letters is not below the folder; a trailing slash makes no difference."""
    for name in ("/notes", "/notes.md", "/notes-2/d.md", "/notes0", "/notes%/e.md", "/Notes/f.md"):
        catalog.link(name, SHIP.id)
    expected = {"/notes/a.md": SHIP.id, "/notes/b.md": WHALE.id, "/notes/sub/c.md": COMET.id}
    assert catalog.sources_below("/notes") == catalog.sources_below("/notes/") == expected
    assert catalog.sources_below("/notes/sub") == {"/notes/sub/c.md": COMET.id}
    assert len(catalog.sources_below("/")) == 9
    assert catalog.sources_below(str(Path("/nowhere"))) == {}


def test_bulk_queries_leave_out_unknown_names(catalog: Catalog) -> None:
    """Only existing sources and documents are in the result."""
    assert catalog.documents_of(["/notes/a.md", "/nowhere"]) == {"/notes/a.md": SHIP.id}
    assert catalog.media_types([SHIP.id, "nothing"]) == {SHIP.id: "text/plain"}

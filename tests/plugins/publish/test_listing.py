"""The listing shows what the public will see, and no path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.plugins.publish.listing import list_library, public_names

if TYPE_CHECKING:
    from index.library.library import Library
    from tests.conftest import Write


def test_names_replace_paths_and_stay_unique() -> None:
    """Two files of one name get a number; addresses lose their password."""
    sources = (
        "/a/notes.md",
        "/b/notes.md",
        "/c/notes (2).md",
        "https://me:secret@example.org/x",
        "/d/README",
        "/e/README",
    )
    names = public_names(sources)
    assert names["/a/notes.md"] == "notes.md"
    assert names["https://me:secret@example.org/x"] == "https://example.org/x"
    assert {names["/d/README"], names["/e/README"]} == {"README", "README (2)"}
    assert len(set(names.values())) == len(sources)
    assert not any("/" in name for name in names.values() if "://" not in name)


def test_documents_are_listed_with_what_shows(shelf: Library) -> None:
    """Names, titles, licences, and the path that would have shown."""
    listing = list_library(shelf, originals=False, licences={})
    facts = {(document.title, document.licence, document.original) for document in listing.documents}
    assert facts == {("The treaty", "CC-BY-4.0", None), ("The sea", "unknown", None)}
    assert sorted(document.name for document in listing.documents) == ["notes (2).md", "notes.md"]
    assert all(document.hidden[0].endswith("/notes.md") for document in listing.documents)
    assert listing.unlicensed == tuple(document.name for document in listing.documents if document.title == "The sea")


def test_stated_licences_fill_gaps_or_override_by_document(shelf: Library) -> None:
    """A licence for all does not replace the one that a document states itself; one for the document does."""
    treaty = shelf.find("The treaty").id
    for stated, expected in (({"": "MIT"}, {"CC-BY-4.0", "MIT"}), ({treaty: "CC0-1.0"}, {"CC0-1.0", "unknown"})):
        listing = list_library(shelf, originals=False, licences=stated)
        assert {document.licence for document in listing.documents} == expected


def test_originals_are_listed_only_if_they_go_along(shelf: Library, write: Write) -> None:
    """A file that has changed since cannot go along, and is named."""
    write("coast/notes.md", "other words")
    listing = list_library(shelf, originals=True, licences={})
    by_title = {document.title: document for document in listing.documents}
    assert (by_title["The treaty"].original or 0) > 50
    assert by_title["The sea"].original is None
    assert listing.missing == (by_title["The sea"].name,)


def test_second_file_of_a_document_is_listed_too(library: Library, write: Write) -> None:
    """Its name becomes public as well."""
    library.add([write("a.md", "A whale swam by."), write("copy.md", "A whale swam by.")])
    (document,) = list_library(library, originals=False, licences={}).documents
    assert {document.name, *document.also} == {"a.md", "copy.md"}

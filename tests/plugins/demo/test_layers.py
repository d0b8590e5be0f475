"""Two libraries that are searched as one give what one library with all documents gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryDamaged, LibraryReadOnly
from index.library.library import Library
from index.plugins.demo.layered_store import GAP, LayeredCatalog, LayeredStore, keep_ids_apart
from index.records import Span
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


SETTINGS = Settings(passage_tokens=32)
PUBLISHED = {
    "treaty.md": "# Treaty\n\nThe king signed the treaty in the harbour. The queen kept a garden.",
    "oil.txt": "The price of oil fell in summer. A horse cost more than a bridge.",
    "whale.txt": "A whale swam by the ship. Nobody in the school saw the whale again.",
}
OWN = {
    "comet.txt": "The comet fell into the desert in winter. The king wrote a letter about the comet.",
    "clock.md": "# Clock\n\nThe doctor sold a silver clock for the price of oil.",
}
QUESTIONS = (
    "Who signed the treaty?",
    "What fell into the desert?",
    "What did oil cost?",
    "who saw the whale",
    '"price of oil"',
    "oil -silver",
    "type:md clock",
    "in:comet king",
)


def write_all(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write texts to files by name."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


class Layers:
    """A published library, an own one, both as one, and a single library with all documents."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.place = folder / "words"
        with Library.open(folder / "published", SETTINGS, encoder=FakeEncoder()) as library:
            library.add(write_all(self.files, PUBLISHED))
        self.published = Library.open(folder / "published", SETTINGS, encoder=FakeEncoder(), immutable=True)
        self.own = Library.open(folder / "own", SETTINGS, encoder=FakeEncoder())
        keep_ids_apart(self.published.parts.store.catalog, self.own.parts.store.catalog)
        self.own.add(write_all(self.files, OWN))
        store = LayeredStore(self.published.parts.store, self.own.parts.store, self.place)
        self.both = Library(store, SETTINGS, models=self.published.parts.models)
        self.single = Library.open(folder / "single", SETTINGS, encoder=FakeEncoder())
        self.single.add(write_all(self.files, PUBLISHED | OWN))

    def close(self) -> None:
        """Close all four."""
        for library in (self.both, self.own, self.published, self.single):
            library.close()


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[Layers]:
    """The libraries."""
    opened = Layers(tmp_path)
    yield opened
    opened.close()


def pins(library: Library, question: str) -> list[tuple[str, int, int]]:
    """Return what a search finds, without scores: those of words count removed passages until tantivy merges them."""
    return [found[:3] for found in seen(library, question)]


def seen(library: Library, question: str) -> list[tuple[str, int, int, float, float | None]]:
    """Return what a search finds: document, pin, score and BM25 score of each hit."""
    hits = library.search(question, limit=20).hits
    return [(hit.document.id, hit.pin.start, hit.pin.end, round(hit.score, 6), hit.why.lexical) for hit in hits]


@pytest.mark.parametrize("question", QUESTIONS)
def test_search_finds_what_a_single_library_finds(layers: Layers, question: str) -> None:
    """Also scores are the same: the rarity of words is counted over both libraries."""
    expected = seen(layers.single, question)
    assert expected
    assert seen(layers.both, question) == expected


def test_only_own_documents_are_private(layers: Layers) -> None:
    """Every document says whether it is the visitor's, in lists and in citations."""
    names = {info.source.rpartition("/")[2]: info.private for info in layers.both.documents()}
    assert names == dict.fromkeys(PUBLISHED, False) | dict.fromkeys(OWN, True)
    (citation,) = layers.both.ask("What fell into the desert?", limit=3).citations[:1]
    assert citation.document.private


def test_texts_are_those_of_their_library(layers: Layers) -> None:
    """The text, the place and the view of a document come from the library that holds it."""
    for info in layers.single.documents():
        document = layers.both.document(info.id)
        assert document.text == layers.single.document(info.id).text
        span = Span(0, 10)
        assert layers.both.text(info.id, span) == document.text[:10]
        assert layers.both.locate(info.id, span) == layers.single.locate(info.id, span)
        assert layers.both.view(info.id, span).blocks == layers.single.view(info.id, span).blocks
        assert layers.both.has_original(info.id)


def test_totals_suggestions_coverage_and_map_are_those_of_all_documents(layers: Layers) -> None:
    """Whatever counts documents or passages counts both libraries."""
    both, single = layers.both.stats(), layers.single.stats()
    assert (both.documents, both.passages, both.characters) == (single.documents, single.passages, single.characters)
    assert both.media_types == single.media_types
    assert layers.both.suggestions() == layers.single.suggestions()
    rows = {row.document.id for row in layers.both.coverage("oil")}
    assert rows == {row.document.id for row in layers.single.coverage("oil")}
    shapes = {shape.document: shape.passages for shape in layers.both.map(wait=True).shapes}
    assert shapes == {shape.document: shape.passages for shape in layers.single.map(wait=True).shapes}


def test_changes_of_the_own_library_are_seen_at_once(layers: Layers) -> None:
    """A removed document is found no longer, in no index; a new one is."""
    comet = layers.both.find("comet.txt")
    layers.own.remove(comet.id)
    layers.single.remove(comet.id)
    for question in QUESTIONS[:4]:
        assert pins(layers.both, question) == pins(layers.single, question)
    layers.own.add(write_all(layers.files, {"bread.txt": "Bread cost a copper in the school of music."}))
    layers.single.add(layers.files / "bread.txt")
    for question in ("What did bread cost?", *QUESTIONS[:4]):
        assert pins(layers.both, question) == pins(layers.single, question)


def test_published_library_stays_as_it_is(layers: Layers, tmp_path: Path) -> None:
    """Questions, maps and additions write nothing into its folder, which need not be writable."""
    folder = tmp_path / "published"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    layers.both.ask("What fell into the desert?")
    layers.both.map(wait=True)
    layers.published.map(wait=True)
    layers.own.add(write_all(layers.files, {"bread.txt": "Bread cost a copper."}))
    layers.both.search("bread")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    with pytest.raises(LibraryReadOnly):
        layers.published.add(layers.files / "bread.txt")
    with pytest.raises(LibraryReadOnly):
        layers.both.add(layers.files / "bread.txt")


def test_layers_notice_that_the_published_library_has_changed(layers: Layers, tmp_path: Path) -> None:
    """Then they must be made again; the ids of both libraries still differ."""
    catalog = layers.both.parts.store.catalog
    assert isinstance(catalog, LayeredCatalog)
    assert catalog.is_current
    with Library.open(tmp_path / "published", SETTINGS, encoder=FakeEncoder()) as library:
        library.add(write_all(layers.files, {"bread.txt": "Bread cost a copper in the school of music."}))
    assert not catalog.is_current
    store = LayeredStore(layers.published.parts.store, layers.own.parts.store, tmp_path / "again")
    again = Library(store, SETTINGS, models=layers.published.parts.models)
    layers.single.add(layers.files / "bread.txt")
    try:
        for question in ("What did bread cost?", *QUESTIONS):
            assert sorted(seen(again, question)) == sorted(seen(layers.single, question))
    finally:
        again.close()


def test_own_ids_are_above_all_that_the_published_library_may_give(layers: Layers) -> None:
    """An own catalog whose ids might be those of the published one is not read together with it."""
    published, own = layers.published.parts.store.catalog, layers.own.parts.store.catalog
    assert min(own.numbered()) > max(published.numbered()) + GAP
    with pytest.raises(LibraryDamaged):
        LayeredCatalog(own, published)

"""The public methods of `Library`, and the composition of its parts."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import index.library
import index.storage.catalog
from index.errors import (
    AmbiguousDocument,
    DocumentNotFound,
    EncoderError,
    FingerprintMismatch,
    LibraryNotFound,
    LibraryNotWritable,
    PinciteError,
    SpanError,
)
from index.library.library import Library
from index.records import Span
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.libraries import filled_library
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from tests.conftest import Write

SHIP = (
    "<html><head><title>The Ship</title></head><body><p>The ship left the harbour. A whale swam by.</p></body></html>"
)


FILES = {
    "ship.html": SHIP,
    "a/notes.txt": "The king signed the treaty in winter.",
    "b/notes.txt": "The price of oil rose in summer.",
}
"""Three documents, two of which have the same file name."""


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """A library of these documents."""
    library.add([write(name, text) for name, text in FILES.items()])
    return library


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The same library, for tests that change nothing."""
    with filled_library(tmp_path_factory.mktemp("shared"), FILES) as library:
        yield library


# Opening


def test_open_creates_a_missing_library(tmp_path: Path) -> None:
    """A missing folder is created, unless `create` is False; without a folder, the one of the settings is taken.

    Neither a folder without a catalog nor one with an empty catalog is a library until one is created there. If it
    cannot be created, the error says to choose another folder.
    """
    with pytest.raises(LibraryNotFound, match="pincite add"):
        Library.open(tmp_path / "new", create=False)
    assert not (tmp_path / "new").exists()
    with Library.open(tmp_path / "new", encoder=FakeEncoder()) as library:
        assert library.documents() == []
    with Library.open(str(tmp_path / "new"), create=False) as library:
        assert library.folder == tmp_path / "new"
    (tmp_path / "empty").mkdir()
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path / "empty", create=False)
    (tmp_path / "empty" / "catalog.db").touch()
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path / "empty", create=False)
    with Library.open(settings=Settings(library=tmp_path / "set")) as library:
        assert library.folder == tmp_path / "set"
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryNotWritable, match="PINCITE_LIBRARY"):
        Library.open(tmp_path / "file" / "library")


def test_a_closed_library_can_be_opened_again(filled: Library) -> None:
    """The documents are still there. The closed folder can be copied, because the catalog is one file."""
    filled.close()
    assert not list(filled.folder.glob("catalog.db-*"))
    with Library.open(filled.folder, encoder=FakeEncoder(), create=False) as reopened:
        assert len(reopened.documents()) == 3
        assert reopened.search("whale")[0].quote == "A whale swam by."


# Names of documents


def test_a_document_is_found_by_any_of_its_names(shared: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Title and file name, in any case and with blanks, six or more characters of the id, and a path name it.

    The error of an ambiguous name lists the documents with the beginning of their ids.
    """
    for name in ("The Ship", "the SHIP", "ship.html", "  Ship.HTML "):
        assert shared.find(name).source.endswith("ship.html")
    for info in shared.documents():
        assert shared.find(info.id) == shared.find(info.id[:6].upper()) == shared.find(info.source) == info
    monkeypatch.chdir(shared.folder.parent / "sources")
    assert shared.find("a/notes.txt").source.endswith("/a/notes.txt")
    for name in ("nothing", "", "  ", "abc"):
        with pytest.raises(DocumentNotFound, match="pincite list"):
            shared.find(name)
    with pytest.raises(AmbiguousDocument) as caught:
        shared.find("notes.txt")
    assert len(caught.value.candidates) == 2
    for candidate in caught.value.candidates:
        assert shared.find(candidate.split()[0])


def test_locate_returns_the_paragraph_of_a_span(shared: Library) -> None:
    """A span outside the text is an error that states the length of the text."""
    assert shared.locate("ship.html", Span(0, 4)).paragraph == 1
    length = len(shared.document("ship.html").text)
    assert shared.locate("ship.html", Span(length, length)).paragraph == 1
    for span in (Span(0, length + 1), Span(5, 4), Span(-1, 2)):
        with pytest.raises(SpanError, match=f"has {length} characters"):
            shared.locate("ship.html", span)


# Searching


def test_search_returns_the_best_passage_first(shared: Library) -> None:
    """A hit has its document and quote. Only named documents are searched; a wrong name is an error, despite operators.

    An empty list of documents finds nothing, and neither does an empty question.
    """
    found = shared.search("Who signed the pact?", limit=2)
    assert found.question == "Who signed the pact?"
    assert found[0].quote == "The king signed the treaty in winter."
    assert (found[0].document.name, len(found)) == ("notes.txt", 2)
    for names in (["ship.html"], ["The Ship", "ship.html"]):
        assert {hit.document.title for hit in shared.search("king treaty", documents=names)} == {"The Ship"}
    assert len(shared.search("king", documents=[])) == 0
    for wrong in (["nothing"], ["notes.txt"]):
        with pytest.raises((DocumentNotFound, AmbiguousDocument)):
            shared.search("king in:notes", documents=wrong)
    assert [len(shared.search(question)) for question in ("", "   ", "\n\t")] == [0, 0, 0]


def test_question_or_limit_out_of_range_is_refused(shared: Library) -> None:
    """The error states both lengths and the setting. A question of exactly the limit is allowed."""
    shared.search("k" * 2000)
    with pytest.raises(PinciteError, match=r"2001 characters; 2000 are allowed\. .*PINCITE_MAX_QUESTION_CHARACTERS"):
        shared.search("k" * 2001)
    for limit in (0, -1):
        with pytest.raises(PinciteError, match="Ask for 1 or more"):
            shared.search("king", limit=limit)


def test_search_with_another_encoder_or_an_unavailable_reranker_is_an_error(shared: Library) -> None:
    """Vectors of two encoders cannot be compared; the error names both, or the reranker."""
    with (
        Library.open(shared.folder, encoder=FakeEncoder(name="other@2")) as other_library,
        pytest.raises(FingerprintMismatch, match=r"fake@1.*other@2"),
    ):
        other_library.search("king")
    with (
        Library.open(shared.folder, Settings(reranker=str(shared.folder)), encoder=FakeEncoder()) as library,
        pytest.raises(EncoderError, match="reranker"),
    ):
        library.search("king")


def test_the_encoder_is_loaded_once_at_first_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening and listing load no model; the first use loads it once."""
    loads: list[Settings] = []

    def load(settings: Settings) -> FakeEncoder:
        loads.append(settings)
        return FakeEncoder()

    monkeypatch.setattr("index.encoders.encoder.load_encoder", load)
    with Library.open(tmp_path, Settings(model="a model")) as library:
        library.documents()
        assert loads == []
        assert library.encoder() is library.encoder()
    assert [settings.model for settings in loads] == ["a model"]


# Reranking


class ReversingReranker:
    """A reranker that gives the last passage the highest score."""

    name = "reversing@1"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """See `Reranker.score`."""
        return [(1 + position) / 10 for position in range(len(passages))]


def test_reranker_of_the_settings_decides_the_order(shared: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded once, for the first search, and decides order and score."""
    loads: list[str] = []

    def load(settings: Settings) -> ReversingReranker:
        loads.append(settings.reranker)
        return ReversingReranker()

    monkeypatch.setattr("index.encoders.cross_encoders.load_reranker", load)
    question = "Who signed the pact?"
    plain = shared.search(question)
    assert loads == []
    with Library.open(shared.folder, Settings(reranker="some/cross-encoder"), encoder=FakeEncoder()) as reranked:
        assert loads == []
        found = reranked.search(question)
        reranked.search(question, limit=1)
    assert loads == ["some/cross-encoder"]
    assert [hit.passage.id for hit in found] == [hit.passage.id for hit in plain][::-1]
    assert [(hit.score, hit.why.reranked) for hit in found] == [(0.3, 0.3), (0.2, 0.2), (0.1, 0.1)]
    assert all(hit.why.reranked is None for hit in plain)


# Removing


def test_removed_document_is_not_listed_or_found(filled: Library) -> None:
    """A removed document is in no list, answer or index. Its file stays, and can be added again."""
    source = filled.find("The Ship").source
    receipt = filled.remove("The Ship")
    assert receipt.removed == (source,)
    assert len(filled.documents()) == 2
    assert all(hit.document.source != source for hit in filled.search("whale harbour ship", limit=99))
    assert filled.problems() == []
    assert filled.add(source).added == (source,)
    assert filled.search("whale")[0].document.source == source


def test_all_names_are_looked_up_before_the_first_document_is_removed(filled: Library) -> None:
    """A wrong name removes nothing; two names of one document remove it once."""
    with pytest.raises(DocumentNotFound):
        filled.remove("The Ship", "nothing")
    assert len(filled.documents()) == 3
    assert len(filled.remove("The Ship", "ship.html").removed) == 1


# Maintenance


def test_stats_count_the_whole_library(filled: Library, library: Library, encoder: FakeEncoder, write: Write) -> None:
    """Documents, passages, sentences, characters, media types, bytes and fingerprint are counted.

    A faster machine may go on with eight bits; a rebuild keeps vectors, and what is known of their precision.
    """
    stats = filled.stats()
    assert (stats.documents, stats.passages, stats.sentences) == (3, 3, 4)
    assert stats.characters == sum(info.characters for info in filled.documents())
    assert stats.media_types == {"text/html": 1, "text/plain": 2}
    assert stats.made_with.startswith("fake@1 | sentences/")
    assert stats.precisions == ("float32",)
    assert stats.bytes > 1000
    assert stats.generation == 3
    encoder.precision = "int8"
    assert filled.stats().precisions == ("float32",)
    filled.add(write("later.txt", "A whale swam past the harbour."))
    assert filled.stats().precisions == ("float32", "int8")
    filled.rebuild()
    assert filled.stats().precisions == ("float32", "int8")


# Threads


def test_search_works_during_additions_and_removals(library: Library, write: Write) -> None:
    """While one thread adds and removes, the others get hits whose quotes are in their documents, and no error."""
    stop = threading.Event()
    errors: list[BaseException] = []
    checked: list[Any] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                for hit in library.search("Which ship left the harbour?", limit=5):
                    text = contents[hit.document.source]
                    assert hit.pin.of(text) == hit.quote
                    assert hit.quote
                    checked.append(hit.quote)
        except BaseException as error:
            errors.append(error)

    paths = [write(f"{n}.txt", f"Ship {n} left the harbour. Captain {n} slept.") for n in range(length(6, 12))]
    contents = {str(path): path.read_text() for path in paths}
    threads = [threading.Thread(target=ask) for _ in range(length(2, 3))]
    for thread in threads:
        thread.start()
    for path in paths:
        library.add(path)
    for path in paths[:3]:
        library.remove(str(path))
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert checked
    assert library.problems() == []
    assert len(library.documents()) == len(paths) - 3


# Composition


def classes_of(package: ModuleType) -> list[type]:
    """Return all classes that the modules of a package define."""
    names = [module.name for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    modules = [package, *map(importlib.import_module, names)]
    classes = [member for module in modules for member in vars(module).values() if isinstance(member, type)]
    return [member for member in classes if member.__module__.startswith(package.__name__)]


@pytest.mark.parametrize("package", [index.library, index.storage.catalog], ids=["library", "catalog"])
def test_no_part_inherits_from_another(package: ModuleType) -> None:
    """The library and the catalog are composed: none of their classes has a base class in the same package."""
    classes = classes_of(package)
    assert len(classes) > 3
    assert [(part, base) for part in classes for base in part.__mro__[1:] if base in classes] == []


def test_no_part_uses_the_private_attributes_of_another() -> None:
    """An attribute with a leading underscore is only read from `self`."""
    foreign = []
    for path in Path(index.library.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                owner = ast.unparse(node.value)
                foreign += [] if owner == "self" else [f"{path.name}: {owner}.{node.attr}"]
    assert foreign == []

"""What a reader can do with a library."""

from __future__ import annotations

import ast
import importlib
import inspect
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
from index.library import Library
from index.records import Span
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from tests.conftest import Write

SHIP = (
    "<html><head><title>The Ship</title></head><body><p>The ship left the harbour. A whale swam by.</p></body></html>"
)


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """Three documents; two of them are called alike."""
    library.add(
        [
            write("ship.html", SHIP),
            write("a/notes.txt", "The king signed the treaty in winter."),
            write("b/notes.txt", "The price of oil rose in summer."),
        ]
    )
    return library


# Opening


def test_opening_makes_a_library(tmp_path: Path) -> None:
    """A folder that is not there is made, unless that is not wanted."""
    with pytest.raises(LibraryNotFound, match="pincite add"):
        Library.open(tmp_path / "new", create=False)
    assert not (tmp_path / "new").exists()
    with Library.open(tmp_path / "new", encoder=FakeEncoder()) as library:
        assert library.documents() == []
    with Library.open(str(tmp_path / "new"), create=False) as library:
        assert library.folder == tmp_path / "new"


def test_an_empty_folder_is_no_library(tmp_path: Path) -> None:
    """A folder without a catalog, or with an empty one, holds no library until one is made there."""
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path, create=False)
    (tmp_path / "catalog.db").touch()
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path, create=False)


def test_the_settings_name_the_folder(tmp_path: Path) -> None:
    """Without a folder, the library is where the settings say."""
    with Library.open(settings=Settings(library=tmp_path / "set")) as library:
        assert library.folder == tmp_path / "set"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Where a library cannot be made, the error says to name another folder."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryNotWritable, match="PINCITE_LIBRARY"):
        Library.open(tmp_path / "file" / "library")


def test_after_closing_it_can_be_opened_again(filled: Library) -> None:
    """What was added is there; the folder can be copied while it is closed, for the catalog is one file."""
    filled.close()
    assert not list(filled.folder.glob("catalog.db-*"))
    with Library.open(filled.folder, encoder=FakeEncoder(), create=False) as again:
        assert len(again.documents()) == 3
        assert again.search("whale")[0].quote == "A whale swam by."


# Naming documents


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("The Ship", "ship.html", id="title"),
        pytest.param("the SHIP", "ship.html", id="title in any case"),
        pytest.param("ship.html", "ship.html", id="file name"),
        pytest.param("  Ship.HTML ", "ship.html", id="file name in any case, with blanks"),
    ],
)
def test_a_document_answers_to_its_names(filled: Library, name: str, found: str) -> None:
    """Title and file name name a document, whatever their case."""
    assert filled.find(name).source.endswith(found)


def test_a_document_answers_to_its_id_and_source(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do its id, six or more letters of its beginning, its absolute path, and its path from here."""
    for info in filled.documents():
        assert filled.find(info.id) == info
        assert filled.find(info.id[:6].upper()) == info
        assert filled.find(info.source) == info
    monkeypatch.chdir(filled.folder.parent / "sources")
    assert filled.find("a/notes.txt").source.endswith("/a/notes.txt")


@pytest.mark.parametrize("name", ["nothing", "", "  ", "abc"])
def test_an_unknown_name_is_an_error(filled: Library, name: str) -> None:
    """Nothing answers to an unknown or an empty name, nor to fewer than six letters of an id."""
    with pytest.raises(DocumentNotFound, match="pincite list"):
        filled.find(name)


def test_a_name_of_two_is_an_error(filled: Library) -> None:
    """Two documents of one file name are both listed, with the beginning of their ids."""
    with pytest.raises(AmbiguousDocument) as caught:
        filled.find("notes.txt")
    assert len(caught.value.candidates) == 2
    for candidate in caught.value.candidates:
        assert filled.find(candidate.split()[0])


def test_where_a_span_stands(filled: Library) -> None:
    """A span of the text has a place; one that is not of the text is an error that tells how long the text is."""
    assert filled.locate("ship.html", Span(0, 4)).paragraph == 1
    length = len(filled.document("ship.html").text)
    assert filled.locate("ship.html", Span(length, length)).paragraph == 1
    for span in (Span(0, length + 1), Span(5, 4), Span(-1, 2)):
        with pytest.raises(SpanError, match=f"has {length} characters"):
            filled.locate("ship.html", span)


# Asking


def test_asking(filled: Library) -> None:
    """The best passage comes first, with its document, its quote and its place."""
    found = filled.search("Who signed the pact?", limit=2)
    assert found.question == "Who signed the pact?"
    assert found[0].quote == "The king signed the treaty in winter."
    assert found[0].document.name == "notes.txt"
    assert len(found) == 2


@pytest.mark.parametrize("names", [["ship.html"], ["The Ship", "ship.html"]])
def test_asking_some_documents(filled: Library, names: list[str]) -> None:
    """Restricted to documents by any of their names, only they answer."""
    assert {hit.document.title for hit in filled.search("king treaty", documents=names)} == {"The Ship"}


def test_asking_no_documents(filled: Library) -> None:
    """An empty list of documents is not the same as none: nothing is found."""
    assert len(filled.search("king", documents=[])) == 0


def test_asking_an_unknown_document(filled: Library) -> None:
    """A restriction to what is not there is an error, not an empty result."""
    with pytest.raises(DocumentNotFound):
        filled.search("king", documents=["nothing"])


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_finds_nothing(filled: Library, encoder: FakeEncoder, question: str) -> None:
    """It is not encoded, either."""
    assert len(filled.search(question)) == 0
    assert encoder.questions == []


def test_a_question_that_is_too_long(filled: Library) -> None:
    """The error tells both lengths and the setting; a question of exactly the limit is asked."""
    filled.search("k" * 2000)
    with pytest.raises(PinciteError, match=r"2001 characters; 2000 are allowed\. .*PINCITE_MAX_QUESTION_CHARACTERS"):
        filled.search("k" * 2001)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one(filled: Library, limit: int) -> None:
    """Asking for nothing is a mistake."""
    with pytest.raises(PinciteError, match="Ask for 1 or more"):
        filled.search("king", limit=limit)


def test_another_encoder_cannot_ask(filled: Library) -> None:
    """Vectors of two encoders are not compared; the error names both."""
    with (
        Library.open(filled.folder, encoder=FakeEncoder(name="other@2")) as again,
        pytest.raises(FingerprintMismatch, match=r"fake@1.*other@2"),
    ):
        again.search("king")


def test_the_built_in_encoder_loads_at_first_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening and listing load no model; the first use loads it once."""
    loads: list[Settings] = []

    def load(settings: Settings) -> FakeEncoder:
        loads.append(settings)
        return FakeEncoder()

    monkeypatch.setattr("index.encoding.load_encoder", load)
    with Library.open(tmp_path, Settings(model="a model")) as library:
        library.documents()
        assert loads == []
        assert library.encoder() is library.encoder()
    assert [settings.model for settings in loads] == ["a model"]


def test_one_side_alone(filled: Library) -> None:
    """Asked for one side alone, the other one's ranks are not there."""
    dense, lexical = (filled.search("king", mode=mode) for mode in ("dense", "lexical"))
    assert dense[0].why.lexical_rank is None
    assert lexical[0].why.dense_rank is None
    assert dense[0].quote == lexical[0].quote == "The king signed the treaty in winter."


@pytest.mark.parametrize("documents", [["nothing"], ["notes.txt"]], ids=["unknown", "ambiguous"])
def test_operators_do_not_hide_a_wrong_name(filled: Library, documents: list[str]) -> None:
    """A name in `documents` has to be of one document, whatever the question's own operators ask for."""
    with pytest.raises((DocumentNotFound, AmbiguousDocument)):
        filled.search("king in:notes", documents=documents)


def test_a_question_is_told_as_it_was_asked(filled: Library) -> None:
    """With its operators, and without the blanks around it."""
    assert filled.search(' king "the treaty" type:txt ').question == 'king "the treaty" type:txt'


def test_an_explanation_is_passed_on(filled: Library) -> None:
    """Asked for, it tells the nearest words of the pin."""
    assert filled.search("monarch", explain=True)[0].why.nearest_words[0] == "king"
    assert filled.search("monarch")[0].why.nearest_words == ()


# Reranking


class Reversing:
    """A reranker that likes the last of what it is given best."""

    name = "reversing@1"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """See `Reranker.score`."""
        return [(1 + place) / 10 for place in range(len(passages))]


def test_the_reranker_of_the_settings_ranks(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded once, for the first search, and its word is the order and the score."""
    loads: list[str] = []

    def load(settings: Settings) -> Reversing:
        loads.append(settings.reranker)
        return Reversing()

    monkeypatch.setattr("index.reranking.load_reranker", load)
    question = "Who signed the pact?"
    plain = filled.search(question)
    assert loads == []
    with Library.open(filled.folder, Settings(reranker="some/cross-encoder"), encoder=FakeEncoder()) as reranked:
        assert loads == []
        found = reranked.search(question)
        reranked.search(question, limit=1)
    assert loads == ["some/cross-encoder"]
    assert [hit.passage.id for hit in found] == [hit.passage.id for hit in plain][::-1]
    assert [(hit.score, hit.why.reranked) for hit in found] == [(0.3, 0.3), (0.2, 0.2), (0.1, 0.1)]
    assert all(hit.why.reranked is None for hit in plain)


def test_a_reranker_that_cannot_be_had_is_an_error(filled: Library) -> None:
    """The search tells which setting names it."""
    with (
        Library.open(filled.folder, Settings(reranker=str(filled.folder)), encoder=FakeEncoder()) as library,
        pytest.raises(EncoderError, match="reranker"),
    ):
        library.search("king")


# Removing


def test_removing(filled: Library) -> None:
    """A removed document is in no list, no answer and no index; its file stays, and it can be added again."""
    source = filled.find("The Ship").source
    receipt = filled.remove("The Ship")
    assert receipt.removed == (source,)
    assert len(filled.documents()) == 2
    assert all(hit.document.source != source for hit in filled.search("whale harbour ship", limit=99))
    assert filled.problems() == []
    assert filled.add(source).added == (source,)
    assert filled.search("whale")[0].document.source == source


def test_one_document_by_two_names_is_removed_once(filled: Library) -> None:
    """Naming it twice is no error."""
    assert len(filled.remove("The Ship", "ship.html").removed) == 1


def test_nothing_is_removed_where_one_name_is_wrong(filled: Library) -> None:
    """All names are looked up before anything is removed."""
    with pytest.raises(DocumentNotFound):
        filled.remove("The Ship", "nothing")
    assert len(filled.documents()) == 3


# Health


def test_numbers(filled: Library, library: Library) -> None:
    """Documents, passages, sentences, characters, kinds of files, bytes, and what it was made with."""
    stats = filled.stats()
    assert (stats.documents, stats.passages, stats.sentences) == (3, 3, 4)
    assert stats.characters == sum(info.characters for info in filled.documents())
    assert stats.media_types == {"text/html": 1, "text/plain": 2}
    assert stats.made_with.startswith("fake@1 | sentences/")
    assert stats.bytes > 1000
    assert stats.generation == 3


def test_a_sound_library_has_no_problems(filled: Library) -> None:
    """Catalog and both indexes hold the same passages."""
    assert filled.problems() == []


# Threads


def test_searching_while_adding(library: Library, write: Write) -> None:
    """Threads that search while one adds and removes get hits whose every quote is in its document, and no error."""
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

    paths = [write(f"{n}.txt", f"Ship {n} left the harbour. Captain {n} slept.") for n in range(12)]
    contents = {str(path): path.read_text() for path in paths}
    threads = [threading.Thread(target=ask) for _ in range(3)]
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
    assert len(library.documents()) == 9


# Its parts


def classes_of(package: ModuleType) -> list[type]:
    """All classes that the modules of a package define."""
    names = [module.name for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    modules = [package, *map(importlib.import_module, names)]
    found = [member for module in modules for member in vars(module).values() if isinstance(member, type)]
    return [member for member in found if member.__module__.startswith(package.__name__)]


@pytest.mark.parametrize("package", [index.library, index.storage.catalog], ids=["library", "catalog"])
def test_no_part_inherits_from_another(package: ModuleType) -> None:
    """The library and the catalog are composed: no class of theirs has a base class of the same package."""
    classes = classes_of(package)
    assert len(classes) > 3
    assert [(each, base) for each in classes for base in each.__mro__[1:] if base in classes] == []


def test_no_part_uses_the_private_attributes_of_another() -> None:
    """A name with an underscore is read from `self` alone, or is the module's own."""
    foreign = []
    for path in Path(index.library.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                owner = ast.unparse(node.value)
                foreign += [] if owner == "self" else [f"{path.name}: {owner}.{node.attr}"]
    assert foreign == []


def test_every_public_method_is_documented() -> None:
    """`help(Library)` shows the signature and the docstring of each method, wherever it is defined."""
    public = {name: member for name, member in vars(Library).items() if not name.startswith("_")}
    assert len(public) > 45
    for name, member in public.items():
        assert inspect.getdoc(member), name
        if inspect.isfunction(member):
            assert next(iter(inspect.signature(member).parameters)) == "self", name
            assert member.__qualname__ == f"Library.{name}"

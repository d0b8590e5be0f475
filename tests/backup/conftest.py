"""A library of eight documents, and the small files that it is made from.

All tests here run in the same folder, one after the other, so that a library can be copied from a template although it
stores the absolute paths of its sources: a copy takes 3 ms, and adding the files again about 200 ms.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.library.library import Library
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = Settings(passage_tokens=32)
COUNT = 8


def text_about(n: int) -> str:
    """A text that is only about the ship with this number."""
    return f"# Log {n}\n\nShip{n} left the harbour in winter. Its captain{n} slept.\n\n## Cargo\n\nIt carried oil{n}.\n"


def write_files(folder: Path, count: int = COUNT) -> list[Path]:
    """Write this many source files and return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{n:02}.md" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_text(text_about(n))
    return paths


def contents_of(library: Library) -> dict[str, Any]:
    """Everything in a library except the ids of passages and the generation, which differ between libraries."""
    catalog = library.parts.store.catalog
    numbers = {info.id: number for number, info in catalog.numbered().items()}
    found = {}
    for info in library.documents():
        rows = [row for row, _ in catalog.rows_of(numbers[info.id])]
        passages = [(r.passage.start, r.passage.end, r.passage.sentences, r.vector, r.sentence_vectors) for r in rows]
        found[info.id] = (library.document(info.id), catalog.sources_of(numbers[info.id]), passages)
    return found


def best_source(library: Library, question: str) -> str:
    """The file name of the document that answers best."""
    return Path(library.search(question, limit=1)[0].document.source).name


@pytest.fixture(scope="session")
def folder_of_all_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that contains the folder of the current test and the templates."""
    return tmp_path_factory.mktemp("backup")


@pytest.fixture
def tmp_path(folder_of_all_tests: Path) -> Path:
    """An empty folder, which has the same path in all tests of one process."""
    folder = folder_of_all_tests / "test"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def copy_template(name: str, folder: Path, make: Callable[[], object]) -> None:
    """Fill the folder of a test from a template; the first test of a process makes the template."""
    template = folder.parent / name
    if template.exists():
        shutil.copytree(template, folder, dirs_exist_ok=True)
    else:
        make()
        shutil.copytree(folder, template)


@pytest.fixture
def open_library() -> Iterator[Callable[..., Library]]:
    """Open libraries, each with an encoder of its own, and close them after the test."""
    libraries = []

    def open_one(folder: Path, settings: Settings = SETTINGS, **options: Any) -> Library:
        libraries.append(
            Library.open(folder, settings, encoder=options.pop("encoder", None) or FakeEncoder(), **options)
        )
        return libraries[-1]

    yield open_one
    for library in libraries:
        library.close()


@pytest.fixture
def new(tmp_path: Path, open_library: Callable[..., Library]) -> Library:
    """An empty library."""
    return open_library(tmp_path / "new")


@pytest.fixture
def filled(tmp_path: Path, open_library: Callable[..., Library]) -> Library:
    """A library of eight documents, one of which has two sources."""

    def make() -> None:
        paths = write_files(tmp_path / "sources")
        copy = tmp_path / "sources" / "copy.md"
        copy.write_text(text_about(3))
        with Library.open(tmp_path / "library", SETTINGS, encoder=FakeEncoder()) as library:
            library.add([*paths, copy])

    copy_template("eight documents", tmp_path, make)
    return open_library(tmp_path / "library")

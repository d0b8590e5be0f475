"""A library of eight documents, and the small files that it is made from."""

from __future__ import annotations

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
    catalog = library._store.catalog
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
def filled(tmp_path: Path, open_library: Callable[..., Library]) -> Library:
    """A library of eight documents, one of which has two sources."""
    library = open_library(tmp_path / "library")
    paths = write_files(tmp_path / "sources")
    copy = tmp_path / "sources" / "copy.md"
    copy.write_text(text_about(3))
    library.add([*paths, copy])
    return library

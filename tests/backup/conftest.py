"""A library of some documents, and the small files that make it."""

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


def words(n: int) -> str:
    """A text that is about one thing only."""
    return f"# Log {n}\n\nShip{n} left the harbour in winter. Its captain{n} slept.\n\n## Cargo\n\nIt carried oil{n}.\n"


def write_files(folder: Path, count: int = COUNT) -> list[Path]:
    """So many sources."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{n:02}.md" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_text(words(n))
    return paths


def contents(library: Library) -> dict[str, Any]:
    """All that a library knows, without what is its own: ids of passages, and its count of changes."""
    catalog = library._store.catalog
    numbers = {info.id: number for number, info in catalog.numbered().items()}
    found = {}
    for info in library.documents():
        rows = [row for row, _ in catalog.rows_of(numbers[info.id])]
        passages = [(r.passage.start, r.passage.end, r.passage.sentences, r.vector, r.sentence_vectors) for r in rows]
        found[info.id] = (library.document(info.id), catalog.sources_of(numbers[info.id]), passages)
    return found


def first(library: Library, question: str) -> str:
    """The name of the file that answers best."""
    return Path(library.search(question, limit=1)[0].document.source).name


@pytest.fixture
def opened() -> Iterator[Callable[..., Library]]:
    """Opens libraries, each with an encoder of its own, and closes them."""
    libraries = []

    def open_library(folder: Path, settings: Settings = SETTINGS, **how: Any) -> Library:
        libraries.append(Library.open(folder, settings, encoder=how.pop("encoder", None) or FakeEncoder(), **how))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


@pytest.fixture
def filled(tmp_path: Path, opened: Callable[..., Library]) -> Library:
    """A library of eight documents, one of which has two sources."""
    library = opened(tmp_path / "library")
    paths = write_files(tmp_path / "sources")
    copy = tmp_path / "sources" / "copy.md"
    copy.write_text(words(3))
    library.add([*paths, copy])
    return library

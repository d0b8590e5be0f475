"""A library of two documents in two folders, with the same file name and with a removed third one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.library.library import Library
from index.plugins.publish.publication import Request, make_plan, write
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from index.plugins.publish.hosts import Manifest
    from tests.conftest import Write


TREATY = "# The treaty\n\nThe king signed the treaty in winter.\n\nBread was dear. CC BY 4.0\n"
SEA = "# The sea\n\nThe ship left the harbour. A whale swam by.\n"
REMOVED = "# Gone\n\nThe volcano zanzibarquux erupted.\n"


@pytest.fixture
def shelf(library: Library, write: Write) -> Library:
    """Return the library."""
    library.add([write("crown/notes.md", TREATY), write("coast/notes.md", SEA), write("gone.md", REMOVED)])
    library.remove("gone.md")
    return library


@pytest.fixture(scope="module")
def kept_shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Return a library of both documents, which no test changes."""
    folder = tmp_path_factory.mktemp("shelf")
    for name, text in (("crown", TREATY), ("coast", SEA)):
        (folder / name).mkdir()
        (folder / name / "notes.md").write_text(text)
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        library.add([folder / "crown", folder / "coast"])
        yield library


def published(library: Library, folder: Path, **options: Any) -> Manifest:
    """Publish a library as a Space, unless the options say otherwise."""
    request = Request(**{"target": "space", "title": "Notes", **options})
    return write(library, make_plan(library, request), folder)

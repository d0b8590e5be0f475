"""Libraries for tests, made of files in one call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.library.library import Library
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHORT = Settings(passage_tokens=32)
"""Settings with the shortest passages that are allowed."""


@contextmanager
def filled_library(
    folder: Path, files: Mapping[str, str | bytes], settings: Settings = SHORT, encoder: FakeEncoder | None = None
) -> Iterator[Library]:
    """Write files of these names and contents into `folder / "sources"`, and open the library of them beside it."""
    paths = [folder / "sources" / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with Library.open(folder / "library", settings, encoder=encoder or FakeEncoder()) as library:
        assert not library.add(paths).failed
        yield library

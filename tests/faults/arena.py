"""A library whose every sentence names its file and version, so that nothing in it can be mistaken."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.library.library import Library
from index.loading.loader import load
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SETTINGS = Settings(passage_tokens=32)
MODEL, OTHER_MODEL = "fake@1", "fake@2"
_LONG_EVERY = 10
_LONG, _SHORT = 80, 3
"""Passages of the one document of ten that is long, and of the others; enough that a dense index is kept in a file."""

Texts = dict[str, str]
"""What a library holds: the canonical text of each source."""


@dataclass(frozen=True, slots=True)
class Arena:
    """A folder with a library, the files that it is made of, and room for what operations write."""

    folder: Path

    @property
    def library(self) -> Path:
        """The library's folder."""
        return self.folder / "library"

    @property
    def sources(self) -> Path:
        """The files."""
        return self.folder / "sources"

    @property
    def out(self) -> Path:
        """Where copies go."""
        return self.folder / "out"

    @property
    def copy(self) -> Path:
        """Where a library goes that is made from a copy."""
        return self.folder / "copy"

    def opened(self, folder: Path | None = None, model: str = "") -> Library:
        """The library, with the encoder that it was made with, which takes a moment, as real ones do."""
        folder = folder or self.library
        encoder = FakeEncoder(name=model or made_with(folder), seconds=0.005)
        return Library.open(folder, SETTINGS, encoder=encoder)

    def write(self, numbers: Iterable[int], version: int) -> Texts:
        """Files of that version; gives what they say."""
        self.sources.mkdir(parents=True, exist_ok=True)
        texts = {}
        for n in numbers:
            path = self.sources / f"{n:03}.md"
            path.write_text(words_of(n, version))
            texts[str(path)] = load(path, max_bytes=10**6).text
        return texts

    def fill(self, texts: Mapping[str, str]) -> None:
        """Make the library hold exactly these files, which are as they were written last."""
        with self.opened() as library:
            library.add(sorted(texts))
            if gone := [info.id for info in library.documents() if info.source not in texts]:
                library.remove(*gone)

    def empty(self) -> None:
        """Neither library nor copies."""
        for folder in (self.library, self.out, self.copy):
            clear(folder)
        self.out.mkdir(parents=True)


def clear(folder: Path) -> None:
    """Remove a folder. Tantivy's watcher may make its lock once more in the midst of it."""
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
    assert not folder.exists()


def made_with(folder: Path) -> str:
    """The name of the encoder that a library was made with; the first one's where there is none yet."""
    from index.errors import LibraryNotFound
    from index.storage.protocol import encoder_of

    try:
        with Library.open(folder, SETTINGS, encoder=FakeEncoder(), create=False) as library:
            return encoder_of(library.stats().made_with) or MODEL
    except LibraryNotFound:
        return MODEL


def words_of(n: int, version: int) -> str:
    """A file of three passages, or of eighty; of two passages, one is another one in each version."""
    parts = _LONG if n % _LONG_EVERY == 0 else _SHORT
    return "\n".join(
        f"# Chapter {part}\n\nShip{n} left harbour{part} in winter. "
        f"Captain{n} of version{version if part % 2 == 0 else 0} slept.\n"
        for part in range(parts)
    )

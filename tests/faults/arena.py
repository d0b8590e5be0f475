"""A library in which every sentence names its file and version, so that a test recognises each sentence."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from index.library.library import Library
from index.loading.loader import load_bytes
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SETTINGS = Settings(passage_tokens=32)
MODEL, OTHER_MODEL = "fake@1", "fake@2"
_LONG_EVERY = 10
_LONG_PASSAGES, _SHORT_PASSAGES = 80, 3
"""Passages of every tenth document and of the others: enough that the dense index is kept in a file."""
GROWING, _GROWING_PASSAGES = range(900, 903), 200
"""Documents that are long enough to be stored in several steps."""

Texts = dict[str, str]
"""The content of a library: the canonical text of each source."""


@dataclass(frozen=True, slots=True)
class Arena:
    """A folder with a library, its source files, and folders for the output of operations."""

    folder: Path

    @property
    def library(self) -> Path:
        """The library's folder."""
        return self.folder / "library"

    @property
    def sources(self) -> Path:
        """The folder of the source files."""
        return self.folder / "sources"

    @property
    def out(self) -> Path:
        """The folder for backups and exports."""
        return self.folder / "out"

    @property
    def copy(self) -> Path:
        """The folder for a library that is made from a backup or an export."""
        return self.folder / "copy"

    def open_library(self, folder: Path | None = None, model: str = "") -> Library:
        """Open the library with the encoder it was made with, which takes a moment, as real ones do."""
        folder = folder or self.library
        encoder = FakeEncoder(name=model or model_of(folder), seconds=0.005)
        return Library.open(folder, SETTINGS, encoder=encoder)

    def write(self, numbers: Iterable[int], version: int) -> Texts:
        """Write source files of a version and return their texts."""
        self.sources.mkdir(parents=True, exist_ok=True)
        texts = {}
        for number in numbers:
            path = self.sources / f"{number:03}.md"
            path.write_text(text_of(number, version))
            texts[str(path)] = _canonical(path.read_text())
        return texts

    def fill(self, texts: Mapping[str, str]) -> None:
        """Add these files to the library and remove all others."""
        with self.open_library() as library:
            library.add(sorted(texts))
            if removed := [info.id for info in library.documents() if info.source not in texts]:
                library.remove(*removed)

    def empty(self) -> None:
        """Remove the library and the copies."""
        for folder in (self.library, self.out, self.copy):
            clear(folder)
        self.out.mkdir(parents=True)


@cache
def _canonical(markdown: str) -> str:
    """Return the canonical text of a Markdown file, which does not depend on its name."""
    return load_bytes(markdown.encode(), source="source.md").text


def clear(folder: Path) -> None:
    """Remove a folder. Repeat it, because Tantivy's watcher may create its lock file again meanwhile."""
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
    assert not folder.exists()


def model_of(folder: Path) -> str:
    """Return the name of the encoder that a library was made with; the first encoder's if there is no library."""
    from index.errors import LibraryNotFound
    from index.storage.protocol import encoder_of

    try:
        with Library.open(folder, SETTINGS, encoder=FakeEncoder(), create=False) as library:
            return encoder_of(library.stats().made_with) or MODEL
    except LibraryNotFound:
        return MODEL


def text_of(number: int, version: int) -> str:
    """Return a text of three passages, or of eighty or more. Every second passage differs between versions."""
    parts = _LONG_PASSAGES if number % _LONG_EVERY == 0 else _SHORT_PASSAGES
    parts = _GROWING_PASSAGES if number in GROWING else parts
    return "\n".join(
        f"# Chapter {part}\n\nShip{number} left harbour{part} in winter. "
        f"Captain{number} of version{version if part % 2 == 0 else 0} slept.\n"
        for part in range(parts)
    )

"""Several processes on one library."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryLocked
from index.storage import store
from tests.faults.adder import open_library
from tests.faults.conftest import Helper, check_committed, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write


def holds(helper: Helper, folder: Path) -> bool:
    """Whether that process is the one that is changing the library."""
    try:
        return f'"pid": {helper.process.pid},' in (folder / "writer.json").read_text()
    except OSError:
        return False


def test_a_second_writer_is_refused_and_readers_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """While a process is adding, another one's `add` names it, and a search answers; afterwards both work."""
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.02)
    paths = write_files(tmp_path / "sources", 60)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths[:1])
        helper = Helper("adder", str(folder), json.dumps([["add", *paths[:30]], ["remove", paths[3]]]))
        assert helper.hear() == "begun"
        while not holds(helper, folder):
            assert helper.process.poll() is None, "it ended before it was met"
        with pytest.raises(LibraryLocked, match=f"process {helper.process.pid} on "):
            library.add(write("other.txt", "A whale swam by."))
        assert library.search("Ship0")[0].quote.startswith("Ship0 left")
        assert [helper.hear(), helper.hear()] == ["done", "done"]
        assert helper.end() == 0
        texts = {path: [library.document(path).text] for path in paths[:30] if path != paths[3]}
        assert check_committed(library, texts) == set(paths[:30]) - {paths[3]}


def test_a_reader_sees_a_document_within_a_second(tmp_path: Path) -> None:
    """A process that has the library open finds a new document, and misses a removed one, at its next question."""
    paths = write_files(tmp_path / "sources", 6)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths[0])
        reader = Helper("reader", str(folder))
        assert reader.ask("Ship0") == paths[:1] * 3
        delays = []
        for n in range(1, 6):
            library.add(paths[n])
            committed = time.monotonic()
            assert reader.ask(f"Ship{n}") == paths[n : n + 1] * 3
            delays.append(time.monotonic() - committed)
        assert sorted(delays)[2] < 1, "the median: one stall of the machine is none of ours"
        library.remove(paths[5])
        assert paths[5] not in reader.ask("Ship5")
        assert reader.end() == 0


def test_a_reader_survives_the_making_of_a_new_index(tmp_path: Path) -> None:
    """Where the lexical index is lost while a reader has it open, the reader goes on answering."""
    paths = write_files(tmp_path / "sources", 3)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths[:2])
        reader = Helper("reader", str(folder))
        assert reader.ask("Ship0") == paths[:1] * 3
        for file in (folder / "lexical").iterdir():
            file.unlink()
        library.add(paths[2])
        assert reader.ask("Ship2") == paths[2:] * 3
        assert reader.ask("Ship0") == paths[:1] * 3
        assert reader.end() == 0

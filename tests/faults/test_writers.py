"""Several processes on one library."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryLocked
from index.storage import store
from tests.faults.adder import open_library
from tests.faults.conftest import HelperProcess, check_committed, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write


def holds_writer_lock(helper: HelperProcess, folder: Path) -> bool:
    """Whether that process holds the writer lock of the library."""
    try:
        return f'"pid": {helper.process.pid},' in (folder / "writer.json").read_text()
    except OSError:
        return False


def test_second_writer_is_refused_and_readers_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """While one process adds, the `add` of another fails and names it, and a search works; afterwards both work."""
    monkeypatch.setattr(store, "WRITER_PATIENCE", 0.02)
    paths = write_files(tmp_path / "sources", 60)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths[:1])
        helper = HelperProcess("adder", str(folder), json.dumps([["add", *paths[:30]], ["remove", paths[3]]]))
        assert helper.read_line() == "begun"
        while not holds_writer_lock(helper, folder):
            assert helper.process.poll() is None, "the writer ended before it was seen"
        with pytest.raises(LibraryLocked, match=f"process {helper.process.pid} on "):
            library.add(write("other.txt", "A whale swam by."))
        assert library.search("Ship0")[0].quote.startswith("Ship0 left")
        assert [helper.read_line(), helper.read_line()] == ["done", "done"]
        assert helper.wait() == 0
        texts = {path: [library.document(path).text] for path in paths[:30] if path != paths[3]}
        assert check_committed(library, texts) == set(paths[:30]) - {paths[3]}


def test_reader_sees_a_new_document_within_a_second(tmp_path: Path) -> None:
    """A process that has the library open finds a new document, and no removed one, at its next search."""
    paths = write_files(tmp_path / "sources", 6)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths[0])
        reader = HelperProcess("reader", str(folder))
        assert reader.ask("Ship0") == paths[:1] * 3
        delays = []
        for number in range(1, 6):
            library.add(paths[number])
            committed = time.monotonic()
            assert reader.ask(f"Ship{number}") == paths[number : number + 1] * 3
            delays.append(time.monotonic() - committed)
        assert sorted(delays)[2] < 1, "the median, because the machine may stall once"
        library.remove(paths[5])
        assert paths[5] not in reader.ask("Ship5")
        assert reader.wait() == 0


def test_reader_survives_a_rebuild_of_the_lexical_index(tmp_path: Path) -> None:
    """If the lexical index is deleted while a reader has it open, the reader still answers."""
    paths = write_files(tmp_path / "sources", 3)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths[:2])
        reader = HelperProcess("reader", str(folder))
        assert reader.ask("Ship0") == paths[:1] * 3
        for file in (folder / "lexical").iterdir():
            file.unlink()
        library.add(paths[2])
        assert reader.ask("Ship2") == paths[2:] * 3
        assert reader.ask("Ship0") == paths[:1] * 3
        assert reader.wait() == 0

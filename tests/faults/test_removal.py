"""A removed document is gone from every index, table and hit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.faults.adder import open_library
from tests.faults.conftest import write_files

if TYPE_CHECKING:
    from pathlib import Path


def test_removal_leaves_no_trace(tmp_path: Path) -> None:
    """Searches for its own sentences do not find a removed document, in this process or in the next one."""
    paths = write_files(tmp_path / "sources", 50)
    folder = tmp_path / "library"
    with open_library(folder) as library:
        library.add(paths)
        removed = [hit.passage for hit in library.search("Ship42", limit=3)]
        assert {passage.document_id for passage in removed} == {library.find(paths[42]).id}
        library.remove(paths[42])
        sentences = [text for passage in removed for text in passage.text.split("\n\n")[-1].split(". ")]
        for opened in (library, open_library(folder)):
            for sentence in sentences:
                for hit in opened.search(sentence, limit=200):
                    assert hit.document.source != paths[42]
                    assert "Ship42" not in hit.passage.text
            ids = {passage.id for passage in removed}
            assert ids.isdisjoint(opened.parts.store._dense.ids())
            assert ids.isdisjoint(opened.parts.store._lexical.ids())
            assert opened.problems() == []
            opened.close()
    with closing(sqlite3.connect(folder / "catalog.db")) as connection:
        dump = "\n".join(connection.iterdump())
    assert "Ship41" in dump
    assert "Ship42" not in dump
    assert removed[0].document_id not in dump
    assert b"Ship42" not in (folder / "catalog.db").read_bytes()

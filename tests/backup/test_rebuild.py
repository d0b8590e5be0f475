"""Rebuilding: other passages or another encoder for the same documents, while the library stays in use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.backup import rebuild
from index.encoders.encoder import Encoded, normalised
from index.errors import FingerprintMismatch, LibraryError, LibraryLocked, NoRoom
from index.settings import Settings
from index.storage.files import WriterLock
from tests.backup.conftest import COUNT, SETTINGS, best_source, contents_of, text_about
from tests.fakes import FakeEncoder
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Draft, Vectors
    from index.library.library import Library

LONGER = Settings(passage_tokens=100)


class WideEncoder(FakeEncoder):
    """An encoder with vectors twice as long."""

    def __init__(self, name: str = "wide@1") -> None:
        super().__init__(name=name)
        self.dimension *= 2

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Each number twice."""
        return [Encoded(_twice(e.vector), _twice(e.sentences)) for e in super().encode(drafts, progress)]

    def encode_question(self, question: str) -> Vectors:
        """Each number twice."""
        return _twice(super().encode_question(question))


def _twice(vectors: Vectors) -> Vectors:
    return normalised(np.concatenate([vectors, vectors], axis=-1))


def documents_and_sources(library: Library) -> dict[str, Any]:
    """The documents, their sources and when each was added, which a rebuild must not change."""
    added_at = library.parts.store.catalog.added_at
    return {identity: (*parts[:2], added_at(identity)) for identity, parts in contents_of(library).items()}


def test_rebuild_replaces_the_encoder(filled: Library, open_library: Callable[..., Library]) -> None:
    """Ids, sources, titles, notes and landmarks stay; the vectors are the new encoder's, and both indexes agree."""
    before, numbers = documents_and_sources(filled), filled.parts.store.catalog.numbered().keys()
    old_ids = {row.passage.id for number in numbers for row, _ in filled.parts.store.catalog.rows_of(number)}
    wide = WideEncoder()
    library = open_library(filled.folder, encoder=wide)
    with pytest.raises(FingerprintMismatch, match="pincite rebuild"):
        library.search("Ship5")
    done = library.rebuild()
    assert (done.documents, done.encoded, done.found) == (COUNT, done.passages, 0)
    assert len(wide.encoded) == done.passages
    assert documents_and_sources(library) == before
    assert library.stats().made_with.startswith("wide@1 | ")
    assert best_source(library, "Ship5") == "05.md"
    assert library.problems() == []
    assert library.parts.store.catalog.numbered().keys() == numbers
    new_ids = {row.passage.id for number in numbers for row, _ in library.parts.store.catalog.rows_of(number)}
    assert min(new_ids) > max(old_ids)
    assert not (library.folder / "rebuilding").exists()
    with pytest.raises(FingerprintMismatch, match="pincite rebuild"):
        filled.search("Ship5")


def test_rebuild_with_other_passages_encodes_only_new_ones(
    filled: Library, open_library: Callable[..., Library]
) -> None:
    """An unchanged passage keeps its vectors; documents can be added with the new settings."""
    before = documents_and_sources(filled)
    encoder = FakeEncoder()
    library = open_library(filled.folder, LONGER, encoder=encoder)
    done = library.rebuild()
    assert done.passages < filled.stats().passages + COUNT
    assert len(encoder.encoded) == done.encoded
    assert documents_and_sources(library) == before
    reopened = open_library(filled.folder, LONGER, encoder=FakeEncoder())
    assert reopened.rebuild().encoded == 0
    path = Path(filled.folder.parent / "sources" / "new.md")
    path.write_text(text_about(50))
    assert reopened.add(path).added
    assert best_source(filled, "Ship50") == "new.md"
    assert reopened.problems() == []


def test_rebuild_does_not_disturb_readers_of_other_processes(
    filled: Library, open_library: Callable[..., Library]
) -> None:
    """A reader that asks continuously gets only right answers, first from the old library, then from the new one."""
    command = [sys.executable, "-m", "tests.backup.asker", str(filled.folder), "fake@1"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    made_with = [filled.stats().made_with]
    assert process.stdout.readline() == made_with[0] + "\n"
    for tokens in (100, 32, 80)[: length(2, 3)]:
        library = open_library(filled.folder, Settings(passage_tokens=tokens), encoder=FakeEncoder(seconds=0.1))
        made_with.append(library.rebuild().made_with)
        assert best_source(library, "Ship5") == "05.md"
        assert process.stdout.readline() == made_with[-1] + "\n", "the reader has seen it"
    output, _ = process.communicate("", timeout=60)
    states, wrong_answers = json.loads(output)
    assert wrong_answers == []
    assert [state for state, _ in states] == made_with


class Killed(Exception):  # noqa: N818 - it is not an error
    """Stands for a kill: the product does not catch it."""


def kill_at(step: str, count: int) -> Callable[[str, int, int], None]:
    """Return a progress callback that ends the work at a step."""

    def kill(name: str, done: int, total: int) -> None:
        if name == step and done >= count:
            raise Killed

    return kill


def test_interrupted_rebuild_keeps_what_it_encoded(
    filled: Library, open_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old library is unchanged after the interruption, and the next run encodes only the rest."""
    monkeypatch.setattr("index.backup.rebuild.BATCH_PASSAGES", 2)
    before, wide = contents_of(filled), WideEncoder()
    library = open_library(filled.folder, encoder=wide)
    with pytest.raises(Killed):
        library.rebuild(progress=kill_at("encoding", 3))
    assert contents_of(filled) == before
    assert best_source(filled, "Ship5") == "05.md"
    done = open_library(filled.folder, encoder=wide).rebuild()
    assert done.encoded < done.passages
    assert done.found > 0
    assert len(wide.encoded) == len(set(wide.encoded)) == done.passages


def test_rebuild_interrupted_at_the_last_step_changes_nothing(
    filled: Library, open_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library is replaced in one transaction; the next run has nothing left to encode."""
    monkeypatch.setattr("index.storage.database._STEP_PAGES", 4)
    before = contents_of(filled)
    library = open_library(filled.folder, encoder=WideEncoder())
    with pytest.raises(Killed):
        library.rebuild(progress=kill_at("replacing", 0))
    assert contents_of(filled) == before
    assert filled.problems() == []
    assert open_library(filled.folder, encoder=WideEncoder()).rebuild().encoded == 0


def test_rebuild_includes_changes_made_during_it(filled: Library, open_library: Callable[..., Library]) -> None:
    """Documents and sources added, replaced or removed during a rebuild, also at its end, are so in the new library."""
    sources = filled.folder.parent / "sources"
    replaced = filled.find("00.md").id
    changes: list[int] = []

    def change_library(step: str, position: int, total: int) -> None:
        if step == "encoding" and not changes:
            changes.append(position)
            (sources / "new.md").write_text(text_about(50))
            (sources / "00.md").write_text(text_about(60))
            (sources / "other place.md").write_text(text_about(1))
            filled.add([sources / "new.md", sources / "00.md", sources / "other place.md"])
            filled.remove("07.md")
        elif step == "waiting":
            (sources / "late.md").write_text(text_about(70))
            filled.add(sources / "late.md")

    library = open_library(filled.folder, encoder=WideEncoder())
    library.rebuild(progress=change_library)
    assert changes
    assert sorted(Path(info.source).name for info in library.documents() if info.source) == [
        "00.md", "01.md", "02.md", "03.md", "04.md", "05.md", "06.md", "late.md", "new.md"
    ]  # fmt: skip
    assert best_source(library, "Ship50") == "new.md"
    assert best_source(library, "Ship60") == "00.md"
    number = library.parts.session.number(library.find("01.md").id)
    assert [Path(source).name for source in library.parts.store.catalog.sources_of(number)] == [
        "01.md",
        "other place.md",
    ]
    assert library.parts.store.catalog.successor_of(replaced) == library.find("00.md").id
    assert library.problems() == []


def test_rebuild_for_other_settings_starts_again(filled: Library, open_library: Callable[..., Library]) -> None:
    """Passages encoded by one encoder are not used for another one."""
    with pytest.raises(Killed):
        open_library(filled.folder, encoder=WideEncoder()).rebuild(progress=kill_at("encoding", COUNT))
    done = open_library(filled.folder, encoder=WideEncoder("wide@2")).rebuild()
    assert (done.encoded, done.found) == (done.passages, 0)
    assert filled.stats().made_with.startswith("wide@2")


def test_leftovers_and_empty_libraries_are_no_obstacle(
    filled: Library, open_library: Callable[..., Library], tmp_path: Path
) -> None:
    """A folder without a catalog, left by an ended run, is deleted; a rebuild without passages succeeds."""
    folder = filled.folder / "rebuilding"
    folder.mkdir()
    (folder / "dense.faiss").write_bytes(b"left")
    library = open_library(filled.folder, encoder=WideEncoder())
    library.rebuild()
    assert library.problems() == []
    assert open_library(tmp_path / "empty").rebuild().passages == 0


def test_rebuild_without_lock_or_room_does_not_start(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one can run, while other writers can continue until its last step."""
    with WriterLock(filled.folder, "rebuild").held(patience=0), pytest.raises(LibraryLocked, match="process"):
        filled.rebuild()
    with filled.parts.store.writing():
        filled.rebuild()  # the writer lock is reentrant within a thread
    monkeypatch.setattr(rebuild, "file_size", lambda path: 1 << 60 if path.parent == filled.folder else 0)
    with pytest.raises(NoRoom) as caught:
        filled.rebuild()
    assert caught.value.needed > 1 << 60


def test_rebuild_waits_for_a_writer_at_the_end(
    filled: Library, open_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the writer does not finish, the error names it, and the encoded passages are kept."""
    monkeypatch.setattr(rebuild, "PATIENCE", 0.05)
    library = open_library(filled.folder, encoder=WideEncoder())
    with filled.parts.store.writing(), pytest.raises(LibraryLocked, match="process"):
        library.rebuild()
    assert best_source(filled, "Ship5") == "05.md"
    assert open_library(filled.folder, encoder=WideEncoder()).rebuild().encoded == 0


def test_rebuild_does_not_overwrite_a_restored_library(filled: Library, tmp_path: Path) -> None:
    """The result of a rebuild does not replace another library."""
    file = tmp_path / "backup.zip"
    filled.backup(file)

    def restore_backup(step: str, _: int, __: int) -> None:
        if step == "waiting":
            filled.restore(file, filled.folder, force=True)

    with pytest.raises(LibraryError, match="was replaced while"):
        filled.rebuild(passage_tokens=100, progress=restore_backup)
    assert filled.stats().made_with == f"fake@1 | {_chunking(SETTINGS)}"
    assert filled.problems() == []


def _chunking(settings: Settings) -> str:
    from index.text.chunks import Chunker

    return Chunker(target_tokens=settings.passage_tokens, limit=64, count_tokens=FakeEncoder().count_tokens).name

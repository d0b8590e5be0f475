"""Rebuilding: the same documents in other passages or by another encoder, while the library goes on serving."""

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
from tests.backup.conftest import COUNT, SETTINGS, contents, first, words
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Draft, Vectors
    from index.library.library import Library

LONGER = Settings(passage_tokens=100)


class Wide(FakeEncoder):
    """Another encoder, whose vectors are longer."""

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


def texts(library: Library) -> dict[str, Any]:
    """What must not change."""
    return {identity: found[:2] for identity, found in contents(library).items()}


def test_another_encoder(filled: Library, opened: Callable[..., Library]) -> None:
    """Ids, sources, titles, notes and landmarks stay; the vectors are the new encoder's, and both indexes agree."""
    before, numbers = texts(filled), filled._store.catalog.numbered().keys()
    ids = {row.passage.id for number in numbers for row, _ in filled._store.catalog.rows_of(number)}
    wide = Wide()
    library = opened(filled.folder, encoder=wide)
    with pytest.raises(FingerprintMismatch, match="pincite rebuild"):
        library.search("Ship5")
    done = library.rebuild()
    assert (done.documents, done.encoded, done.found) == (COUNT, done.passages, 0)
    assert len(wide.encoded) == done.passages
    assert texts(library) == before
    assert library.stats().made_with.startswith("wide@1 | ")
    assert first(library, "Ship5") == "05.md"
    assert library.problems() == []
    assert library._store.catalog.numbered().keys() == numbers
    new = {row.passage.id for number in numbers for row, _ in library._store.catalog.rows_of(number)}
    assert min(new) > max(ids)
    assert not (library.folder / "rebuilding").exists()
    with pytest.raises(FingerprintMismatch, match="pincite rebuild"):
        filled.search("Ship5")


def test_other_passages_cost_only_what_is_new(filled: Library, opened: Callable[..., Library]) -> None:
    """A passage that is cut as before keeps its vectors; the library can be added to as the settings say."""
    before = texts(filled)
    encoder = FakeEncoder()
    library = opened(filled.folder, LONGER, encoder=encoder)
    done = library.rebuild()
    assert done.passages < filled.stats().passages + COUNT
    assert len(encoder.encoded) == done.encoded
    assert texts(library) == before
    again = opened(filled.folder, LONGER, encoder=FakeEncoder())
    assert again.rebuild().encoded == 0
    path = Path(filled.folder.parent / "sources" / "new.md")
    path.write_text(words(50))
    assert again.add(path).added
    assert first(filled, "Ship50") == "new.md"
    assert again.problems() == []


def test_readers_of_other_processes_never_notice(filled: Library, opened: Callable[..., Library]) -> None:
    """One that asks all the while gets every answer, each right, first from the old library, then from the new one."""
    command = [sys.executable, "-m", "tests.backup.asker", str(filled.folder), "fake@1"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    made_with = [filled.stats().made_with]
    assert process.stdout.readline() == made_with[0] + "\n"
    for tokens in (100, 32, 80):
        library = opened(filled.folder, Settings(passage_tokens=tokens), encoder=FakeEncoder(seconds=0.1))
        made_with.append(library.rebuild().made_with)
        assert first(library, "Ship5") == "05.md"
        assert process.stdout.readline() == made_with[-1] + "\n", "the reader has seen it"
    out, _ = process.communicate("", timeout=60)
    states, wrong = json.loads(out)
    assert wrong == []
    assert [each for each, _ in states] == made_with


class Killed(Exception):  # noqa: N818 - it is no error
    """What stands for a kill: nothing of ours catches it."""


def killing(at: str, after: int) -> Callable[[str, int, int], None]:
    """A watch that ends the work at a step."""

    def watch(what: str, done: int, of: int) -> None:
        if what == at and done >= after:
            raise Killed

    return watch


def test_what_is_encoded_is_kept(
    filled: Library, opened: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the midst, the old library is untouched, and the next run encodes only the rest."""
    monkeypatch.setattr("index.backup.rebuild.BATCH_PASSAGES", 2)
    before, wide = contents(filled), Wide()
    library = opened(filled.folder, encoder=wide)
    with pytest.raises(Killed):
        library.rebuild(progress=killing("encoding", 3))
    assert contents(filled) == before
    assert first(filled, "Ship5") == "05.md"
    done = opened(filled.folder, encoder=wide).rebuild()
    assert done.encoded < done.passages
    assert done.found > 0
    assert len(wide.encoded) == len(set(wide.encoded)) == done.passages


def test_stopped_at_the_last_step_it_is_the_old_library(
    filled: Library, opened: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction in which it changes over is all or nothing; the next run has nothing left to encode."""
    monkeypatch.setattr("index.storage.database._STEP_PAGES", 4)
    before = contents(filled)
    library = opened(filled.folder, encoder=Wide())
    with pytest.raises(Killed):
        library.rebuild(progress=killing("replacing", 0))
    assert contents(filled) == before
    assert filled.problems() == []
    assert opened(filled.folder, encoder=Wide()).rebuild().encoded == 0


def test_what_others_change_meanwhile_is_taken_over(filled: Library, opened: Callable[..., Library]) -> None:
    """Documents come, go and get sources while it is at work: the new library has them as they are at the end."""
    sources = filled.folder.parent / "sources"
    done: list[int] = []

    def meddle(what: str, at: int, of: int) -> None:
        if what == "encoding" and not done:
            done.append(at)
            (sources / "new.md").write_text(words(50))
            (sources / "00.md").write_text(words(60))
            (sources / "other place.md").write_text(words(1))
            filled.add([sources / "new.md", sources / "00.md", sources / "other place.md"])
            filled.remove("07.md")

    library = opened(filled.folder, encoder=Wide())
    library.rebuild(progress=meddle)
    assert done
    assert sorted(Path(info.source).name for info in library.documents() if info.source) == [
        "00.md", "01.md", "02.md", "03.md", "04.md", "05.md", "06.md", "new.md"
    ]  # fmt: skip
    assert first(library, "Ship50") == "new.md"
    assert first(library, "Ship60") == "00.md"
    number = library._lookup.number(library.find("01.md").id)
    assert [Path(each).name for each in library._store.catalog.sources_of(number)] == ["01.md", "other place.md"]
    assert library.problems() == []


def test_a_run_for_other_settings_is_not_gone_on_with(filled: Library, opened: Callable[..., Library]) -> None:
    """What was begun with one encoder is of no use for another one."""
    with pytest.raises(Killed):
        opened(filled.folder, encoder=Wide()).rebuild(progress=killing("encoding", COUNT))
    done = opened(filled.folder, encoder=Wide("wide@2")).rebuild()
    assert (done.encoded, done.found) == (done.passages, 0)
    assert filled.stats().made_with.startswith("wide@2")


def test_what_a_kill_left_behind_is_cleared_up(filled: Library, opened: Callable[..., Library]) -> None:
    """A folder that lost its catalog, or is that of a run that had ended, is begun anew."""
    folder = filled.folder / "rebuilding"
    folder.mkdir()
    (folder / "dense.faiss").write_bytes(b"left")
    library = opened(filled.folder, encoder=Wide())
    library.rebuild()
    assert library.problems() == []


def test_only_one_rebuilds(filled: Library) -> None:
    """A second one is refused; a writer is not, until the end."""
    with WriterLock(filled.folder, "rebuild").held(patience=0), pytest.raises(LibraryLocked, match="process"):
        filled.rebuild()
    with filled._store.writing():
        filled.rebuild()  # in one thread, the right to write is held once


def test_a_writer_at_the_end_is_waited_for(
    filled: Library, opened: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does not end, the error names it, and what was encoded is kept."""
    monkeypatch.setattr(rebuild, "PATIENCE", 0.05)
    library = opened(filled.folder, encoder=Wide())
    with filled._store.writing(), pytest.raises(LibraryLocked, match="process"):
        library.rebuild()
    assert first(filled, "Ship5") == "05.md"
    assert opened(filled.folder, encoder=Wide()).rebuild().encoded == 0


def test_without_room_it_does_not_begin(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how much is needed."""
    monkeypatch.setattr(rebuild, "file_size", lambda path: 1 << 60 if path.parent == filled.folder else 0)
    with pytest.raises(NoRoom) as caught:
        filled.rebuild()
    assert caught.value.needed > 1 << 60


def test_a_library_replaced_meanwhile_is_not_overwritten(filled: Library, tmp_path: Path) -> None:
    """What was begun from one library does not take the place of another."""
    file = tmp_path / "backup.zip"
    filled.backup(file)

    def meddle(what: str, _: int, __: int) -> None:
        if what == "waiting":
            filled.restore(file, filled.folder, force=True)

    with pytest.raises(LibraryError, match="was replaced while"):
        filled.rebuild(passage_tokens=100, progress=meddle)
    assert filled.stats().made_with == f"fake@1 | {_chunking(SETTINGS)}"
    assert filled.problems() == []


def _chunking(settings: Settings) -> str:
    from index.text.chunks import Chunker

    return Chunker(target_tokens=settings.passage_tokens, limit=64, count_tokens=FakeEncoder().count_tokens).name


def test_an_empty_library(tmp_path: Path, opened: Callable[..., Library]) -> None:
    """There is nothing to do, and that is done."""
    assert opened(tmp_path / "empty").rebuild().passages == 0

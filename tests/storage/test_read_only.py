"""A read-only library: it is searched as it is, and an index that has to be made is made elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryLocked, LibraryNotWritable, LibraryReadOnly, SettingsError
from index.ingest.queue import Worklist
from index.storage import files
from index.storage.files import is_read_only, scratch_folder
from index.storage.store import FolderStore
from tests.disks import forbidden, read_only
from tests.fakes import meaning
from tests.faults.arena import clear
from tests.nightly import length
from tests.storage.factories import a_document, id_of, put

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("_patient")
SHIP = a_document("The ship left the harbour.", "A whale swam by.", source="/ship")
KING = a_document("The king signed the treaty.", source="/king")
QUESTIONS = ("ship", "whale", "king treaty")


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary folders are created."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def commit(folder: Path, *documents: object) -> None:
    """Add documents to the library in a folder, then close it."""
    store = FolderStore(folder, create=True)
    with store.writing():
        for document in documents:
            put(store.catalog, document)  # type: ignore[arg-type]
        store.index()
    store.close()


def scores_of_questions(store: FolderStore) -> dict[tuple[str, str, int], float]:
    """The scores of both indexes for some questions."""
    assert store.refresh().notes == ()
    found = {}
    for question in QUESTIONS:
        dense, lexical = store.dense(meaning(question), 99), store.lexical(question, 99)
        found.update({("dense", question, identity): score for identity, score in dense.items()})
        found.update({("lexical", question, identity): score for identity, score in lexical.items()})
    return found


def contents_of(folder: Path) -> dict[str, bytes]:
    """The bytes of each file in a folder, by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of two documents, closed."""
    commit(tmp_path / "library", SHIP, KING)
    return tmp_path / "library"


@pytest.fixture
def mounted(library: Path, tmp_path: Path) -> Iterator[Path]:
    """The same library, mounted read-only."""
    with read_only(library, tmp_path / "read-only") as folder:
        yield folder


def test_read_only_library_answers_like_a_writable_one(library: Path, mounted: Path, temporary_folder: Path) -> None:
    """Both indexes return the same, the folder is not written to, and no temporary file is left."""
    before = contents_of(library)
    writable = FolderStore(library, create=False)
    expected = scores_of_questions(writable)
    writable.close()
    store = FolderStore(mounted, create=False)
    assert (store.read_only, writable.read_only) == (True, False)
    assert scores_of_questions(store) == expected
    assert store.problems() == []
    assert any(path.is_symlink() for path in temporary_folder.rglob("*")), "its word index is used, not made again"
    store.close()
    assert not list(temporary_folder.iterdir())
    assert contents_of(library) == before


def test_read_only_library_refuses_changes(mounted: Path) -> None:
    """A change raises an error with its reason; the worklist stays empty."""
    store = FolderStore(mounted, create=True)
    with pytest.raises(LibraryReadOnly, match="you can search it"), store.writing():
        pass
    with pytest.raises(LibraryReadOnly):
        store.catalog.remove(1)
    with Worklist(mounted) as worklist:
        worklist.queue(["/a"])
        worklist.settle("/a", "1", "2")
        assert worklist.waiting() == []
    store.close()


def test_folder_without_write_permission_is_read_only(library: Path) -> None:
    """Root can always write, so for root the folder stays writable."""
    with forbidden(library):
        assert is_read_only(library) == (os.geteuid() != 0)
        if os.geteuid():
            store = FolderStore(library, create=False)
            assert store.read_only
            assert scores_of_questions(store)
            store.close()


@pytest.mark.parametrize("state", ["missing", "damaged", "stale"])
def test_unusable_word_index_is_rebuilt_in_a_temporary_folder(library: Path, tmp_path: Path, state: str) -> None:
    """A missing, damaged or stale word index is completed elsewhere, and the answers are complete."""
    writable = FolderStore(library, create=False)
    expected = scores_of_questions(writable)
    writable.close()
    if state == "stale":
        clear(library)
        commit(library, SHIP)
        stale_index = shutil.copytree(library / "lexical", tmp_path / "stale")
        commit(library, KING)
        clear(library / "lexical")
        shutil.copytree(stale_index, library / "lexical")
    elif state == "damaged":
        next((library / "lexical").glob("*.term")).write_bytes(b"no index")
    else:
        clear(library / "lexical")
    before = contents_of(library)
    with read_only(library, tmp_path / "read-only") as folder:
        store = FolderStore(folder, create=False)
        assert scores_of_questions(store) == pytest.approx(expected)
        assert store.problems() == []
        store.close()
    assert contents_of(library) == before


def test_read_only_library_with_pending_log_is_refused(library: Path, tmp_path: Path) -> None:
    """A library that is opened read-only cannot see another program's changes in the log, so it is refused."""
    writer = FolderStore(library, create=False)
    with writer.writing():
        writer.catalog.remove(1)
    with read_only(library, tmp_path / "read-only") as folder:
        with pytest.raises(LibraryNotWritable, match=r"not in catalog\.db yet") as caught:
            FolderStore(folder, create=False)
        assert "pincite doctor" in caught.value.hint
        writer.close()
        store = FolderStore(folder, create=False)
        assert store.catalog.totals()["documents"] == 1
        store.close()


def test_change_by_another_program_is_visible_read_only(library: Path, mounted: Path) -> None:
    """Another program can write to the library; the next question sees the change."""
    store = FolderStore(mounted, create=False)
    scores_of_questions(store)
    commit(library, a_document("A comet came.", source="/comet"))
    store.refresh()
    identity = id_of(store.catalog, "comet")
    assert next(iter(store.lexical("comet", 9))) == identity
    assert next(iter(store.dense(meaning("comet"), 9))) == identity
    store.close()


def test_read_during_a_change_raises_library_locked(library: Path, mounted: Path) -> None:
    """SQLite does not lock an immutable file: data read during a change may be half old and half new."""
    store = FolderStore(mounted, create=False)
    database = store.catalog.database

    def read_while_it_changes() -> None:
        with database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM documents").fetchone() == (2,)
            commit(library, a_document("A comet came.", source="/comet"))

    with pytest.raises(LibraryLocked, match="another program"):
        read_while_it_changes()
    assert database.rows("SELECT count(*) FROM documents") == [(3,)]
    store.close()


READER = """
import pathlib, sys
from index.storage.store import FolderStore
store = FolderStore(pathlib.Path(sys.argv[1]), create=False)
sys.stdin.readline()
readiness = store.refresh()
print(len(store.lexical("whale", 9)), *readiness.notes, flush=True)
store.close()
"""


def test_processes_read_a_read_only_library_at_once(mounted: Path) -> None:
    """No reader waits for another or disturbs it."""
    command, count = [sys.executable, "-c", READER, str(mounted)], length(2, 3)
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    outputs = [process.communicate("go\n", timeout=120)[0] for process in processes]
    assert outputs == ["2\n"] * count


@pytest.fixture
def _no_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No temporary folder can be created."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path / "nowhere")


@pytest.mark.usefixtures("_no_temporary_folder")
def test_search_without_a_temporary_folder_uses_only_vectors(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer has a note about it, and `doctor` says at once what to do."""
    store = FolderStore(mounted, create=False)
    readiness = store.refresh()
    assert (readiness.has_words, readiness.hindrance) == (False, "not writable")
    assert "disk is not writable" in readiness.notes[0]
    assert store.lexical("whale", 9) == {}
    assert store.dense(meaning("whale"), 1)
    with monkeypatch.context() as patched:
        patched.setattr("index.storage.store.time.sleep", lambda _: pytest.fail("the check waits for an index"))
        (problem,) = store.problems()
    assert "TMPDIR" in problem.remedy
    store.close()


@pytest.mark.usefixtures("_no_temporary_folder")
def test_scratch_folder_error_names_tmpdir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hint says how to choose a temporary folder; a disk in memory is used if there is one."""
    with pytest.raises(SettingsError) as caught:
        scratch_folder()
    assert "TMPDIR" in caught.value.hint
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path)
    with scratch_folder() as folder:
        assert Path(folder).parent == tmp_path

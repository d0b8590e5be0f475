"""A library that takes no changes: it is read as it is, and whatever has to be made is made elsewhere."""

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
from index.storage import store as store_module
from index.storage.files import is_read_only, scratch_folder
from index.storage.store import FolderStore
from tests.disks import forbidden, read_only
from tests.fakes import meaning
from tests.faults.arena import clear
from tests.storage.factories import a_document, id_of, put

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIP = a_document("The ship left the harbour.", "A whale swam by.", source="/ship")
KING = a_document("The king signed the treaty.", source="/king")
QUESTIONS = ("ship", "whale", "king treaty")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", 30.0)


@pytest.fixture(autouse=True)
def scratches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def commit(folder: Path, *documents: object) -> None:
    """Add documents to the library in a folder, which then is closed."""
    store = FolderStore(folder, create=True)
    with store.writing():
        for document in documents:
            put(store.catalog, document)  # type: ignore[arg-type]
        store.index()
    store.close()


def answers(store: FolderStore) -> dict[tuple[str, str, int], float]:
    """What both sides say to some questions."""
    assert store.refresh().notes == ()
    found = {}
    for question in QUESTIONS:
        found.update({("dense", question, i): s for i, s in store.dense(meaning(question), 99).items()})
        found.update({("lexical", question, i): s for i, s in store.lexical(question, 99).items()})
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Every file."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of two documents, closed."""
    commit(tmp_path / "library", SHIP, KING)
    return tmp_path / "library"


@pytest.fixture
def mounted(library: Path, tmp_path: Path) -> Iterator[Path]:
    """The same library where it is read-only."""
    with read_only(library, tmp_path / "read-only") as folder:
        yield folder


def test_a_library_that_is_closed_is_complete_in_itself(library: Path) -> None:
    """No log is left beside the catalog, which therefore can be read where no log can be written."""
    assert sorted(path.name for path in library.glob("catalog*")) == ["catalog.db"]


def test_it_answers_as_where_it_can_be_written(library: Path, mounted: Path, scratches: Path) -> None:
    """Both sides say the same, nothing is written into the folder, and nothing is left in the temporary one."""
    before = contents(library)
    writable = FolderStore(library, create=False)
    expected = answers(writable)
    writable.close()
    store = FolderStore(mounted, create=False)
    assert (store.read_only, writable.read_only) == (True, False)
    assert answers(store) == expected
    assert store.problems() == []
    assert list(scratches.iterdir())
    store.close()
    assert not list(scratches.iterdir())
    assert contents(library) == before


def test_it_takes_no_changes(mounted: Path) -> None:
    """Whatever would change it says why it does not; the worklist is empty and takes nothing."""
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


def test_permissions_make_a_folder_read_only_as_well(library: Path) -> None:
    """For whoever does not have the right to write there; root has it always."""
    with forbidden(library):
        assert is_read_only(library) == (os.geteuid() != 0)
        if os.geteuid():
            store = FolderStore(library, create=False)
            assert store.read_only
            assert answers(store)
            store.close()


@pytest.mark.parametrize("state", ["missing", "damaged", "stale"])
def test_the_word_index_is_made_elsewhere(library: Path, tmp_path: Path, state: str) -> None:
    """Where it is not of use as it lies there, it is completed in a temporary folder, and answers are complete."""
    whole = FolderStore(library, create=False)
    expected = answers(whole)
    whole.close()
    if state == "stale":
        clear(library)
        commit(library, SHIP)
        kept = shutil.copytree(library / "lexical", tmp_path / "kept")
        commit(library, KING)
        clear(library / "lexical")
        shutil.copytree(kept, library / "lexical")
    elif state == "damaged":
        next((library / "lexical").glob("*.term")).write_bytes(b"no index")
    else:
        clear(library / "lexical")
    before = contents(library)
    with read_only(library, tmp_path / "read-only") as folder:
        store = FolderStore(folder, create=False)
        assert answers(store) == pytest.approx(expected)
        assert store.problems() == []
        store.close()
    assert contents(library) == before


def test_what_is_not_in_the_catalog_yet_is_not_passed_over(library: Path, tmp_path: Path) -> None:
    """While another program has changes in the log, a library that is opened read-only lacks them: it is refused."""
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


def test_what_is_changed_elsewhere_is_seen(library: Path, mounted: Path) -> None:
    """A program that can write there changes the library: the next question is put to what it then is."""
    store = FolderStore(mounted, create=False)
    answers(store)
    commit(library, a_document("A comet came.", source="/comet"))
    store.refresh()
    identity = id_of(store.catalog, "comet")
    assert next(iter(store.lexical("comet", 9))) == identity
    assert next(iter(store.dense(meaning("comet"), 9))) == identity
    store.close()


def test_what_was_read_during_a_change_is_refused(library: Path, mounted: Path) -> None:
    """An immutable file is not locked: whatever was read while it changed may be half of each state."""
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


def test_many_processes_read_at_once(mounted: Path) -> None:
    """None waits for another one, and none is in another one's way."""
    command = [sys.executable, "-c", READER, str(mounted)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate("go\n", timeout=120)[0] for process in processes]
    assert told == ["2\n"] * 3


@pytest.fixture
def _no_scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path / "nowhere")


@pytest.mark.usefixtures("_no_scratch")
def test_without_a_temporary_folder_meaning_alone_answers(mounted: Path) -> None:
    """It is said in each answer, and `doctor` says what to do."""
    store = FolderStore(mounted, create=False)
    readiness = store.refresh()
    assert (readiness.has_words, readiness.hindrance) == (False, "not writable")
    assert "disk is not writable" in readiness.notes[0]
    assert store.lexical("whale", 9) == {}
    assert store.dense(meaning("whale"), 1)
    (problem,) = store.problems()
    assert "TMPDIR" in problem.remedy
    store.close()


@pytest.mark.usefixtures("_no_scratch")
def test_where_no_temporary_folder_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error says how to name one; a disk in memory does as well."""
    with pytest.raises(SettingsError) as caught:
        scratch_folder()
    assert "TMPDIR" in caught.value.hint
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path)
    with scratch_folder() as folder:
        assert Path(folder).parent == tmp_path

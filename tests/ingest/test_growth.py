"""A long document can be asked while it is being read, and no kill leaves anything but a consistent beginning of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from index.encoders.encoder import Draft as EncoderDraft
from index.ingest.add import FIRST, beginning, beginnings
from index.ingest.preparation import Origin, key_of, prepared
from index.library.library import Library
from index.loading import formats
from index.loading.draft import Content, Draft, compose
from index.loading.grid import grid
from index.records import Chunk, Span
from tests.cases import cases
from tests.faults.adder import open_library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.records import Answer, DocumentInfo, Progress
    from tests.conftest import Write

PASSAGES = 300
KEY_OF_EARLIER_VERSIONS = "d2b19a479f81ea4aea14e33fbf864b45"
QUESTION = "Which ship did captain 3 steer into the harbour?"


def long_text(passages: int = PASSAGES) -> str:
    """Return a text that is cut into this many passages, each with its number."""
    parts = [f"# Chapter {n}\n\nCaptain {n} steered the ship into the harbour.\n" for n in range(passages)]
    return "\n".join(parts)


@cases(
    ("passages", "stored", "expected"),
    [
        (FIRST, 0, []),
        (96, 0, []),
        (150, 0, [64]),
        (1103, 0, [64, 128, 256, 512]),
        (1103, 128, [256, 512]),
        (1103, 1000, []),
    ],
)
def test_beginnings_double(passages: int, stored: int, expected: list[int]) -> None:
    """Each beginning is twice as long as the last one; none is stored just before the whole document, or twice."""
    assert list(beginnings(passages, stored)) == expected


def watching(library: Library, path: Path, look: Callable[[Progress, DocumentInfo], None]) -> None:
    """Add a file, and call `look` once for each beginning that is stored."""
    seen: set[int] = set()

    def report(moment: Progress) -> None:
        if moment.stored and moment.stored not in seen:
            seen.add(moment.stored)
            look(moment, library.documents()[0])

    library.add(path, progress=report)
    assert seen == {64, 128}


def test_long_document_can_be_asked_while_it_is_read(library: Library, write: Write) -> None:
    """Each beginning answers, says that it is one, and quotes at the offsets of the whole document."""
    path = write("log.md", long_text())
    answers: list[Answer] = []

    def look(moment: Progress, info: DocumentInfo) -> None:
        assert (info.passages, info.whole) == (moment.stored, PASSAGES)
        answers.append(library.ask(QUESTION))

    watching(library, path, look)
    text = library.document("log.md").text
    for answer in answers:
        assert answer.status == "answered"
        assert [text[c.start : c.end] for c in answer.citations] == [c.quote for c in answer.citations]
    assert [note for answer in answers for note in answer.notes if "Only the first" in note] == [
        f"Only the first {n} of {PASSAGES} passages of log.md have been read so far; the rest was not searched."
        for n in (64, 128)
    ]
    assert library.ask(QUESTION).notes == ()


def test_absence_is_never_said_of_an_unread_part(library: Library, write: Write) -> None:
    """Neither an abstention nor a check nor the coverage is silent about the part that was not read."""
    path = write("log.md", long_text())

    def look(moment: Progress, info: DocumentInfo) -> None:
        assert any("Only the first" in note for note in library.ask("Who kept a whale in the garden?").notes)
        assert any("Only the first" in note for note in library.check("A whale lived in the garden.").notes)
        assert any("Only the first" in note for note in library.coverage("a whale in the garden").notes)
        assert "Only the first" in info.health[0]

    watching(library, path, look)
    assert library.documents()[0].health == ()


def test_grown_document_equals_one_that_was_stored_at_once(
    library: Library, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Growing changes nothing but the ids of the passages."""
    path = write("log.md", long_text())
    receipt = library.add(path)
    assert (receipt.added, receipt.replaced, receipt.passages) == ((str(path),), (), PASSAGES)
    monkeypatch.setattr("index.ingest.add.FIRST", 10 * PASSAGES)
    with open_library(tmp_path / "other") as other:
        other.add(path)
        assert library.document("log.md") == other.document("log.md")
        grown, whole = library.passages("log.md"), other.passages("log.md")
        assert [(p.passage.text, p.passage.sentences, p.vector) for p in grown] == [
            (p.passage.text, p.passage.sentences, p.vector) for p in whole
        ]
    assert library.documents()[0].whole == 0
    assert library.verify().mismatches == ()


def test_interrupted_growth_leaves_nothing(library: Library, write: Write) -> None:
    """An interrupted reader gets the library as it was, and the file waits."""
    path = write("log.md", long_text())

    def interrupt(moment: Progress) -> None:
        if moment.stored:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.add(path, progress=interrupt)
    assert library.documents() == []
    assert library.search("captain").hits == ()
    assert library.resume().added == (str(path),)
    assert library.documents()[0].passages == PASSAGES


def test_changed_file_is_replaced_in_one_step(library: Library, write: Write) -> None:
    """The library has the former version until it has all of the new one."""
    path = write("log.md", long_text(200))
    library.add(path)
    path.write_text(long_text())
    states: set[tuple[int, int]] = set()

    def report(moment: Progress) -> None:
        states.add((moment.stored, library.documents()[0].passages))

    assert library.add(path, progress=report).replaced == (str(path),)
    assert states == {(0, 200), (0, PASSAGES)}


KILLED = """
import sys, threading
from pathlib import Path
from tests.faults.adder import open_library
def report(moment):
    if moment.stored == 128:
        print("grown", flush=True)
        threading.Event().wait()
with open_library(Path(sys.argv[1])) as library:
    library.add(sys.argv[2], progress=report)
"""


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose writer was killed when it had stored 128 passages of a long document, beside the document."""
    place = tmp_path_factory.mktemp("killed")
    path = place / "sources" / "log.md"
    path.parent.mkdir()
    path.write_text(long_text())
    open_library(place / "library").close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", KILLED, str(place / "library"), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"grown\n"
        process.send_signal(signal.SIGKILL)
    return place


@pytest.fixture
def killed(killed_once: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of that library, and the document."""
    folder = shutil.copytree(killed_once / "library", tmp_path / "library")
    return folder, killed_once / "sources" / "log.md"


def test_killed_growth_leaves_a_beginning_that_says_so(killed: tuple[Path, Path]) -> None:
    """The beginning is consistent; adding the file again completes it, and encodes only the rest."""
    folder, path = killed
    with open_library(folder) as library:
        (info,) = library.documents()
        assert (info.passages, info.whole) == (128, PASSAGES)
        assert library.problems() == []
        assert library.verify().mismatches == ()
        assert "Only the first 128" in library.ask(QUESTION).notes[0]
        receipt = library.add(path)
        assert (receipt.added, receipt.encoded) == ((str(path),), PASSAGES - 128)
        (info,) = library.documents()
        assert (info.passages, info.whole) == (PASSAGES, 0)
        assert library.problems() == []


def test_sync_completes_a_beginning(killed: tuple[Path, Path]) -> None:
    """The file has the bytes that the library knows, but not all of them were read."""
    folder, path = killed
    with open_library(folder) as library:
        assert library.sync(path.parent, dry_run=True).unchanged == ()
        library.sync(path.parent)
        assert [(info.passages, info.whole) for info in library.documents()] == [(PASSAGES, 0)]
        assert library.sync(path.parent).unchanged == (str(path),)


def test_copy_of_the_file_completes_a_beginning(killed: tuple[Path, Path]) -> None:
    """Both names then lead to the whole document."""
    folder, path = killed
    copy = shutil.copy(path, folder.with_name("copy.md"))
    with open_library(folder) as library:
        library.add(copy)
        assert set(library.sources()) == {str(path), str(copy)}
        assert [(info.passages, info.whole) for info in library.documents()] == [(PASSAGES, 0)]


def test_beginning_stays_marked_in_copies_of_the_library(killed: tuple[Path, Path], tmp_path: Path) -> None:
    """Neither a rebuild nor a backup makes a whole document of it; an export says that its file was not read."""
    folder, _ = killed
    with open_library(folder) as library:
        library.rebuild()
        assert library.documents()[0].whole == PASSAGES
        library.backup(tmp_path / "backup")
        library.export_library(tmp_path / "exported")
    Library.restore(tmp_path / "backup", tmp_path / "restored")
    with open_library(tmp_path / "restored") as restored:
        assert restored.documents()[0].whole == PASSAGES
    with open_library(tmp_path / "imported") as imported:
        imported.import_library(tmp_path / "exported", trust=True)
        assert imported.documents()[0].claimed


def test_a_beginning_keeps_the_tables_that_it_cuts() -> None:
    """So each passage of it is encoded with the same headers as in the whole document."""
    rows = [["Ship", "Length, m"], *([f"Ship {n}", f"{n} m"] for n in range(900))]
    document = compose(Draft([grid(rows)]), Content(b"", formats.PLAIN), id="a" * 64, source="/ships")
    lines = [Span(match.start(), match.end()) for match in re.finditer(r"[^\n]+", document.text)]
    chunks = [Chunk(line.start, line.end, (line,)) for line in lines]
    whole = prepared(Origin("/ships"), document, chunks)
    part = beginning(whole, 700)
    assert part.document.text.endswith("Ship 698 | 698 m")
    assert [part.draft(n) for n in range(700)] == [whole.draft(n) for n in range(700)]
    assert [key_of(part.draft(n)) for n in range(700)] == list(part.keys)
    assert whole.draft(650).context == "Ship | Length, m"


def test_the_key_of_prose_is_that_of_earlier_versions() -> None:
    """Vectors in libraries of earlier versions stay valid, so the hash must not change."""
    assert key_of(EncoderDraft("Whales breathe air.", (Span(0, 19),))).hex() == KEY_OF_EARLIER_VERSIONS
    assert key_of(EncoderDraft("Whales breathe air.", (Span(0, 19),), "Facts")).hex() != KEY_OF_EARLIER_VERSIONS

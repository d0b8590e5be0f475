"""Documents in archives, mailboxes and messages are added, replaced and removed with their containers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import DocumentNotFound, OriginalMissing, PageError
from index.ingest import members, queue
from index.library.library import Library
from index.records import Failure, Receipt, Span
from index.settings import Settings
from tests.faults.adder import open_library
from tests.loading.archives import locked_zip, mail, mailbox, tarred, zipped
from tests.loading.pdfs import build, column
from tests.nightly import length
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from tests.conftest import Write
    from tests.fakes import FakeEncoder

WORDS = ("harbour", "treaty", "queen", "river", "bridge", "whale", "comet", "garden", "clock", "winter")
LETTER = mail("The letter", "See the list.", {"list.txt": b"Four whales swam by the ship."})


def text(n: int) -> str:
    """Return a text of one passage."""
    return f"The {WORDS[n % 10]} of the year {n} was praised by all."


def sources(library: Library) -> set[str]:
    """Return the sources of the library's documents."""
    return {source for source, _ in library.parts.session.catalog.sources()}


def below(container: Path, *names: str) -> set[str]:
    """Return the sources of members."""
    return {str(container / name) for name in names}


def notes(receipt: Receipt) -> set[tuple[str, str]]:
    """Return the notes of a receipt, with the names of the files."""
    return {(Path(note.source).name, note.text) for note in receipt.notes}


def test_documents_in_an_archive_are_added_with_paths_below_it(library: Library, write: Write) -> None:
    """The archive itself is no document; a document knows its container and is named with it."""
    archive = write("leak.zip", zipped({"inner/one.txt": text(1), "two.txt": text(2)}))
    receipt = library.add(archive)
    assert set(receipt.added) == below(archive, "inner/one.txt", "two.txt")
    assert receipt.opened == (str(archive),)
    assert notes(receipt) == {("leak.zip", "2 documents in it")}
    one = library.find("one.txt")
    assert (one.reading.container, one.name) == (str(archive), "leak.zip › one.txt")
    assert library.document(str(archive / "two.txt")).text == text(2)
    assert library.verify().sources_checked == 2
    assert library.queue() == type(library.queue())((), ())


def test_everything_is_unchanged_the_second_time(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """Nothing is encoded again, whether the archive is the same file or a copy of it."""
    archive = write("leak.zip", zipped({"one.txt": text(1), "mail.eml": LETTER}))
    library.add(archive)
    encoder.encoded.clear()
    receipt = library.add(archive)
    assert set(receipt.unchanged) == below(archive, "one.txt", "mail.eml", "mail.eml/list.txt")
    copy = Path(shutil.copy(archive, archive.with_name("copy.zip")))
    assert set(library.add(copy).unchanged) == below(copy, "one.txt", "mail.eml", "mail.eml/list.txt")
    assert encoder.encoded == []
    assert sources(library) == {*receipt.unchanged, *below(copy, "one.txt", "mail.eml", "mail.eml/list.txt")}


def test_message_is_a_document_and_its_attachments_are_chained_to_it(library: Library, write: Write) -> None:
    """The message notes them, and each names the message."""
    path = write("mail.eml", LETTER)
    receipt = library.add(path)
    assert set(receipt.added) == {str(path), *below(path, "list.txt")}
    assert receipt.opened == ()
    assert notes(receipt) == {("mail.eml", "1 attachment, read on its own: list.txt.")}
    assert library.find("list.txt").name == "mail.eml › list.txt"
    assert library.find("The letter").reading.container == ""


def test_containers_in_containers_are_opened(library: Library, write: Write) -> None:
    """A mailbox in a tar archive, with a message to which an archive is attached, and the limit on depth."""
    innermost = zipped({"deep.txt": text(5)})
    box = mailbox(mail("One", text(1)), mail("Two", text(2), {"more.zip": innermost}))
    archive = write("leak.tar.gz", tarred({"box.mbox": box, "three.txt": text(3)}, "gz"))
    receipt = library.add(archive)
    box_path = archive / "box.mbox"
    messages = below(box_path, "00001 One.eml", "00002 Two.eml")
    assert set(receipt.added) == {*messages, *below(archive, "three.txt")}
    assert set(receipt.opened) == {str(archive), str(box_path)}
    (failure,) = receipt.failed
    assert failure.source == str(box_path / "00002 Two.eml/more.zip")
    assert "the 4th of containers that are in one another; the settings allow 3" in failure.reason
    assert ("leak.tar.gz", f"3 documents in it; 1 could not be read: {failure.reason}") in notes(receipt)
    library.parts.session.change_settings({"max_nesting": 4})
    assert set(library.resume(waiting=False, failed=True).added) == below(box_path, "00002 Two.eml/more.zip/deep.txt")


def test_members_that_cannot_be_read_are_reported_one_by_one(library: Library, write: Write) -> None:
    """The others are added; the queue has the failures, and a retry tries these alone."""
    damaged = zipped(
        {"one.txt": text(1), "bad.pdf": b"%PDF-1.4 nothing", "worse.docx": b"PK\x03\x04", "blank.txt": " "}
    )
    archive = write("leak.zip", damaged)
    receipt = library.add(archive)
    assert set(receipt.added) == below(archive, "one.txt")
    assert {failure.source for failure in receipt.failed} == below(archive, "bad.pdf", "worse.docx", "blank.txt")
    reasons = " ".join(failure.reason for failure in receipt.failed)
    assert notes(receipt) == {("leak.zip", f"1 document in it; 3 could not be read: {reasons}")}
    assert {failure.source for failure in library.queue().failed} == {failure.source for failure in receipt.failed}
    retried = library.resume(waiting=False, failed=True)
    assert len(retried.failed) == 3
    assert retried.unchanged == ()


def test_archive_that_is_damaged_or_a_bomb_is_one_failure(library: Library, write: Write) -> None:
    """Nothing of it is added, and other files are."""
    bomb = write("bomb.zip", zipped({"zeros.txt": bytes(40_000_000)}))
    cut = write("cut.zip", zipped({"one.txt": text(1)})[:-20])
    other = write("other.txt", text(2))
    receipt = library.add([bomb, cut, other])
    assert receipt.added == (str(other),)
    reasons = {Path(failure.source).name: failure.reason for failure in receipt.failed}
    assert "looks like a bomb" in reasons["bomb.zip"]
    assert "cannot be opened" in reasons["cut.zip"]


def test_changed_archive_replaces_adds_and_removes_its_members(
    library: Library, encoder: FakeEncoder, write: Write
) -> None:
    """Its members follow it; what did not change is not encoded again."""
    archive = write("leak.zip", zipped({"one.txt": text(1), "two.txt": text(2), "three.txt": text(3)}))
    library.add(archive)
    encoder.encoded.clear()
    write("leak.zip", zipped({"one.txt": text(1), "two.txt": text(22), "four.txt": text(4)}))
    receipt = library.add(archive)
    assert set(receipt.unchanged) == below(archive, "one.txt")
    assert set(receipt.replaced) == below(archive, "two.txt")
    assert set(receipt.added) == below(archive, "four.txt")
    assert set(receipt.removed) == below(archive, "three.txt")
    assert len(encoder.encoded) == 2
    assert sources(library) == below(archive, "one.txt", "two.txt", "four.txt")


def test_damaged_version_of_an_archive_keeps_the_former_members(library: Library, write: Write) -> None:
    """A file is often half written when it is read."""
    archive = write("leak.zip", zipped({"one.txt": text(1)}))
    library.add(archive)
    write("leak.zip", zipped({"one.txt": text(1), "two.txt": text(2)})[:-20])
    receipt = library.add(archive)
    assert [failure.source for failure in receipt.failed] == [str(archive)]
    assert sources(library) == below(archive, "one.txt")


def test_archive_that_became_another_file_loses_its_members(library: Library, write: Write) -> None:
    """A file of another kind under the name of the archive has nothing in it."""
    path = write("leak", zipped({"one.txt": text(1)}))
    library.add(path)
    write("leak", text(2))
    receipt = library.add(path)
    assert receipt.added == (str(path),)
    assert set(receipt.removed) == below(path, "one.txt")
    assert sources(library) == {str(path)}


def test_members_of_one_name_and_of_equal_bytes(library: Library, write: Write) -> None:
    """Equal bytes are one document with two sources, of which one can go."""
    archive = write("leak.zip", zipped({"a/one.txt": text(1), "b/one.txt": text(1)}))
    receipt = library.add(archive)
    assert len(library.documents()) == 1
    assert {*receipt.added, *receipt.unchanged} == below(archive, "a/one.txt", "b/one.txt")
    write("leak.zip", zipped({"b/one.txt": text(1)}))
    library.add(archive)
    assert sources(library) == below(archive, "b/one.txt")


def test_number_of_members_counts_at_all_depths(tmp_path: Path, encoder: FakeEncoder, write: Write) -> None:
    """An archive within the limit may not hold others that exceed it together."""
    inner = zipped({f"{n}.txt": text(n) for n in range(3)})
    archive = write(
        "leak.zip", zipped({"one.zip": inner, "two.zip": zipped({f"{n}.txt": text(n + 10) for n in range(3)})})
    )
    with Library.open(tmp_path / "small", Settings(max_members=6, passage_tokens=32), encoder=encoder) as library:
        receipt = library.add(archive)
    assert len(receipt.added) == 3
    (failure,) = receipt.failed
    assert failure.source == str(archive / "two.zip")
    assert "leak.zip has more than the 6 members" in failure.reason


# Removing


def test_removed_containers_take_their_members_with_them(library: Library, write: Write) -> None:
    """A message its attachments, an archive all but what is also elsewhere; a folder's path removes nothing."""
    path = write("mail.eml", LETTER)
    library.add(path)
    assert set(library.remove("mail.eml").removed) == {str(path), *below(path, "list.txt")}
    assert library.documents() == []
    archive = write("leak.zip", zipped({"one.txt": text(1), "mail.eml": LETTER}))
    same = write("same.txt", text(1))
    library.add([archive, same])
    with pytest.raises(DocumentNotFound):
        library.remove(str(archive.parent))
    archive.unlink()
    assert set(library.remove(str(archive)).removed) == below(archive, "one.txt", "mail.eml", "mail.eml/list.txt")
    assert sources(library) == {str(same)}
    with pytest.raises(DocumentNotFound):
        library.remove(str(archive))


# Interruptions


def test_killed_add_loses_no_member(tmp_path: Path, write: Write) -> None:
    """After `kill -9` in the middle of an archive, every member is stored or waits, and `resume` adds the rest."""
    archive = write("leak.zip", zipped({f"{n:02}.txt": text(n) for n in range(12)}))
    folder = tmp_path / "library"
    open_library(folder).close()
    command = [sys.executable, "-c", KILLED, str(folder), json.dumps([str(archive)])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"third\n"
        process.send_signal(signal.SIGKILL)
    everything = below(archive, *(f"{n:02}.txt" for n in range(12)))
    with open_library(folder) as library:
        stored, waiting = sources(library), set(library.queue().waiting)
        assert stored
        assert str(archive) in waiting
        assert stored | waiting == everything | {str(archive)}
        receipt = library.resume()
        assert {*receipt.added, *receipt.unchanged} == everything
        assert receipt.opened == (str(archive),)
        assert sources(library) == everything
        assert library.queue().waiting == ()
        assert library.verify().mismatches == ()


KILLED = """
import json, sys, threading
from pathlib import Path
from index.ingest import add
from tests.faults.adder import open_library
add.BATCH_PASSAGES = 1
settled = []
def report(moment):
    settled.append(1) if moment.stage == "settled" else None
    if len(settled) == 3:
        print("third", flush=True)
        threading.Event().wait()
with open_library(Path(sys.argv[1])) as library:
    library.add(json.loads(sys.argv[2]), progress=report)
"""


def test_attachments_that_an_interrupted_add_left_are_added(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message was stored; what is in it waits, also for a sync, which would take the message for unchanged."""
    path = write("mail.eml", LETTER)
    monkeypatch.setattr(queue, "SETTLING_NS", 0)
    monkeypatch.setattr(members.OpenContainers, "next_wave", interrupted)
    with pytest.raises(KeyboardInterrupt):
        library.add(path)
    monkeypatch.undo()
    assert sources(library) == {str(path)}
    assert library.queue().waiting == tuple(below(path, "list.txt"))
    assert set(library.sync(path.parent).added) == below(path, "list.txt")


def interrupted(_: object) -> list[str]:
    """Stand for Ctrl-C between two waves."""
    raise KeyboardInterrupt


def test_many_members_are_added_in_seconds(library: Library, write: Write) -> None:
    """Each is read by its place in the archive, not by reading those before it. The nightly run has 2,000."""
    count = length(200, 2000)
    names = {f"{n:04}.txt": f"Ship {n} left harbour {n}." for n in range(count)}
    archive = write("many.tar.xz", tarred(names, "xz"))
    began = time.monotonic()
    receipt = library.add(archive)
    assert (len(receipt.added), receipt.failed) == (count, ())
    assert time.monotonic() - began < 120
    assert library.document(str(archive / "0123.txt")).text == "Ship 123 left harbour 123."


# Mirrored folders


@pytest.mark.usefixtures("settled_files")
def test_sync_follows_a_changed_archive(library: Library, write: Write) -> None:
    """Unchanged archives are not opened again; of changed ones the members follow; of vanished ones they go."""
    archive, letter = write("leak.zip", zipped({"one.txt": text(1), "two.txt": text(2)})), write("mail.eml", LETTER)
    folder = archive.parent
    everything = {*below(archive, "one.txt", "two.txt"), str(letter), *below(letter, "list.txt")}
    assert set(library.sync(folder).added) == everything
    again = library.sync(folder)
    assert (set(again.unchanged), again.opened, again.removed) == (everything, (), ())
    write("leak.zip", zipped({"one.txt": text(1), "three.txt": text(3)}))
    changed = library.sync(folder)
    assert (set(changed.added), set(changed.removed)) == (below(archive, "three.txt"), below(archive, "two.txt"))
    archive.rename(folder / "moved.zip")
    moved = library.sync(folder, dry_run=True)
    assert library.sync(folder).encoded == 0
    assert set(moved.removed) == below(archive, "one.txt", "three.txt")
    (folder / "moved.zip").unlink()
    letter.unlink()
    assert set(library.sync(folder, force=True).removed) == {
        *below(folder / "moved.zip", "one.txt", "three.txt"),
        str(letter),
        *below(letter, "list.txt"),
    }
    assert library.documents() == []


@pytest.mark.usefixtures("settled_files")
def test_sync_does_not_open_an_archive_again_for_a_member_that_fails(library: Library, write: Write) -> None:
    """The failure is reported each time, and other rules try it again."""
    archive = write("leak.zip", zipped({"one.txt": text(1), "long.txt": text(2) * 50}))
    library.parts.session.change_settings({"max_characters": 1000})
    first = library.sync(archive.parent)
    assert [failure.source for failure in first.failed] == [str(archive / "long.txt")]
    again = library.sync(archive.parent)
    assert (again.failed, again.opened) == (first.failed, ())
    library.parts.session.change_settings({"max_characters": 0})
    assert set(library.sync(archive.parent).added) == below(archive, "long.txt")


@pytest.mark.usefixtures("settled_files")
def test_removed_member_comes_back_with_the_next_sync(library: Library, write: Write) -> None:
    """As a removed file does: a sync makes the library what the folder is."""
    archive = write("leak.zip", zipped({"one.txt": text(1), "two.txt": text(2)}))
    library.sync(archive.parent)
    library.remove(str(archive / "one.txt"))
    assert set(library.sync(archive.parent).added) == below(archive, "one.txt")


# Passwords


def test_passwords_are_tried_and_not_kept(library: Library, write: Write, tmp_path: Path) -> None:
    """The receipt names files that still need one; no file of the library has a trace of a password."""
    archive = write("locked.zip", locked_zip("secret.txt", text(7).encode(), "Kiel-1911-Løvøya"))
    (failure,) = library.add(archive).failed
    assert failure == Failure(
        str(archive / "secret.txt"),
        "secret.txt in locked.zip is locked with a password.",
        "Save a copy without the password, and add the copy.",
    )
    receipt = library.add(archive, passwords=["wrong", "Kiel-1911-Løvøya"])
    assert set(receipt.added) == below(archive, "secret.txt")
    verified = library.verify()
    assert (verified.sources_locked, verified.mismatches) == ((str(archive / "secret.txt"),), ())
    assert library.verify(passwords=["Kiel-1911-Løvøya"]).sources_checked == 1
    traces = [
        path for path in (tmp_path / "library").rglob("*") if path.is_file() and b"Kiel-1911" in path.read_bytes()
    ]
    assert traces == []
    info = library.find("secret.txt")
    assert not library.has_original(info.id)
    with pytest.raises(OriginalMissing, match=r"locked\.zip is locked, and Pincite keeps no passwords"):
        library.original(info.id)


@NEEDS_FILES
def test_locked_pdf_is_read_and_its_pages_are_not_shown(library: Library) -> None:
    """Its text is in the library; a picture of its page would need the password again, and the error says so."""
    receipt = library.add([FILES / "pdf/password.pdf", FILES / "password_protected.xlsx"], passwords=["x", "password"])
    assert receipt.added == (str(FILES / "pdf/password.pdf"),)
    assert [Path(failure.source).name for failure in receipt.failed] == ["password_protected.xlsx"]
    info = library.find("password.pdf")
    assert library.document(info.id).text == "File with password"
    assert library.page_marks(info.id, Span(0, 4)) == ()
    with pytest.raises(PageError, match="locked with a password, so its pages are not shown"):
        library.page_image(info.id, 1, width=200)
    assert library.verify().sources_locked == (info.source,)
    assert library.verify(passwords=["password"]).sources_checked == 1


# Originals


def test_original_of_a_member_is_read_from_its_container(library: Library, write: Write) -> None:
    """Its bytes and its name are those of the member; if the container changes, it is gone."""
    archive = write("leak.zip", zipped({"mail.eml": LETTER}))
    library.add(archive)
    original = library.original(library.find("list.txt").id)
    assert (original.data, original.name) == (b"Four whales swam by the ship.", "list.txt")
    write("leak.zip", zipped({"mail.eml": mail("Other", "No list.")}))
    with pytest.raises(OriginalMissing):
        library.original(library.find("list.txt").id)


def test_pages_of_a_pdf_in_an_archive_are_shown_with_marks(library: Library, write: Write) -> None:
    """The page is a picture of the member, which is unpacked for it; the words of a citation are marked."""
    paper = build([column(["The king signed the treaty.", "It was winter in the whole kingdom."])])
    library.add(write("leak.tar.gz", tarred({"a/letter.pdf": paper}, "gz")))
    info = library.find("letter.pdf")
    start = library.document(info.id).text.index("It was winter")
    (mark,) = library.page_marks(info.id, Span(start, start + 13))
    assert mark.number == 1
    assert mark.rectangles
    assert library.page_image(info.id, 1, width=200).startswith(b"\x89PNG")
    verified = library.verify()
    assert (verified.sources_checked, verified.mismatches, verified.unconfirmed) == (1, (), ())


def test_original_is_found_in_the_uploads_of_a_library_that_was_moved(tmp_path: Path, write: Write) -> None:
    """The container keeps its name there, as other uploads do."""
    archive = write("leak.zip", zipped({"a/one.txt": text(1)}))
    with open_library(tmp_path / "before") as library:
        uploads = tmp_path / "before/uploads"
        uploads.mkdir()
        archive.rename(uploads / "leak.zip")
        library.add(uploads / "leak.zip")
    (tmp_path / "before").rename(tmp_path / "after")
    with open_library(tmp_path / "after") as library:
        assert library.original(library.find("one.txt").id).data == text(1).encode()

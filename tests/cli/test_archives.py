"""Archives and passwords on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.loading.archives import locked_zip, mail, zipped

if TYPE_CHECKING:
    from tests.command_line import Run
    from tests.conftest import Write

SEA = "The whale swam by the ship in winter."
SECRET = b"The treaty was signed in the garden."


def test_receipt_says_how_many_documents_are_in_an_archive(run: Run, write: Write) -> None:
    """The archive is opened and counts as no document; `list` names the archive before the document.

    It is removed by its path, and the documents in it are named.
    """
    archive = write("leak.zip", zipped({"sea.txt": SEA, "mail.eml": mail("Hello", "A comet was seen.")}))
    outcome = run("add", archive)
    assert outcome.code == 0
    assert outcome.out.startswith("2 added, 1 opened; 3 passages")
    assert "note: leak.zip: 2 documents in it" in outcome.out
    assert "leak.zip › sea.txt" in run("list").out
    outcome = run("remove", archive)
    assert outcome.code == 0
    assert str(archive / "sea.txt") in outcome.out


def test_password_file_is_tried_on_locked_files(run: Run, write: Write) -> None:
    """Without it, the receipt names the file and the option; it is read for `verify`, too."""
    archive = write("locked.zip", locked_zip("secret.txt", SECRET, "Kiel"))
    failed = run("add", archive)
    assert failed.code == 3
    assert "secret.txt in locked.zip is locked with a password. Save a copy" in failed.out
    assert "With --password-file FILE" in failed.out
    passwords = write("passwords", "\ufeffwrong\r\n\r\nKiel\r\n".encode())
    outcome = run("add", archive, "--password-file", passwords)
    assert outcome.code == 0
    assert outcome.out.startswith("1 added, 1 opened")
    assert "locked with a password" in run("verify").out
    assert "1 sources read again: 0 mismatches" in run("verify", "--password-file", passwords).out


def test_password_file_that_cannot_be_read_is_a_mistake_of_the_call(run: Run, write: Write) -> None:
    """Nothing is added then, and the message names the file."""
    for file in (write("passwords", b"\xff\xfe\x00"), write("a", "x").with_name("none")):
        outcome = run("add", write("sea.txt", SEA), "--password-file", file)
        assert outcome.code == 2
        assert f"{file.name} cannot be read" in outcome.err.replace("\n", "")

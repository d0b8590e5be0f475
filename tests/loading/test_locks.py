"""Documents that are locked with a password are opened with it, and nothing else changes."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import docx
import pytest

from index.errors import PasswordRequired
from index.loading.loader import load_bytes
from index.loading.locks import unlocked
from index.loading.sandbox.messages import Request
from tests.loading.compound import compound
from tests.loading.pdfs import build, column

FILES = Path(__file__).parents[2].parent / "shared" / "files"
needs_files = pytest.mark.skipif(not FILES.is_dir(), reason="the folder of real files is not beside this checkout")
PASSWORD = "Kiel 1911 – Løvøya"


@pytest.fixture(scope="module")
def locked_word() -> bytes:
    """A Word document that is encrypted as Office does it."""
    from msoffcrypto.format.ooxml import OOXMLFile

    document = docx.Document()
    document.add_paragraph("The ship sailed at noon.")
    plain, locked = io.BytesIO(), io.BytesIO()
    document.save(plain)
    OOXMLFile(plain).encrypt(PASSWORD, locked)
    return locked.getvalue()


def test_word_document_is_opened_with_its_password(locked_word: bytes) -> None:
    """The format is recognised after it is opened; the id is that of the locked file."""
    document = load_bytes(locked_word, source="a.docx", passwords=["wrong", PASSWORD])
    assert document.text == "The ship sailed at noon."
    assert document.media_type.endswith("wordprocessingml.document")
    with pytest.raises(PasswordRequired, match="locked with a password"):
        load_bytes(locked_word, source="a.docx")


def test_error_counts_passwords_and_names_none(locked_word: bytes) -> None:
    """Whoever sees the receipt learns that none fits, and no password."""
    with pytest.raises(PasswordRequired, match="none of the 2 given ones fits") as caught:
        load_bytes(locked_word, source="a.docx", passwords=["secret-one", "secret-two"])
    assert "secret" not in f"{caught.value.message} {caught.value.hint} {caught.value!r}"


def test_requests_do_not_show_their_passwords() -> None:
    """A request may be logged."""
    assert "Kiel" not in repr(Request("a.pdf", "a.pdf", "", 1, None, 1.0, passwords=(PASSWORD,)))


def test_documents_without_a_lock_stay_as_they_are() -> None:
    """Whatever passwords are given, the reader gets the same bytes."""
    for data in (
        build([column(["The ship sailed."])]),
        b"words",
        b"%PDF-1.4 nothing",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ):
        assert unlocked(data, "a", ["x", PASSWORD]) is data


@needs_files
def test_real_files_are_opened_with_their_passwords() -> None:
    """A PDF loses its encryption before it is read, so that every reader of PDFs can read it."""
    data = (FILES / "pdf" / "password.pdf").read_bytes()
    assert load_bytes(data, source="a.pdf", passwords=["x", "password"]).text == "File with password"
    copied = (FILES / "pdf" / "copy-protected.pdf").read_bytes()
    assert unlocked(copied, "a.pdf", ["x"]) is copied
    for name in ("pdf/password.pdf", "password_protected.xlsx"):
        with pytest.raises(PasswordRequired, match="the given one does not fit"):
            load_bytes((FILES / name).read_bytes(), source=name, passwords=["wrong"])


def test_a_locked_workbook_of_the_older_kind_needs_its_password() -> None:
    """Its cells are encrypted: they would look like a sheet that is far too large."""
    lock = struct.pack("<HHIHH", 0x0809, 8, 0x00050600, 0, 0) + struct.pack("<HHI", 0x002F, 4, 0)
    cell = struct.pack("<HHHHHII", 0x0203, 14, 65_000, 65_000, 0, 0, 0)
    with pytest.raises(PasswordRequired, match=r"a\.xls is a workbook locked with a password"):
        load_bytes(compound({"Workbook": lock + cell}), source="a.xls")

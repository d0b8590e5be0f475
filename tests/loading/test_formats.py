"""Files are recognised by content, and the error for an unsupported file names its format."""

from __future__ import annotations

import re
import zipfile

import docx
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import (
    DamagedFile,
    EmptyDocument,
    HoldsDocuments,
    LoadingError,
    PasswordRequired,
    TooLarge,
    UnsupportedFormat,
)
from index.loading import formats
from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.archives import zipped
from tests.loading.compound import compound
from tests.loading.office import bytes_of, workbook
from tests.loading.pdfs import Printed, build
from tests.nightly import length

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
MAIL = b"MIME-Version: 1.0\r\nFrom: Ada <ada@example.org>\r\nSubject: Bees\r\n\r\nThe bees are well.\r\n"


def _zip(**parts: bytes) -> bytes:
    names = {name: name.replace("__", "/").replace("_xml", ".xml") for name in parts}
    return zipped({names[name]: data for name, data in parts.items()})


def _blank_slide() -> bytes:
    made = pptx.Presentation()
    made.slides.add_slide(made.slide_layouts[6])
    return bytes_of(made)


def _stream(name: str) -> bytes:
    return OLE2 + name.encode("utf-16-le")


UNSUPPORTED = {
    "an old Office file of no known kind": ("a.wps", OLE2, "an Office document of the older kind"),
    "a picture": ("a.heic", bytes(4) + b"ftypheic" + bytes(20), "an image (HEIC or AVIF)"),
    "a sound recording": ("a.mp3", b"ID3" + bytes(20), "a sound recording (MP3)"),
    "another archive": ("a.rar", b"Rar!" + bytes(20), "a RAR archive"),
    "noise": ("a.bin", bytes(range(256)) * 8, "a binary file of no kind that Pincite knows"),
}


@cases(("name", "data", "format_name"), UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_unsupported_format_is_named_in_the_error(name: str, data: bytes, format_name: str) -> None:
    """The error names the real format, whatever the file is called, and gives advice."""
    with pytest.raises(UnsupportedFormat) as caught:
        load_bytes(data, source=f"/papers/{name}")
    assert name in caught.value.message
    assert format_name in caught.value.message
    assert caught.value.hint


def test_a_recording_is_not_to_be_converted() -> None:
    """No conversion makes words of sounds: its hint asks for subtitles."""
    with pytest.raises(UnsupportedFormat) as caught:
        load_bytes(b"ID3" + bytes(20), source="a.mp3")
    assert "subtitles" in caught.value.hint
    assert "Convert" not in caught.value.hint


PACKED = {
    "a zip archive": ("a.zip", _zip(readme=b"words"), "a zip archive"),
    "an archive called a document": ("a.docx", _zip(readme=b"words"), "a zip archive"),
    "a tar archive": ("a.tar", bytes(257) + b"ustar" + bytes(250), "a tar archive"),
    "a compressed file": ("a.gz", b"\x1f\x8b\x08", "a compressed file (gzip)"),
    "a mailbox": ("inbox", b"From ada Mon Jan 2 10:00:00 2023\n" + MAIL, "a mailbox"),
}


@cases(("name", "data", "kind"), PACKED.values(), ids=PACKED.keys())
def test_files_that_hold_documents_are_named(name: str, data: bytes, kind: str) -> None:
    """They are no documents themselves, and the hint says how the documents in them are added."""
    with pytest.raises(HoldsDocuments, match=re.escape(f"{name} is {kind}")) as caught:
        load_bytes(data, source=f"/papers/{name}")
    assert "Add it to a library" in caught.value.hint


SUPPORTED = {
    "plain text without an ending": ("README", b"The bees are well.", "text/plain"),
    "text that only begins like data": ("a.txt", b'{"bees": 1, and so on', "text/plain"),
    "a memo with headers of its own": ("a.txt", b"From: Ada\nDate: Monday\n\nThe bees are well.", "text/plain"),
    "a page called text": ("a.txt", b"<!DOCTYPE html><html><body><p>The bees are well.</p></body></html>", "text/html"),
    "a page behind a comment": ("a", b"<!-- saved --><html><body>The bees are well.</body></html>", "text/html"),
    "a page called a document": ("a.doc", b"<html><body>The bees are well.</body></html>", "text/html"),
    "a page in parts": ("a.htm", b"<p>The bees are well.</p>", "text/html"),
    "a page that is XML": (
        "a.xml2",
        b"<?xml version='1.0'?>\n<html><body>The bees are well.</body></html>",
        "text/html",
    ),
    "a table": ("a.csv", b"bees,hives\n1,2\n", "text/csv"),
    "a table with tabs": ("a.tab", b"bees\thives\n1\t2\n", "text/tab-separated-values"),
    "a page called a table": ("a.csv", b"<html><body>The bees are well.</body></html>", "text/html"),
    "a message": ("a.eml", b"From: ada\n\nThe bees are well.", "message/rfc822"),
    "a message called text": ("a.txt", MAIL, "message/rfc822"),
    "a message called page": ("a.md", MAIL, "text/markdown"),
    "markdown": ("a.md", b"# Bees\n\nThe bees are well.", "text/markdown"),
    "brackets deeper than recursion": ("a.txt", b"[" * 100_000 + b"bees", "text/plain"),
    "source code": ("a.py", b"BEES = 'The bees are well.'", "text/x-source"),
}


@cases(("name", "data", "media_type"), SUPPORTED.values(), ids=SUPPORTED.keys())
def test_format_is_recognised_by_content(name: str, data: bytes, media_type: str) -> None:
    """The content decides; the name decides only where contents look alike."""
    document = load_bytes(data, source=name)
    assert document.media_type == media_type
    assert "bees" in document.text


WRONG = {
    "text called a PDF": ("a.pdf", b"Page not found, said the server.", "is called a PDF and holds plain text"),
    "noise called a PDF": ("a.pdf", bytes(range(256)) * 8, "is damaged, or something else"),
    "a PDF cut short": ("a.pdf", b"%PDF-1.7\n1 0 obj", "cannot be opened"),
    "an archive cut short": ("a.docx", _zip(word__document_xml=b"<w/>")[:40], "cannot be opened"),
    "a workbook of one part under another name": (
        "a.docx",
        _zip(xl__workbook_xml=b"<w/>"),
        "a workbook that cannot be opened",
    ),
    "slides of one part": ("a.pptx", _zip(ppt__presentation_xml=b"<p/>"), "a presentation that cannot be opened"),
    "an old workbook of nothing": ("a.xls", _stream("Workbook"), "an Office file of the older kind and damaged"),
    "a Word document of one part": ("a.docx", _zip(word__document_xml=b"<w/>"), "cannot be opened"),
}


@pytest.mark.parametrize(("name", "data", "message"), WRONG.values(), ids=WRONG.keys())
def test_damaged_or_mislabelled_file_is_reported(name: str, data: bytes, message: str) -> None:
    """The error says whether the file is damaged or mislabelled, and what to do."""
    with pytest.raises(DamagedFile, match=message) as caught:
        load_bytes(data, source=name)
    assert caught.value.hint


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" \n\t\n", b"\xef\xbb\xbf", b"--- *** ---", b"<html></html>"),
        *(bytes_of(docx.Document()), _blank_slide(), bytes_of(workbook(("Costs", []))), build([[]])),
    ],
    ids=["none", "blank", "mark", "rules", "tags", "a document", "slides", "a sheet with a name", "a page"],
)
def test_file_without_words_is_empty(data: bytes) -> None:
    """A file without a single letter or digit raises EmptyDocument; the name of a sheet is no word."""
    with pytest.raises(EmptyDocument, match=r"a\.txt"):
        load_bytes(data, source="a.txt")


def test_encrypted_office_file_needs_a_password() -> None:
    """The error asks for a copy without a password."""
    with pytest.raises(PasswordRequired, match=r"a\.docx"):
        load_bytes(_stream("EncryptedPackage"), source="a.docx")


def archive_of(*parts: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Build an archive of these parts."""
    return zipped(dict(parts), compression=compression)


def test_zip_bomb_is_refused_before_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its size, and below the limit by its ratio."""
    monkeypatch.setattr(formats, "_UNPACKED_LIMIT", 5_000_000)
    data = archive_of(("word/document.xml", bytes(6_000_000)), compression=zipfile.ZIP_STORED)
    with pytest.raises(TooLarge, match="would unpack to 6"):
        load_bytes(data, source="a.docx")
    data = archive_of(("word/document.xml", bytes(formats._HARMLESS_SIZE + 1)))
    assert len(data) < 100_000
    with pytest.raises(TooLarge, match="would unpack to 20"):
        load_bytes(data, source="a.docx")


def test_zip_bomb_in_the_mimetype_entry_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first line of the entry that names an EPUB or OpenDocument file is unpacked."""
    sizes: list[int] = []
    original_read = zipfile.ZipExtFile.read

    def recording_read(part: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        data = original_read(part, n)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", recording_read)
    with pytest.raises(HoldsDocuments, match="zip archive"):
        load_bytes(archive_of(("mimetype", bytes(50_000_000))), source="a.epub")
    assert sum(sizes) <= 1000


_STARTS = [
    b"",
    b"%PDF-1.4\n",
    b"PK\x03\x04",
    b"<html>",
    b"{\\rtf",
    b"---\n",
    b"\xff\xfe",
    b"\xff\xfe\x00\x00",
    OLE2[:8],
]


@settings(max_examples=length(30, 150), deadline=None)
@given(
    st.sampled_from(_STARTS),
    st.binary(max_size=300),
    st.sampled_from(["a.txt", "a.md", "a.html", "a.pdf", "a.docx", "a"]),
)
def test_arbitrary_bytes_give_a_document_or_a_named_error(start: bytes, rest: bytes, name: str) -> None:
    """Any bytes give a document with words, or an error that names the file."""
    try:
        document = load_bytes(start + rest, source=name)
    except LoadingError as error:
        acceptable = name in error.message
    else:
        acceptable = any(map(str.isalnum, document.text))
    assert acceptable


FOREIGN = {
    "a Kindle book": (b"\0" * 60 + b"BOOKMOBI", "a Kindle e-book", "Calibre"),
    "a book of Microsoft Reader": (b"ITOLITLS\1\0\0\0", "an e-book of Microsoft Reader", "Calibre"),
    "Windows help": (b"ITSF\3\0\0\0", "a file of Windows help", "Calibre"),
    "a folder of Outlook": (b"!BDN\x88", "a mail folder of Outlook", "readpst"),
    "a notebook": (bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"), "a section of a OneNote notebook", "OneNote"),
    "a Hangul document": (b"HWP Document File V3.00", "a Hangul document", "Hancom"),
    "a newer Hangul document": (
        compound({"FileHeader": b"x", "BodyText/Section0": b"x"}), "a Hangul document", "Hancom",
    ),
    "a Parquet table": (b"PAR1\x15\x04", "a Parquet table", "CSV"),
    "an SQLite database": (b"SQLite format 3\0", "an SQLite database", "CSV"),
    "an Access database": (b"\0\1\0\0Standard ACE DB\0", "an Access database", "CSV"),
    "a DjVu document": (b"AT&TFORM\0", "a DjVu document", "ddjvu"),
    "a WordPerfect document": (b"\xffWPC\x10\0", "a WordPerfect document", "LibreOffice"),
    "a Write document": (b"\x31\xbe\0\0", "a document of Windows Write", "LibreOffice"),
    "a Publisher document": (compound({"Quill/QuillSub/CONTENTS": b"x"}), "a Publisher document", "LibreOffice"),
    "an old Visio drawing": (compound({"VisioDocument": b"x"}), "a Visio drawing of the older kind", "PDF"),
    "an image of GIMP": (b"gimp xcf v011\0", "an image of GIMP", "PNG"),
    "an AutoCAD drawing": (b"AC1032\0\0", "an AutoCAD drawing", "PDF"),
    "a saved page of Safari": (b"bplist00\xd1\1\2_\x10\x0fWebMainResource", "a web page of Safari", "HTML"),
    "a signed document": (bytes.fromhex("308211c006092a864886f70d010702"), "a signed or encrypted file", "openssl"),
    "attachments of Outlook": (b"\x78\x9f\x3e\x22", "an archive of attachments by Outlook", "Unpack"),
    "an XPS document": (
        archive_of(("FixedDocSeq.fdseq", b"<x/>"), ("[Content_Types].xml", b"<x/>")), "an XPS document",
        "print it to PDF",
    ),
    "a theme": (
        archive_of(("theme/theme/themeManager.xml", b"<x/>"), ("[Content_Types].xml", b"<x/>")),
        "an Office theme", "no text",
    ),
    "a package of another program": (archive_of(("[Content_Types].xml", b"<x/>")), "a package of parts", "Convert"),
    "an OpenOffice 1 document": (
        archive_of(
            ("META-INF/manifest.xml", b'<m:file-entry m:media-type="application/vnd.sun.xml.writer" m:full-path="/"/>')
        ),
        "a document of OpenOffice 1",
        "LibreOffice",
    ),
    "an OpenDocument database": (
        archive_of(("mimetype", b"application/vnd.oasis.opendocument.base")), "database", "CSV",
    ),
    "a Keynote document": (
        archive_of(("Index/Document.iwa", b"x"), ("Metadata/BuildVersionHistory.plist", b"x")), "Apple",
        "Export",
    ),
    "a packed folder of Keynote": (
        archive_of(("Talk.key/Index.zip", b"x"), ("Talk.key/preview.jpg", b"x")), "Apple", "Export",
    ),
    "an app": (archive_of(("AndroidManifest.xml", b"x"), ("res/main.xml", b"x")), "a program", "documentation"),
    "a Java program": (archive_of(("META-INF/MANIFEST.MF", b"x"), ("a/B.class", b"x")), "a program", "documentation"),
}  # fmt: skip


@cases(("data", "kind", "advice"), FOREIGN.values(), ids=FOREIGN.keys())
def test_formats_that_are_not_read_are_named_with_what_to_do(data: bytes, kind: str, advice: str) -> None:
    """Whatever the name of the file; one that is a package of parts is never unpacked as an archive of documents."""
    with pytest.raises(UnsupportedFormat, match=re.escape(kind)) as caught:
        load_bytes(data, source="/papers/unnamed")
    assert advice in caught.value.hint


def test_a_document_of_apple_is_read_by_the_preview_in_it() -> None:
    """The receipt says so, because the preview may be older than the document."""
    preview = build([[Printed(72, 700, "The bees are well.")]])
    for folder in ("", "Bees.pages/"):
        parts = {f"{folder}Index.zip": b"PK", f"{folder}Data/a.jpg": b"x", f"{folder}QuickLook/Preview.pdf": preview}
        document = load_bytes(archive_of(*parts.items()), source="a.pages")
        assert (document.text, document.media_type) == ("The bees are well.", "application/vnd.apple.iwork")
        assert [mark.label for mark in document.landmarks if mark.kind == "page"] == ["1"]
        assert document.notes[0].startswith("Read from the preview (PDF)")
    broken = archive_of(("index.apxl", b"x"), ("QuickLook/Preview.pdf", b"%PDF-"))
    with pytest.raises(DamagedFile, match=r"a\.key"):
        load_bytes(broken, source="a.key")


NOT_FOREIGN = {
    "a table with a column called ID3": b"ID3,bees\n1,2\n",
    "a sentence with WAVE at the ninth place": b"The new WAVE of bees.",
    "a sentence with AIFF at the ninth place": b"My best AIFF bees.",
    "a sentence that begins like a bitmap": b"BMW counts bees in Munich, and has done so since 1928.\n",
    "a list that begins like a drawing": b"AC1015, bees, hives",
    "a table that begins like an animation": b"CWS\tbees\thives\nfew\tmany\tmore\n",
    "a sentence about a format": b"PAR1 is what bees write first.",
}


@cases("data", NOT_FOREIGN.values(), ids=NOT_FOREIGN.keys())
def test_texts_that_begin_like_another_format_are_read(data: bytes) -> None:
    """The marks of binary formats have bytes that no text has, as far as the formats allow it."""
    assert "bees" in load_bytes(data, source="a.txt").text


@cases(
    "members",
    [
        {"project/AndroidManifest.xml": "x", "project/readme.txt": "The bees."},
        {"classes/Bees.class": "x", "readme.txt": "The bees."},
        {"talks/[Content_Types].xml": "x", "readme.txt": "The bees."},
        {"mimetype": "application/vnd.etsi.asic-e+zip", "contract.txt": "The bees.", "META-INF/signatures.xml": "<x/>"},
    ],
    ids=["sources of an app", "compiled classes", "an unpacked document", "signed documents"],
)
def test_an_archive_of_documents_stays_one(members: dict[str, str]) -> None:
    """Only what lies at the top of an archive tells that the whole is one document or program."""
    with pytest.raises(HoldsDocuments):
        load_bytes(archive_of(*((name, words.encode()) for name, words in members.items())), source="a.zip")

"""The older Office formats and Outlook's messages, which are compound files."""

from __future__ import annotations

import io
import struct
from contextlib import closing

import pytest

from index.errors import DamagedFile, UnsupportedFormat
from index.loading.compound_files import CompoundFile
from index.loading.containers.container_reader import open_container
from index.loading.containers.member_paths import ContainerLimits
from index.loading.loader import load, load_bytes
from index.plugins.formats.msg import unpacked_rtf
from index.plugins.formats.rtf import blocks, wrapped_html
from tests.loading.compound import compound, outlook
from tests.loading.office import XLS
from tests.skips import FILES, NEEDS_FILES


def attached(data: bytes) -> dict[str, bytes]:
    """Return the attachments of a message by name."""
    with closing(open_container(io.BytesIO(data), "a.msg", ContainerLimits())) as container:
        return {member.name: container.read(member, max_bytes=1_000_000) for member in container.members}


def test_outlook_message_is_read_like_an_email() -> None:
    """Sender, recipients, date, subject and text come from its properties."""
    data = compound(outlook("Ships of Kiel", "We sailed\r\nat noon.", {"log.txt": b"The log. " * 600}))
    document = load_bytes(data, source="/mail/a.msg")
    assert document.media_type == "application/vnd.ms-outlook"
    assert (document.title, document.author, document.date) == ("Ships of Kiel", "Ada", "1604-10-09")
    assert document.text == (
        "From: Ada <ada@x.org>\n\nCc: Clara <clara@x.org>\n\nDate: Sat, 09 Oct 1604 07:33:20 +0000\n"
        "\nSubject: Ships of Kiel\n\nAttachments: log.txt\n\nWe sailed\nat noon."
    )
    assert [mark.label for mark in document.landmarks if mark.kind == "place"] == ["message"]
    assert attached(data) == {"log.txt": b"The log. " * 600}


def test_outlook_message_in_html_and_with_a_message_attached() -> None:
    """A message in a message is given as an e-mail, because Outlook keeps it as properties and not as a file."""
    inner = outlook("Häfen", "Four ships.", at="__attach_version1.0_#00000000/__substg1.0_3701000D")
    data = compound(outlook("Outer", "", html=b"<html><body><p>See <b>below</b>.</p></body></html>") | inner)
    assert load_bytes(data, source="a.msg").text.endswith("\n\nSee below.")
    ((name, content),) = attached(data).items()
    assert name == "Häfen.eml"
    document = load_bytes(content, source=name)
    assert (document.title, document.author, document.date) == ("Häfen", "Ada", "1604-10-09")
    assert document.text.endswith("Four ships.")


def compressed(rtf: bytes) -> bytes:
    """Return Rich Text as literal bytes in the compressed form, with a reference to the window that all share."""
    packed = b"\x01" + struct.pack(">H", 0 << 4 | 4) + rtf[6:13]
    packed += b"".join(b"\x00" + rtf[at : at + 8] for at in range(13, len(rtf), 8))
    return struct.pack("<IIII", len(packed) + 12, len(rtf), 0x75465A4C, 0) + packed


def test_compressed_rich_text_is_unpacked() -> None:
    r"""The window begins with words that every file has: `{\rtf1` costs two bytes."""
    rtf = rb"{\rtf1\ansi We sailed at noon.\par And again.}"
    assert unpacked_rtf(compressed(rtf)) == rtf
    assert [block.text for block in blocks(unpacked_rtf(compressed(rtf)))] == ["We sailed at noon.", "And again."]
    assert unpacked_rtf(b"short") == b""


def test_html_in_rich_text_is_found() -> None:
    """Outlook wraps the HTML of a message: the tags are in groups, and what is for others is marked."""
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\fonttbl{\f0 Arial;}}{\*\htmltag64 <p>}H\'e4fen\htmlrtf\par hidden"
        rb"\htmlrtf0  und \u1064?iffe{\*\htmltag72 </p>}}"
    )
    assert wrapped_html(rtf) == "<p>Häfen und Шiffe</p>"
    assert wrapped_html(rb"{\rtf1 plain}") == ""


def test_old_formats_are_refused_by_name() -> None:
    """Word 95 has another form, and a file that only begins like one is damaged."""
    with pytest.raises(UnsupportedFormat, match="Word 95 or older"):
        load_bytes(compound({"WordDocument": struct.pack("<HH", 0xA5DC, 0x65).ljust(1000, b"\0")}), source="a.doc")
    for name, stream in (("a.doc", "WordDocument"), ("a.ppt", "PowerPoint Document")):
        with pytest.raises(DamagedFile, match="is an Office file of the older kind and damaged"):
            load_bytes(compound({stream: b"\x01" * 1000}), source=name)


def word_97(pieces: list[tuple[str, bool]], *, paragraphs: bytes = b"") -> bytes:
    """Return a Word document of these pieces of text, each in one byte per character or in two."""
    stream = bytearray(1024)
    struct.pack_into("<HH", stream, 0, 0xA5EC, 0xC1)
    descriptors, starts = b"", [0]
    for text, narrow in pieces:
        place = len(stream)
        stream += text.encode("cp1252" if narrow else "utf-16-le")
        starts.append(starts[-1] + len(text))
        descriptors += struct.pack("<HIH", 0, place * 2 | 0x40000000 if narrow else place, 0)
    table = struct.pack(f"<{len(starts)}I", *starts) + descriptors
    clx = b"\x02" + struct.pack("<I", len(table)) + table
    struct.pack_into("<I", stream, 0x4C, starts[-1])
    struct.pack_into("<II", stream, 0x1A2, 0, len(clx))
    return compound({"WordDocument": bytes(stream) + paragraphs, "0Table": clx})


def test_word_document_of_the_older_kind_is_read_in_order() -> None:
    """Its text is in pieces, narrow and wide; results of fields are shown, and their instructions are not."""
    field = '\x13 HYPERLINK "http://x.org" \x14the log\x15'
    data = word_97([("The harbour.\rSee " + field, True), (" of Løvøya и моря.\r", False)])
    document = load_bytes(data, source="a.doc")
    assert document.media_type == "application/msword"
    assert document.text == "The harbour.\n\nSee the log of Løvøya и моря."


def test_text_boxes_of_an_older_document_are_read() -> None:
    """They come after the main text and its notes; headers and comments, which are kept between, are left out."""
    parts = ("The harbour.\r", "A note.\r", "A header.\r", "", "A comment.\r", "An endnote.\r", "In a box.\r")
    data = bytearray(word_97([("".join(parts), True)]))
    lengths = data.index(struct.pack("<I", sum(map(len, parts))), 0x4C)
    struct.pack_into("<7I", data, lengths, *map(len, parts))
    assert load_bytes(bytes(data), source="a.doc").text == "The harbour.\n\nA note.\n\nAn endnote.\n\nIn a box."


def test_an_older_file_is_what_its_outermost_streams_say() -> None:
    """A workbook may hold a Word document, and the capitals of the names do not matter."""
    with CompoundFile(XLS, "a.xls") as file:
        workbook = next(filter(None, map(file.read, ("Workbook", "Book"))))
    within = {"MBD0001/WordDocument": b"x", "MBD0001/__properties_version1.0": b"x"}
    for name in ("Workbook", "WORKBOOK", "Book", "BOOK"):
        document = load_bytes(compound({**within, name: workbook}), source="a")
        assert document.media_type == "application/vnd.ms-excel"
        assert document.text == load_bytes(XLS, source="a.xls").text
    lower = word_97([("The harbour.", True)]).replace(
        "WordDocument".encode("utf-16-le"), "worddocument".encode("utf-16-le")
    )
    assert load_bytes(lower, source="a.doc").text == "The harbour."


@NEEDS_FILES
def test_real_word_documents_of_the_older_kind() -> None:
    """Paragraphs in order, cells in a table, and no instruction of a field."""
    duplicates = load(FILES / "duplicate-paragraphs.doc", max_bytes=1 << 20)
    assert duplicates.text == "\n\n".join(["This document contains duplicates", *["some text"] * 6])
    emphasized = load(FILES / "fake-doc-emphasized-text.doc", max_bytes=1 << 20)
    assert emphasized.text.endswith("I am a bold italic bold-italic text.\n\nI am a normal text.")
    (table,) = emphasized.tables
    last = table.cells[-1]
    assert emphasized.text[last.start : last.end] == "A Link example"
    assert load(FILES / "fake.doc", max_bytes=1 << 20).author == "Mr. Miagi"
    assert load(FILES / "simple.doc", max_bytes=1 << 20).author == ""


@NEEDS_FILES
def test_real_presentation_of_the_older_kind() -> None:
    """Each slide is a place, and no text comes twice."""
    document = load(FILES / "fake-power-point.ppt", max_bytes=1 << 20)
    assert [mark.label for mark in document.landmarks if mark.kind == "place"] == ["slide 1, “Adding a Bullet Slide”"]
    assert document.text.count("Find the bullet slide layout") == 1
    assert document.text.endswith("Here is some text in a text box!")


@NEEDS_FILES
def test_real_outlook_messages() -> None:
    """Who was copied is text; an encrypted message says so."""
    copied = load(FILES / "fake-email-with-cc-and-bcc.msg", max_bytes=1 << 20)
    assert (copied.author, copied.date) == ("John", "2024-07-29")
    assert "Cc: steve@unstructured.io\n\nBcc: hello@unstructured.io" in copied.text
    assert attached((FILES / "fake-email-attachment.msg").read_bytes()).keys() == {"fake-attachment.txt"}
    encrypted = load(FILES / "fake-encrypted.msg", max_bytes=1 << 20)
    assert encrypted.notes == ("The message is encrypted for its recipients; only its headers were read.",)
    assert attached((FILES / "fake-encrypted.msg").read_bytes()) == {}

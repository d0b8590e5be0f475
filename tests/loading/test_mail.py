"""Messages: their headers, their best body, their attachments; and web pages saved as messages."""

from __future__ import annotations

import io
from contextlib import closing
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from index.errors import DamagedFile, EmptyDocument
from index.loading import mail as mail_module
from index.loading.containers.container_reader import open_container
from index.loading.containers.member_paths import ContainerLimits
from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.archives import SENT, mail
from tests.loading.tables import places
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from index.records import Document


def read(data: bytes | str, name: str = "a.eml") -> Document:
    """Return the document of a message."""
    return load_bytes(data if isinstance(data, bytes) else data.replace("\n", "\r\n").encode(), source=f"/mail/{name}")


def attached(data: bytes) -> dict[str, bytes]:
    """Return the attachments of a message by name."""
    with closing(open_container(io.BytesIO(data), "a.eml", ContainerLimits())) as container:
        return {member.name: container.read(member, max_bytes=1_000_000) for member in container.members}


def message(body: str, headers: str = "") -> str:
    """Return a message of one part."""
    return f"From: Ada <ada@x.org>\nSubject: Ships\nMIME-Version: 1.0\n{headers}\n{body}"


def test_headers_are_text_and_metadata() -> None:
    """People ask who was copied; the place names sender, date and subject."""
    document = read(mail("The harbour of Løvøya", "We sailed at noon.", {"chart.pdf": b"%PDF-", "log.txt": b"x"}))
    facts = (document.title, document.author, document.date, document.media_type)
    assert facts == ("The harbour of Løvøya", "Ada", "1911-03-14", "message/rfc822")
    assert document.text == (
        "From: Ada <ada@x.org>\n\nTo: Boris <boris@x.org>\n\nCc: Clara <clara@x.org>\n\n"
        f"Date: {SENT}\n\nSubject: The harbour of Løvøya\n\nAttachments: chart.pdf, log.txt\n\nWe sailed at noon."
    )
    assert places(document) == ["message"]
    assert document.notes == ("2 attachments, each read on its own: chart.pdf, log.txt.",)


HEADERS = {
    "encoded words": ("Subject: =?utf-8?q?H=C3=A4fen?= =?utf-8?q?_von_Kiel?=", "Häfen von Kiel"),
    "an unknown charset": ("Subject: =?x-none?q?Ships?=", "=?x-none?q?Ships?="),
    "a damaged encoding": ("Subject: =?utf-8?b?a?= Ships", "=?utf-8?b?a?= Ships"),
    "a folded header": ("Subject: Ships\n\tof Kiel", "Ships of Kiel"),
    "UTF-8 as it is": ("Subject: Häfen", "Häfen"),
}


@cases(("line", "subject"), HEADERS.values(), ids=HEADERS.keys())
def test_headers_are_decoded(line: str, subject: str) -> None:
    """A header that cannot be decoded stands as it is."""
    assert read(f"From: ada@x.org\nMIME-Version: 1.0\n{line}\n\nHello.").title == subject


DATES = {
    "Tue, 14 Mar 1911 09:30:00 +0100": "1911-03-14",
    "14 Mar 1911 23:30 -0800": "1911-03-14",
    "2025-07-29T12:42:06.000Z": "2025-07-29",
    "29 July 2025": "2025-07-29",
    "INVALID": "",
    "Tue, 99 Mar 1911 09:30:00 +0100": "",
}


@cases(("stated", "date"), DATES.items())
def test_dates_are_read_in_any_form(stated: str, date: str) -> None:
    """The day is that of the sender; a date that is none is only text."""
    document = read(f"From: ada@x.org\nDate: {stated}\nMIME-Version: 1.0\n\nHello.")
    assert document.date == date
    assert f"Date: {stated}" in document.text


def alternatives(plain: str, html: str) -> bytes:
    """Return a message with a plain and an HTML body."""
    found = EmailMessage()
    found["From"], found["Subject"], found["Message-ID"] = "ada@x.org", "Ships", "<1@x>"
    found.set_content(plain)
    found.add_alternative(html, subtype="html")
    return found.as_bytes()


def test_plain_text_is_preferred_if_it_says_as_much() -> None:
    """Else the HTML is read: its plain text is a remark that one needs another program."""
    page = "<html><body><h1>Ships</h1><p>We sailed from Kiel at noon on the fourteenth of March.</p></body></html>"
    both = read(alternatives("We sailed from Kiel at noon on the fourteenth of March. (plain)", page))
    assert both.text.endswith("of March. (plain)")
    html = read(alternatives("Your program shows no HTML.", page))
    assert html.text.endswith("Ships\n\nWe sailed from Kiel at noon on the fourteenth of March.")
    assert "HTML" not in html.text


CHARSETS = {
    "missing": ("Content-Type: text/plain", "Häfen".encode("cp1252"), "Häfen"),
    "wrong: it is UTF-8": ("Content-Type: text/plain; charset=iso-8859-1", "Häfen".encode(), "Häfen"),
    "wrong: it is not ASCII": ("Content-Type: text/plain; charset=us-ascii", "Häfen".encode("cp1252"), "Häfen"),
    "unknown": ("Content-Type: text/plain; charset=x-unknown", "Häfen".encode(), "Häfen"),
    "Russian": ("Content-Type: text/plain; charset=koi8-r", "Корабли".encode("koi8-r"), "Корабли"),
    "seven bits": ("Content-Type: text/plain; charset=iso-2022-jp", "港の船".encode("iso-2022-jp"), "港の船"),
}


@cases(("header", "body", "text"), CHARSETS.values(), ids=CHARSETS.keys())
def test_charset_is_found(header: str, body: bytes, text: str) -> None:
    """The stated charset counts, unless the bytes show that it is wrong."""
    assert read(message("", f"{header}\n").encode() + body).text.endswith(f"\n\n{text}")


def test_body_is_read_as_it_was_written() -> None:
    """Flowed lines are joined (RFC 3676), but not the mark of a signature; quoted replies stay."""
    body = "The ship sailed \nat noon.\n\n> quoted \n> text\n\n-- \nAda\n"
    document = read(message(body, "Content-Type: text/plain; format=flowed\n"))
    assert "The ship sailed at noon." in document.text
    assert "> quoted" in document.text
    document = read(message("Yes, we did.\n\nOn Monday, Boris wrote:\n> Did the ship sail?\n"))
    assert "> Did the ship sail?" in document.text


def test_messages_in_a_message_are_attachments_of_their_own() -> None:
    """A forwarded one is a document, chained to it, and not part of its text; a digest gives all of its parts."""
    outer = EmailMessage()
    outer["From"], outer["Subject"], outer["Message-ID"] = "boris@x.org", "Fwd: Ships", "<2@x>"
    outer.set_content("See below.")
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "ada@x.org", "Ships / harbour"
    inner.set_content("We sailed at noon.")
    outer.add_attachment(inner)
    data = outer.as_bytes()
    assert "We sailed" not in read(data).text
    ((name, content),) = attached(data).items()
    assert name == "Ships harbour.eml"
    assert read(content, name).author == "ada@x.org"
    assert "We sailed at noon." in read(content, name).text
    part = "\n--x\n\nFrom: ada@x.org\nSubject: {0}\n\nText of {0}.\n"
    body = "".join(map(part.format, ("One", "Two"))) + "--x--\n"
    data = message(body, 'Content-Type: multipart/digest; boundary="x"\n').encode()
    found = attached(data)
    assert list(found) == ["One.eml", "Two.eml"]
    assert b"Text of Two." in found["Two.eml"]


NAMES = {
    "plain": ('attachment; filename="log.txt"', "log.txt"),
    "by RFC 2231": ("attachment; filename*=utf-8''H%C3%A4fen.txt", "Häfen.txt"),
    "in parts": ('attachment; filename*0="long-"; filename*1="name.txt"', "long-name.txt"),
    "in encoded words": ('attachment; filename="=?utf-8?q?H=C3=A4fen.txt?="', "Häfen.txt"),
    "with a path": ('attachment; filename="../../log.txt"', "log.txt"),
    "none": ("attachment", "attachment 1.txt"),
}


@cases(("disposition", "name"), NAMES.values(), ids=NAMES.keys())
def test_names_of_attachments_are_decoded(disposition: str, name: str) -> None:
    """Names come in several forms, some against the standard; a file without a name gets one."""
    body = f"--x\n\nHello.\n--x\nContent-Type: text/plain\nContent-Disposition: {disposition}\n\nThe log.\n--x--\n"
    data = message(body, 'Content-Type: multipart/mixed; boundary="x"\n').encode()
    assert {name: content.strip() for name, content in attached(data).items()} == {name: b"The log."}


def test_pictures_of_a_signature_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small picture that the text shows is decoration; a larger one may be a document."""
    part = (
        "--x\nContent-Type: image/png\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--x--\n"
    )
    data = message(f"--x\n\nHello.\n{part}", 'Content-Type: multipart/related; boundary="x"\n').encode()
    assert attached(data) == {}
    monkeypatch.setattr(mail_module, "_DECORATION_BYTES", 5)
    assert list(attached(data)) == ["attachment 1.png"]


def test_encrypted_message_says_so() -> None:
    """Its headers are read, and its parts, which only the recipients can open, are no documents."""
    parts = ("application/pgp-encrypted\n\nVersion: 1", "application/octet-stream\n\nhQEM")
    body = "".join(f"--x\nContent-Type: {part}\n" for part in parts) + "--x--\n"
    data = message(body, 'Content-Type: multipart/encrypted; boundary="x"\n').encode()
    document = read(data)
    assert document.text == "From: Ada <ada@x.org>\n\nSubject: Ships"
    assert document.notes == ("The message is encrypted for its recipients; only its headers were read.",)
    assert attached(data) == {}


MALFORMED = {
    "a boundary that never comes": message("Hello.", 'Content-Type: multipart/mixed; boundary="x"\n'),
    "no boundary": message("Hello.", "Content-Type: multipart/mixed\n"),
    "an end that is missing": message("--x\n\nHello.", 'Content-Type: multipart/mixed; boundary="x"\n'),
    "base64 that is none": message("H!llo?", "Content-Transfer-Encoding: base64\n"),
    "an unknown encoding": message("Hello.", "Content-Transfer-Encoding: x-odd\n"),
    "no blank line": "From: ada@x.org\nMIME-Version: 1.0\nSubject: Ships",
}


@cases("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_message_is_read_as_far_as_possible(data: str) -> None:
    """What can be read is read, and at least the headers are."""
    assert read(data).title == "Ships"


def test_message_of_an_editor_or_without_words() -> None:
    """UTF-16 is read with a mark or without; headers that say nothing make no document."""
    text = message("We sailed.")
    for data in (text.encode("utf-16"), text.encode("utf-16-le"), text.encode("utf-16-be")):
        assert read(data).author == "Ada"
        assert "We sailed." in read(data).text
    with pytest.raises(EmptyDocument):
        read("MIME-Version: 1.0\nX-Mailer: none\n\n\n")


SAVED = """From: <Saved by Blink>
Snapshot-Content-Location: https://x.org/ships
Subject: Ships of Kiel
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="x"

--x
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://x.org/ships

<html><head><title>Ships</title></head><body><h1>Ships of Kiel</h1><p>The Tern sailed =
at noon, in fog.</p></body></html>
--x
Content-Type: text/html
Content-Location: https://x.org/frame

<html><body><p>An advertisement.</p></body></html>
--x--
"""


def test_saved_page_is_read_with_its_address() -> None:
    """Its location names its address; what it shows from elsewhere is left out; without a page it is damaged."""
    document = read(SAVED, "page.mhtml")
    assert document.media_type == "multipart/related"
    assert document.text == "Ships of Kiel\n\nThe Tern sailed at noon, in fog."
    assert document.title == "Ships of Kiel"
    assert places(document) == ["https://x.org/ships"]
    with pytest.raises(DamagedFile, match=r"page\.mht is called a saved web page"):
        read(SAVED.replace("text/html", "image/png"), "page.mht")


REAL = {
    "fake-email-header.eml": ("Matthew Robinson", "2022-12-16", "Cc: Fake Email <fake-email@unstructured.io>"),
    "email-no-utf8-2008-07-16.062410.eml": ("Tamir Erez", "2008-07-16", "Subject: RE: שלום"),
    "mime-different-plain-html.eml": ("sender@example.com", "2024-10-01", "sent by Ray Tomlinson in 1971?"),
    "email-replace-mime-encodings-error-5.eml": ("Someone", "2022-03-01", "21st - 22nd April, 2022 | Berlin, Germany"),
    "mime-html-only.eml": ("sender@example.com", "2024-10-01", "was proposed by Scott Fahlman in 1982"),
}


@NEEDS_FILES
@cases(("name", "facts"), REAL.items())
def test_real_messages(name: str, facts: tuple[str, str, str]) -> None:
    """Sender, date and words of real messages."""
    document = read((FILES / "eml" / name).read_bytes(), name)
    assert (document.author, document.date) == facts[:2]
    assert facts[2] in document.text

"""Reads messages in Outlook's format (.msg): properties by number, in streams of a compound file ([MS-OXMSG])."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.message import Message
from typing import TYPE_CHECKING

from index.loading import html, plain_text
from index.loading.compound_files import CompoundFile
from index.loading.containers.mailboxes import Attachments
from index.loading.draft import Content
from index.loading.mail import UNREADABLE, MessageFields, draft, iso_day
from index.loading.plain_text import decode
from index.plugins.formats import rtf
from index.records.file_kinds import Format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from index.loading.containers.member_paths import ContainerLimits
    from index.loading.draft import Block, Draft

_HEAD = struct.Struct("<IIII")
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window of the compression begins with, by the specification."""
_MAX_RTF_BYTES = 50_000_000


def unpacked_rtf(data: bytes) -> bytes:
    """Return Rich Text that was compressed; of damaged data, its beginning."""
    if len(data) < _HEAD.size:
        return b""
    _, size, mark, _ = _HEAD.unpack_from(data)
    if mark == _PLAIN:
        return data[_HEAD.size : _HEAD.size + size]
    return _decompressed(data[_HEAD.size :], min(size, _MAX_RTF_BYTES)) if mark == _COMPRESSED else b""


def _decompressed(data: bytes, size: int) -> bytes:
    window = bytearray(_START.ljust(_WINDOW, b" "))
    write, at, found = len(_START), 0, bytearray()
    while at < len(data) and len(found) < size:
        control, at = data[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 1 >= len(data):
                    return bytes(found[:size])
                token, at = data[at] << 8 | data[at + 1], at + 2
                start, length = token >> 4, (token & 0xF) + 2
                if start == write % _WINDOW:
                    return bytes(found[:size])
                for n in range(length):
                    byte = window[(start + n) % _WINDOW]
                    found.append(byte)
                    window[write % _WINDOW] = byte
                    write += 1
            elif at < len(data):
                byte, at = data[at], at + 1
                found.append(byte)
                window[write % _WINDOW] = byte
                write += 1
    return bytes(found[:size])


_SUBJECT, _BODY, _HTML_BODY, _RTF_BODY, _HEADERS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D
_SENDER_NAME, _SENDER_SMTP, _SENDER_ADDRESS = 0x0C1A, 0x5D01, 0x0C1F
_SENT, _RECEIVED = 0x0039, 0x0E06
_NAME, _SMTP, _ADDRESS, _KIND = 0x3001, 0x39FE, 0x3003, 0x0C15
_FILE, _SHORT_FILE, _DATA, _TITLE = 0x3707, 0x3704, 0x3701, 0x3001
_ENCODING = 0x3FDE
_UNICODE, _BYTES, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"
_PROPERTIES = "__properties_version1.0"
_HEADS = {"": 32, "__attach": 8, "__recip": 8}
"""Bytes before the first property in the stream of a message, an attachment and a recipient."""
_EMBEDDED_HEAD = 24
_ENTRY = struct.Struct("<HHIQ")
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_KINDS = {1: "To", 2: "Cc", 3: "Bcc"}
_CLASSES = ("IPM.Note.SMIME", "IPM.Note.Secure")
_MESSAGE_CLASS = 0x001A


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that is attached to a message in Outlook's format."""

    name: str
    data: bytes

    def read(self) -> bytes:
        """Return its bytes."""
        return self.data


class _Storage:
    """The properties of a message, an attachment or a recipient, which are in one storage of the file."""

    def __init__(self, file: CompoundFile, path: str = "") -> None:
        self._file = file
        self.path = f"{path}/" if path else ""

    def text(self, number: int) -> str:
        """Return a property as text; empty if there is none."""
        wide = self._stream(number, _UNICODE)
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        narrow = self._stream(number, _BYTES)
        if not narrow:
            return ""
        page = self.number(_ENCODING)
        found = plain_text.decode_as(narrow, f"cp{page}") if page and page != 65001 else None
        found = found or decode(narrow)
        return (found.text if found else narrow.decode("cp1252", "replace")).rstrip("\x00")

    def data(self, number: int) -> bytes:
        """Return a property as bytes."""
        return self._stream(number, _BINARY)

    def number(self, number: int) -> int:
        """Return a property of fixed size; 0 if there is none."""
        entries = self._file.read(f"{self.path}{_PROPERTIES}")
        last = self.path.rstrip("/").rpartition("/")[2]
        head = next((size for start, size in _HEADS.items() if start and last.startswith(start)), None)
        head = head if head is not None else _EMBEDDED_HEAD if self.path else _HEADS[""]
        for at in range(head, len(entries) - _ENTRY.size + 1, _ENTRY.size):
            _, found, _, value = _ENTRY.unpack_from(entries, at)
            if found == number:
                return int(value)
        return 0

    def children(self, prefix: str) -> Iterator[_Storage]:
        """Yield the storages in this one whose names begin so, in order."""
        start = f"{self.path}{prefix}"
        found = {
            path[: path.index("/", len(start))]
            for path in self._file.paths
            if path.startswith(start) and "/" in path[len(start) :]
        }
        for path in sorted(found):
            yield _Storage(self._file, path)

    def _stream(self, number: int, kind: str) -> bytes:
        return self._file.read(f"{self.path}__substg1.0_{number:04X}{kind}")


def read(content: Content, name: str) -> Draft:
    """Return the draft of a message."""
    with CompoundFile(content.data, name) as file:
        message = _Storage(file)
        attached = tuple(each.name for each in _attached(message))
        notes = [UNREADABLE] if _is_encrypted(message) else []
        return draft(_fields(message, attached), list(_body(message)), notes)


def attached_files(data: bytes, name: str) -> list[AttachedFile]:
    """Return the files attached to a message; a message that is attached to it is given as an e-mail."""
    with CompoundFile(data, name) as file:
        return list(_attached(_Storage(file)))


def _fields(message: _Storage, attached: tuple[str, ...]) -> MessageFields:
    sender, address = message.text(_SENDER_NAME), message.text(_SENDER_SMTP) or message.text(_SENDER_ADDRESS)
    people: dict[str, list[str]] = {}
    for recipient in message.children("__recip_version1.0_"):
        kind = _KINDS.get(recipient.number(_KIND) & 0xF, "To")
        stated = recipient.text(_SMTP) or recipient.text(_ADDRESS)
        people.setdefault(kind, []).append(_person(recipient.text(_NAME), stated))
    sent = _time(message.number(_SENT) or message.number(_RECEIVED))
    subject = " ".join(message.text(_SUBJECT).split())
    shown = sent.strftime("%a, %d %b %Y %H:%M:%S +0000") if sent else _stated_date(message)
    lists = ((name, ", ".join(people.get(name, ()))) for name in ("To", "Cc", "Bcc"))
    headers = (("From", _person(sender, address)), *lists, ("Date", shown), ("Subject", subject))
    date = sent.date().isoformat() if sent else iso_day(shown)
    return MessageFields(headers, sender or address, subject, date, attached)


def _person(name: str, address: str) -> str:
    name, address = " ".join(name.split()).strip("'"), address.strip()
    if not name or name == address or "@" not in address:
        return name or address
    return f"{name} <{address}>"


def _time(ticks: int) -> datetime | None:
    """Return a time that is stated in units of 100 nanoseconds since 1601; None for one outside of the calendar."""
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
    except OverflowError:
        return None


def _stated_date(message: _Storage) -> str:
    """Return the date in the headers that came over the Internet."""
    for line in message.text(_HEADERS).splitlines():
        if line.lower().startswith("date:"):
            return line.partition(":")[2].strip()
    return ""


def _body(message: _Storage) -> Iterator[Block]:
    """Yield the text: the plain one, else that in HTML, else that in Rich Text."""
    if plain := message.text(_BODY).strip():
        yield from plain_text.blocks(plain)
        return
    page = message.data(_HTML_BODY) or message.text(_HTML_BODY).encode()
    found = decode(page) if page else None
    markup = found.text if found else ""
    if not markup and (packed := message.data(_RTF_BODY)):
        unpacked = unpacked_rtf(packed)
        markup = rtf.wrapped_html(unpacked)
        if not markup:
            yield from rtf.blocks(unpacked)
            return
    if markup:
        yield from html.read(Content(b"", "text/html", markup), "").blocks


def _is_encrypted(message: _Storage) -> bool:
    """Return whether the message's text is in an encrypted file that is attached to it."""
    stated = (
        message.text(_MESSAGE_CLASS).startswith(_CLASSES) or "multipart/encrypted" in message.text(_HEADERS).lower()
    )
    return stated and not message.text(_BODY).strip()


def _attached(message: _Storage) -> Iterator[AttachedFile]:
    """Yield the attached files; none of an encrypted message, in which only its recipients can read them."""
    if _is_encrypted(message):
        return
    for number, attachment in enumerate(message.children("__attach_version1.0_"), 1):
        stated = attachment.text(_FILE) or attachment.text(_SHORT_FILE)
        if data := attachment.data(_DATA):
            yield AttachedFile(stated or attachment.text(_TITLE) or f"attachment {number}", data)
        for embedded in attachment.children(f"__substg1.0_{_DATA:04X}{_OBJECT}"):
            if inner := _as_mail(embedded):
                subject = " ".join(embedded.text(_SUBJECT).split())
                yield AttachedFile(f"{(subject or f'attachment {number}').replace('/', ' ')[:100]}.eml", inner)


def _as_mail(message: _Storage) -> bytes:
    """Return a message that is a part of another one as an e-mail; empty for another object.

    Outlook keeps its properties, and no file.
    """
    fields = _fields(message, ())
    blocks = [block.text for block in _body(message)]
    if not blocks and not fields.subject:
        return b""
    mail = Message()
    mail["MIME-Version"] = "1.0"
    for name, value in fields.headers:
        if clean := " ".join(value.split()):
            mail[name] = clean if clean.isascii() else Header(clean, "utf-8").encode()
    mail.set_payload("\n\n".join(blocks), "utf-8")
    return mail.as_bytes()


class OutlookAttachments(Attachments):
    """The attachments of a message in Outlook's format."""

    def __init__(self, file: BinaryIO, name: str, limits: ContainerLimits) -> None:
        with file:
            found = attached_files(file.read(), name)
        super().__init__(((each.name, len(each.data), each.read) for each in found), name, limits)


MSG = "application/vnd.ms-outlook"
FORMAT = Format(
    name="Outlook message",
    kind="Message",
    endings="msg",
    media_types=MSG,
    called="an Outlook message",
    looks_at="ole2",
    recognise=lambda head, _: MSG if head.stream == "__properties_version1" else None,
    read="index.plugins.formats.msg:read",
    members="index.plugins.formats.msg:OutlookAttachments",
    form="message",
)

"""Makes archives, mailboxes and messages for tests, also what the standard library cannot write."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from email.message import EmailMessage
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SENT = "Tue, 14 Mar 1911 09:30:00 +0100"


def zipped(members: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def repacked(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Return a package whose parts are changed, or left out for None."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes | str], kind: str = "") -> bytes:
    """Return a tar archive, compressed by `gz`, `bz2` or `xz`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def locked_zip(name: str, content: bytes, password: str) -> bytes:
    """Return a zip archive with one file, encrypted by the old method (PKWARE's), which `zipfile` cannot write."""
    data = bytearray(zipped({name: content}, compression=zipfile.ZIP_STORED))
    check = zlib.crc32(content)
    encrypted = _encrypted(bytes(11) + bytes([check >> 24]) + content, password.encode())
    start = 30 + len(name.encode())
    data[start : start + len(content)] = encrypted
    directory = data.index(b"PK\x01\x02")
    for at in (6, directory + 8):
        data[at] |= 1
    for at in (18, directory + 20):
        data[at : at + 4] = len(encrypted).to_bytes(4, "little")
    end = data.index(b"PK\x05\x06")
    data[end + 16 : end + 20] = directory.to_bytes(4, "little")
    return bytes(data)


def _encrypted(data: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = _crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    found = bytearray()
    for byte in data:
        mix = (keys[2] | 2) & 0xFFFF
        found.append(byte ^ ((mix * (mix ^ 1)) >> 8) & 0xFF)
        update(byte)
    return bytes(found)


def _crc(value: int, byte: int) -> int:
    return (zlib.crc32(bytes([byte]), value ^ 0xFFFFFFFF) ^ 0xFFFFFFFF) & 0xFFFFFFFF


def mail(
    subject: str, text: str, files: Mapping[str, bytes] | None = None, *, sender: str = "Ada <ada@x.org>"
) -> bytes:
    """Return a message with attached files."""
    message = EmailMessage()
    message["From"], message["To"], message["Cc"] = sender, "Boris <boris@x.org>", "Clara <clara@x.org>"
    message["Subject"], message["Date"], message["Message-ID"] = subject, SENT, f"<{zlib.crc32(subject.encode())}@x>"
    message.set_content(text)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def mailbox(*messages: bytes) -> bytes:
    """Return a mailbox in the form mboxrd."""
    lines = (message.replace(b"\nFrom ", b"\n>From ") for message in messages)
    return b"".join(b"From ada@x.org Tue Mar 14 09:30:00 1911\n" + message + b"\n\n" for message in lines)

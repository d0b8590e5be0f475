"""Reads e-mail messages. Their headers are part of the text; what is attached to them is a document of its own.

The standard library's older policy is used, because the newer one raises errors on damaged headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.errors import EmptyDocument
from index.loading import html, plain_text
from index.loading.content import Content
from index.loading.mail import mail_headers
from index.loading.mail.message_draft import UNREADABLE, MessageFields, draft
from index.loading.mail.message_parts import attachments, bodies, parse, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    from index.loading.content import Block, Draft

_HTML = "text/html"
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNED = "signed-data"
_FLOWED = "flowed"


def read(content: Content, name: str) -> Draft:
    """Return the draft of a message."""
    message = parse(content.data)
    encrypted = is_encrypted(message)
    attached = () if encrypted else tuple(attachment.name for attachment in attachments(message))
    shown = tuple((field, mail_headers.header(message, field)) for field in mail_headers.SHOWN)
    if not any(value for _, value in shown) and not bodies(message):
        raise EmptyDocument(f"{name} has no words in it.")
    fields = MessageFields(
        shown,
        mail_headers.sender_of(message),
        mail_headers.subject_of(message),
        mail_headers.date_of(message),
        attached,
    )
    notes = [UNREADABLE] if encrypted else []
    body = [] if encrypted else list(_body(message, notes))
    return draft(fields, body, notes)


def is_encrypted(message: Message) -> bool:
    """Return whether a message as a whole is encrypted, by PGP or S/MIME."""
    smime = str(message.get_param("smime-type", "")) if message.get_content_maintype() == "application" else ""
    return message.get_content_type() in _ENCRYPTED and smime != _SIGNED


def _body(message: Message, notes: list[str]) -> Iterator[Block]:
    """Yield the blocks of a message's text, and add what could not be decoded to the notes."""
    for part in bodies(message):
        found = text_of(part)
        notes += [note for note in found.notes if note not in notes]
        if part.get_content_type() == _HTML:
            yield from html.read(Content(b"", _HTML, found.text), "").blocks
        else:
            yield from plain_text.blocks(_unfolded(found.text) if _is_flowed(part) else found.text)


def _is_flowed(part: Message) -> bool:
    return str(part.get_param("format", "")).lower() == _FLOWED


def _unfolded(text: str) -> str:
    """Return text of the form `format=flowed` (RFC 3676) with its paragraphs on one line each.

    A line that ends with a blank goes on in the next one, except the mark of a signature.
    """
    lines: list[str] = []
    open_line = False
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = line.removeprefix(" ") if not line.startswith(">") else line
        if open_line and shown.strip() and not shown.startswith(">"):
            lines[-1] += shown
        else:
            lines.append(shown)
        open_line = shown.endswith(" ") and shown != "-- " and not shown.startswith(">")
    return "\n".join(lines)

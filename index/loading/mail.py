"""Reads e-mail messages and saved web pages (MHTML): headers are part of the text; attachments are documents of their
own.

The standard library's older policy is used, because the newer one raises errors on damaged headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING

from index.errors import DamagedFile, EmptyDocument
from index.loading import html, plain_text
from index.loading.draft import Content, Draft, verbatim
from index.loading.formats import as_narrow
from index.loading.plain_text import Decoded, decode, decode_as
from index.text.dates import iso_date
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Block


# The headers of a message: subject, people and date, decoded; damaged headers give what can be read of them.

SHOWN = ("From", "To", "Cc", "Bcc", "Date", "Subject")
"""The headers that are part of a document's text, in this order: people ask who was copied."""
_ODD = (LookupError, ValueError, TypeError, AttributeError, IndexError, OverflowError)
"""Errors of the standard library's parsers of headers, which expect what the standards promise."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


def header(message: Message, name: str) -> str:
    """Return a header on one line, decoded; empty if there is none. Several headers of one name are joined."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    return ", ".join(filter(None, map(decoded, values)))


def decoded(value: str) -> str:
    """Return the value of a header on one line, with its encoded words decoded."""
    plain = _as_text(" ".join(value.split()))
    try:
        return one_line(str(make_header(decode_header(plain))))
    except (*_ODD, MessageError):
        return one_line(plain)


def _as_text(value: str) -> str:
    """Return a header whose bytes are no ASCII as text: the parser has them as surrogates."""
    if value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return raw.decode("cp1252", "replace")


def subject_of(message: Message) -> str:
    """Return the subject of a message."""
    return header(message, "Subject")


def sender_of(message: Message) -> str:
    """Return the name of the sender, else the address; empty if the message has neither."""
    return correspondent(header(message, "From") or header(message, "Sender"))


def correspondent(stated: str) -> str:
    """Return the name in `Ada Lovelace <ada@example.org>`, else the address, else the words as they are."""
    for name, address in getaddresses([stated]):
        if name or address:
            return (name or address).strip("'\" ")
    return stated.strip("'\"<> ")


def date_sent(message: Message) -> str:
    """Return the date of a message by ISO 8601, without the time; empty if it states none that can be read."""
    return iso_day(header(message, "Date"))


def iso_day(stated: str) -> str:
    """Return the day of a date as mail programs write it."""
    try:
        return parsedate_to_datetime(stated).date().isoformat()
    except _ODD:
        match = _ISO.match(stated)
    try:
        return datetime.fromisoformat(stated).date().isoformat()
    except ValueError:
        return iso_date(match.group() if match else stated)


# The parts of a message: its best body, and the files attached to it.

_MAX_DEPTH = 30
"""Parts within parts; a message that goes deeper was made to do harm."""
_PLAIN, _HTML = "text/plain", "text/html"
_SIGNATURES = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-encrypted",
    }
)
_MESSAGES = ("message/rfc822", "message/global")
_SUFFIXES = {
    **dict.fromkeys(_MESSAGES, ".eml"),
    "message/delivery-status": ".txt",
    _HTML: ".html",
    _PLAIN: ".txt",
    "text/calendar": ".ics",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
}
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|\s]+')
_SUBJECT_LENGTH = 60
_MARKUP = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_DECORATION_BYTES = 30_000
"""Bytes below which a picture that is shown in the text of a message is taken for decoration."""
_AS_MUCH = 0.8
"""The share of the longest alternative's words that a shorter one must have to be read instead."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or a message that is attached to a message."""

    name: str
    part: Message

    def read(self) -> bytes:
        """Return its bytes."""
        inner = self.part.get_payload() if self.part.get_content_maintype() == "message" else None
        if not isinstance(inner, list):
            return payload(self.part)
        return b"\n".join(_as_bytes(message) for message in _messages(inner))


def _messages(payload: object) -> list[Message]:
    """Return the parts in a payload; none if it is text, as in a part that states to have parts and has none."""
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _as_bytes(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except (ValueError, LookupError, TypeError, AttributeError):
        return str(message).encode("utf-8", "replace")


def parse(data: bytes) -> Message:
    """Return the message in some bytes. Damaged ones give what can be read of them."""
    return message_from_bytes(as_narrow(data).lstrip(b"\xef\xbb\xbf\r\n"), policy=policy.compat32)


def bodies(message: Message) -> list[Message]:
    """Return the parts that are a message's own text, in order; of alternatives, the best one."""
    return _bodies(message, 0)


def _bodies(part: Message, depth: int) -> list[Message]:
    children = _children(part)
    if not children:
        return [] if _is_attached(part) or part.is_multipart() else [part]
    if depth > _MAX_DEPTH:
        return []
    found = [texts for child in children if (texts := _bodies(child, depth + 1))]
    if part.get_content_subtype() == "alternative" and found:
        return _best(found)
    return [text for texts in found for text in texts]


def _best(alternatives: Sequence[list[Message]]) -> list[Message]:
    """Return the first alternative that says about as much as the longest one: plain text comes before HTML."""
    counts = [sum(map(_words_in, texts)) for texts in alternatives]
    return next(texts for texts, count in zip(alternatives, counts, strict=True) if count >= _AS_MUCH * max(counts))


def _words_in(part: Message) -> int:
    text = text_of(part).text
    return len((_MARKUP.sub(" ", text) if part.get_content_type() == _HTML else text).split())


def attachments(message: Message) -> list[Attachment]:
    """Return what is attached to a message, also forwarded messages; without signatures and empty parts."""
    parts = [part for part in _leaves(message, 0) if _is_attached(part)]
    kept = (part for part in parts if not _is_furniture(part) and (part.is_multipart() or payload(part)))
    return [Attachment(_name(part, number), part) for number, part in enumerate(kept, 1)]


def _is_furniture(part: Message) -> bool:
    """Return whether a part is a signature, or a small picture that the text shows, such as a logo."""
    if part.get_content_type() in _SIGNATURES:
        return True
    shown = part.get_content_maintype() == "image" and part.get("Content-ID") and not _says_attachment(part)
    return bool(shown) and len(payload(part)) < _DECORATION_BYTES


def payload(part: Message) -> bytes:
    """Return the decoded bytes of a part; of a damaged encoding, what it gives."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        return b""
    return data if isinstance(data, bytes) else b""


def text_of(part: Message) -> Decoded:
    """Return the text of a part. A charset that is missing, unknown or wrong is found by the bytes themselves."""
    data = payload(part)
    stated = _stated_charset(part)
    if not data.isascii() and (found := decode_as(data, "utf-8")):
        return found  # text in another encoding is hardly ever valid UTF-8, and programs often state the wrong one
    found = decode_as(data, stated) if stated else None
    if found is not None and (data.isascii() or stated.lower() not in ("us-ascii", "ascii")):
        return found
    return decode(data) or Decoded(data.decode("cp1252", "replace"))


def _stated_charset(part: Message) -> str:
    try:
        return str(part.get_content_charset() or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _children(part: Message) -> list[Message]:
    """Return the parts of a part; a message within a message has none, because it is a document of its own."""
    return _messages(part.get_payload()) if part.get_content_maintype() != "message" else []


def _leaves(part: Message, depth: int) -> Iterator[Message]:
    """Yield the parts that have no parts."""
    children = _children(part)
    if not children:
        yield part
    for child in children if depth <= _MAX_DEPTH else ():
        yield from _leaves(child, depth + 1)


def _is_attached(part: Message) -> bool:
    """Return whether a part is a file, or anything else than the text of the message."""
    if part.get_content_type() not in (_PLAIN, _HTML):
        return True
    return _says_attachment(part) or (bool(_file_name(part)) and not _disposition(part).startswith("inline"))


def _says_attachment(part: Message) -> bool:
    return _disposition(part).startswith("attachment")


def _disposition(part: Message) -> str:
    return str(part.get("Content-Disposition") or "").strip().lower()


def _name(part: Message, number: int) -> str:
    """Return the file's name, else its subject or number with the suffix of its type."""
    if name := _file_name(part):
        return name
    inner = _messages(part.get_payload()) if part.get_content_type() in _MESSAGES else []
    message = inner[0] if inner else None
    subject = _NOT_IN_NAMES.sub(" ", subject_of(message)).strip(" .~$")[:_SUBJECT_LENGTH] if message is not None else ""
    return f"{subject or f'attachment {number}'}{_SUFFIXES.get(part.get_content_type(), '')}"


def _file_name(part: Message) -> str:
    """Return the stated file name, decoded; also a name in the header's encoding, against the standard."""
    for field, name in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        try:
            value = part.get_param(name, header=field)
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
        if value:
            return decoded(collapse_rfc2231_value(value))
    return ""


# The draft of a message: its place, its headers as text, and its body.

UNREADABLE = "The message is encrypted for its recipients; only its headers were read."
_MAX_NAMED_ATTACHMENTS = 20
"""Attachments that a note names."""


_PLACE = "message"
"""The name of the place: sender, date and subject are the document's author, date and title, which stand beside it."""


@dataclass(frozen=True, slots=True)
class MessageFields:
    """What a message states about itself."""

    headers: tuple[tuple[str, str], ...]
    """The headers to show, by name, in order; empty ones are left out."""
    sender: str
    subject: str
    date: str
    """By ISO 8601."""
    attachments: tuple[str, ...] = ()
    """The names of the files in it, which are documents of their own."""


def draft(fields: MessageFields, body: Sequence[Block], notes: Sequence[str] = ()) -> Draft:
    """Return the draft of a message: its headers, each a paragraph that can be quoted alone, then the body."""
    attached = [("Attachments", ", ".join(fields.attachments))]
    lines = [f"{name}: {value}" for name, value in (*fields.headers, *attached) if value.strip()]
    blocks = [block for block in (*map(verbatim, lines), *body) if block.text]
    if blocks:
        first = blocks[0]
        blocks[0] = replace(first, places=((0, _PLACE, 1), *first.places))
    if not any(has_words(block.text) for block in body) and not fields.subject and not fields.sender:
        blocks = []
    return Draft(blocks, fields.subject, fields.sender, fields.date, (*notes, *attachment_notes(fields.attachments)))


def attachment_notes(names: Sequence[str]) -> list[str]:
    """Return the note on the attachments of a message; none if it has none."""
    if not names:
        return []
    more = f" and {len(names) - _MAX_NAMED_ATTACHMENTS} more" if len(names) > _MAX_NAMED_ATTACHMENTS else ""
    count = "1 attachment, read on its own" if len(names) == 1 else f"{len(names)} attachments, each read on its own"
    return [f"{count}: {', '.join(names[:_MAX_NAMED_ATTACHMENTS])}{more}."]


_HTML_TYPE = "text/html"
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNED = "signed-data"
_FLOWED = "flowed"


def read_message(content: Content, name: str) -> Draft:
    """Return the draft of a message."""
    message = parse(content.data)
    encrypted = is_encrypted(message)
    attached = () if encrypted else tuple(attachment.name for attachment in attachments(message))
    shown = tuple((field, header(message, field)) for field in SHOWN)
    if not any(value for _, value in shown) and not bodies(message):
        raise EmptyDocument(f"{name} has no words in it.")
    fields = MessageFields(
        shown,
        sender_of(message),
        subject_of(message),
        date_sent(message),
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
        if part.get_content_type() == _HTML_TYPE:
            yield from html.read(Content(b"", _HTML_TYPE, found.text), "").blocks
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


# Reads web pages that a browser saved as one file (MHTML): the page, with the address it was saved from.

_WEB_PAGE_TYPES = ("text/html", "application/xhtml+xml")


def read_web_page(content: Content, name: str) -> Draft:
    """Return the draft of the page. Raises DamagedFile if there is none in the file."""
    message = parse(content.data)
    page = _page(message)
    if page is None:
        raise DamagedFile(f"{name} is called a saved web page and has no page in it.")
    found = text_of(page)
    draft = html.read(Content(b"", _WEB_PAGE_TYPES[0], found.text), name)
    blocks = list(draft.blocks)
    address = header(message, "Snapshot-Content-Location") or header(page, "Content-Location")
    if blocks and address:
        blocks[0] = replace(blocks[0], places=((0, address, 0), *blocks[0].places))
    title = draft.title or subject_of(message)
    return replace(draft, blocks=blocks, title=title, notes=(*found.notes, *draft.notes))


def _page(message: Message) -> Message | None:
    """Return the part that is the page: the one that `start` names, else the first; its frames follow it."""
    pages = [part for part in message.walk() if part.get_content_type() in _WEB_PAGE_TYPES]
    start = str(message.get_param("start", "") or "")
    named = (page for page in pages if start and _stripped(page.get("Content-ID")) == _stripped(start))
    return next(named, pages[0] if pages else None)


def _stripped(identity: object) -> str:
    return str(identity or "").strip(" <>")

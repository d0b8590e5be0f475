"""The parts of a message: its best body, and the files attached to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING

from index.loading.formats import as_narrow
from index.loading.mail.mail_headers import decoded, subject_of
from index.loading.plain_text import Decoded, decode, decode_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST = 30
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
_SMALL_PICTURE = 30_000
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
    if depth > _DEEPEST:
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
    return bool(shown) and len(payload(part)) < _SMALL_PICTURE


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
    for child in children if depth <= _DEEPEST else ():
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

"""The headers of a message: subject, people and date, decoded; damaged headers give what can be read of them."""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING

from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from email.message import Message

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
    return person(header(message, "From") or header(message, "Sender"))


def person(stated: str) -> str:
    """Return the name in `Ada Lovelace <ada@example.org>`, else the address, else the words as they are."""
    for name, address in getaddresses([stated]):
        if name or address:
            return (name or address).strip("'\" ")
    return stated.strip("'\"<> ")


def date_of(message: Message) -> str:
    """Return the date of a message by ISO 8601, without the time; empty if it states none that can be read."""
    return iso_day(header(message, "Date"))


def iso_day(stated: str) -> str:
    """Return the day of a date as mail programs write it."""
    try:
        return parsedate_to_datetime(stated).date().isoformat()
    except _ODD:
        found = _ISO.match(stated)
    try:
        return datetime.fromisoformat(stated).date().isoformat()
    except ValueError:
        return iso_date(found.group() if found else stated)

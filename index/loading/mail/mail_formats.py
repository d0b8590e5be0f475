"""Recognises messages, mailboxes and web pages that were saved as a message."""

from __future__ import annotations

import re

from index.loading.plain_text import decode

EML = "message/rfc822"
MBOX = "application/mbox"
MHTML = "multipart/related"
MSG = "application/vnd.ms-outlook"
_HEAD = 8192
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE = 512
_FIELD = r"[!-9;-~]+:[^\n]*\n"
_HEADERS = re.compile(rf"\s*(?:>?From [^\n]*\n)?(?:{_FIELD}(?:[ \t][^\n]*\n)*)+")
_ONLY_MAIL = re.compile(
    r"^(?:mime-version|message-id|received|return-path|delivered-to|x-mailer|x-gm-thrid):", re.MULTILINE | re.IGNORECASE
)
"""Headers that only mail programs write. `From:` and `Date:` may begin a memo."""
_USUAL = re.compile(r"^(?:from|to|cc|date|subject|content-type|sender|reply-to):", re.MULTILINE | re.IGNORECASE)
_SAVED_PAGE = re.compile(
    r"^(?:snapshot-content-location:|from:\s*<?saved by |x-mimeole:|content-type:\s*multipart/related)",
    re.MULTILINE | re.IGNORECASE,
)
_MAILBOX = re.compile(r"From \S[^\n]*\d{4}[^\n]*\n>?[!-9;-~]+:")
"""The line before each message of a mailbox: an address and a date, and then the first header."""


def mail_media_type(data: bytes, suffix: str) -> str:
    """Return the media type of a message, a mailbox or a saved page by its beginning; empty for anything else."""
    head = as_narrow(data[:_HEAD]).decode("latin-1").lstrip("\ufeff\xef\xbb\xbf").replace("\r\n", "\n")
    if _MAILBOX.match(head) and suffix != ".eml":
        return MBOX
    headers = _HEADERS.match(head if head.endswith("\n") else f"{head}\n")
    if headers is None:
        return ""
    found = headers.group()
    if suffix in (".mht", ".mhtml"):
        return MHTML if _SAVED_PAGE.search(found) or _ONLY_MAIL.search(found) else ""
    if "\nSnapshot-Content-Location:" in found:
        return MHTML
    return EML if _ONLY_MAIL.search(found) or (suffix == ".eml" and _USUAL.search(found)) else ""


def as_narrow(data: bytes) -> bytes:
    """Return the bytes of a message that an editor has saved as UTF-16 as UTF-8; others as they are."""
    if not data.startswith(_WIDE_MARKS) and data[:_SAMPLE].count(0) < len(data[:_SAMPLE]) // 3:
        return data
    found = decode(data)
    return found.text.encode("utf-8", "ignore") if found and "\x00" not in found.text[:_SAMPLE] else data

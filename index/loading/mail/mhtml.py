"""Reads web pages that a browser saved as one file (MHTML): the page, with the address it was saved from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.errors import DamagedFile
from index.loading import html
from index.loading.content import Content
from index.loading.mail.mail_headers import header, subject_of
from index.loading.mail.message_parts import parse, text_of

if TYPE_CHECKING:
    from email.message import Message

    from index.loading.content import Draft

_HTML = ("text/html", "application/xhtml+xml")


def read(content: Content, name: str) -> Draft:
    """Return the draft of the page. Raises DamagedFile if there is none in the file."""
    message = parse(content.data)
    page = _page(message)
    if page is None:
        raise DamagedFile(f"{name} is called a saved web page and has no page in it.")
    found = text_of(page)
    draft = html.read(Content(b"", _HTML[0], found.text), name)
    blocks = list(draft.blocks)
    address = header(message, "Snapshot-Content-Location") or header(page, "Content-Location")
    if blocks and address:
        blocks[0] = replace(blocks[0], places=((0, address, 0), *blocks[0].places))
    title = draft.title or subject_of(message)
    return replace(draft, blocks=blocks, title=title, notes=(*found.notes, *draft.notes))


def _page(message: Message) -> Message | None:
    """Return the part that is the page: the one that `start` names, else the first; its frames follow it."""
    pages = [part for part in message.walk() if part.get_content_type() in _HTML]
    start = str(message.get_param("start", "") or "")
    named = (page for page in pages if start and _stripped(page.get("Content-ID")) == _stripped(start))
    return next(named, pages[0] if pages else None)


def _stripped(identity: object) -> str:
    return str(identity or "").strip(" <>")

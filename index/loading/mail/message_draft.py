"""The draft of a message: its place, its headers as text, and its body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.loading.content import Draft, verbatim
from index.text.sentences import has_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.content import Block

UNREADABLE = "The message is encrypted for its recipients; only its headers were read."
_LISTED = 20
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
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    count = "1 attachment, read on its own" if len(names) == 1 else f"{len(names)} attachments, each read on its own"
    return [f"{count}: {', '.join(names[:_LISTED])}{more}."]

"""Exports citations as CSL-JSON, the data format of Zotero, pandoc and other citation processors.

Processors read `<i>`, `<b>` and a few more tags in a title as markup, and have no escape for them. An invisible word
joiner breaks everything that looks like such a tag.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.exporting.describing import Entry

WORD_JOINER = "\u2060"
_TAG = re.compile(r"<(?=[/a-z])", re.IGNORECASE)


def write(entries: Sequence[Entry]) -> str:
    """Return a JSON list of items."""
    return json.dumps([item(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"


def item(entry: Entry) -> dict[str, Any]:
    """Return one citation, with its location and quote in `note`."""
    fields: dict[str, Any] = {
        "id": entry.key,
        "type": "webpage" if entry.address else "document",
        "title": _text(entry.title),
        "author": [
            {"family": _text(name.family), "given": _text(name.given)}
            if name.given
            else {"literal": _text(name.family)}
            for name in entry.names
        ],
        "issued": {"date-parts": [list(entry.issued)]} if entry.issued else None,
        "page": _text(entry.location.page),
        "section": _text(entry.location.heading),
        "URL": entry.link if entry.address else "",
        "note": _text(entry.note),
    }
    return {name: value for name, value in fields.items() if value}


def _text(words: str) -> str:
    return _TAG.sub(f"<{WORD_JOINER}", words)

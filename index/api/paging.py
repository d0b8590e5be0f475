"""Splits the list of documents into pages, with cursors that stay valid while documents are added and removed."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import DocumentInfo

_SORTED_CHARACTERS = 200
"""Characters of a name that determine its position in the list."""
Position = tuple[str, str]


def sorted_by_name(documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return the documents in the order of their names."""
    return sorted(documents, key=_position)


def page(documents: Sequence[DocumentInfo], cursor: str, limit: int) -> tuple[list[DocumentInfo], str | None]:
    """Return the documents after a cursor (empty for the start), and the cursor of the next page, if there is one.

    Takes documents from `sorted_by_name`. A cursor is the position of the last document of a page, even if that one
    was removed: no document is repeated, and none that stays in the library is skipped.
    """
    last_position = _decode_cursor(cursor) if cursor else None
    rest = [info for info in documents if last_position is None or _position(info) > last_position]
    documents_of_page = rest[:limit]
    return documents_of_page, _encode_cursor(_position(documents_of_page[-1])) if len(rest) > limit else None


def _position(info: DocumentInfo) -> Position:
    return info.name.casefold()[:_SORTED_CHARACTERS], info.id


def _encode_cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> Position:
    try:
        name, identity = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
        return str(name), str(identity)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        mistake = {"loc": ("query", "cursor"), "msg": "Invalid cursor: use the value of the field `next`."}
        raise RequestValidationError([mistake]) from error

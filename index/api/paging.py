"""A long list in pages, by cursors that stay right while documents come and go."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import DocumentInfo

_TELLING = 200
"""Characters of a name that count for its place in the list."""
Place = tuple[str, str]


def ordered(documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """By name, as a reader would look for them."""
    return sorted(documents, key=_place)


def page(documents: Sequence[DocumentInfo], cursor: str, limit: int) -> tuple[list[DocumentInfo], str | None]:
    """The documents after a cursor (from the first one, where it is empty), and the cursor for those that follow.

    Takes them `ordered`. A cursor is the place of the last document that was given, whether it is still there or not:
    nothing is given twice, and nothing left out that is there all the time.
    """
    after = _read(cursor) if cursor else None
    rest = [info for info in documents if after is None or _place(info) > after]
    given = rest[:limit]
    return given, _written(_place(given[-1])) if len(rest) > limit else None


def _place(info: DocumentInfo) -> Place:
    return info.name.casefold()[:_TELLING], info.id


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read(cursor: str) -> Place:
    try:
        name, identity = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
        return str(name), str(identity)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        mistake = {"loc": ("query", "cursor"), "msg": "This is no cursor: take it from the field `next`."}
        raise RequestValidationError([mistake]) from error

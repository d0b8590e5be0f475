"""Locates a place in a document by its landmarks alone, for a document that no catalog holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Landmark


def locate(landmarks: Sequence[Landmark], start: int) -> Location:
    """Return the page, heading path and paragraph of the offset `start`, as the catalog of a library would."""
    before = [landmark for landmark in landmarks if landmark.start <= start]
    page = next((landmark for landmark in reversed(before) if landmark.kind == "page"), None)
    path: list[Landmark] = []
    for landmark in reversed(before):
        if landmark.kind == "heading" and (not path or landmark.level < path[-1].level):
            path.append(landmark)
    anchor = max(landmark.start if landmark else -1 for landmark in (page, path[0] if path else None))
    paragraph = sum(landmark.kind == "paragraph" and landmark.start >= anchor for landmark in before)
    return Location(page.label if page else "", " > ".join(heading.label for heading in reversed(path)), paragraph)

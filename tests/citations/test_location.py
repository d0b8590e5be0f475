"""Locations that are computed from landmarks alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.citations.entries import locate
from index.records import Location, Span
from tests.citations.kept_items import document

if TYPE_CHECKING:
    from index.library.library import Library
    from tests.conftest import Write

PAPER = """\
Before all headings.

# Trade

One paragraph.

Another one.

## Oil

Deep in it.

### Crude

Deeper.

## Gas

Up again, and on.

# Peace

The end.
"""


def test_location_agrees_with_the_library(library: Library, write: Write) -> None:
    """Both agree for every character of a document."""
    library.add(write("paper.md", PAPER))
    document = library.document("paper.md")
    assert len(document.landmarks) > 10
    for start in range(len(document.text)):
        assert locate(document, Span(start, start)) == library.locate("paper.md", Span(start, start))


def test_location_without_landmarks_is_empty() -> None:
    """A document may have no landmarks."""
    assert locate(document("words"), Span(1, 3)) == Location()

"""Places from landmarks alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.citations.links import locate
from index.records import Location, Span

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


def test_a_place_is_the_one_that_the_library_gives(library: Library, write: Write) -> None:
    """For every character of a document."""
    library.add(write("paper.md", PAPER))
    document = library.document("paper.md")
    assert len(document.landmarks) > 10
    for start in range(len(document.text)):
        assert locate(document.landmarks, start) == library.locate("paper.md", Span(start, start))


def test_nothing_before_a_place_is_no_place() -> None:
    """A document may have no landmarks."""
    assert locate((), 9) == Location()

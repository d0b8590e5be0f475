"""From blocks to one text with its landmarks."""

from __future__ import annotations

from index.loading.content import LONGEST_FIELD
from index.loading.loader import load_bytes


def test_what_is_said_of_a_document_is_short_whatever_the_text_is() -> None:
    """A heading of a hundred thousand letters is cut in title and places, which every hit repeats, not in the text."""
    heading = "T" * 100_000
    document = load_bytes(f"# {heading}\n\nThe king came.".encode(), source="long.md")
    assert document.title == heading[: LONGEST_FIELD - 1] + "…"
    assert {len(mark.label) for mark in document.landmarks if mark.kind == "heading"} == {LONGEST_FIELD}
    assert document.text == f"{heading}\n\nThe king came."

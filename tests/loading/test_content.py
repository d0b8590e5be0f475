"""Blocks become one text with landmarks."""

from __future__ import annotations

from index.loading.draft import MAX_FIELD_CHARACTERS
from index.loading.loader import load_bytes


def test_long_heading_is_shortened_in_title_and_labels() -> None:
    """A heading of 100,000 letters is cut in the title and the labels, which every hit repeats, but not in the text."""
    heading = "T" * 100_000
    document = load_bytes(f"# {heading}\n\nThe king came.".encode(), source="long.md")
    assert document.title == heading[: MAX_FIELD_CHARACTERS - 1] + "…"
    assert {len(mark.label) for mark in document.landmarks if mark.kind == "heading"} == {MAX_FIELD_CHARACTERS}
    assert document.text == f"{heading}\n\nThe king came."

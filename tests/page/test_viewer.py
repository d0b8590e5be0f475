"""The dialog that shows a source."""

from __future__ import annotations

from index.page.fragments import dialog


def test_source_dialog_is_initially_closed_and_empty() -> None:
    """It is part of the page before a source is opened."""
    markup = dialog()
    assert markup.startswith('<dialog id="viewer"')
    assert " open" not in markup.partition(">")[0]

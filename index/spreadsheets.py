"""Escapes cells so that a spreadsheet shows them and does not run them as formulas."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The first characters of a formula."""


def guarded(words: str) -> str:
    """Return the text, with an apostrophe before it if it would be a formula."""
    return f"'{words}" if words.startswith(_FORMULA) else words


def bare(cell: str) -> str:
    """Reverse `guarded`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell

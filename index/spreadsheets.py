"""Cells that a spreadsheet shows and does not run."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that would be taken for a formula."""


def guarded(words: str) -> str:
    """The words, behind an apostrophe where they would be a formula."""
    return f"'{words}" if words.startswith(_FORMULA) else words


def bare(cell: str) -> str:
    """The reverse of `guarded`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell

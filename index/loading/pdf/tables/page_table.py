"""A table of a PDF page: the words of its cells in rows and columns, and the headers of both."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(
    r"[\s+\-–−±~<>≤≥=(]*[$€£¥₹₩]?\s*[-–−(]?\s*[\d.,'’\s]*\d[\d.,'’\s]*(?:[eE][-+−]?\d+)?(?:\s*[±–/×-]\s*[\d.,]*\d[\d.,]*)?"
    r"\s*(?:%|‰|[A-Za-z]{1,3})?\s*\)?\s*[*†‡§%]*|[-–—−*.·…✓✔✗✘]+|n/?a\.?",
    re.IGNORECASE,
)
_LONGEST_NUMBER = 32
_PERIOD = re.compile(
    r"(?:FY|Q[1-4]|H[12])?\s?['’]?(?:19|20)\d\d(?:\s?[-–/]\s?(?:\d\d|(?:19|20)\d\d))?[*]?|Q[1-4]|H[12]",
    re.IGNORECASE,
)
TABLE_CAPTION = re.compile(
    r"(?i:table|tab\.|tableau|tabelle|tabla|tabela|tabella|таблица|табл\.|표|表)\s*[.:]?\s*"
    r"(?:[A-Z]{0,2}[.-]?\d{1,3}(?:[.-]\d{1,3})*[a-z]?|[IVX]{1,6}\b)\s*(?:[.:|–—)-]|$|\n|[^\W\d_](?<![a-zà-ÿа-я]))"
)
"""The beginning of the caption of a table."""


def is_number(words: str) -> bool:
    """Return whether a cell is a number, with a sign or a unit, or a sign that stands for one."""
    return len(words) <= _LONGEST_NUMBER and bool(_NUMBER.fullmatch(words))


def is_period(words: str) -> bool:
    """Return whether a cell is a year, a quarter or a business year, as the header of a column often is."""
    return bool(_PERIOD.fullmatch(words.strip()))


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table, or the part of it on one page."""

    rows: tuple[tuple[str, ...], ...]
    """The words of each cell once, also if the cell spans columns or rows; all rows have the same length."""
    header_rows: int
    columns: tuple[str, ...]
    """The header of each column; empty if it has none."""
    row_headers: tuple[str, ...]
    """The header of each row; empty for rows that are headers."""
    gaps: tuple[tuple[float, float], ...]
    """From where to where each gap between two columns reaches, in points, to recognise a table that goes on."""
    places: tuple[tuple[int, int], ...]
    """Where the words of the cells are in the page's text, in the order of the rows."""
    header_words: int = 0
    """How many of these places are those of header rows."""
    ruled: bool = False

    @property
    def text(self) -> str:
        """All words of the table."""
        return " ".join(cell for row in self.rows for cell in row if cell)

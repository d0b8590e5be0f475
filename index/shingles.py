"""Measures how much of a text occurs, in sequences of words, in a second reading of the same document (the witness).

A shingle is a run of five consecutive words (Broder, "On the resemblance and containment of documents", 1997). Each
line in the wrong order and each footnote within a sentence costs the shingles around it. Hyphens, ligatures, case and
punctuation cost nothing. Blanks cost nothing either, since the witness may be wrong about the ends of words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LENGTH = 5
"""The number of words in a shingle."""
_WORD = re.compile(r"[^\W_]+")
_CACHED_PAGES = 16


def words(text: str) -> list[str]:
    """Return the words for comparison: lower-case letters and digits, without ligatures."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def shingles(sequence: Sequence[str]) -> list[str]:
    """Return the letters of each run of LENGTH words; empty for fewer words."""
    return ["".join(sequence[at : at + LENGTH]) for at in range(len(sequence) - LENGTH + 1)]


class Witness:
    """The text of a document's pages as another reader gives it."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages
        self._page = lru_cache(_CACHED_PAGES)(self._letters_of_page)

    def counts(self, text: str, pages: Iterable[int]) -> tuple[int, int]:
        """Return how many shingles of a text occur on these pages (indices from 0), and how many it has."""
        found = shingles(words(text))
        known = [self._page(page) for page in pages if 0 <= page < len(self._pages)]
        return sum(any(shingle in page for page in known) for shingle in found), len(found)

    def _letters_of_page(self, page: int) -> str:
        """Return the letters of a page, and of the beginning of the next page as far as a shingle reaches."""
        following = words(self._pages[page + 1])[: LENGTH - 1] if page + 1 < len(self._pages) else []
        return "".join(words(self._pages[page]) + following)

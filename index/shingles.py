"""How much of a text stands, word sequence by word sequence, in what a witness says.

A shingle is a run of five words that follow each other (Broder, "On the resemblance and containment of documents",
1997). Lines in the wrong order and a footnote within a sentence each cost the shingles around them. Hyphens, ligatures,
case and punctuation cost none, nor do blanks: where words end, the witness may be the one that is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LENGTH = 5
"""Words of a shingle."""
_WORD = re.compile(r"[^\W_]+")
_CACHED_PAGES = 16


def words(text: str) -> list[str]:
    """Words as they are compared: small letters and digits, ligatures spelled out."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def shingles(sequence: Sequence[str]) -> list[str]:
    """The letters of each run of LENGTH words; none where there are fewer words."""
    return ["".join(sequence[at : at + LENGTH]) for at in range(len(sequence) - LENGTH + 1)]


class Witness:
    """What somebody else reads on the pages of a document."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages
        self._page = lru_cache(_CACHED_PAGES)(self._letters_of_page)

    def counts(self, text: str, pages: Iterable[int]) -> tuple[int, int]:
        """How many shingles of a text stand on these pages (indices from 0), and how many it has."""
        found = shingles(words(text))
        known = [self._page(page) for page in pages if 0 <= page < len(self._pages)]
        return sum(any(shingle in page for page in known) for shingle in found), len(found)

    def _letters_of_page(self, page: int) -> str:
        """Those of a page, and of what follows on the next one, as far as a shingle reaches."""
        following = words(self._pages[page + 1])[: LENGTH - 1] if page + 1 < len(self._pages) else []
        return "".join(words(self._pages[page]) + following)

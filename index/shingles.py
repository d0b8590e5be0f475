"""How much of a text stands, word sequence by word sequence, in what a witness says.

A shingle is a run of five words that follow each other (Broder, "On the resemblance and containment of documents",
1997). Lines in the wrong order, a footnote within a sentence and words that were glued together each cost the shingles
around them; hyphens, ligatures, case, punctuation and blanks cost none.
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
_HYPHEN = re.compile("(?<=[^\\W_])[-\u00ad\u2010\u2011\ufffe\x02]\\s*(?=[^\\W_])")
"""Also U+FFFE and U+0002, which pdfium writes for a hyphen at the end of a line."""
_WORD = re.compile(r"[^\W_]+")
_CACHED_PAGES = 16


def words(text: str) -> list[str]:
    """Words as they are compared: small letters, ligatures spelled out, hyphens and broken lines closed up."""
    return _WORD.findall(_HYPHEN.sub("", unicodedata.normalize("NFKC", text)).casefold())


def shingles(sequence: Sequence[str]) -> list[str]:
    """Each run of LENGTH words; none where there are fewer words."""
    return [" ".join(sequence[at : at + LENGTH]) for at in range(len(sequence) - LENGTH + 1)]


class Witness:
    """What somebody else reads on the pages of a document."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages
        self._page = lru_cache(_CACHED_PAGES)(self._shingles_of_page)

    def counts(self, text: str, pages: Iterable[int]) -> tuple[int, int]:
        """How many shingles of a text stand on these pages (indices from 0), and how many it has."""
        found = shingles(words(text))
        known = [self._page(page) for page in pages if 0 <= page < len(self._pages)]
        return sum(any(shingle in page for page in known) for shingle in found), len(found)

    def _shingles_of_page(self, page: int) -> frozenset[str]:
        """Those of a page, and those that run over its end."""
        following = words(self._pages[page + 1])[: LENGTH - 1] if page + 1 < len(self._pages) else []
        return frozenset(shingles(words(self._pages[page]) + following))

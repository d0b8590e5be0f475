"""Boxes of words: made by hand, and marked on the pages of a document without a library."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from index.records.boxes import AS_TEXT, SURE, UNIT
from index.views.viewer import marks_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from index.loading.pdf.page_pictures import PageMark
    from index.records import Document, Span, WordBox


def as_rows(words: Sequence[WordBox]) -> NDArray[np.int64]:
    """Return boxes as a block of a draft has them."""
    sure = [AS_TEXT if word.confidence is None else round(word.confidence * SURE) for word in words]
    rows = [(*word[:3], *(round(side * UNIT) for side in word[3:7]), c) for word, c in zip(words, sure, strict=True)]
    return np.array(rows, np.int64).reshape(-1, 8)


def marks(path: Path, document: Document, span: Span) -> tuple[PageMark, ...]:
    """Return the marks of a span of a document on its pages."""
    words = [word for part in document.boxes for word in part.words()]
    marked = [word for word in words if word.start < span.end and word.end > span.start]
    pages = [mark.start for mark in document.landmarks if mark.kind == "page"]
    expected = range(bisect_right(pages, span.start) - 1, bisect_right(pages, span.end - 1))
    return marks_of(path, sorted({word.page for word in marked}) or expected, marked, words)

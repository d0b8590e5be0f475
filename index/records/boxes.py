"""Where the words of a document stand on its pages: boxes in whole numbers, packed page by page.

A row of an array of boxes has `start`, `end` and `page` of a word, the sides of its box in parts of `UNIT`, and its
confidence in thousandths.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

UNIT = 10_000
"""The sides of boxes are counted in this part of a side of the page."""
SURE = 1000
"""The highest confidence of a recognised word."""
AS_TEXT = -1
"""The confidence of a word that the file has as text."""
_MAX_UNPACKED_BYTES = 1 << 26
"""Bytes of unpacked boxes, beyond which they are damaged."""
_COLUMNS = 7


class WordBox(NamedTuple):
    """The box of a word, or of a part of it, of a document."""

    start: int
    end: int
    page: int
    """The page's index in the file, from 0."""
    left: float
    """The box in shares of the width and height of the page as displayed, from its top left corner, in [0, 1]."""
    top: float
    right: float
    bottom: float
    confidence: float | None
    """How certain the recognition is, in [0, 1]; None for a word that the file has as text."""


@dataclass(frozen=True, slots=True)
class PageBoxes:
    """The boxes of words of one page that follow each other in the text."""

    __pydantic_config__: ClassVar = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    start: int
    end: int
    """The text from the first of the words to the last."""
    page: int
    """The page's index in the file, from 0."""
    recognised: bool
    """Whether the words were recognised in a picture of the page."""
    content: bytes
    """The boxes: columns of differences between neighbours, which are small, byte by byte, compressed."""

    @classmethod
    def of(cls, rows: NDArray[np.int64]) -> PageBoxes:
        """Pack the boxes of words of one page, in the order of the text."""
        import numpy as np

        start, end, page, left, top, right, bottom, confidence = rows.T
        columns = [_gaps(start - start[0], end - start[0]), end - start, _gaps(left, right), right - left]
        columns += [np.diff(column, prepend=0) for column in (top, bottom - top, confidence)]
        signed = np.array(columns, np.int64)
        numbers = (signed << 1 ^ signed >> 63).astype("<u4")
        planes = numbers.view(np.uint8).reshape(_COLUMNS, -1, 4).transpose(0, 2, 1)
        content = zlib.compress(planes.tobytes())
        return cls(int(start[0]), int(end[-1]), int(page[0]), bool(confidence[0] != AS_TEXT), content)

    def rows(self) -> NDArray[np.int64]:
        """Unpack the boxes. Raises ValueError if they are damaged, out of order, or not on the page."""
        import numpy as np

        unpacking = zlib.decompressobj()
        try:
            data = unpacking.decompress(self.content, _MAX_UNPACKED_BYTES)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if unpacking.unconsumed_tail or not unpacking.eof or not data or len(data) % (4 * _COLUMNS):
            raise ValueError("boxes are too many, or incomplete")
        planes = np.frombuffer(data, np.uint8).reshape(_COLUMNS, 4, -1).transpose(0, 2, 1)
        numbers = np.ascontiguousarray(planes).view("<u4")[:, :, 0].astype(np.int64)
        gap, length, aside, width, *others = (numbers >> 1) ^ -(numbers & 1)
        top, height, confidence = (np.cumsum(column) for column in others)
        end, right = np.cumsum(gap + length) + self.start, np.cumsum(aside + width)
        page = np.full_like(end, self.page)
        rows = np.stack([end - length, end, page, right - width, top, right, top + height, confidence], axis=1)
        self._check(rows)
        return rows

    def _check(self, rows: NDArray[np.int64]) -> None:
        start, end, _, left, top, right, bottom, confidence = rows.T
        least = (left.min(), top.min(), (right - left).min(), (bottom - top).min(), (end - start).min() - 1)
        if min(least) < 0 or max(right.max(), bottom.max()) > UNIT or (start[1:] < end[:-1]).any():
            raise ValueError(f"boxes of words at {self.start} are out of place")
        sure = 0 <= confidence.min() <= confidence.max() <= SURE if self.recognised else not (confidence + 1).any()
        if (start[0], end[-1]) != (self.start, self.end) or not sure or self.page < 0:
            raise ValueError(f"boxes of words at {self.start} are not what they are said to be")

    def words(self) -> list[WordBox]:
        """Return the boxes as shares of the page. Raises ValueError as `rows` does."""
        found = []
        for start, end, page, left, top, right, bottom, confidence in self.rows().tolist():
            sure = confidence / SURE if self.recognised else None
            found.append(WordBox(start, end, page, left / UNIT, top / UNIT, right / UNIT, bottom / UNIT, sure))
        return found

    def before(self, end: int) -> tuple[PageBoxes, ...]:
        """Return the boxes of the words that end up to this offset: one part, or none."""
        rows = self.rows()
        return pages_of([rows[rows[:, 1] <= end]])


def shifted(rows: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    """Return the boxes with offsets that are larger by a number of characters."""
    import numpy as np

    more: NDArray[np.int64] = rows + np.array([by, by, 0, 0, 0, 0, 0, 0])
    return more


def pages_of(parts: Sequence[NDArray[np.int64]]) -> tuple[PageBoxes, ...]:
    """Pack the boxes of words in the order of the text: one part for each change of the page."""
    if not parts:
        return ()
    import numpy as np

    rows = np.concatenate(parts)
    cuts = np.flatnonzero(np.diff(rows[:, 2])) + 1
    return tuple(PageBoxes.of(part) for part in np.split(rows, cuts) if len(part))


def _gaps(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distance of each beginning from the end before it."""
    import numpy as np

    return begins - np.concatenate(([0], ends[:-1]))

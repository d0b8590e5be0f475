"""The ink of a recognised word on an upright page, and the type size that it suggests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from index.loading.recognition.engine import PrintedWord

_HIGH_LETTERS = re.compile(r"[^\W\d_a-zа-я]|[\dbdfhiijkltßбйёф!?&%$€£@#()\[\]{}|/]")
"""Letters higher than an x: capitals, digits, letters with ascenders or accents."""
_LOW_LETTERS = re.compile(r"[gjpqyçуцщрдфQ()\[\]{}|,;]")
_RATIOS = {(False, False): 0.5, (True, False): 0.71, (False, True): 0.71, (True, True): 0.93}
"""The height of a word's ink in type sizes, by whether it has high and low letters; means of common fonts."""
_SLOPE = 0.001
"""A page with a smaller slope is level."""


class PageSize(NamedTuple):
    """The width and height of a page as displayed, in points."""

    width: float
    height: float


class Ink(NamedTuple):
    """A word on an upright page, in points from the lower left corner."""

    origin: PrintedWord
    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def of(cls, word: PrintedWord, origin: PrintedWord, width: float, height: float) -> Ink:
        """Return the word, whose box is in shares from the upper left corner."""
        across, down = (word.left * width, word.right * width), ((1 - word.bottom) * height, (1 - word.top) * height)
        return cls(origin, *across, *down)

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    @property
    def size(self) -> float:
        """The type size, estimated from the letters."""
        return (self.top - self.bottom) / _RATIOS[bool(_HIGH_LETTERS.search(self.origin.text)), self.is_low]

    @property
    def is_low(self) -> bool:
        """Whether a letter of the word reaches below the baseline."""
        return bool(_LOW_LETTERS.search(self.origin.text))

    def levelled(self, slope: float, x: float, y: float) -> Ink:
        """Return the word after the page was turned around a point so that its lines are level."""
        if abs(slope) < _SLOPE:
            return self
        across, up = self.middle
        right, rise = slope * (up - y), -slope * (across - x)
        # A word on a slope has a higher box than its ink.
        excess = min(abs(slope) * (self.right - self.left), 0.4 * (self.top - self.bottom)) / 2
        return self._replace(
            left=self.left + right,
            right=self.right + right,
            bottom=self.bottom + rise + excess,
            top=self.top + rise - excess,
        )

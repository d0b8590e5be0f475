"""What of a sentence can be checked exactly, read once: its words, numbers and negations."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from index.checking.negation import cues
from index.checking.numbers import quantities
from index.checking.wording import settled, words

if TYPE_CHECKING:
    from index.checking.negation import Cue
    from index.checking.quantity import Quantity
    from index.checking.wording import Word

MOST = 8000
"""Characters that are read of a sentence: index.sentences makes none that is half as long."""
_KEPT = 4096
"""How many sentences are remembered: those of a source are compared with each sentence of an answer."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence, read."""

    text: str
    """Settled: offsets count in this."""
    words: tuple[Word, ...]
    quantities: tuple[Quantity, ...]
    cues: tuple[Cue, ...]
    stems: Counter[str]
    """How often it has each stem."""
    counted: frozenset[int]
    """Which words belong to its quantities."""
    telling: tuple[int, ...]
    """Which words say something of their own: neither numbers nor negations."""
    weighty: tuple[int, ...]
    """Which of these say what it is about."""

    def among(self, places: range) -> list[Quantity]:
        """The quantities that these words belong to, at least in part."""
        start, end = self.words[places.start].start, self.words[places.stop - 1].end
        return [quantity for quantity in self.quantities if quantity.start < end and start < quantity.end]


@lru_cache(_KEPT)
def read(text: str) -> Reading:
    """Read a sentence; of one that is longer than any, the beginning."""
    text = settled(text[:MOST])
    found = words(text)
    numbers = quantities(text, found)
    denials = cues(text, found)
    starts = [word.start for word in found]
    spans = ((bisect_left(starts, number.start), bisect_left(starts, number.end)) for number in numbers)
    counted = frozenset(chain.from_iterable(range(*span) for span in spans))
    apart = counted.union(cue.at for cue in denials)
    telling = tuple(i for i, word in enumerate(found) if word.telling and i not in apart)
    weighty = tuple(i for i in telling if found[i].weighty)
    return Reading(text, found, numbers, denials, Counter(word.stem for word in found), counted, telling, weighty)

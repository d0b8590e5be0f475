"""A sentence as it is read before its grammar: one way to write each mark, and its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.numbers import quantities
from index.checking.wording import normalise, words

if TYPE_CHECKING:
    from index.checking.quantity import Quantity

MOST = 8000
"""Characters that are read of a sentence: index.sentences makes none that is half as long."""
_NOTE = re.compile(r"(?:(?<=[.,;:!?)\"'”’])|(?<=[^\W\d_]{3})|(?<=\d{4}))(?:\[\d{1,3}\])+")
"""The numbers of notes: `in 1968,[1]`; not so `x[1]`."""


@dataclass(frozen=True, slots=True)
class SentenceFacts:
    """A sentence, read."""

    text: str
    """Settled: offsets count in this."""
    quantities: tuple[Quantity, ...]


def extract_facts(text: str) -> SentenceFacts:
    """Read a sentence; of one that is longer than any, the beginning."""
    text = _NOTE.sub("", normalise(text[:MOST]))
    return SentenceFacts(text, quantities(text, words(text)))

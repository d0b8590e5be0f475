"""Prepares a sentence for the parser: normalises its characters and extracts its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.numbers import quantities
from index.checking.wording import normalise, words

if TYPE_CHECKING:
    from index.checking.quantity import Quantity

MOST = 8000
"""The longest part of a sentence that is read, in characters. index.sentences makes none that is half as long."""
_NOTE = re.compile(r"(?:(?<=[.,;:!?)\"'”’])|(?<=[^\W\d_]{3})|(?<=\d{4}))(?:\[\d{1,3}\])+")
"""Footnote numbers: `in 1968,[1]`; not so `x[1]`."""


@dataclass(frozen=True, slots=True)
class SentenceFacts:
    """A normalised sentence with its numbers."""

    text: str
    """Normalised: offsets count in this text."""
    quantities: tuple[Quantity, ...]


def extract_facts(text: str) -> SentenceFacts:
    """Normalise a sentence and extract its numbers; a sentence beyond MOST characters is truncated."""
    text = _NOTE.sub("", normalise(text[:MOST]))
    return SentenceFacts(text, quantities(text, words(text)))

"""A fake encoder with readable geometry: each idea is an axis, so a cosine can be computed by hand."""

from __future__ import annotations

import re
import time
import zlib
from typing import TYPE_CHECKING

import numpy as np

from index.encoders.encoder import Encoded, normalised
from index.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Draft, Vectors

IDEAS = (
    "ship vessel boat", "harbour port dock", "treaty accord pact", "sign signed signs", "king monarch ruler", "queen",
    "oil petroleum crude", "price cost tariff", "river stream", "bridge", "whale", "comet", "volcano", "garden",
    "bread loaf", "clock", "letter", "winter", "summer", "horse", "doctor physician", "school", "music", "silver",
    "copper", "glass", "paper", "engine motor", "rain", "desert",
)  # fmt: skip
"""Each line is one axis; its words are synonyms, which only the dense index can match."""
SPARE = 34
"""Axes for all other words, chosen by hash: these words are similar to others only by a collision."""
SILENT = "a an and are at be did does for from has how in is it of on the to was were what who with"
"""Words without an axis."""
CONTEXT = 0.1
"""The weight of the passage in the vector of a sentence."""

_SILENT = frozenset(SILENT.split())
_AXES = {word: axis for axis, words in enumerate(IDEAS) for word in words.split()}
_DIMENSION = len(IDEAS) + SPARE


class FakeEncoder:
    """Its vectors are counts of ideas, normalised to length one; it records everything it encodes."""

    def __init__(self, *, name: str = "fake@1", max_tokens: int = 64, seconds: float = 0.0) -> None:
        self.name = name
        self.dimension = _DIMENSION
        self.max_tokens = max_tokens
        self.precision = "float32"
        self.encoded: list[str] = []
        """Every passage that was encoded, in order."""
        self.calls: list[int] = []
        """The number of passages in each call of `encode`."""
        self.questions: list[str] = []
        self.seconds = seconds
        """The seconds that each call of `encode` takes at least."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the words, and two special tokens."""
        return [len(text.split()) + 2 for text in texts]

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Encode passages and sentences; a sentence's vector has its own ideas and a little of its passage's."""
        self.calls.append(len(drafts))
        results = []
        for done, draft in enumerate(drafts, 1):
            if self.count_tokens([draft.text])[0] > self.max_tokens:
                raise EncoderError(f"A passage exceeds the encoder's limit of {self.max_tokens}.", "Cut it.")
            self.encoded.append(draft.text)
            whole = meaning(f"{draft.context} {draft.text}")
            own = [meaning(span.of(draft.text)) + CONTEXT * whole for span in draft.sentences]
            results.append(Encoded(whole, normalised(np.stack(own)) if own else np.zeros((0, _DIMENSION), np.float32)))
            if progress:
                progress(done)
        if self.seconds:
            time.sleep(self.seconds)
        return results

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """Encode quotes in the same way as passages."""
        return self.encode(drafts)

    def encode_question(self, question: str) -> Vectors:
        """Encode a question in the same way as a passage."""
        self.questions.append(question)
        return meaning(question)


def meaning(text: str) -> Vectors:
    """The ideas of a text, counted, as a vector of length one; a text without ideas points along the last axis."""
    vector = np.zeros(_DIMENSION, dtype=np.float32)
    for word in re.findall(r"\w+", text.lower()):
        if word not in _SILENT:
            vector[_axis(word)] += 1
    if not vector.any():
        vector[-1] = 1
    return normalised(vector)


def _axis(word: str) -> int:
    spare = len(IDEAS) + zlib.crc32(word.encode()) % (SPARE - 1)
    return _AXES.get(word, spare)

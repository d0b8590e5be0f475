"""An encoder whose geometry can be read: each known idea is an axis, so that a cosine can be worked out by hand."""

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
    "ship vessel boat",
    "harbour port dock",
    "treaty accord pact",
    "sign signed signs",
    "king monarch ruler",
    "queen",
    "oil petroleum crude",
    "price cost tariff",
    "river stream",
    "bridge",
    "whale",
    "comet",
    "volcano",
    "garden",
    "bread loaf",
    "clock",
    "letter",
    "winter",
    "summer",
    "horse",
    "doctor physician",
    "school",
    "music",
    "silver",
    "copper",
    "glass",
    "paper",
    "engine motor",
    "rain",
    "desert",
)
"""One axis each; the words of one line are synonyms, which only the dense side can see."""
SPARE = 34
"""Axes for all other words, by hash: near to nothing by design, and to each other only by chance."""
SILENT = "a an and are at be did does for from has how in is it of on the to was were what who with"
"""Words that point nowhere."""
CONTEXT = 0.1
"""How much of its passage a sentence's vector holds."""

_SILENT = frozenset(SILENT.split())
_AXES = {word: axis for axis, words in enumerate(IDEAS) for word in words.split()}
_DIMENSION = len(IDEAS) + SPARE


class FakeEncoder:
    """Vectors are counts of ideas, of length one. It notes whatever it was asked to encode."""

    def __init__(self, *, name: str = "fake@1", max_tokens: int = 64, seconds: float = 0.0) -> None:
        self.name = name
        self.dimension = _DIMENSION
        self.max_tokens = max_tokens
        self.encoded: list[str] = []
        """Every passage that was encoded, in order."""
        self.calls: list[int] = []
        """How many passages each call of `encode` was given."""
        self.questions: list[str] = []
        self.seconds = seconds
        """How long each call of `encode` takes at least."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words, and two markers."""
        return [len(text.split()) + 2 for text in texts]

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """A sentence has its own ideas and a little of its passage's."""
        self.calls.append(len(drafts))
        results = []
        for done, draft in enumerate(drafts, 1):
            if self.count_tokens([draft.text])[0] > self.max_tokens:
                raise EncoderError(f"A passage exceeds the encoder's limit of {self.max_tokens}.", "Cut it.")
            self.encoded.append(draft.text)
            whole = meaning(draft.text)
            own = [meaning(span.of(draft.text)) + CONTEXT * whole for span in draft.sentences]
            results.append(Encoded(whole, normalised(np.stack(own)) if own else np.zeros((0, _DIMENSION), np.float32)))
            if progress:
                progress(done)
        if self.seconds:
            time.sleep(self.seconds)
        return results

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """As passages are."""
        return self.encode(drafts)

    def encode_question(self, question: str) -> Vectors:
        """A question points where its words point."""
        self.questions.append(question)
        return meaning(question)


def meaning(text: str) -> Vectors:
    """The ideas of a text, counted, as a vector of length one; a text without any points along the last axis."""
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

"""The default encoder's layers, fine-tuned to read two texts together, and the files of their weights.

A file holds all weights but the word embeddings, which are those of the installed encoder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch

from index.bert import Bert, concatenate
from index.cross_encoders.marks import Pair, Text, read_text
from index.errors import EncoderError, WeightsMismatch
from index.pretrained import read_default

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from torch import Tensor

WORDS = "embeddings.word_embeddings.weight"
SEGMENTS = "embeddings.token_type_embeddings.weight"
MARKS = "marks.weight"
SCALE = ".scale"
HINT = "Install Pincite again: pip install --force-reinstall pincite."


@dataclass(frozen=True, slots=True)
class PairStates:
    """The states of one pair's tokens, each of shape (tokens, size)."""

    pair: Pair
    states: Tensor
    """The states of all tokens, `[CLS]` first."""

    @property
    def whole(self) -> Tensor:
        """The state of `[CLS]`, shape (size,)."""
        return self.states[0]

    @property
    def first(self) -> Tensor:
        """The states of the first text."""
        return self.states[1 : self.pair.first + 1]

    @property
    def second(self) -> Tensor:
        """The states of the second text."""
        return self.states[self.pair.first + 2 : -1]


class PairLayers:
    """The layers and their tokenizer: from pairs of texts to states of tokens.

    `weights` are the float32 weights of one of our files by name. Weights of other parts are ignored. Raises
    EncoderError if the default encoder is not complete.
    """

    def __init__(self, weights: dict[str, Tensor], precision: str) -> None:
        default = read_default()
        words = default.layers.state_dict()[WORDS]
        model = SimpleNamespace(config=default.layers.config, state_dict=lambda: {**weights, WORDS: words})
        self._layers = Bert(model, precision)
        self._tokenizer: Tokenizer = default.tokenizer
        segments = weights[SEGMENTS]
        self._added = torch.stack([segments - segments[0] + mark for mark in weights[MARKS]])  # (marks, segments, size)

    @property
    def size(self) -> int:
        """The length of a state."""
        return self._layers.size

    def read(self, text: str) -> Text:
        """Return the tokens and words of a text."""
        return read_text(self._tokenizer, text)

    def __call__(self, pairs: Sequence[Pair]) -> list[PairStates]:
        """Return the states of each pair, from one forward pass for all of them."""
        ids, lengths = concatenate([pair.ids for pair in pairs])
        marks, _ = concatenate([pair.marks for pair in pairs])
        segments, _ = concatenate([pair.segments for pair in pairs])
        states = torch.split(self._layers(ids, lengths, self._added[marks, segments]), lengths)
        return [PairStates(pair, pair_states) for pair, pair_states in zip(pairs, states, strict=True)]


def load_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Return the weights of one of our files, as float32.

    An integer weight is stored with a scale for each of its rows. Raises EncoderError if the file cannot be read, and
    WeightsMismatch if it is not the published one.
    """
    from safetensors.torch import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"The weights {path.name} could not be read: {error}.", HINT) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsMismatch(f"The weights {path.name} have sha256 {found}, not {sha256}.", HINT)
    stored = load(content)
    return {
        name: weight.float() * stored[name + SCALE].unsqueeze(-1) if name + SCALE in stored else weight.float()
        for name, weight in stored.items()
        if not name.endswith(SCALE)
    }

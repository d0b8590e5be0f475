"""The default encoder's layers, trained again for two texts that are read together, and the files of their weights.

A file holds all but the word embeddings, which stay those of the encoder that is installed anyway.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch

from index.bert import Bert, laid_end_to_end
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
    """What the layers make of one pair, each of shape (tokens, size)."""

    pair: Pair
    states: Tensor
    """Of all tokens, `[CLS]` first."""

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
    """The layers and their tokenizer: pairs of texts in, states of tokens out.

    `weights` are those of a file of ours, float32, by their names; those that do not belong to the layers are not read.
    Raises EncoderError where the default encoder is not there whole.
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
        """Length of a state."""
        return self._layers.size

    def read(self, text: str) -> Text:
        """A text's tokens and words."""
        return read_text(self._tokenizer, text)

    def __call__(self, pairs: Sequence[Pair]) -> list[PairStates]:
        """The states of each pair; one forward pass for all of them."""
        ids, lengths = laid_end_to_end([pair.ids for pair in pairs])
        marks, segments = (laid_end_to_end(each)[0] for each in ([p.marks for p in pairs], [p.segments for p in pairs]))
        states = torch.split(self._layers(ids, lengths, self._added[marks, segments]), lengths)
        return [PairStates(*each) for each in zip(pairs, states, strict=True)]


def load_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """The weights of a file of ours, as float32.

    A weight of whole numbers has a scale for each of its rows beside it. Raises EncoderError where the file cannot be
    read, and WeightsMismatch where it is not the one that was published.
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

"""The answer reader: which sentence of a passage answers a question, and whether any does.

The six layers of the default encoder, trained again (`training/reader.py`), read question and passage together. An
encoder sees a sentence without the question; the reader sees that a sentence has the right subject and yet not what was
asked for. It is one signal beside others: of questions that a page nearly answers it alone tells too few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.cross_encoders.marks import lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from index.cross_encoders.layers import PairStates
    from index.cross_encoders.marks import Text
    from index.records import Span

    Floats = np.ndarray[Any, np.dtype[np.float32]]

WEIGHTS = Path(__file__).with_name("reader.safetensors")
SHA256 = ""
"""Of the weights that this version was measured with; others are refused."""
LONGEST, LONGEST_QUESTION = 256, 60
"""Tokens of question and passage together, and of the question; what exceeds them is not read."""
UNREAD = -10.0
"""The logit of a sentence that was cut off, and of a question about nothing."""


@dataclass(frozen=True, slots=True)
class Window:
    """A run of sentences that is read at once."""

    text: str
    sentences: tuple[Span, ...]
    """Spans of `text`."""


class Verdict(NamedTuple):
    """What the reader says of one window. Logits: 0 is one chance in two, and higher is likelier."""

    sentences: Floats
    """For each sentence, that it answers."""
    any: float
    """That any of them does."""


class AnswerReader:
    """The model, ready to read; several threads may use it at a time.

    `weights` are those of `training.reader`, float32, by their names. Raises EncoderError where the default encoder,
    whose tokenizer and word embeddings it needs, is not there whole.
    """

    def __init__(self, weights: dict[str, Tensor], precision: str) -> None:
        from index.cross_encoders.layers import PairLayers

        self._layers = PairLayers(weights, precision)
        self._heads = _Heads(weights)

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """What each window says to the question, in the order of the windows; one forward pass for all of them."""
        if not windows:
            return []
        asked = self._layers.read(question)
        texts = [self._layers.read(window.text) for window in windows]
        pairs = [lay_out(asked, text, longest_first=LONGEST_QUESTION, longest=LONGEST) for text in texts]
        states = self._layers(pairs)
        return [self._heads(*each) for each in zip(windows, texts, states, strict=True)]


class _Heads:
    """From states of tokens to what the reader says, as `training.reader.Reader` has it."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        def arrays(*names: str) -> tuple[Floats, ...]:
            return tuple(weights[f"{name}.{part}"].numpy() for name in names for part in ("weight", "bias"))

        self._token = arrays("token")
        self._sentence = arrays("sentence.0", "sentence.3")
        self._any = arrays("any.0", "any.3")

    def __call__(self, window: Window, text: Text, found: PairStates) -> Verdict:
        states = found.second.numpy()
        whole = found.whole.numpy()
        said = np.full(len(window.sentences), UNREAD, dtype=np.float32)
        starts = [span.start for span in window.sentences]
        of_token = np.searchsorted(starts, [start for start, _ in text.offsets[: len(states)]], side="right") - 1
        read = [n for n in range(len(starts)) if (of_token == n).any()]
        if not read:
            return Verdict(said, UNREAD)
        weight, bias = self._token
        tokens = states @ weight[0] + bias
        parts = [states[of_token == n] for n in read]
        means = np.stack([part.mean(axis=0) for part in parts])
        highest = np.stack([part.max(axis=0) for part in parts])
        best = np.array([tokens[of_token == n].max() for n in read], dtype=np.float32)
        rows = np.broadcast_to(whole, means.shape)
        said[read] = _perceptron(np.column_stack([rows, means, highest, whole * means, best]), *self._sentence)
        shares = np.exp(said[read] - said[read].max())
        told = np.concatenate([whole, shares @ means / shares.sum(), [best.max()]])
        return Verdict(said, float(_perceptron(told[None], *self._any)[0]))


def _perceptron(rows: Floats, weight: Floats, bias: Floats, last_weight: Floats, last_bias: Floats) -> Floats:
    """Two linear layers with GELU between them, shape (rows, inputs) to (rows,)."""
    inner = rows @ weight.T + bias
    inner = inner * 0.5 * (1 + _erf(inner / math.sqrt(2)))
    return np.asarray((inner @ last_weight.T + last_bias)[:, 0], dtype=np.float32)


def _erf(values: Floats) -> Floats:
    import torch

    return np.asarray(torch.erf(torch.from_numpy(np.ascontiguousarray(values))).numpy())


@lru_cache(maxsize=2)
def load_reader(precision: str) -> AnswerReader:
    """The reader of this installation; one of it is shared by all libraries of a process.

    Raises EncoderError where its weights are not there, WeightsMismatch where they are not the published ones.
    """
    from index.cross_encoders.layers import load_weights
    from index.processor import choose_precision

    return AnswerReader(load_weights(WEIGHTS, SHA256), choose_precision(precision, "cpu", own=True))

"""The answer reader: which sentence of a passage answers a question, and whether any does.

The six layers of the default encoder, trained again (`training/reader.py`), read question and passage together. An
encoder sees a sentence without the question; the reader sees that a sentence has the right subject and yet not what was
asked for. It is one signal beside others: of questions that a page nearly answers it alone tells too few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.cross_encoders.marks import lay_out
from index.threads import one_core_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from index.cross_encoders.layers import PairStates
    from index.cross_encoders.marks import Text
    from index.records import Span

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Integers = np.ndarray[Any, np.dtype[np.intp]]

WEIGHTS = Path(__file__).with_name("reader.safetensors")
SHA256 = "da1b9c22ec7bcfdf9c6ecbb104318dde5557f2ff7c5369a3bcf50af4552acde2"
"""Of the weights that this version was measured with; others are refused."""
LONGEST, LONGEST_QUESTION = 256, 60
"""Tokens of question and passage together, and of the question; what exceeds them is not read."""
THREADS = 2
"""Cores that the windows of one question are read on."""
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
        self._threads = one_core_threads(THREADS, "pincite-reader")

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """What each window says to the question, in the order of the windows.

        Each is read alone, on one core: rounded to eight bits, what stands beside it would have a say.
        """
        asked = self._layers.read(question)
        return list(self._threads.map(lambda window: self._said(asked, window), windows))

    def _said(self, asked: Text, window: Window) -> Verdict:
        text = self._layers.read(window.text)
        pair = lay_out(asked, text, longest_first=LONGEST_QUESTION, longest=LONGEST)
        return self._heads(window, text, *self._layers([pair]))


class _Heads:
    """From states of tokens to what the reader says, as `training.reader.Reader` has it."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        def tensors(*names: str) -> tuple[Tensor, ...]:
            return tuple(weights[f"{name}.{part}"] for name in names for part in ("weight", "bias"))

        self._token = tensors("token")
        self._sentence = tensors("sentence.0", "sentence.3")
        self._any = tensors("any.0", "any.3")

    def __call__(self, window: Window, text: Text, found: PairStates) -> Verdict:
        from torch.nn.functional import linear

        said = np.full(len(window.sentences), UNREAD, dtype=np.float32)
        states, whole = found.second.numpy(), found.whole.numpy()
        places, firsts = _begins(window, text, len(states))
        if not len(places):
            return Verdict(said, UNREAD)
        tokens = linear(found.second, *self._token).numpy()[:, 0]
        means = np.add.reduceat(states, firsts) / np.diff(firsts, append=len(states))[:, None]
        best = np.maximum.reduceat(tokens, firsts)
        wholes = np.broadcast_to(whole, means.shape)
        rows = np.column_stack([wholes, means, np.maximum.reduceat(states, firsts), whole * means, best])
        logits = said[places] = _perceptron(rows, *self._sentence)
        shares = np.exp(logits - logits.max())  # of the likelier sentences the window has more
        told = np.concatenate([whole, shares @ means / shares.sum(), [best.max()]])
        return Verdict(said, float(_perceptron(told[None], *self._any)[0]))


def _begins(window: Window, text: Text, tokens: int) -> tuple[Integers, Integers]:
    """Which of the window's sentences have some of its first tokens, and the number of each one's first token."""
    starts = [span.start for span in window.sentences]
    of_token = np.searchsorted(starts, [start for start, _ in text.offsets[:tokens]], side="right") - 1
    places, firsts = np.unique(of_token, return_index=True)
    return places[places >= 0], firsts[places >= 0]


def _perceptron(rows: Floats, weight: Tensor, bias: Tensor, last_weight: Tensor, last_bias: Tensor) -> Floats:
    """Two linear layers with GELU between them, shape (rows, inputs) to (rows,).

    By torch, as all else here: its threads are limited, and those of numpy's matrix products are not.
    """
    import torch
    from torch.nn.functional import gelu, linear

    inner = gelu(linear(torch.from_numpy(rows.astype(np.float32)), weight, bias))
    return np.asarray(linear(inner, last_weight, last_bias)[:, 0].numpy(), dtype=np.float32)


@lru_cache(maxsize=2)
def load_reader(precision: str) -> AnswerReader:
    """The reader of this installation; one of it is shared by all libraries of a process.

    Raises EncoderError where its weights are not there, WeightsMismatch where they are not the published ones.
    """
    from index.cross_encoders.layers import load_weights

    return AnswerReader(load_weights(WEIGHTS, SHA256), _precision(precision))


def _precision(precision: str) -> str:
    """What is named; of `auto` eight bits, where they are quickest."""
    from index.bert import small_weights_work
    from index.processor import choose_precision, small_weights

    if precision == "auto" and small_weights() and small_weights_work():
        return "int8"
    return choose_precision(precision, "cpu", own=True)

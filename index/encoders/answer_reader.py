"""The answer reader: scores which sentence of a passage answers a question, and whether any does.

The six layers of the default encoder, fine-tuned (`training/reader.py`), read question and passage together. An encoder
sees a sentence without the question. The reader notices a sentence that has the right subject but not the answer. It is
one signal among others: alone, it recognises too few of the questions that a page nearly answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.encoders.pretrained import on_one_core, one_core_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from index.encoders.pairs import PairStates
    from index.records import Span

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Integers = np.ndarray[Any, np.dtype[np.intp]]


WEIGHTS = Path(__file__).with_name("reader.safetensors")
SHA256 = "b9feabe5d3c21ad8fee5c118010712c2a872429f3e8ab980b30c94343e10b0d8"
"""The hash of the weights that this version was measured with. Others are refused."""
MAX_TOKENS, MAX_QUESTION_TOKENS = 320, 100
"""Maximum tokens of question and passage together, and of the question. The rest is not read."""
THREADS = 2
"""Number of cores for the windows of one question."""
UNREAD = -10.0
"""The logit of a sentence that was cut off, and of a question without windows."""


@dataclass(frozen=True, slots=True)
class Window:
    """A run of sentences that is read in one pass."""

    text: str
    sentences: tuple[Span, ...]
    """Spans of `text`."""


class Verdict(NamedTuple):
    """The reader's logits for one window: 0 is a probability of one half, and higher is more probable."""

    sentences: Floats
    """For each sentence: that it answers."""
    any: float
    """For the window: that any sentence answers."""


class AnswerReader:
    """The loaded model. Several threads may use it at the same time.

    `weights` are the float32 weights of `training.reader` by name. The model needs the tokenizer and the word
    embeddings of the default encoder. Raises EncoderError if that one is not complete.
    """

    def __init__(self, weights: dict[str, Tensor], precision: str) -> None:
        from index.encoders.pairs import PairLayers

        self._layers = PairLayers(weights, precision, longest_first=MAX_QUESTION_TOKENS, longest=MAX_TOKENS)
        self._heads = _Heads(weights)
        self._threads = one_core_threads(THREADS, "pincite-reader")

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """Return the verdict on each window, in order.

        Each core reads its share of the windows in one pass: four short ones take three quarters of the time.
        """
        shares = _shares([len(window.text) for window in windows])
        read = self._threads.map(lambda share: self._verdicts(question, [windows[n] for n in share]), shares)
        verdicts = dict(zip(chain.from_iterable(shares), chain.from_iterable(read), strict=True))
        return [verdicts[n] for n in range(len(windows))]

    def _verdicts(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        return list(map(self._heads, windows, self._layers([(question, window.text) for window in windows])))


def follow_up(question: str, before: str, cited: str) -> str:
    """Return a question as the reader reads it after an earlier question, whose answer quoted some words."""
    return f"{question} | {before} {cited}"


def _shares(lengths: Sequence[int]) -> list[list[int]]:
    """Return the indices of the windows for each core, with about the same length in all."""
    shares: list[list[int]] = [[] for _ in lengths[:THREADS]]
    for n in sorted(range(len(lengths)), key=lambda n: -lengths[n]):
        min(shares, key=lambda share: sum(lengths[m] for m in share)).append(n)
    return shares


class _Heads:
    """The heads that turn states of tokens into a verdict, as in `training.reader.Reader`."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        def tensors(*names: str) -> tuple[Tensor, ...]:
            return tuple(weights[f"{name}.{part}"] for name in names for part in ("weight", "bias"))

        self._token = tensors("token")
        self._sentence = tensors("sentence.0", "sentence.3")
        self._any = tensors("any.0", "any.3")

    def __call__(self, window: Window, pair: PairStates) -> Verdict:
        from torch.nn.functional import linear

        sentences = np.full(len(window.sentences), UNREAD, dtype=np.float32)
        states, whole = pair.second.numpy(), pair.whole.numpy()
        places, firsts = _first_tokens(window, pair.offsets[: len(states)])
        if not len(places):
            return Verdict(sentences, UNREAD)
        tokens = linear(pair.second, *self._token).numpy()[:, 0]
        means = np.add.reduceat(states, firsts) / np.diff(firsts, append=len(states))[:, None]
        best = np.maximum.reduceat(tokens, firsts)
        wholes = np.broadcast_to(whole, means.shape)
        rows = np.column_stack([wholes, means, np.maximum.reduceat(states, firsts), whole * means, best])
        logits = sentences[places] = _perceptron(rows, *self._sentence)
        shares = np.exp(logits - logits.max())  # likelier sentences weigh more
        summary = np.concatenate([whole, shares @ means / shares.sum(), [best.max()]])
        return Verdict(sentences, float(_perceptron(summary[None], *self._any)[0]))


def _first_tokens(window: Window, tokens: Sequence[tuple[int, int]]) -> tuple[Integers, Integers]:
    """Return the indices of the sentences that have some of these tokens, and the index of each one's first token."""
    starts = [span.start for span in window.sentences]
    of_token = np.searchsorted(starts, [start for start, _ in tokens], side="right") - 1
    places, firsts = np.unique(of_token, return_index=True)
    return places[places >= 0], firsts[places >= 0]


def _perceptron(rows: Floats, weight: Tensor, bias: Tensor, last_weight: Tensor, last_bias: Tensor) -> Floats:
    """Return the output of two linear layers with GELU between them: shape (rows, inputs) to (rows,).

    By torch: its threads are limited, and those of numpy's matrix products are not.
    """
    import torch
    from torch.nn.functional import gelu, linear

    inner = gelu(linear(torch.from_numpy(rows.astype(np.float32)), weight, bias))
    return np.asarray(linear(inner, last_weight, last_bias)[:, 0].numpy(), dtype=np.float32)


@lru_cache(maxsize=2)
def load_reader(precision: str) -> AnswerReader:
    """Return the reader of this installation, which all libraries of a process share.

    Raises EncoderError if its weights are missing, and WeightsMismatch if they are not the published ones.
    """
    from index.encoders.pairs import load_weights
    from index.encoders.precision import choose_precision

    chosen = choose_precision(precision, "cpu", own=True, rough=True)
    return on_one_core(lambda: AnswerReader(load_weights(WEIGHTS, SHA256), chosen))

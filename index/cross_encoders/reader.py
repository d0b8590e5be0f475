"""The answer reader: which sentence of a passage answers a question, and whether any does.

The six layers of the default encoder, trained again (`training/reader.py`), read question and passage together. An
encoder sees a sentence without the question; the reader sees that a sentence has the right subject and yet not what was
asked for. It is one signal beside others: of questions that a page nearly answers it alone tells too few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
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

WEIGHTS = Path(__file__).with_name("reader.safetensors")
SHA256 = "842e11b6b9af973a91b97199521cb5446cecba607eab7cf50df292ceeaf76fb5"
"""Of the weights that this version was measured with; others are refused."""
LONGEST, LONGEST_QUESTION = 256, 60
"""Tokens of question and passage together, and of the question; what exceeds them is not read."""
THREADS = 2
"""Cores that one question is read on."""
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

        They are read in two halves of about equal length, on a core each.
        """
        if not windows:
            return []
        asked = self._layers.read(question)
        texts = [self._layers.read(window.text) for window in windows]
        pairs = [lay_out(asked, text, longest_first=LONGEST_QUESTION, longest=LONGEST) for text in texts]
        by_length = sorted(range(len(pairs)), key=lambda n: -len(pairs[n].ids))
        halves = [half for half in (by_length[::THREADS], by_length[1::THREADS]) if half]
        passes = self._threads.map(lambda half: self._layers([pairs[n] for n in half]), halves)
        states = dict(zip((n for half in halves for n in half), chain.from_iterable(passes), strict=True))
        ordered = [states[n] for n in range(len(pairs))]
        return self._threads.submit(self._heads, windows, texts, ordered).result()  # on one core, too


@dataclass(frozen=True, slots=True)
class _Pooled:
    """A window's states, pooled; the first axis of each array is that of the sentences that were read."""

    places: list[int]
    """Which of the window's sentences these are."""
    whole: Floats
    """The state of `[CLS]`."""
    means: Floats
    highest: Floats
    best: Floats
    """The greatest of the logits that a token is a part of the answer."""

    @property
    def rows(self) -> Floats:
        """What the head for sentences takes."""
        whole = np.broadcast_to(self.whole, self.means.shape)
        return np.column_stack([whole, self.means, self.highest, whole * self.means, self.best])

    def told(self, logits: Floats) -> Floats:
        """What the head for the window takes: the mean of its sentences, the likelier the weightier."""
        shares = np.exp(logits - logits.max())
        return np.concatenate([self.whole, shares @ self.means / shares.sum(), [self.best.max()]])


class _Heads:
    """From states of tokens to what the reader says, as `training.reader.Reader` has it."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        def tensors(*names: str) -> tuple[Tensor, ...]:
            return tuple(weights[f"{name}.{part}"] for name in names for part in ("weight", "bias"))

        self._token = tensors("token")
        self._sentence = tensors("sentence.0", "sentence.3")
        self._any = tensors("any.0", "any.3")

    def __call__(self, windows: Sequence[Window], texts: Sequence[Text], found: Sequence[PairStates]) -> list[Verdict]:
        pooled = [self._pooled(*each) for each in zip(windows, texts, found, strict=True)]
        read = [each for each in pooled if each.places]
        if not read:
            return [Verdict(np.full(len(window.sentences), UNREAD, dtype=np.float32), UNREAD) for window in windows]
        logits = _perceptron(np.concatenate([each.rows for each in read]), *self._sentence)
        borders = np.cumsum([len(each.places) for each in read])[:-1]
        told = [each.told(part) for each, part in zip(read, np.split(logits, borders), strict=True)]
        anys = iter(_perceptron(np.stack(told), *self._any).tolist())
        parts = iter(np.split(logits, borders))
        verdicts = []
        for window, each in zip(windows, pooled, strict=True):
            said = np.full(len(window.sentences), UNREAD, dtype=np.float32)
            if each.places:
                said[each.places] = next(parts)
            verdicts.append(Verdict(said, next(anys) if each.places else UNREAD))
        return verdicts

    def _pooled(self, window: Window, text: Text, found: PairStates) -> _Pooled:
        from torch.nn.functional import linear

        states = found.second.numpy()
        starts = [span.start for span in window.sentences]
        of_token = np.searchsorted(starts, [start for start, _ in text.offsets[: len(states)]], side="right") - 1
        places = [n for n in range(len(starts)) if (of_token == n).any()]
        tokens = linear(found.second, *self._token).numpy()[:, 0]
        parts = [states[of_token == n] for n in places]
        size = states.shape[1]
        return _Pooled(
            places,
            found.whole.numpy(),
            np.array([part.mean(axis=0) for part in parts], dtype=np.float32).reshape(-1, size),
            np.array([part.max(axis=0) for part in parts], dtype=np.float32).reshape(-1, size),
            np.array([tokens[of_token == n].max() for n in places], dtype=np.float32),
        )


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
    from index.processor import choose_precision

    return AnswerReader(load_weights(WEIGHTS, SHA256), choose_precision(precision, "cpu", own=True))

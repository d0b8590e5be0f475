"""The reranker: a cross-encoder of sentence-transformers that scores question and passage. It is off by default.

An encoder sees the passage without the question. A cross-encoder sees both at once. This ranks better and costs one
forward pass for each pair, so it is for the few best candidates. The model truncates a pair at its limit (`max_tokens`,
question and passage together), the longer text first: the end of a long passage is not read.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.errors import EncoderError
from index.processor import choose_device, choose_precision
from index.weights import load_cross_encoder, model_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.settings import Settings

BATCH_PAIRS = 8
"""Pairs in one forward pass. With passages of the usual length, this is about the encoder's batch of padded tokens."""
HINT = (
    "PINCITE_RERANKER takes a sentence-transformers cross-encoder with one score, such as "
    "cross-encoder/ms-marco-MiniLM-L6-v2, or its folder; unset it to search without one."
)


class Reranker(Protocol):
    """The interface of a reranker."""

    @property
    def name(self) -> str:
        """Model and revision. Two rerankers of the same name give the same scores."""
        ...

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return a score in [0, 1] for each passage, in order; higher is a better answer."""
        ...


def load_reranker(settings: Settings) -> Reranker | None:
    """Return the reranker of the settings; None if they name none. Raises EncoderError if it cannot be loaded."""
    if not settings.reranker:
        return None
    # Only the encoder supports weights in float16.
    precision = "auto" if settings.precision == "float16" else settings.precision
    return CrossEncoderReranker(settings.reranker, device=settings.device, precision=precision)


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder with one score for a pair, by its name on the hub or its folder.

    Raises EncoderError for a model that cannot be loaded, classifies pairs, or was not trained to score them.
    """

    def __init__(self, model: str, *, device: str = "auto", precision: str = "auto") -> None:
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self._model = load_cross_encoder("reranker", model, self.device, self.precision, HINT)
        _check(model, self._model)
        self._activation = _probability(self._model.activation_fn)
        self._lock = threading.Lock()
        self.name = model_name(model, self._model.config)
        self.max_tokens: int = int(self._model.tokenizer.model_max_length)

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """See `Reranker.score`. Raises EncoderError if the model fails or returns something that is not a number."""
        if not passages:
            return []
        pairs = [(question, passage) for passage in passages]
        try:
            with self._lock:
                scores = self._model.predict(
                    pairs, batch_size=BATCH_PAIRS, activation_fn=self._activation, show_progress_bar=False
                )
        except (RuntimeError, ValueError, LookupError, TypeError) as error:
            raise EncoderError(f"The reranker {self.name} failed: {error}".rstrip(".") + ".", HINT) from error
        if not np.isfinite(scores).all():
            raise EncoderError(f"The reranker {self.name} returned a score that is not a number.", HINT)
        return [float(score) for score in scores]


def _check(model: str, loaded: Any) -> None:
    """Raise EncoderError for a model that classifies, or whose head has random weights."""
    if loaded.num_labels != 1:
        raise EncoderError(
            f"The reranker {model!r} sorts pairs into {loaded.num_labels} classes and does not give one score.",
            HINT,
        )
    # sentence-transformers adds a head with random weights to a model without one, and only logs it.
    head = "ForSequenceClassification"
    trained = any(name.endswith(head) for name in loaded.config.architectures or ())
    if type(loaded.model).__name__.endswith(head) and not trained:
        raise EncoderError(f"The reranker {model!r} was not trained to score pairs: it has no scoring head.", HINT)


def _probability(own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the model's own activation if it maps logits into [0, 1] and grows with them, or else the sigmoid."""
    import torch

    values = own(torch.linspace(-30, 30, 61).unsqueeze(1))
    is_probability = bool(values.min() >= 0 and values.max() <= 1 and values[0] < values[-1])
    return own if is_probability else torch.nn.Sigmoid()

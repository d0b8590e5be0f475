"""Question and passage read together by a cross-encoder, through sentence-transformers; optional, and off by default.

An encoder sees the passage without the question. A cross-encoder sees both at once, which ranks better and costs one
forward pass for each pair: it is for the few best candidates. What exceeds its limit (`max_tokens`, question and
passage together) is truncated by the model, the longer of the two first: the end of a long passage is not read.
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
"""Pairs in one forward pass: with passages of the usual length, about the padded tokens that suit the encoder."""
HINT = (
    "PINCITE_RERANKER takes a sentence-transformers cross-encoder with one score, such as "
    "cross-encoder/ms-marco-MiniLM-L6-v2, or its folder; unset it to search without one."
)


class Reranker(Protocol):
    """What Pincite asks of a reranker."""

    @property
    def name(self) -> str:
        """Model and revision: two rerankers of one name give the same scores."""
        ...

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers, in [0, 1], higher is better; in the order of the passages."""
        ...


def load_reranker(settings: Settings) -> Reranker | None:
    """The reranker that the settings name, or None where they name none. Raises EncoderError where it cannot be had."""
    if not settings.reranker:
        return None
    # The encoder alone computes with weights in float16.
    precision = "auto" if settings.precision == "float16" else settings.precision
    return CrossEncoderReranker(settings.reranker, device=settings.device, precision=precision)


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder that gives a pair one score, by its name on the hub or its folder.

    Raises EncoderError for one that cannot be loaded, sorts pairs into classes, or was never trained to score them.
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
        """See `Reranker.score`. Raises EncoderError where the model fails, or gives what is no number."""
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
            raise EncoderError(f"The reranker {self.name} gave a score that is no number.", HINT)
        return [float(score) for score in scores]


def _check(model: str, loaded: Any) -> None:
    """Refuse what would score, but not what is asked for: classes, or a head with random weights."""
    if loaded.num_labels != 1:
        raise EncoderError(
            f"The reranker {model!r} sorts pairs into {loaded.num_labels} classes instead of giving them one score.",
            HINT,
        )
    # To a model without a head for scoring, sentence-transformers adds one whose weights are random, and only logs it.
    head = "ForSequenceClassification"
    trained = any(name.endswith(head) for name in loaded.config.architectures or ())
    if type(loaded.model).__name__.endswith(head) and not trained:
        raise EncoderError(f"The reranker {model!r} was not trained to score pairs: it has no head for it.", HINT)


def _probability(own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The model's own activation if it maps logits into [0, 1] and grows with them, else the sigmoid."""
    import torch

    values = own(torch.linspace(-30, 30, 61).unsqueeze(1))
    suits = bool(values.min() >= 0 and values.max() <= 1 and values[0] < values[-1])
    return own if suits else torch.nn.Sigmoid()

"""Cross-encoders: the verifier of claims, and the optional reranker.

An encoder sees the passage without the question. A cross-encoder sees both at once. This ranks better and costs one
forward pass for each pair, so it is for the few best candidates. The model truncates a pair at its limit (`max_tokens`,
question and passage together), the longer text first: the end of a long passage is not read.

The verifier reads a claim with a few sentences and says whether they support it, contradict it, or do neither
(`index.verification.judgement`). `training/` has the programs that trained it, and its model card.
"""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from index.encoders.precision import LIBRARY_PRECISIONS, choose_precision
from index.encoders.pretrained import choose_device, load_cross_encoder, model_name, on_one_core
from index.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from index.encoders.pairs import PairLayers, PairStates
    from index.settings import Settings

RERANKED_PAIRS = 8
"""Pairs in one forward pass. With passages of the usual length, this is about the encoder's batch of padded tokens."""
RERANKER_HINT = (
    "PINCITE_RERANKER takes a sentence-transformers cross-encoder with one score, such as "
    "cross-encoder/ms-marco-MiniLM-L6-v2, or its folder; unset it to search without one."
)
WEIGHTS = Path(__file__).with_name("verifier.safetensors")
SHA256 = "0b196c392d311c05e42d6c08018c3ed5fe48c0c8e6b40d805b8ff975e7cd2464"
NAME = "pincite-verifier"
OFF = "off"
MAX_CLAIM_TOKENS, MAX_PAIR_TOKENS = 80, 224
"""Maximum tokens. The end of a longer premise is not read: the model was trained on nothing longer."""
BATCH_PAIRS = 16
HINT = (
    "PINCITE_VERIFIER takes a sentence-transformers cross-encoder trained for natural language inference, such as "
    "cross-encoder/nli-deberta-v3-base, or its folder; unset it for the built-in one, or set it to off."
)
_NAMES_OF_SUPPORT = ("entailment", "entailed", "entail", "supported", "supports", "support")
_NAMES_OF_CONTRADICTION = ("contradiction", "contradicted", "contradict", "refuted", "refutes", "refute")


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
    return CrossEncoderReranker(settings.reranker, device=settings.device, precision=_library_precision(settings))


def _library_precision(settings: Settings) -> str:
    """Return the precision of a model that the library computes: it has not all that our own layers have."""
    return settings.precision if settings.precision in LIBRARY_PRECISIONS else "auto"


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder with one score for a pair, by its name on the hub or its folder.

    Raises EncoderError for a model that cannot be loaded, classifies pairs, or was not trained to score them.
    """

    def __init__(self, model: str, *, device: str = "auto", precision: str = "auto") -> None:
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self._model = load_cross_encoder("reranker", model, self.device, self.precision, RERANKER_HINT)
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
                    pairs, batch_size=RERANKED_PAIRS, activation_fn=self._activation, show_progress_bar=False
                )
        except (RuntimeError, ValueError, LookupError, TypeError) as error:
            raise EncoderError(f"The reranker {self.name} failed: {error}".rstrip(".") + ".", RERANKER_HINT) from error
        if not np.isfinite(scores).all():
            raise EncoderError(f"The reranker {self.name} returned a score that is not a number.", RERANKER_HINT)
        return [float(score) for score in scores]


def _check(model: str, loaded: Any) -> None:
    """Raise EncoderError for a model that classifies, or whose head has random weights."""
    if loaded.num_labels != 1:
        raise EncoderError(
            f"The reranker {model!r} sorts pairs into {loaded.num_labels} classes and does not give one score.",
            RERANKER_HINT,
        )
    # sentence-transformers adds a head with random weights to a model without one, and only logs it.
    head = "ForSequenceClassification"
    trained = any(name.endswith(head) for name in loaded.config.architectures or ())
    if type(loaded.model).__name__.endswith(head) and not trained:
        raise EncoderError(
            f"The reranker {model!r} was not trained to score pairs: it has no scoring head.", RERANKER_HINT
        )


def _probability(own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the model's own activation if it maps logits into [0, 1] and grows with them, or else the sigmoid."""
    import torch

    values = own(torch.linspace(-30, 30, 61).unsqueeze(1))
    is_probability = bool(values.min() >= 0 and values.max() <= 1 and values[0] < values[-1])
    return own if is_probability else torch.nn.Sigmoid()


class ClaimReading(NamedTuple):
    """What a verifier makes of a claim and a premise: two probabilities in [0, 1]; the rest is *not said*."""

    supported: float
    contradicted: float


class ClaimVerifier(Protocol):
    """The interface of a verifier."""

    @property
    def name(self) -> str:
        """Model and revision. Two verifiers of the same name give the same figures."""
        ...

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[ClaimReading]:
        """Return for each pair (claim, premise) whether the premise supports or contradicts the claim."""
        ...


def load_verifier(settings: Settings) -> ClaimVerifier | None:
    """Return the verifier of the settings, by default the built-in one; None if they switch it off.

    Raises EncoderError if the named one cannot be loaded. The built-in one is loaded at its first use.
    """
    model = settings.verifier.strip()
    if model.lower() == OFF:
        return None
    if model:
        return CrossEncoderVerifier(model, device=settings.device, precision=_library_precision(settings))
    return Verifier(settings.precision)


class Verifier:
    """The built-in model, on the CPU. It is thread-safe, and is loaded at its first use."""

    def __init__(self, precision: str = "auto", weights: Path = WEIGHTS, sha256: str = SHA256) -> None:
        self.name = f"{NAME}@{sha256[:12]}"
        self._precision, self._weights, self._sha256 = precision, weights, sha256
        self._model: _Model | None = None
        self._lock = threading.Lock()

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[ClaimReading]:
        """See `ClaimVerifier.read`. Raises EncoderError if the weights are damaged or missing."""
        return [ClaimReading(*row[:2]) for row in self.logits(pairs).softmax(-1).tolist()] if pairs else []

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Tensor:
        """Return the logits of each pair, shape (pairs, 3): supported, contradicted, not said."""
        import torch

        with self._lock:
            if self._model is None:
                self._model = on_one_core(partial(_Model.read, self._weights, self._sha256, self._precision))
        batches = [pairs[at : at + BATCH_PAIRS] for at in range(0, len(pairs), BATCH_PAIRS)]
        return torch.cat([self._model.logits(batch) for batch in batches])


class _Model:
    """The layers, and the head that turns their states into three logits."""

    def __init__(self, layers: PairLayers, weights: dict[str, Tensor]) -> None:
        from torch.nn import functional

        self._layers = layers
        self._dense, self._out = (
            partial(functional.linear, weight=weights[f"head.{name}.weight"], bias=weights[f"head.{name}.bias"])
            for name in ("dense", "out")
        )

    @classmethod
    def read(cls, path: Path, sha256: str, precision: str) -> _Model:
        from index.encoders.pairs import PairLayers, load_weights

        weights = load_weights(path, sha256)
        chosen = choose_precision(precision, "cpu", own=True, rough=True)
        return cls(PairLayers(weights, chosen, longest_first=MAX_CLAIM_TOKENS, longest=MAX_PAIR_TOKENS), weights)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Tensor:
        import torch
        from torch.nn import functional

        pooled = torch.stack([_pooled(states) for states in self._layers(pairs)])
        return self._out(functional.gelu(self._dense(pooled)))


def _pooled(states: PairStates) -> Tensor:
    """Return the state of the pair, the mean and the maximum of the claim's tokens in one row; shape (3 * size,)."""
    import torch

    claim = states.first if len(states.first) else torch.zeros_like(states.whole[None])
    return torch.cat([states.whole, claim.mean(0), claim.amax(0)])


class CrossEncoderVerifier:
    """Any sentence-transformers CrossEncoder trained for natural language inference, by its name on the hub or folder.

    The labels in its configuration say which class means support. Raises EncoderError for a model that cannot be loaded
    or has no such class.
    """

    def __init__(self, model: str, *, device: str = "auto", precision: str = "auto") -> None:
        self.device = choose_device(device)
        self._model = load_cross_encoder("verifier", model, self.device, choose_precision(precision, self.device), HINT)
        self._support, self._contradiction = _classes(model, self._model)
        self._lock = threading.Lock()
        self.name = model_name(model, self._model.config)

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[ClaimReading]:
        """See `ClaimVerifier.read`. Raises EncoderError if the model fails or its result is not a number."""
        import torch

        if not pairs:
            return []
        # Such models are trained on premise and hypothesis in this order.
        premises_first = [(premise, claim) for claim, premise in pairs]
        try:
            with self._lock:
                shares = self._model.predict(
                    premises_first,
                    batch_size=BATCH_PAIRS,
                    activation_fn=torch.nn.Softmax(dim=-1),
                    show_progress_bar=False,
                )
        except (RuntimeError, ValueError, LookupError, TypeError) as error:
            raise EncoderError(f"The verifier {self.name} failed: {error}".rstrip(".") + ".", HINT) from error
        if not np.isfinite(shares).all():
            raise EncoderError(f"The verifier {self.name} returned a probability that is not a number.", HINT)
        contradicted = [0.0] * len(shares) if self._contradiction is None else shares[:, self._contradiction]
        return [
            ClaimReading(float(row[self._support]), float(other))
            for row, other in zip(shares, contradicted, strict=True)
        ]


def _classes(model: str, loaded: Any) -> tuple[int, int | None]:
    """Return the indices of the classes that mean support and contradiction; the second may be missing.

    Raises EncoderError if the first is missing.
    """
    labels = {str(label).lower(): int(number) for number, label in (loaded.config.id2label or {}).items()}
    trained = any(name.endswith("ForSequenceClassification") for name in loaded.config.architectures or ())
    found = [labels[name] for name in _NAMES_OF_SUPPORT if name in labels]
    if not trained or not found or loaded.num_labels < 2:
        raise EncoderError(
            f"The verifier {model!r} was not trained for natural language inference: none of its classes "
            f"({', '.join(labels) or 'it has none'}) is called entailment or supported.",
            HINT,
        )
    return found[0], next((labels[name] for name in _NAMES_OF_CONTRADICTION if name in labels), None)

"""Whether a source supports a claim, by a model that reads both together: a second lock behind the rules of the check.

The built-in model is small. It can take back what the rules support, and outvote them where they miss little
(`index.checking.judgement`); it never accuses. `training/` has the programs that trained it, and its model card.
"""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from index.cross_encoders.marks import lay_out
from index.errors import EncoderError
from index.processor import choose_device, choose_precision
from index.weights import load_cross_encoder, model_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from index.cross_encoders.layers import PairLayers, PairStates
    from index.settings import Settings

WEIGHTS = Path(__file__).with_name("verifier.safetensors")
SHA256 = "9da08e710580e34c2cfcb38fa57c630b29b3b317b724db46615b9290a42cd7af"
NAME = "pincite-verifier"
OFF = "off"
LONGEST_CLAIM, LONGEST_PAIR = 64, 160
"""Tokens. What exceeds them at the end of the premise is not read; the model has seen nothing longer."""
BATCH_PAIRS = 16
SUPPORTED = 0
"""The first of the three classes; the others are contradicted and not said."""
HINT = (
    "PINCITE_VERIFIER takes a sentence-transformers cross-encoder trained for inference, such as "
    "cross-encoder/nli-deberta-v3-base, or its folder; unset it for the built-in one, or set it to off."
)
_NAMES_OF_SUPPORT = ("entailment", "entailed", "entail", "supported", "supports", "support")


class ClaimVerifier(Protocol):
    """What Pincite asks of a verifier."""

    @property
    def name(self) -> str:
        """Model and revision: two verifiers of one name give the same figures."""
        ...

    def supported(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Of each claim and premise, how probable it is that the premise supports the claim: in [0, 1]."""
        ...


def load_verifier(settings: Settings) -> ClaimVerifier | None:
    """The verifier that the settings name, by default the built-in one, or None where they switch it off.

    Raises EncoderError where the one that they name cannot be had. The built-in one is read at its first question.
    """
    named = settings.verifier.strip()
    if named.lower() == OFF:
        return None
    precision = "auto" if settings.precision == "float16" else settings.precision
    return CrossEncoderVerifier(named, device=settings.device, precision=precision) if named else Verifier(precision)


class Verifier:
    """The built-in model, on the processor. Any thread may ask; it is read from its file at the first question."""

    def __init__(self, precision: str = "auto", weights: Path = WEIGHTS, sha256: str = SHA256) -> None:
        self.name = f"{NAME}@{sha256[:12]}"
        self._precision, self._weights, self._sha256 = precision, weights, sha256
        self._model: _Model | None = None
        self._lock = threading.Lock()

    def supported(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """See `ClaimVerifier.supported`. Raises EncoderError where the weights are damaged or missing."""
        return [float(row[SUPPORTED]) for row in self.logits(pairs).softmax(-1)] if pairs else []

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Tensor:
        """Of each pair, shape (pairs, 3): supported, contradicted, not said."""
        import torch

        with self._lock:
            self._model = self._model or _Model.read(self._weights, self._sha256, self._precision)
        batches = [pairs[at : at + BATCH_PAIRS] for at in range(0, len(pairs), BATCH_PAIRS)]
        return torch.cat([self._model.logits(batch) for batch in batches])


class _Model:
    """Layers, and the head that turns their states into three numbers."""

    def __init__(self, layers: PairLayers, weights: dict[str, Tensor]) -> None:
        from torch.nn import functional

        self._layers = layers
        self._dense, self._out = (
            partial(functional.linear, weight=weights[f"head.{name}.weight"], bias=weights[f"head.{name}.bias"])
            for name in ("dense", "out")
        )

    @classmethod
    def read(cls, path: Path, sha256: str, precision: str) -> _Model:
        from index.cross_encoders.layers import PairLayers, load_weights

        weights = load_weights(path, sha256)
        return cls(PairLayers(weights, choose_precision(precision, "cpu", own=True)), weights)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Tensor:
        import torch
        from torch.nn import functional

        laid_out = [
            lay_out(
                self._layers.read(claim), self._layers.read(premise), longest_first=LONGEST_CLAIM, longest=LONGEST_PAIR
            )
            for claim, premise in pairs
        ]
        pooled = torch.stack([_pooled(states) for states in self._layers(laid_out)])
        return self._out(functional.gelu(self._dense(pooled)))


def _pooled(states: PairStates) -> Tensor:
    """The state of the pair, and mean and greatest values of the claim's tokens; shape (3 * size,)."""
    import torch

    claim = states.first if len(states.first) else torch.zeros_like(states.states[:1])
    return torch.cat([states.whole, claim.mean(0), claim.amax(0)])


class CrossEncoderVerifier:
    """Any sentence-transformers CrossEncoder trained for inference, by its name on the hub or its folder.

    Which of its classes means support is read from the labels of its configuration. Raises EncoderError for a model
    that cannot be loaded, or that names no such class.
    """

    def __init__(self, model: str, *, device: str = "auto", precision: str = "auto") -> None:
        self.device = choose_device(device)
        self._model = load_cross_encoder("verifier", model, self.device, choose_precision(precision, self.device), HINT)
        self._support = _class_of_support(model, self._model)
        self._lock = threading.Lock()
        self.name = model_name(model, self._model.config)

    def supported(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """See `ClaimVerifier.supported`. Raises EncoderError where the model fails, or gives what is no number."""
        import numpy as np
        import torch

        if not pairs:
            return []
        # Such models are trained on premise and hypothesis, in this order.
        turned = [(premise, claim) for claim, premise in pairs]
        try:
            with self._lock:
                shares = self._model.predict(
                    turned, batch_size=BATCH_PAIRS, activation_fn=torch.nn.Softmax(dim=-1), show_progress_bar=False
                )
        except (RuntimeError, ValueError, LookupError, TypeError) as error:
            raise EncoderError(f"The verifier {self.name} failed: {error}".rstrip(".") + ".", HINT) from error
        if not np.isfinite(shares).all():
            raise EncoderError(f"The verifier {self.name} gave a share that is no number.", HINT)
        return [float(row[self._support]) for row in shares]


def _class_of_support(model: str, loaded: Any) -> int:
    """The number of the class that means support."""
    labels = {str(label).lower(): int(number) for number, label in (loaded.config.id2label or {}).items()}
    trained = any(name.endswith("ForSequenceClassification") for name in loaded.config.architectures or ())
    found = [labels[name] for name in _NAMES_OF_SUPPORT if name in labels]
    if not trained or not found or loaded.num_labels < 2:
        raise EncoderError(
            f"The verifier {model!r} was not trained for inference: none of its classes "
            f"({', '.join(labels) or 'it has none'}) is called entailment or supported.",
            HINT,
        )
    return found[0]

"""BERT's forward pass over texts laid end to end: little padding, no dispatch through a model library. What it computes
is what the library computes, to the precision named.

Where a processor has AVX2 alone, weights are kept in float16 and multiplied in float32. `int8` is for what need not be
exact: a text read with a question.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    Linear = Callable[[Tensor], Tensor]

MANY, ROUNDED = 256, (8, 64)
"""Tokens are rounded up to a multiple of eight, or of 64 from so many on: for each number of rows that it meets, oneDNN
makes code and keeps it. Without rounding that came to 300 MB and more."""
BLOCK = 512
"""Tokens that go through the wide layer at a time: its 1,536 floats each stay in the cache of a core."""


@dataclass(frozen=True, slots=True)
class _Layer:
    queries_keys_values: Linear
    mixing: Linear
    mixed: tuple[Tensor, Tensor]
    """Weight and bias of the normalisation after attention."""
    widening: Linear
    narrowing: Linear
    narrowed: tuple[Tensor, Tensor]


class Bert:
    """The layers of one model, ready to multiply."""

    def __init__(self, model: Any, precision: str) -> None:
        weights = {name: weight.detach().float() for name, weight in model.state_dict().items()}
        self.size: int = model.config.hidden_size
        self._heads: int = model.config.num_attention_heads
        self._epsilon: float = model.config.layer_norm_eps
        self._half = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._multiplying = {"float16": _light, "int8": _small}.get(precision, _laid_out)
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._embedded = _pair(weights, "embeddings.LayerNorm")
        prefixes = [f"encoder.layer.{n}." for n in range(model.config.num_hidden_layers)]
        self._layers = [self._layer(weights, prefix) for prefix in prefixes]

    @torch.inference_mode()
    def __call__(self, ids: Tensor, lengths: Sequence[int], added: Tensor | None = None) -> Tensor:
        """The last state of each token, shape (tokens of all texts, size), float32.

        `ids` are the tokens of all texts, one text after the other; `lengths` says how many each text has. `added`, of
        the shape of the result, goes into the sum of embeddings: what is known of a token beside its word and place.
        """
        places = torch.cat([self._places[:length] for length in lengths])
        embedded = self._words.index_select(0, ids).add_(places)
        states = self._normal(embedded if added is None else embedded.add_(added), self._embedded)
        spare = -len(ids) % ROUNDED[len(ids) >= MANY]
        states = functional.pad(states, (0, 0, 0, spare))
        for layer in self._layers:
            attended = layer.mixing(self._attend(layer.queries_keys_values(states), lengths))
            states = self._normal(attended.add_(states), layer.mixed)
            wide = [layer.narrowing(functional.gelu(layer.widening(block))) for block in torch.split(states, BLOCK)]
            states = self._normal(torch.cat(wide).add_(states), layer.narrowed)
        return states[: len(ids)]

    def _attend(self, projected: Tensor, lengths: Sequence[int]) -> Tensor:
        """Each text's tokens to each other; none to what was added where numbers were rounded up."""
        mixed = []
        spare = len(projected) - sum(lengths)
        for text in torch.split(projected.view(len(projected), 3, self._heads, -1), [*lengths, spare])[:-1]:
            length = len(text)
            rounded = functional.pad(text.permute(1, 2, 0, 3), (0, 0, 0, -length % ROUNDED[0]))
            queries, keys, values = rounded.contiguous()
            scores = torch.bmm(queries, keys.transpose(1, 2)).float()
            scores[..., length:] = -torch.inf
            shares = torch.softmax(scores, dim=-1, out=scores).to(self._half)
            mixed.append(torch.bmm(shares, values)[:, :length].transpose(0, 1).reshape(-1, self.size))
        return functional.pad(torch.cat(mixed), (0, 0, 0, spare)).float()

    def _layer(self, weights: dict[str, Tensor], prefix: str) -> _Layer:
        projections = [_pair(weights, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
        weight, bias = (torch.cat(parts).view(3, -1) for parts in zip(*projections, strict=True))
        for each in (weight, bias):
            each[0] /= (self.size // self._heads) ** 0.5  # of the queries, so that their scores need no scaling
        return _Layer(
            self._projection(weight.view(-1, self.size), bias.view(-1)),
            self._plain(*_pair(weights, f"{prefix}attention.output.dense")),
            _pair(weights, f"{prefix}attention.output.LayerNorm"),
            self._plain(*_pair(weights, f"{prefix}intermediate.dense")),
            self._plain(*_pair(weights, f"{prefix}output.dense")),
            _pair(weights, f"{prefix}output.LayerNorm"),
        )

    def _projection(self, weight: Tensor, bias: Tensor) -> Linear:
        """To the precision in which attention goes on."""
        multiply = self._multiplying(weight.to(self._half), bias.to(self._half))
        return lambda states: multiply(states.to(self._half))

    def _plain(self, weight: Tensor, bias: Tensor) -> Linear:
        projection = self._projection(weight, bias)
        return lambda states: projection(states).float()

    def _normal(self, states: Tensor, pair: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(states, (self.size,), *pair, self._epsilon)


def fits(model: Any) -> bool:
    """Whether it is the plain model that this module computes, and no relative of it."""
    config = model.config
    plain = type(model).__name__ == "BertModel" and type(model).__module__.startswith("transformers.")
    return bool(
        plain
        and config.hidden_act == "gelu"
        and not config.is_decoder
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
    )


def light_weights_work() -> bool:
    """Whether this torch multiplies by weights that are kept in float16, and the product is what it should be."""
    return _works(_light, 0.001)


def small_weights_work() -> bool:
    """Whether this torch multiplies weights and states of eight bits, and the product is nearly what it should be."""
    return _works(_small, 0.03)


def laid_end_to_end(texts: Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
    """The tokens of all texts, one text after the other, and how many each text has: what `Bert` takes."""
    return torch.tensor(list(chain.from_iterable(texts)), dtype=torch.long), [len(text) for text in texts]


def mean_pooled(states: Tensor, lengths: Sequence[int]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The mean of each text's tokens, shape (texts, size), and each text's tokens, shape (its length, size)."""
    tokens = torch.split(states, list(lengths))
    return torch.stack([each.mean(dim=0) for each in tokens]), tokens


def _pair(weights: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _laid_out(weight: Tensor, bias: Tensor) -> Linear:
    """A layer whose weights lie as oneDNN reads them: a question need not lay them out, a third of its time."""
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        multiply = torch.ops.mkldnn._linear_pointwise
        multiply(weight[:1], packed, bias, "none", [], "")
    except (AttributeError, RuntimeError):  # a torch without it, or a processor that it does not know
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: multiply(states, packed, bias, "none", [], "")


def _works(layer: Callable[[Tensor, Tensor], Linear], tolerance: float) -> bool:
    generator = torch.Generator().manual_seed(0)
    states, weight = (torch.randn(2, 8, 64, generator=generator) for _ in range(2))
    try:
        found = layer(weight[0], weight[1, :, 0])(states[0])
    except (AttributeError, RuntimeError):
        return False
    exact = functional.linear(states[0], weight[0], weight[1, :, 0])
    return bool((found - exact).abs().max() < tolerance * exact.abs().max())


def _light(weight: Tensor, bias: Tensor) -> Linear:
    """A layer whose weights are kept in float16, all else in float32: half as much is read, and sums lose nothing."""
    packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    multiply = torch.ops.quantized.linear_dynamic_fp16
    return lambda states: multiply(states, packed)


def _small(weight: Tensor, bias: Tensor) -> Linear:
    """A layer whose weights are kept in eight bits, with a scale for each row; so are the states, for each product."""
    scales = (weight.abs().amax(dim=1) / 127).clamp(min=1e-9).double()
    zeros = torch.zeros(len(weight), dtype=torch.long)
    with warnings.catch_warnings():  # torch will take this away some day, and says so; `small_weights_work` then tells
        warnings.simplefilter("ignore")
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(rounded, bias)
    multiply = torch.ops.quantized.linear_dynamic
    return lambda states: multiply(states, packed)

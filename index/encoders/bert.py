"""The forward pass of BERT over concatenated texts: little padding, and no dispatch through a model library.

The result equals that of the library within the chosen precision. With `float16`, for processors with AVX2 but no
AVX-512, only weights are float16; products are float32. `int8` is for the answer reader, which need not be exact.
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

MANY, MULTIPLES = 256, (8, 64)
"""The number of tokens is rounded up to a multiple of 8, or of 64 from MANY on. oneDNN compiles code for each number of
rows, and keeps it: without rounding it took 300 MB and more."""
BLOCK = 512
"""Tokens that go through the intermediate layer at a time: their 1,536 floats each fit in the cache of a core."""


@dataclass(frozen=True, slots=True)
class _Layer:
    queries_keys_values: Linear
    attention_output: Linear
    attention_norm: tuple[Tensor, Tensor]
    """Weight and bias of the normalisation after attention."""
    intermediate: Linear
    output: Linear
    output_norm: tuple[Tensor, Tensor]


class Bert:
    """The layers of one BERT model, prepared for this processor."""

    def __init__(self, model: Any, precision: str) -> None:
        weights = {name: weight.detach().float() for name, weight in model.state_dict().items()}
        self.size: int = model.config.hidden_size
        self._heads: int = model.config.num_attention_heads
        self._epsilon: float = model.config.layer_norm_eps
        self._dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._make_linear = {"float16": _float16_weights, "int8": _int8}.get(precision, _prepacked)
        self._words = weights["embeddings.word_embeddings.weight"]
        self._positions = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._embedding_norm = _pair(weights, "embeddings.LayerNorm")
        prefixes = [f"encoder.layer.{n}." for n in range(model.config.num_hidden_layers)]
        self._layers = [self._layer(weights, prefix) for prefix in prefixes]

    @torch.inference_mode()
    def __call__(self, ids: Tensor, lengths: Sequence[int], added: Tensor | None = None) -> Tensor:
        """Return the last state of each token, shape (tokens of all texts, size), float32.

        `ids` are the tokens of all texts, one text after the other, and `lengths` the number of tokens of each text.
        `added`, of the shape of the result, is added to the embeddings: features of a token beside its word and
        position.
        """
        positions = torch.cat([self._positions[:length] for length in lengths])
        embedded = self._words.index_select(0, ids).add_(positions)
        states = self._normalise(embedded if added is None else embedded.add_(added), self._embedding_norm)
        spare = -len(ids) % MULTIPLES[len(ids) >= MANY]
        states = functional.pad(states, (0, 0, 0, spare))
        for layer in self._layers:
            attended = layer.attention_output(self._attend(layer.queries_keys_values(states), lengths))
            states = self._normalise(attended.add_(states), layer.attention_norm)
            wide = [layer.output(functional.gelu(layer.intermediate(block))) for block in torch.split(states, BLOCK)]
            states = self._normalise(torch.cat(wide).add_(states), layer.output_norm)
        return states[: len(ids)]

    def _attend(self, projected: Tensor, lengths: Sequence[int]) -> Tensor:
        """Return the attention of each text's tokens to each other, and to none of the padding."""
        attended = []
        spare = len(projected) - sum(lengths)
        for text in torch.split(projected.view(len(projected), 3, self._heads, -1), [*lengths, spare])[:-1]:
            length = len(text)
            rounded = functional.pad(text.permute(1, 2, 0, 3), (0, 0, 0, -length % MULTIPLES[0]))
            queries, keys, values = rounded.contiguous()
            scores = torch.bmm(queries, keys.transpose(1, 2)).float()
            scores[..., length:] = -torch.inf
            shares = torch.softmax(scores, dim=-1, out=scores).to(self._dtype)
            attended.append(torch.bmm(shares, values)[:, :length].transpose(0, 1).reshape(-1, self.size))
        return functional.pad(torch.cat(attended), (0, 0, 0, spare)).float()

    def _layer(self, weights: dict[str, Tensor], prefix: str) -> _Layer:
        projections = [_pair(weights, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
        weight, bias = (torch.cat(parts).view(3, -1) for parts in zip(*projections, strict=True))
        for parameter in (weight, bias):
            parameter[0] /= (self.size // self._heads) ** 0.5  # the queries, so that scores need no scaling
        return _Layer(
            self._projection(weight.view(-1, self.size), bias.view(-1)),
            self._float_projection(*_pair(weights, f"{prefix}attention.output.dense")),
            _pair(weights, f"{prefix}attention.output.LayerNorm"),
            self._float_projection(*_pair(weights, f"{prefix}intermediate.dense")),
            self._float_projection(*_pair(weights, f"{prefix}output.dense")),
            _pair(weights, f"{prefix}output.LayerNorm"),
        )

    def _projection(self, weight: Tensor, bias: Tensor) -> Linear:
        """Return a linear layer whose result has the precision of attention."""
        multiply = self._make_linear(weight.to(self._dtype), bias.to(self._dtype))
        return lambda states: multiply(states.to(self._dtype))

    def _float_projection(self, weight: Tensor, bias: Tensor) -> Linear:
        """Return a linear layer whose result is float32."""
        projection = self._projection(weight, bias)
        return lambda states: projection(states).float()

    def _normalise(self, states: Tensor, pair: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(states, (self.size,), *pair, self._epsilon)


def fits(model: Any) -> bool:
    """Return whether a model is the plain BERT that this module computes, and not a variant of it."""
    config = model.config
    plain = type(model).__name__ == "BertModel" and type(model).__module__.startswith("transformers.")
    return bool(
        plain
        and config.hidden_act == "gelu"
        and not config.is_decoder
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
    )


def float16_weights_work() -> bool:
    """Return whether this torch multiplies by weights in float16 with the right result."""
    return _is_right(_float16_weights, 0.001)


def int8_works() -> bool:
    """Return whether this torch multiplies weights and states of eight bits with nearly the right result."""
    return _is_right(_int8, 0.03)


def concatenate(texts: Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
    """Return the tokens of all texts in one tensor, and the number of each text's tokens: the input of `Bert`."""
    return torch.tensor(list(chain.from_iterable(texts)), dtype=torch.long), [len(text) for text in texts]


def mean_pooled(states: Tensor, lengths: Sequence[int]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the mean of each text's tokens, shape (texts, size), and each text's tokens, shape (its length, size)."""
    tokens = torch.split(states, list(lengths))
    return torch.stack([states_of_text.mean(dim=0) for states_of_text in tokens]), tokens


def _pair(weights: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _prepacked(weight: Tensor, bias: Tensor) -> Linear:
    """Return a layer with weights in oneDNN's layout. To convert them each time takes a third of a question's time."""
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        multiply = torch.ops.mkldnn._linear_pointwise
        multiply(weight[:1], packed, bias, "none", [], "")
    except (AttributeError, RuntimeError):  # this torch does not have it, or does not know the processor
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: multiply(states, packed, bias, "none", [], "")


def _is_right(layer: Callable[[Tensor, Tensor], Linear], tolerance: float) -> bool:
    generator = torch.Generator().manual_seed(0)
    states, weight = (torch.randn(2, 8, 64, generator=generator) for _ in range(2))
    try:
        found = layer(weight[0], weight[1, :, 0])(states[0])
    except (AttributeError, RuntimeError):
        return False
    exact = functional.linear(states[0], weight[0], weight[1, :, 0])
    return bool((found - exact).abs().max() < tolerance * exact.abs().max())


def _float16_weights(weight: Tensor, bias: Tensor) -> Linear:
    """Return a layer with weights in float16 and all else in float32: half the memory is read, and sums are exact."""
    packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    multiply = torch.ops.quantized.linear_dynamic_fp16
    return lambda states: multiply(states, packed)


def _int8(weight: Tensor, bias: Tensor) -> Linear:
    """Return a layer with weights of eight bits and a scale for each row. It rounds states likewise at each product."""
    scales = (weight.abs().amax(dim=1) / 127).clamp(min=1e-9).double()
    zeros = torch.zeros(len(weight), dtype=torch.long)
    with warnings.catch_warnings():  # torch will remove this some day, and warns; `int8_works` will then notice
        warnings.simplefilter("ignore")
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(rounded, bias)
    multiply = torch.ops.quantized.linear_dynamic
    return lambda states: multiply(states, packed)

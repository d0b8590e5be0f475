"""BERT's forward pass over texts laid end to end: little padding, no dispatch through a model library, and eight bits
where the processor multiplies those fastest. What it computes is what the library computes, to the precision named.

In eight bits each token's row is quantised by its own range, and each output's weights by theirs (as in LLM.int8,
Dettmers et al. 2022, but with asymmetric rows). Two things stay in bfloat16 because errors cost most there: queries,
keys and values; and short texts, in whose mean the first and the last token, with activations tenfold the others',
count for much. A question is such a text.

Where a processor has AVX2 alone, weights are kept in float16 and multiplied in float32.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
_ROW_TAIL = 8
"""The bytes after each row that was quantised: its scale and its least value, as float32."""


_MIXING, _WIDENING, _NARROWING = "attention.output.dense", "intermediate.dense", "output.dense"


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
    """The layers of one model, ready to multiply; eight bits only for texts of more than `short` tokens."""

    def __init__(self, model: Any, precision: str, *, short: int = 0) -> None:
        self._short = short
        weights = {name: weight.detach().float() for name, weight in model.state_dict().items()}
        self._size: int = model.config.hidden_size
        self._heads: int = model.config.num_attention_heads
        self._epsilon: float = model.config.layer_norm_eps
        self._half = torch.float32 if precision in ("float32", "float16") else torch.bfloat16
        self._multiplying = _light if precision == "float16" else _laid_out
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._embedded = _pair(weights, "embeddings.LayerNorm")
        prefixes = [f"encoder.layer.{n}." for n in range(model.config.num_hidden_layers)]
        self._layers = [self._layer(weights, prefix) for prefix in prefixes]
        self._quick = self._layers
        if precision == "int8":
            self._quick = [_quicker(layer, weights, at) for layer, at in zip(self._layers, prefixes, strict=True)]

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """The last state of each token, shape (tokens of all texts, size), float32."""
        lengths = [len(ids) for ids in texts]
        ids = torch.tensor(list(chain.from_iterable(texts)))
        places = torch.cat([self._places[:length] for length in lengths])
        states = self._normal(self._words.index_select(0, ids).add_(places), self._embedded)
        spare = -len(ids) % ROUNDED[len(ids) >= MANY]
        states = functional.pad(states, (0, 0, 0, spare))
        for layer in self._quick if min(lengths) > self._short else self._layers:
            attended = layer.mixing(self._attend(layer.queries_keys_values(states), lengths))
            states = self._normal(attended.add_(states), layer.mixed)
            wide = [layer.narrowing(functional.gelu(layer.widening(block))) for block in torch.split(states, BLOCK)]
            states = self._normal(torch.cat(wide).add_(states), layer.narrowed)
        return states[: len(ids)]

    def _attend(self, projected: Tensor, lengths: list[int]) -> Tensor:
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
            mixed.append(torch.bmm(shares, values)[:, :length].transpose(0, 1).reshape(-1, self._size))
        return functional.pad(torch.cat(mixed), (0, 0, 0, spare)).float()

    def _layer(self, weights: dict[str, Tensor], prefix: str) -> _Layer:
        projections = [_pair(weights, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
        weight, bias = (torch.cat(parts).view(3, -1) for parts in zip(*projections, strict=True))
        for each in (weight, bias):
            each[0] /= (self._size // self._heads) ** 0.5  # of the queries, so that their scores need no scaling
        return _Layer(
            self._projection(weight.view(-1, self._size), bias.view(-1)),
            self._plain(*_pair(weights, prefix + _MIXING)),
            _pair(weights, f"{prefix}attention.output.LayerNorm"),
            self._plain(*_pair(weights, prefix + _WIDENING)),
            self._plain(*_pair(weights, prefix + _NARROWING)),
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
        return functional.layer_norm(states, (self._size,), *pair, self._epsilon)


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


def computes(precision: str) -> bool:
    """Whether this torch has what layers in `int8` or `float16` are made of, and it computes what it should."""
    layer, most = {"int8": (_eight_bits, 0.05), "float16": (_light, 0.001)}[precision]
    generator = torch.Generator().manual_seed(0)
    states, weight = (torch.randn(2, 8, 64, generator=generator) for _ in range(2))
    try:
        found = layer(weight[0], weight[1, :, 0])(states[0])
    except (AttributeError, RuntimeError):
        return False
    exact = functional.linear(states[0], weight[0], weight[1, :, 0])
    return bool((found - exact).abs().max() < most * exact.abs().max())


def _pair(weights: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _quicker(layer: _Layer, weights: dict[str, Tensor], prefix: str) -> _Layer:
    """The same layer, what follows attention in eight bits."""
    dense = [_eight_bits(*_pair(weights, prefix + name)) for name in (_MIXING, _WIDENING, _NARROWING)]
    return replace(layer, mixing=dense[0], widening=dense[1], narrowing=dense[2])


def _laid_out(weight: Tensor, bias: Tensor) -> Linear:
    """A layer whose weights lie as oneDNN reads them: a question need not lay them out, a third of its time."""
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        multiply = torch.ops.mkldnn._linear_pointwise
        multiply(weight[:1], packed, bias, "none", [], "")
    except (AttributeError, RuntimeError):  # a torch without it, or a processor that it does not know
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: multiply(states, packed, bias, "none", [], "")


def _light(weight: Tensor, bias: Tensor) -> Linear:
    """A layer whose weights are kept in float16, all else in float32: half as much is read, and sums lose nothing."""
    packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    multiply = torch.ops.quantized.linear_dynamic_fp16
    return lambda states: multiply(states, packed)


def _eight_bits(weight: Tensor, bias: Tensor) -> Linear:
    """A layer whose inputs and weights are quantised to bytes, and whose sums are exact."""
    scales = weight.abs().amax(dim=1) / 127
    rounded = (weight / scales[:, None]).round()
    packed = torch.ops.onednn.qlinear_prepack(rounded.to(torch.int8), None)
    sums = rounded.sum(dim=1) * scales
    multiply = torch.ops.onednn.qlinear_pointwise

    def linear(states: Tensor) -> Tensor:
        rows = torch.ops.quantized.embedding_bag_byte_prepack(states)
        tail = rows[:, -_ROW_TAIL:].contiguous().view(torch.float32)
        data = rows[:, :-_ROW_TAIL].contiguous()
        out = multiply(data, 1.0, 0, packed, scales, None, None, 1.0, 0, torch.float32, "none", [], "")
        return torch.addr(bias, tail[:, 1], sums).addcmul_(out, tail[:, :1])

    return linear

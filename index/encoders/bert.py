"""The forward pass of BERT over concatenated texts: little padding, and no dispatch through a model library.

The result equals that of the library within the chosen precision. That is the precision of the linear layers and of
attention; embeddings, normalisation and the sums between layers are always float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any, Literal, Protocol

import torch
from torch.nn import functional

from index.encoders.pretrained import ROUGH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    Features = dict[str, Any]


LONG_INPUT_TOKENS, MULTIPLES = 256, (8, 64)
"""The number of tokens is rounded up to a multiple of 8, or of 64 from LONG_INPUT_TOKENS on. oneDNN compiles code for
each number of rows, and keeps it: without rounding it took 300 MB and more."""
BLOCK = 256
"""Tokens that go through the linear layers at a time: their 1,536 floats each fit in the cache of a core."""
CALIBRATION_TOKENS = 72
"""Random tokens that show which inputs of a layer are outliers. For real texts nearly the same are."""
EIGHT_BITS = 127
"""The highest absolute value of a rounded weight or state."""
OUTLIERS = 8
"""Inputs that an eight-bit layer multiplies in float32. BERT has a few whose states are ten times as large as the
others; rounded with one scale, they would leave the others no digits. Without this the cosine of a vector to that of
float32 is .996, with it .9996 or more for English texts."""
ROUNDING = 1.5 * 2**23
"""Added to a float32, it rounds it to an integer, which its last bits hold."""
MIN_GELU = -0.17
"""The minimum of GELU."""
Gelu = Literal["none", "before", "after"]
"""Whether GELU comes before or after the product of a layer. The layer computes only the latter."""
_MIN_SCALE = 1e-9


class Linear(Protocol):
    """A linear layer."""

    def __call__(self, states: Tensor, added: Tensor | None = None) -> Tensor:
        """Return the products. With `added`, shape (tokens, outputs), it is added to them, and the sum is float32."""
        ...


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
    """The layers of one BERT model, prepared for this processor in one of the precisions of `LAYERS`."""

    def __init__(self, model: Any, precision: str) -> None:
        weights = {name: weight.detach().float() for name, weight in model.state_dict().items()}
        self.size: int = model.config.hidden_size
        self._heads: int = model.config.num_attention_heads
        self._epsilon: float = model.config.layer_norm_eps
        self._precision = precision
        self._attention_dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._words = weights["embeddings.word_embeddings.weight"]
        self._positions = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._embedding_norm = _pair(weights, "embeddings.LayerNorm")
        prefixes = [f"encoder.layer.{n}." for n in range(model.config.num_hidden_layers)]
        self._layers = [self._layer(weights, prefix) for prefix in prefixes]
        if precision == "int8":
            tokens = min(CALIBRATION_TOKENS, len(self._positions))
            generator = torch.Generator().manual_seed(0)
            self(torch.randint(len(self._words), (tokens,), generator=generator), [tokens])

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
        rows = len(ids) + -len(ids) % MULTIPLES[len(ids) >= LONG_INPUT_TOKENS]
        states = functional.pad(states, (0, 0, 0, rows - len(ids)))
        blocks = [slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK)]
        texts = [slice(start, end) for start, end in pairwise([0, *accumulate(lengths)])]
        # All layers write into the same memory: to get new memory from the system takes a tenth of the time.
        projected = torch.empty(rows, 3 * self.size, dtype=self._attention_dtype)
        attended = torch.zeros(rows, self._heads, self.size // self._heads, dtype=self._attention_dtype)
        for layer in self._layers:
            for block in blocks:
                projected[block] = layer.queries_keys_values(states[block])
            for text in texts:
                attended[text] = self._attend(projected[text])
            for block in blocks:
                summed = layer.attention_output(attended[block].flatten(1), states[block])
                states[block] = self._feed_forward(layer, self._normalise(summed, layer.attention_norm))
        return states[: len(ids)]

    def _attend(self, projected: Tensor) -> Tensor:
        """Return the attention of a text's tokens to each other, shape (tokens, heads, size of a head)."""
        by_head = projected.view(len(projected), 3, self._heads, -1).permute(1, 2, 0, 3)
        queries, keys, values = by_head.unsqueeze(1)
        return functional.scaled_dot_product_attention(queries, keys, values, scale=1.0)[0].transpose(0, 1)

    def _feed_forward(self, layer: _Layer, states: Tensor) -> Tensor:
        return self._normalise(layer.output(layer.intermediate(states), states), layer.output_norm)

    def _layer(self, weights: dict[str, Tensor], prefix: str) -> _Layer:
        def linear(weight: Tensor, bias: Tensor, gelu: Gelu = "none") -> Linear:
            return LAYERS[self._precision](weight, bias, gelu)

        projections = [_pair(weights, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
        weight, bias = (torch.cat(parts).view(3, -1) for parts in zip(*projections, strict=True))
        for parameter in (weight, bias):
            parameter[0] /= (self.size // self._heads) ** 0.5  # the queries, so that scores need no scaling
        return _Layer(
            linear(weight.view(-1, self.size), bias.view(-1)),
            linear(*_pair(weights, f"{prefix}attention.output.dense")),
            _pair(weights, f"{prefix}attention.output.LayerNorm"),
            linear(*_pair(weights, f"{prefix}intermediate.dense"), "after"),
            linear(*_pair(weights, f"{prefix}output.dense"), "before"),
            _pair(weights, f"{prefix}output.LayerNorm"),
        )

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


def concatenate(texts: Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
    """Return the tokens of all texts in one tensor, and the number of each text's tokens: the input of `Bert`."""
    return torch.tensor(list(chain.from_iterable(texts)), dtype=torch.long), [len(text) for text in texts]


def mean_pooled(states: Tensor, lengths: Sequence[int]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the mean of each text's tokens, shape (texts, size), and each text's tokens, shape (its length, size)."""
    tokens = torch.split(states, list(lengths))
    return torch.stack([states_of_text.mean(dim=0) for states_of_text in tokens]), tokens


def _pair(weights: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def float32_layer(weight: Tensor, bias: Tensor, gelu: Gelu) -> Linear:
    """Return a layer in float32."""
    return _in_own_precision(_laid_out(weight, bias, gelu))


def bfloat16_layer(weight: Tensor, bias: Tensor, gelu: Gelu) -> Linear:
    """Return a layer that rounds weights and states to bfloat16. Its products are bfloat16, too."""
    multiply = _laid_out(weight.bfloat16(), bias.bfloat16(), gelu)
    return _in_own_precision(lambda states: multiply(states.bfloat16()))


def float16_layer(weight: Tensor, bias: Tensor, gelu: Gelu) -> Linear:
    """Return a layer with weights in float16 and all else in float32: half the memory is read, and sums are exact."""
    packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    multiply = torch.ops.quantized.linear_dynamic_fp16
    if gelu == "after":
        return _in_own_precision(lambda states: functional.gelu(multiply(states, packed)))
    return _in_own_precision(lambda states: multiply(states, packed))


class EightBits:
    """A layer with a scale for each row of its weight and for each token's state; sums are float32.

    This is enough for a model whose weights were published in eight bits: they are not rounded again.
    """

    def __init__(self, weight: Tensor, bias: Tensor, gelu: Gelu) -> None:
        """The layer may overwrite states that come from GELU."""
        self._gelu = gelu
        self._sums = self._round(weight, bias)

    def __call__(self, states: Tensor, added: Tensor | None = None) -> Tensor:
        """See `Linear`."""
        products = self._multiply(states)
        if self._gelu == "after":
            torch.ops.aten.gelu_(products)
        return products if added is None else products.add_(added)

    def _multiply(self, states: Tensor) -> Tensor:
        products, scales = self._products(states)
        return torch.addcmul(self._sums, products, scales, out=products)

    def _products(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Return the products of the rounded states, still to be multiplied by the scale of each token."""
        rounded, scales, zero = self._from_gelu(states) if self._gelu == "before" else self._rounded(states)
        products = torch.ops.onednn.qlinear_pointwise(
            rounded, 1.0, zero, self._weight, self._scales, self._zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return products, scales

    def _round(self, weight: Tensor, bias: Tensor, *, twice: bool = False) -> Tensor:
        """Round a weight; with `twice` its errors, too, as more outputs. Return what each sum begins with."""
        rounded, self._scales = _rounded_rows(weight)
        if twice:
            errors, scales_of_errors = _rounded_rows(weight - rounded * self._scales.unsqueeze(1))
            rounded, self._scales = torch.cat([rounded, errors]), torch.cat([self._scales, scales_of_errors])
        self._weight = torch.ops.onednn.qlinear_prepack(rounded, None)
        self._zeros = torch.zeros(len(rounded), dtype=torch.int32)
        self._zero = torch.full((weight.shape[1],), ROUNDING + (0 if self._gelu == "before" else 128))
        if self._gelu != "before":
            return bias
        # A state is stored as its distance from the minimum.
        return bias + (MIN_GELU * rounded.sum(dim=1) * self._scales).view(-1, len(bias)).sum(dim=0)

    def _rounded(self, states: Tensor) -> tuple[Tensor, Tensor, int]:
        """Return the states as unsigned bytes, the scale of each token, and the byte that stands for 0."""
        highest, lowest = states.amax(dim=1, keepdim=True), states.amin(dim=1, keepdim=True)
        scales = torch.maximum(highest, lowest.neg_()).div_(EIGHT_BITS).clamp_(min=_MIN_SCALE)
        return _bytes(torch.addcmul(self._zero, states, 1 / scales)), scales, 128

    def _from_gelu(self, states: Tensor) -> tuple[Tensor, Tensor, int]:
        """Do the same for states that are never below MIN_GELU: they use the whole range of a byte."""
        distances = states.sub_(MIN_GELU)
        scales = distances.amax(dim=1, keepdim=True).div_(255).clamp_(min=_MIN_SCALE)
        return _bytes(torch.addcmul(self._zero, distances, 1 / scales, out=distances)), scales, 0


class ExactEightBits(EightBits):
    """Eight bits for vectors: inputs that are outliers are multiplied in float32.

    After GELU the errors of the rounded weight are multiplied, too, as a second weight of eight bits: that layer makes
    half of the error of a vector. With it, the lowest cosine of degenerate texts (300 dots) is .9991, without .9985.

    Its first call shows it which inputs are outliers: it computes in float32, and rounds its weight thereafter. From
    then on, a token's products do not depend on other tokens.
    """

    def __init__(self, weight: Tensor, bias: Tensor, gelu: Gelu) -> None:
        """The layer may overwrite states that come from GELU."""
        self._gelu = gelu
        self._exact: tuple[Tensor, Tensor] | None = (weight, bias)

    def _multiply(self, states: Tensor) -> Tensor:
        if self._exact is not None:
            products = functional.linear(states, *self._exact)
            self._find_outliers(states, *self._exact)
            return products
        sums = self._multiply_outliers(states.index_select(1, self._outliers))
        if self._gelu == "before":
            rest = states.index_fill_(1, self._outliers, MIN_GELU)
        else:
            rest = states.index_fill(1, self._outliers, 0.0)
        products, scales = self._products(rest)
        for part in torch.split(products, sums.shape[1], dim=1):
            sums.addcmul_(part, scales)
        return sums

    def _find_outliers(self, states: Tensor, weight: Tensor, bias: Tensor) -> None:
        self._outliers = states.abs().amax(dim=0).topk(min(OUTLIERS, states.shape[1])).indices
        sums = self._round(weight.index_fill(1, self._outliers, 0.0), bias, twice=self._gelu == "before")
        self._multiply_outliers = _laid_out(weight.index_select(1, self._outliers), sums, "none")
        self._exact = None


def _rounded_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return a weight as signed bytes, and the scale of each row."""
    scales = (weight.abs().amax(dim=1) / EIGHT_BITS).clamp(min=_MIN_SCALE)
    return (weight / scales.unsqueeze(1)).round().to(torch.int8), scales


def _bytes(values: Tensor) -> Tensor:
    """Return the last byte of values to which ROUNDING was added: the nearest integer, modulo 256."""
    return values.view(torch.int32).to(torch.uint8)


LAYERS: dict[str, Callable[[Tensor, Tensor, Gelu], Linear]] = {
    "float32": float32_layer,
    "bfloat16": bfloat16_layer,
    "float16": float16_layer,
    "int8": ExactEightBits,
    ROUGH: EightBits,
}
_TOLERANCES = {"float32": 1e-5, "bfloat16": 0.02, "float16": 1e-3, "int8": 0.03, ROUGH: 0.03}


def works(precision: str) -> bool:
    """Return whether this torch computes a precision with nearly the right result on this processor.

    The layers use operations that torch may change. Without VNNI instructions, sums of eight-bit products overflow if
    weights and states are large: the first row of both is.
    """
    generator = torch.Generator().manual_seed(0)
    states, weight = (torch.randn(16, 64, generator=generator) for _ in range(2))
    states[0] = weight[0] = 1
    bias = weight[:, 0].clone()
    exact = functional.linear(states, weight, bias)
    try:
        layer = LAYERS[precision](weight, bias, "none")
        layer(states[1:])
        products = layer(states)
    except (AttributeError, RuntimeError):
        return False
    return bool((products - exact).abs().max() < _TOLERANCES[precision] * exact.abs().max())


def _in_own_precision(multiply: Callable[[Tensor], Tensor]) -> Linear:
    def layer(states: Tensor, added: Tensor | None = None) -> Tensor:
        products = multiply(states)
        return products if added is None else products.float().add_(added)

    return layer


def _laid_out(weight: Tensor, bias: Tensor, gelu: Gelu) -> Callable[[Tensor], Tensor]:
    """Return the product with a weight in oneDNN's layout: converting it each time takes a third of a question's."""
    activation, variant = ("gelu", "none") if gelu == "after" else ("none", "")
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight)
        multiply = torch.ops.mkldnn._linear_pointwise
        multiply(weight[:1], packed, bias, activation, [], variant)
    except (AttributeError, RuntimeError):  # this torch does not have it, or does not know the processor
        if gelu == "after":
            return lambda states: functional.gelu(functional.linear(states, weight, bias))
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: multiply(states, packed, bias, activation, [], variant)

"""Our own forward pass computes the states of the transformers library, to the given precision."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from index.encoders import bert
from index.encoders.bert import LAYERS, Bert, concatenate, fits, mean_pooled, works
from index.encoders.pretrained import ROUGH

if TYPE_CHECKING:
    from torch import Tensor

    from index.encoders.bert import Gelu

pytestmark = pytest.mark.model

SIZES: dict[str, Any] = {
    "vocab_size": 60,
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 90,
}
TEXTS = [[2, *range(5, 5 + length), 3] for length in (50, 1, 17, 0, 33)]


@pytest.fixture(scope="module")
def model() -> Any:
    """Build a model of three layers with different weights, biases and norms in each layer."""
    torch.manual_seed(3)
    model: Any = BertModel(BertConfig(**SIZES))
    model.eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return model


def expected(model: Any, ids: list[int]) -> Tensor:
    """Return the library's last hidden states of one text, run alone and without padding."""
    with torch.inference_mode():
        states: Tensor = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return states


def hidden_states(model: Any, precision: str, texts: list[list[int]] = TEXTS) -> Tensor:
    """Return our last hidden states of all texts."""
    return Bert(model, precision)(*concatenate(texts))


def least_cosine(first: Tensor, second: Tensor) -> float:
    """Return the lowest cosine between two states of the same token."""
    return float(functional.cosine_similarity(first, second, dim=-1).min())


def test_hidden_states_equal_those_of_the_library(model: Any) -> None:
    """States agree to the fifth digit, whatever other texts are in the batch."""
    states = torch.split(hidden_states(model, "float32"), [len(ids) for ids in TEXTS])
    for ids, ours in zip(TEXTS, states, strict=True):
        torch.testing.assert_close(ours, expected(model, ids), atol=1e-5, rtol=1e-5)


def test_float32_states_depend_on_neither_blocks_nor_layout(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """BLOCK affects the speed only, and weights are laid out in advance only where oneDNN can use it."""
    whole = hidden_states(model, "float32")
    monkeypatch.setattr(bert, "BLOCK", 7)
    torch.testing.assert_close(hidden_states(model, "float32"), whole, atol=1e-6, rtol=1e-6)
    laid_out = hidden_states(model, "float32")
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    torch.testing.assert_close(hidden_states(model, "float32"), laid_out, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not works("float16"), reason="this torch cannot multiply float16 weights")
def test_float16_weights_are_closer_than_bfloat16(model: Any) -> None:
    """Only the weights are rounded, to eleven bits; sums of products keep full precision."""
    exact, float16_states, bfloat16_states = (hidden_states(model, name) for name in ("float32", "float16", "bfloat16"))
    assert 0.99999 < least_cosine(exact, float16_states) < 1
    assert least_cosine(exact, float16_states) > least_cosine(exact, bfloat16_states)
    torch.testing.assert_close(float16_states, exact, atol=0.01, rtol=0.01)


def test_float16_weights_are_not_used_where_torch_miscomputes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operations are internal to torch and may change, so they are tried before they are used."""
    operations = torch.ops.quantized

    def doubled(*arguments: Any) -> Any:
        return 2 * operations.linear_dynamic_fp16(*arguments)

    def missing(*arguments: Any) -> Any:
        raise RuntimeError("no such operation")

    for change in (doubled, missing):
        changed = SimpleNamespace(linear_prepack_fp16=operations.linear_prepack_fp16, linear_dynamic_fp16=change)
        monkeypatch.setattr(torch.ops, "quantized", changed)
        assert not works("float16")
    monkeypatch.setattr(torch.ops, "quantized", SimpleNamespace())
    assert not works("float16")


def test_each_text_is_pooled_separately(model: Any) -> None:
    """The vector of a text is the mean of its own tokens, whichever texts share the batch."""
    ids, lengths = concatenate(TEXTS)
    vectors, tokens = mean_pooled(Bert(model, "float32")(ids, lengths), lengths)
    assert [len(states) for states in tokens] == [len(ids) for ids in TEXTS]
    for vector, text in zip(vectors, TEXTS, strict=True):
        torch.testing.assert_close(vector, expected(model, text).mean(dim=0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "supported"),
    [
        pytest.param({}, True, id="plain"),
        pytest.param({"hidden_act": "relu"}, False, id="another activation"),
        pytest.param({"is_decoder": True}, False, id="a decoder"),
        pytest.param({"position_embedding_type": "relative_key"}, False, id="relative positions"),
    ],
)
def test_only_plain_bert_uses_our_forward_pass(changes: dict[str, Any], supported: bool) -> None:
    """A model whose arithmetic differs is left to the library."""
    assert fits(BertModel(BertConfig(**SIZES, **changes))) is supported
    assert not fits(RobertaModel(RobertaConfig(**SIZES)))  # it counts positions differently


@pytest.mark.skipif(not works("int8"), reason="this torch cannot multiply int8 weights")
def test_int8_states_are_close_and_independent(model: Any) -> None:
    """Each token has a scale of its own: states turn by no more than a degree or two, whatever is in the batch."""
    exact = torch.cat([expected(model, ids) for ids in TEXTS])
    states = hidden_states(model, "int8")
    assert 0.999 < least_cosine(states, exact) < 1
    assert states.dtype == torch.float32
    layers = Bert(model, "int8")
    together = torch.split(layers(*concatenate(TEXTS)), [len(ids) for ids in TEXTS])
    for ids, states in zip(TEXTS, together, strict=True):
        torch.testing.assert_close(states, layers(*concatenate([ids])), atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not works("int8"), reason="this torch cannot multiply int8 weights")
def test_outliers_do_not_cost_the_other_inputs_their_digits() -> None:
    """A few inputs are a hundred times as large as the others: without them the products are as exact as before."""
    generator = torch.Generator().manual_seed(2)
    states, weight = torch.randn(64, 384, generator=generator), torch.randn(96, 384, generator=generator)
    states[:, [7, 200]] *= 100
    bias = torch.randn(96, generator=generator)
    layer = LAYERS["int8"](weight, bias, "none")
    layer(states)
    exact = functional.linear(states, weight, bias)
    assert (layer(states) - exact).abs().max() < 0.02 * functional.linear(states.clamp(-3, 3), weight, bias).abs().max()
    added = torch.randn(64, 96, generator=generator)
    torch.testing.assert_close(layer(states, added), layer(states) + added)


@pytest.mark.skipif(not works("int8"), reason="this torch cannot multiply int8 weights")
def test_errors_of_a_weight_after_gelu_are_multiplied_too() -> None:
    """One large weight leaves the others of its row few digits; a second weight of eight bits gives them back."""
    generator = torch.Generator().manual_seed(4)
    states, weight = torch.randn(64, 384, generator=generator), torch.randn(96, 384, generator=generator)
    weight[:, 300] = 30
    states = functional.gelu(states)
    exact = functional.linear(states, weight)
    errors = {}
    for precision in (ROUGH, "int8"):
        layer = LAYERS[precision](weight, torch.zeros(96), "before")
        layer(states.clone())
        errors[precision] = (layer(states.clone()) - exact).pow(2).mean()
    assert errors["int8"] < 0.1 * errors[ROUGH]


@pytest.mark.skipif(not works(ROUGH), reason="this torch cannot multiply int8 weights")
def test_weights_that_were_published_in_eight_bits_are_not_rounded_again() -> None:
    """The scale of each row is found again."""
    weight = torch.randint(-126, 127, (32, 64), generator=torch.Generator().manual_seed(5)).float()
    weight[:, 0] = 127
    weight *= torch.linspace(0.001, 0.1, 32).unsqueeze(1)
    products = LAYERS[ROUGH](weight, torch.zeros(32), "none")(torch.eye(64))
    torch.testing.assert_close(products, weight.T, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not works("int8"), reason="this torch cannot multiply int8 weights")
@pytest.mark.parametrize("gelu", ["none", "before"])
def test_rows_of_zeros_stay_zeros(gelu: Gelu) -> None:
    """The padding of a batch must not become something else."""
    layer = LAYERS["int8"](torch.ones(8, 16), torch.zeros(8), gelu)
    layer(torch.rand(4, 16))
    assert layer(torch.zeros(4, 16)).abs().max() < 0.01


def test_precision_that_torch_lacks_or_miscomputes_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing operation must not be an error; sums that overflow must not be used."""
    operations = torch.ops.onednn

    def overflowing(*arguments: Any) -> Any:
        return operations.qlinear_pointwise(*arguments).clamp(max=4000)

    changed = SimpleNamespace(qlinear_prepack=operations.qlinear_prepack, qlinear_pointwise=overflowing)
    for changed_operations in (changed, SimpleNamespace()):
        monkeypatch.setattr(torch.ops, "onednn", changed_operations)
        assert not works("int8")
        assert works("float32")

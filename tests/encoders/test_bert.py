"""Our own forward pass: what the model library computes, to the precision named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from index.encoders import bert
from index.encoders.bert import Bert, concatenate, fits, float16_weights_work, int8_works, mean_pooled

if TYPE_CHECKING:
    from torch import Tensor

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
    """Three layers whose weights differ from layer to layer, biases and normalisations included."""
    torch.manual_seed(3)
    model: Any = BertModel(BertConfig(**SIZES))
    model.eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return model


def expected(model: Any, ids: list[int]) -> Tensor:
    """The library's last states of one text, alone and without padding."""
    with torch.inference_mode():
        states: Tensor = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return states


def passed(model: Any, precision: str, texts: list[list[int]] = TEXTS) -> Tensor:
    """Our last states of all texts."""
    return Bert(model, precision)(*concatenate(texts))


def likeness(one: Tensor, other: Tensor) -> float:
    """The least cosine of two states of the same token."""
    return float(functional.cosine_similarity(one, other, dim=-1).min())


def test_each_token_has_the_state_that_the_library_gives_it(model: Any) -> None:
    """To the fifth digit, whatever texts are before and after it in the batch."""
    states = torch.split(passed(model, "float32"), [len(ids) for ids in TEXTS])
    for ids, found in zip(TEXTS, states, strict=True):
        torch.testing.assert_close(found, expected(model, ids), atol=1e-5, rtol=1e-5)


def test_blocks_do_not_matter(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many tokens go through the wide layer at a time is a matter of speed alone."""
    whole = passed(model, "float32")
    monkeypatch.setattr(bert, "BLOCK", 7)
    torch.testing.assert_close(passed(model, "float32"), whole, atol=1e-6, rtol=1e-6)


def test_a_torch_without_onednn_computes_the_same(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are laid out beforehand only where there is something to lay them out for."""
    laid_out = passed(model, "float32")
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    torch.testing.assert_close(passed(model, "float32"), laid_out, atol=1e-5, rtol=1e-5)


def test_half_the_precision_is_near(model: Any) -> None:
    """Bfloat16 turns no token's state by more than its eight bits of fraction let one expect."""
    exact, near = passed(model, "float32"), passed(model, "bfloat16")
    assert 0.999 < likeness(exact, near) < 1
    assert near.dtype == torch.float32


@pytest.mark.skipif(not float16_weights_work(), reason="this torch multiplies no weights in float16")
def test_weights_in_float16_are_very_near(model: Any) -> None:
    """What is rounded is the weights alone, to eleven bits; nothing is lost where products are added up."""
    exact, light, half = (passed(model, name) for name in ("float32", "float16", "bfloat16"))
    assert 0.99999 < likeness(exact, light) < 1
    assert likeness(exact, light) > likeness(exact, half)
    torch.testing.assert_close(light, exact, atol=0.01, rtol=0.01)


def test_float16_weights_are_not_used_where_they_compute_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operations are torch's own, and may change with it: they are tried before they are relied on."""
    operations = torch.ops.quantized

    def twice(*arguments: Any) -> Any:
        return 2 * operations.linear_dynamic_fp16(*arguments)

    def gone(*arguments: Any) -> Any:
        raise RuntimeError("no such operation")

    for change in (twice, gone):
        changed = SimpleNamespace(linear_prepack_fp16=operations.linear_prepack_fp16, linear_dynamic_fp16=change)
        monkeypatch.setattr(torch.ops, "quantized", changed)
        assert not float16_weights_work()
    monkeypatch.setattr(torch.ops, "quantized", SimpleNamespace())
    assert not float16_weights_work()


def test_texts_are_pooled_apart(model: Any) -> None:
    """Each text's vector is the mean of its own tokens, whichever texts lie beside it."""
    ids, lengths = concatenate(TEXTS)
    vectors, tokens = mean_pooled(Bert(model, "float32")(ids, lengths), lengths)
    assert [len(each) for each in tokens] == [len(each) for each in TEXTS]
    for vector, text in zip(vectors, TEXTS, strict=True):
        torch.testing.assert_close(vector, expected(model, text).mean(dim=0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "fitting"),
    [
        pytest.param({}, True, id="plain"),
        pytest.param({"hidden_act": "relu"}, False, id="another activation"),
        pytest.param({"is_decoder": True}, False, id="a decoder"),
        pytest.param({"position_embedding_type": "relative_key"}, False, id="relative positions"),
    ],
)
def test_only_plain_models_are_computed_here(changes: dict[str, Any], fitting: bool) -> None:
    """What differs in its arithmetic is left to the library."""
    assert fits(BertModel(BertConfig(**SIZES, **changes))) is fitting


def test_relatives_are_left_to_the_library() -> None:
    """RoBERTa counts positions otherwise, though its weights have the same names."""
    assert not fits(RobertaModel(RobertaConfig(**SIZES)))


@pytest.mark.skipif(not int8_works(), reason="this torch does not multiply eight bits")
def test_eight_bits_are_nearly_the_same(model: Any) -> None:
    """Rounded weights and states turn no state by more than a few degrees."""
    exact = torch.cat([expected(model, ids) for ids in TEXTS])
    assert likeness(passed(model, "int8"), exact) > 0.99


def test_a_torch_without_eight_bits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that is missing, or one that computes something else, is not used."""
    monkeypatch.setattr(torch.ops, "quantized", SimpleNamespace())
    assert not int8_works()

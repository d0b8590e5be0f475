"""Our own forward pass: what the model library computes, to the precision named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from index import bert
from index.bert import Bert, computes, fits
from index.processor import native_int8

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


def likeness(one: Tensor, other: Tensor) -> float:
    """The least cosine of two states of the same token."""
    return float(functional.cosine_similarity(one, other, dim=-1).min())


def test_each_token_has_the_state_that_the_library_gives_it(model: Any) -> None:
    """To the fifth digit, whatever texts are before and after it in the batch."""
    states = torch.split(Bert(model, "float32")(TEXTS), [len(ids) for ids in TEXTS])
    for ids, found in zip(TEXTS, states, strict=True):
        torch.testing.assert_close(found, expected(model, ids), atol=1e-5, rtol=1e-5)


def test_blocks_do_not_matter(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many tokens go through the wide layer at a time is a matter of speed alone."""
    whole = Bert(model, "float32")(TEXTS)
    monkeypatch.setattr(bert, "BLOCK", 7)
    torch.testing.assert_close(Bert(model, "float32")(TEXTS), whole, atol=1e-6, rtol=1e-6)


def test_a_torch_without_onednn_computes_the_same(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are laid out beforehand only where there is something to lay them out for."""
    laid_out = Bert(model, "float32")(TEXTS)
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    torch.testing.assert_close(Bert(model, "float32")(TEXTS), laid_out, atol=1e-5, rtol=1e-5)


def test_half_the_precision_is_near(model: Any) -> None:
    """Bfloat16 turns no token's state by more than its eight bits of fraction let one expect."""
    exact, near = Bert(model, "float32")(TEXTS), Bert(model, "bfloat16")(TEXTS)
    assert 0.999 < likeness(exact, near) < 1
    assert near.dtype == torch.float32


@pytest.mark.skipif(not computes("float16"), reason="this torch multiplies no weights in float16")
def test_weights_in_float16_are_very_near(model: Any) -> None:
    """What is rounded is the weights alone, to eleven bits; nothing is lost where products are added up."""
    exact, light, half = (Bert(model, name)(TEXTS) for name in ("float32", "float16", "bfloat16"))
    assert 0.99999 < likeness(exact, light) < 1
    assert likeness(exact, light) > likeness(exact, half)
    torch.testing.assert_close(light, exact, atol=0.01, rtol=0.01)


@pytest.mark.skipif(not native_int8(), reason="this processor multiplies bytes through sixteen bits")
def test_eight_bits_are_near_and_only_for_long_texts(model: Any) -> None:
    """A text that is short is computed as in bfloat16; the others are quantised, and near."""
    exact, half, quick = (Bert(model, name, short=20) for name in ("float32", "bfloat16", "int8"))
    long = [ids for ids in TEXTS if len(ids) > 20]
    assert 0.995 < likeness(exact(long), quick(long)) < likeness(exact(long), half(long))
    short = [ids for ids in TEXTS if len(ids) <= 20]
    assert torch.equal(quick(short), half(short))


def test_bytes_are_not_used_where_they_compute_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operations are torch's own, and may change with it: they are tried before they are relied on."""
    operations = torch.ops.onednn

    def twice(*arguments: Any) -> Any:
        return 2 * operations.qlinear_pointwise(*arguments)

    def gone(*arguments: Any) -> Any:
        raise RuntimeError("no such operation")

    for change in (twice, gone):
        changed = SimpleNamespace(qlinear_prepack=operations.qlinear_prepack, qlinear_pointwise=change)
        monkeypatch.setattr(torch.ops, "onednn", changed)
        assert not computes("int8")


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

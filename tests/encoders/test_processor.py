"""The precision follows the processor's features, and does not depend on torch's private functions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch

from index.encoders import pretrained

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = [private for _, private in pretrained.FEATURES.values()]


def test_public_and_private_feature_lists_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public table of features agrees with the private functions of earlier torch versions."""
    if not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this torch has no table of features")
    public = pretrained.cpu_features()
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(**{name: getattr(torch.cpu, name) for name in PRIVATE}))
    assert pretrained.cpu_features() == public


def test_unknown_features_fall_back_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of torch's functions may be missing, or all of them; float32 works on every processor."""
    for present in range(len(PRIVATE), -1, -1):
        functions = {name: lambda: True for name in PRIVATE[:present]}
        monkeypatch.setattr(torch, "cpu", SimpleNamespace(**functions))
        assert pretrained.cpu_features() == list(pretrained.FEATURES)[:present]
    assert pretrained.cpu_features() == []
    assert pretrained.choose_precision("auto", "cpu", own=True) == "float32"


@pytest.mark.parametrize(
    ("features", "precision"),
    [
        pytest.param({"avx2": True, "avx512_f": True, "avx512_bf16": True}, "bfloat16", id="AVX512-BF16"),
        pytest.param({"avx2": True, "avx512_f": True, "amx_tile": True}, "bfloat16", id="AMX"),
        pytest.param({"avx2": True, "avx512_f": True}, "float32", id="AVX-512 alone"),
        pytest.param({"avx2": True}, "float16", id="AVX2 alone"),
        pytest.param({"neon": True}, "float32", id="another architecture"),
    ],
)
def test_precision_follows_the_processor_features(
    features: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fastest precision is chosen; float16 weights are for our own layers only."""
    capabilities: Callable[[], dict[str, bool]] = lambda: features  # noqa: E731
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(get_capabilities=capabilities))
    assert pretrained.choose_precision("auto", "cpu", own=True) == precision
    assert pretrained.choose_precision("auto", "cpu") == (precision if precision == "bfloat16" else "float32")


@pytest.mark.parametrize(
    ("features", "preferred"), [({"avx512_vnni": True}, True), ({"avx2": True}, False), ({}, False)]
)
def test_int8_requires_avx512_vnni(features: dict[str, bool], preferred: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without AVX512-VNNI, sums of int8 products overflow."""
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(get_capabilities=lambda: features))
    assert pretrained.prefers_int8() == preferred

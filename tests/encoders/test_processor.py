"""What this machine computes with. Nothing depends on what torch keeps to itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch

from index.encoders import pretrained

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = [private for _, private in pretrained.FEATURES.values()]


def test_torch_tells_the_same_by_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public table of features agrees with the private functions of versions before it."""
    if not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this torch has no table of features")
    public = pretrained.cpu_features()
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(**{name: getattr(torch.cpu, name) for name in PRIVATE}))
    assert pretrained.cpu_features() == public


def test_a_torch_that_tells_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each function may go by itself, and all of them: then the precision is the one that computes everywhere."""
    for left in range(len(PRIVATE), -1, -1):
        known = {name: lambda: True for name in PRIVATE[:left]}
        monkeypatch.setattr(torch, "cpu", SimpleNamespace(**known))
        assert pretrained.cpu_features() == list(pretrained.FEATURES)[:left]
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
def test_the_precision_follows_the_features(
    features: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the processor multiplies quickest; weights in float16 for our own layers alone."""
    told: Callable[[], dict[str, bool]] = lambda: features  # noqa: E731
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(get_capabilities=told))
    assert pretrained.choose_precision("auto", "cpu", own=True) == precision
    assert pretrained.choose_precision("auto", "cpu") == (precision if precision == "bfloat16" else "float32")


@pytest.mark.parametrize(("features", "small"), [({"avx512_vnni": True}, True), ({"avx2": True}, False), ({}, False)])
def test_eight_bits_are_for_processors_whose_sums_hold_them(
    features: dict[str, bool], small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums of such products overflow where AVX512-VNNI is missing."""
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(get_capabilities=lambda: features))
    assert pretrained.prefers_int8() == small

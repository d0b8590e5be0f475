"""The names of the processor's features do not depend on torch's private functions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from index.encoders import pretrained

PRIVATE = [private for _, private in pretrained.FEATURES.values()]


def test_public_and_private_feature_lists_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public table of features agrees with the private functions of earlier torch versions."""
    if not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this torch has no table of features")
    public = pretrained.cpu_features()
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(**{name: getattr(torch.cpu, name) for name in PRIVATE}))
    assert pretrained.cpu_features() == public


def test_missing_functions_are_features_that_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of torch's functions may be missing, or all of them."""
    for present in range(len(PRIVATE), -1, -1):
        functions = {name: lambda: True for name in PRIVATE[:present]}
        monkeypatch.setattr(torch, "cpu", SimpleNamespace(**functions))
        assert pretrained.cpu_features() == list(pretrained.FEATURES)[:present]
    assert pretrained.cpu_features() == []

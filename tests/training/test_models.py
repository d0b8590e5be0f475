"""What is minimized, and what becomes of several checkpoints."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from training.average import averaged
from training.model import save
from training.train import SMOOTHING, losses, read_examples, train
from training.wrappers import CONTRADICTED, NOT_SAID, NOT_SUPPORTED, SUPPORTED

if TYPE_CHECKING:
    from pathlib import Path


def test_not_supported_leaves_open_which() -> None:
    """It costs the same whether contradicted or not said is the likelier, and more the likelier support is."""
    logits = torch.tensor([[-1.0, 3.0, 0.0], [-1.0, 0.0, 3.0], [3.0, 0.0, -1.0]])
    found = losses(logits, torch.tensor([NOT_SUPPORTED] * 3))
    assert found[0] == pytest.approx(float(found[1]))
    assert found[2] > 5 * found[0]
    support = float(logits[0].softmax(0)[SUPPORTED])
    smoothed = SMOOTHING / 3
    expected = -(smoothed * math.log(support) + (1 - smoothed) * math.log(1 - support))
    assert float(found[0]) == pytest.approx(expected, rel=1e-4)


def test_other_classes_are_told_apart() -> None:
    """A pair with a class of its own costs what its class costs, whatever stands beside it."""
    logits = torch.tensor([[2.0, -1.0, 0.5]] * 4)
    found = losses(logits, torch.tensor([SUPPORTED, CONTRADICTED, NOT_SAID, NOT_SUPPORTED]))
    plain = torch.nn.functional.cross_entropy(
        logits[:3], torch.tensor([0, 1, 2]), label_smoothing=SMOOTHING, reduction="none"
    )
    assert torch.allclose(found[:3], plain)


def test_average() -> None:
    """The mean of each table."""
    found = averaged([{"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([3.0, 6.0], dtype=torch.bfloat16)}])
    assert found["a"].tolist() == [2.0, 4.0]
    with pytest.raises(KeyError):
        averaged([{"a": torch.zeros(1)}, {"b": torch.zeros(1)}])


def test_a_second_stage_goes_on_from_weights(tmp_path: Path) -> None:
    """With no time at all what comes out is what went in."""
    row = {"premise": "It rained in Ulm.", "claim": "It rained.", "label": SUPPORTED, "weight": 2.0}
    (tmp_path / "train.jsonl").write_text((json.dumps(row) + "\n") * 3, encoding="utf-8")
    examples = read_examples(tmp_path / "train.jsonl")
    assert [(each.label, each.weight) for each in examples] == [(SUPPORTED, 2.0)] * 3
    model = train(examples, tmp_path, 1e-9, None)
    weights = {name: table + 1 for name, table in model.weights().items()}
    save(weights, tmp_path / "start.safetensors")
    (tmp_path / "out").mkdir()
    train(examples, tmp_path / "out", 1e-9, tmp_path / "start.safetensors")
    found = load_file(tmp_path / "out" / "verifier.safetensors")
    assert all(torch.equal(table, weights[name]) for name, table in found.items())

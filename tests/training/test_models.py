"""The loss of the verifier's training, and the average of several checkpoints."""

from __future__ import annotations

import json
import math
import random
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file

from training.average import averaged
from training.model import TrainedVerifier, rounded, save
from training.reader import _pin_losses
from training.sources import CONTRADICTED, NOT_SAID, NOT_SUPPORTED, SUPPORTED
from training.train import BATCH, SMOOTHING, batches, comparison, losses, read_examples, train

if TYPE_CHECKING:
    from pathlib import Path


def test_not_supported_label_accepts_both_other_classes() -> None:
    """The loss is the same for "contradicted" and "not said", and grows with the probability of "supported"."""
    logits = torch.tensor([[-1.0, 3.0, 0.0], [-1.0, 0.0, 3.0], [3.0, 0.0, -1.0]])
    loss = losses(logits, torch.tensor([NOT_SUPPORTED] * 3))
    assert loss[0] == pytest.approx(float(loss[1]))
    assert loss[2] > 5 * loss[0]
    support = float(logits[0].softmax(0)[SUPPORTED])
    smoothed = SMOOTHING / 3
    expected = -(smoothed * math.log(support) + (1 - smoothed) * math.log(1 - support))
    assert float(loss[0]) == pytest.approx(expected, rel=1e-4)


def test_specific_labels_use_cross_entropy() -> None:
    """The loss of a pair with a specific class does not depend on the other pairs of the batch."""
    logits = torch.tensor([[2.0, -1.0, 0.5]] * 4)
    loss = losses(logits, torch.tensor([SUPPORTED, CONTRADICTED, NOT_SAID, NOT_SUPPORTED]))
    expected = torch.nn.functional.cross_entropy(
        logits[:3], torch.tensor([0, 1, 2]), label_smoothing=SMOOTHING, reduction="none"
    )
    assert torch.allclose(loss[:3], expected)


def test_true_claims_compete_with_false_ones_about_the_same_window() -> None:
    """Scores are compared within a window only; without a true and a false claim there is no loss."""
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [-9.0, 9.0, 9.0]])

    def loss(*found: tuple[str, int]) -> float:
        batch: list[Any] = [SimpleNamespace(window=window, label=label) for window, label in found]
        return float(comparison(logits, batch))

    right = loss(("a", SUPPORTED), ("a", CONTRADICTED), ("b", NOT_SAID))
    assert 0 < right < 0.1
    assert loss(("a", CONTRADICTED), ("a", SUPPORTED), ("b", NOT_SAID)) > 10 * right
    assert loss(("a", SUPPORTED), ("b", CONTRADICTED), ("c", NOT_SAID)) == 0
    assert loss(("a", SUPPORTED), ("a", SUPPORTED), ("a", SUPPORTED)) == 0


def test_batches_keep_the_claims_of_a_window_together() -> None:
    """Each example comes once in a turn, and most batches have whole windows."""
    examples: list[Any] = [
        SimpleNamespace(pair=SimpleNamespace(ids=[0] * (n % 7)), window=str(n % 64), weight=n) for n in range(256)
    ]
    turn = list(islice(batches(examples, random.Random(1)), 256 // BATCH))
    assert sorted(example.weight for batch in turn for example in batch) == list(range(256))
    assert all(len({example.window for example in batch}) == BATCH // 4 for batch in turn)


def test_training_does_not_start_from_rounded_weights() -> None:
    """Their numbers mean nothing without the scales."""
    model = TrainedVerifier()
    with pytest.raises(ValueError, match="rounded"):
        model.load(rounded(model.weights()))


def test_average_is_the_mean_of_each_tensor() -> None:
    """Checkpoints with different tensors cannot be averaged."""
    weights = averaged([{"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([3.0, 6.0], dtype=torch.bfloat16)}])
    assert weights["a"].tolist() == [2.0, 4.0]
    with pytest.raises(KeyError):
        averaged([{"a": torch.zeros(1)}, {"b": torch.zeros(1)}])


def test_training_starts_from_the_given_weights(tmp_path: Path) -> None:
    """Training for almost no time leaves the weights as they were."""
    row = {"premise": "It rained in Ulm.", "claim": "It rained.", "label": SUPPORTED, "weight": 2.0}
    (tmp_path / "train.jsonl").write_text((json.dumps(row) + "\n") * 3, encoding="utf-8")
    examples = read_examples(tmp_path / "train.jsonl")
    assert [(example.label, example.weight) for example in examples] == [(SUPPORTED, 2.0)] * 3
    model = train(examples, tmp_path, 1e-9, None)
    weights = {name: table + 1 for name, table in model.weights().items()}
    save(weights, tmp_path / "start.safetensors")
    (tmp_path / "out").mkdir()
    train(examples, tmp_path / "out", 1e-9, tmp_path / "start.safetensors")
    trained = load_file(tmp_path / "out" / "verifier.safetensors")
    assert all(torch.equal(table, weights[name]) for name, table in trained.items())


def test_the_right_sentence_competes_with_those_of_other_passages() -> None:
    """The loss is that of a choice among the sentences of all windows of a question; a single window has none."""
    items: list[Any] = [SimpleNamespace(asked=n, denied=denied) for n, denied in ((1, False), (2, False), (1, False))]
    scores = torch.tensor([[2.0, 0.0], [9.0, 9.0], [1.0, -20.0]])
    gold = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    (loss,) = _pin_losses(items, scores, gold)
    assert float(loss) == pytest.approx(math.log(math.exp(2) + 1 + math.exp(1) + math.exp(-20)), rel=1e-4)
    items[2].denied = True
    assert list(_pin_losses(items, scores, gold)) == []

"""Trains the verifier:  python -m training.train DATA OUT --minutes 60

DATA is the output of `training.pairs`. The learning rate rises for a twentieth of the minutes and then falls to zero,
so a run can have any length. `--start WEIGHTS` continues from such weights, as a second stage. The program writes
`verifier.safetensors` (float32) to OUT at the end, and every ten minutes a checkpoint whose name is its minute.
`python -m training.average` averages several checkpoints.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from index.encoders.cross_encoders import MAX_CLAIM_TOKENS, MAX_PAIR_TOKENS
from index.encoders.pairs import lay_out, read_text
from index.encoders.pretrained import read_default
from training.model import TrainedVerifier, save
from training.sources import NOT_SUPPORTED, SUPPORTED, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.encoders.pairs import Pair

BATCH = 32
RATE = 1.2e-4
NEW_WEIGHTS = 3
"""The relative learning rate of the marks and the head, which are not trained before."""
WARM_UP = 0.05
SMOOTHING = 0.05
CHECKPOINT_MINUTES = 10
SEED = 13


@dataclass(frozen=True, slots=True)
class Example:
    """A pair in the form that the model reads, its class and its weight."""

    pair: Pair
    label: int
    weight: float
    window: str
    """The text of the window, which other pairs may share."""


def read_examples(path: Path) -> list[Example]:
    """Return the pairs of a file of `training.pairs`."""
    tokenizer = read_default().tokenizer
    examples = []
    for row in rows(path):
        claim, premise = (read_text(tokenizer, row[name]) for name in ("claim", "premise"))
        pair = lay_out(claim, premise, longest_first=MAX_CLAIM_TOKENS, longest=MAX_PAIR_TOKENS)
        examples.append(Example(pair, row["label"], row.get("weight", 1.0), row["premise"]))
    return examples


def batches(examples: list[Example], shuffled: random.Random) -> Iterator[list[Example]]:
    """Yield batches without end; each has the claims of its windows together, and windows of similar length."""
    windows: dict[str, list[Example]] = {}
    for example in examples:
        windows.setdefault(example.window, []).append(example)
    groups = list(windows.values())
    while True:
        shuffled.shuffle(groups)
        pools = [groups[at : at + BATCH * 25] for at in range(0, len(groups), BATCH * 25)]
        for pool in pools:
            pool.sort(key=lambda group: max(len(example.pair.ids) for example in group))
            ordered = [example for group in pool for example in group]
            cut = [ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH)]
            shuffled.shuffle(cut)
            yield from cut


def train(examples: list[Example], out: Path, minutes: float, start: Path | None) -> TrainedVerifier:
    """Train for `minutes`, and print the progress from time to time."""
    torch.manual_seed(SEED)
    model = TrainedVerifier()
    if start is not None:
        from safetensors.torch import load_file

        model.load(load_file(start))
    optimizer = torch.optim.AdamW(_groups(model), betas=(0.9, 0.98), fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    began = saved = time.monotonic()
    history: list[float] = []
    model.train()
    for batch in batches(examples, random.Random(SEED)):
        done = (time.monotonic() - began) / 60 / minutes
        if done >= 1:
            break
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(done / WARM_UP, (1 - done) / (1 - WARM_UP))
        history.append(_step(model, optimizer, batch))
        if len(history) % 100 == 0:
            speed = len(history) * BATCH / (time.monotonic() - began)
            loss = sum(history[-100:]) / 100
            print(f"step {len(history)}  done {done:.3f}  loss {loss:.4f}  {speed:.1f} pairs/s", flush=True)
        if time.monotonic() - saved > CHECKPOINT_MINUTES * 60:
            saved = time.monotonic()
            save(model.weights(), out / f"{(saved - began) / 60:.0f}.safetensors")
    save(model.weights(), out / "verifier.safetensors")
    facts = {"pairs": len(examples), "steps": len(history), "batch": BATCH, "rate": RATE, "minutes": minutes}
    (out / "train.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return model


def _step(model: TrainedVerifier, optimizer: torch.optim.Optimizer, batch: list[Example]) -> float:
    labels = torch.tensor([example.label for example in batch])
    weights = torch.tensor([example.weight for example in batch])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model([example.pair for example in batch])
    logits = logits.float()
    loss = (losses(logits, labels) * weights).sum() / weights.sum() + comparison(logits, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_([w for w in model.parameters() if w.requires_grad], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy of each pair, shape (pairs,); for *not supported*, that of one class against two."""
    unclear = labels == NOT_SUPPORTED
    plain = functional.cross_entropy(
        logits, labels.masked_fill(unclear, SUPPORTED), label_smoothing=SMOOTHING, reduction="none"
    )
    odds = _odds(logits)
    against = functional.binary_cross_entropy_with_logits(
        odds, torch.full_like(odds, SMOOTHING / logits.shape[1]), reduction="none"
    )
    return torch.where(unclear, against, plain)


def comparison(logits: torch.Tensor, batch: list[Example]) -> torch.Tensor:
    """Return the mean loss of pairs of a true and a false claim about one window: the true one should score higher."""
    odds = _odds(logits)
    true = [n for n, example in enumerate(batch) if example.label == SUPPORTED]
    false = [n for n, example in enumerate(batch) if example.label != SUPPORTED]
    pairs = [(n, m) for n in true for m in false if batch[n].window == batch[m].window]
    if not pairs:
        return torch.zeros(())
    better, worse = torch.tensor(pairs).T
    return functional.softplus(odds[worse] - odds[better]).mean()


def _odds(logits: torch.Tensor) -> torch.Tensor:
    """Return the logarithms of the odds of *supported* against the other classes."""
    return logits[:, SUPPORTED] - logits[:, SUPPORTED + 1 :].logsumexp(-1)


def _groups(model: TrainedVerifier) -> list[dict[str, Any]]:
    """Return the parameters by learning rate and weight decay; biases and normalisations do not decay."""
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            rate = RATE * (NEW_WEIGHTS if name.startswith(("marks", "head")) else 1)
            groups.setdefault((rate, 0.01 if weight.ndim > 1 else 0.0), []).append(weight)
    return [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()]


def main() -> None:
    """Train the verifier."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights from which the training continues")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    examples = read_examples(options.data / "train.jsonl")
    tokens = sum(len(example.pair.ids) for example in examples)
    print(f"{len(examples)} pairs, {tokens / len(examples):.1f} tokens each", flush=True)
    train(examples, options.out, options.minutes, options.start)


if __name__ == "__main__":
    main()

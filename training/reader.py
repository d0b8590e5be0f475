"""Trains the answer reader: python -m training.reader OUT --minutes 60

The six layers of the default encoder read a question and a passage together (`index.encoders.pairs` lays out the
input). There are three heads: for each token, whether it is part of the answer; for each sentence, whether it answers;
for the passage, whether any sentence answers. The first head only helps the layers to learn and the second one to find
the right sentence. The training has a seed, but the number of steps depends on the machine, because the schedule
follows the clock. `--start` continues from the weights of an earlier training.
"""

from __future__ import annotations

import argparse
import random
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from index.encoders.pairs import MARKS, lay_out, read_text
from index.encoders.pretrained import WEIGHTS, default_weights, read_default
from index.search.readings import ANY_SHARE
from training.reader_sets import (
    ALL_ANSWERED,
    CELLS,
    GATHERED,
    MANUALS,
    OURS,
    cells,
    claims,
    comments,
    held_out,
    manuals,
    own,
    policies,
    questions,
    selections,
    shifts,
    stories,
    withheld,
)
from training.reader_windows import epoch, window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from training.reader_sets import Question
    from training.reader_windows import Example

LONGEST, LONGEST_QUESTION = 320, 100
"""The maximum number of tokens of question and passage together, and of the question."""
SETS = ("squad_v2", "clapnq", "covidqa")
BATCH, RATE, WARMING = 16, 1e-4, 0.05
SORTED = 40
"""The questions of so many batches are sorted by the length of their windows, so that a batch has similar ones."""
HEAD_RATE = 4
"""The learning rate of the new parts, relative to that of the layers."""
WEIGHTS_OF = {"sentence": 1.0, "which": 0.5, "any": 0.5, "token": 1.0, "pin": 0.5}
TOKEN_POSITIVE = 4.0
"""The weight of a token of the answer, because only one token in thirty is part of it."""
CHECKPOINT_SECONDS = 600
TURNS = {GATHERED: 1, CELLS: 2, MANUALS: 6, OURS: 8} | dict.fromkeys(ALL_ANSWERED, 10)
"""The number of turns in which each question of these sets is asked once; it is 3 for the others, which are near misses
that people wrote. Our questions on gathered documents are most like what users ask."""
PARTS = ("marks", "token", "sentence", "any")
"""The parts of the reader beside the layers."""


class Item:
    """An example as numbers."""

    def __init__(self, tokenizer: Any, example: Example, asked: int = 0) -> None:
        self.asked = asked
        """The number of the question, of which there are several windows."""
        passage = read_text(tokenizer, example.text)
        self.pair = lay_out(
            read_text(tokenizer, example.question), passage, longest_first=LONGEST_QUESTION, longest=LONGEST
        )
        length = len(self.pair.ids) - self.pair.first - 3
        starts = np.array([span.start for span in example.sentences])
        offsets = passage.offsets[:length]
        self.sentence_of = np.searchsorted(starts, [a for a, _ in offsets], side="right") - 1
        self.gold = sorted(example.gold)
        self.sentences = len(example.sentences)
        self.answer = [any(a < s.end and s.start < b for s in example.answers) for a, b in offsets]
        self.exact = example.exact
        self.denied = example.denied
        self.answers = bool(example.gold) and not example.denied


class Reader(nn.Module):
    """The layers and the three heads."""

    def __init__(self) -> None:
        super().__init__()
        default = read_default()
        config = BertConfig(**{k: v for k, v in vars(default.layers.config).items() if k not in ("architectures",)})
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0  # few questions are seen twice
        config._attn_implementation = "sdpa"  # 1.6 times as fast as "eager" on a batch of 16 texts of 250 tokens
        self.bert = BertModel(config, add_pooling_layer=False)
        weights = {k: v.float() for k, v in load_file(default_weights() / WEIGHTS).items()}
        self.bert.load_state_dict({k: weights[k] for k in self.bert.state_dict() if k in weights})
        size = config.hidden_size
        self.marks = nn.Embedding(MARKS, size)
        nn.init.zeros_(self.marks.weight)
        self.token = nn.Linear(size, 1)
        self.sentence = nn.Sequential(nn.Linear(4 * size + 1, size), nn.GELU(), nn.Dropout(0.1), nn.Linear(size, 1))
        self.any = nn.Sequential(nn.Linear(2 * size + 1, size), nn.GELU(), nn.Dropout(0.1), nn.Linear(size, 1))

    def forward(self, items: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return logits of tokens, sentences and passages, the sentence of each token, and which sentences exist.

        Sentences of tokens are numbered from 1; 0 means none.
        """
        longest = max(len(item.pair.ids) for item in items)
        most = max(item.sentences for item in items)
        ids, segments, marks, seen, place = (torch.zeros(len(items), longest, dtype=torch.long) for _ in range(5))
        for row, item in enumerate(items):
            length, first = len(item.pair.ids), item.pair.first
            ids[row, :length] = torch.tensor(item.pair.ids)
            segments[row, :length] = torch.tensor(item.pair.segments)
            marks[row, :length] = torch.tensor(item.pair.marks)
            seen[row, :length] = 1
            place[row, first + 2 : length - 1] = torch.from_numpy(item.sentence_of) + 1
        embedded = self.bert.embeddings.word_embeddings(ids) + self.marks(marks)
        states = self.bert(inputs_embeds=embedded, attention_mask=seen, token_type_ids=segments).last_hidden_state
        states = states.float()
        one_hot = functional.one_hot(place, most + 1)[:, :, 1:].float()
        counts = one_hot.sum(1)
        means = torch.einsum("bnk,bnd->bkd", one_hot, states) / counts.clamp(min=1).unsqueeze(-1)
        index = place.unsqueeze(-1).expand(-1, -1, states.shape[-1])
        empty = states.new_full((len(items), most + 1, states.shape[-1]), -10.0)
        highest = empty.scatter_reduce(1, index, states, "amax")[:, 1:]
        tokens = self.token(states).squeeze(-1)
        best = tokens.new_full((len(items), most + 1), -10.0).scatter_reduce(1, place, tokens, "amax")[:, 1:]
        whole = states[:, :1].expand(-1, most, -1)
        parts = torch.cat([whole, means, highest, whole * means, best.unsqueeze(-1)], -1)
        real = counts > 0
        sentences = self.sentence(parts).squeeze(-1).masked_fill(~real, -20.0)
        shares = sentences.softmax(-1).unsqueeze(-1)
        features = torch.cat([states[:, 0], (means * shares).sum(1), best.max(1).values.unsqueeze(-1)], -1)
        return tokens, sentences, self.any(features).squeeze(-1), place, real


def loss_of(model: Reader, items: Sequence[Item]) -> Tensor:
    """Return the weighted sum of the losses of all heads."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        tokens, sentences, whole, place, real = model(items)
    tokens, sentences, whole = tokens.float(), sentences.float(), whole.float()
    gold, answer = torch.zeros_like(sentences), torch.zeros_like(tokens)
    exact, any_answers = torch.zeros(len(items), 1), torch.tensor([float(item.answers) for item in items])
    for row, item in enumerate(items):
        gold[row, item.gold] = 1
        answer[row, item.pair.first + 2 : len(item.pair.ids) - 1] = torch.tensor(item.answer, dtype=torch.float32)
        exact[row] = item.exact
    gold = gold * real
    losses = {
        "sentence": (functional.binary_cross_entropy_with_logits(sentences, gold, reduction="none") * real).sum()
        / real.sum(),
        "any": functional.binary_cross_entropy_with_logits(whole, any_answers),
        "token": (
            functional.binary_cross_entropy_with_logits(
                tokens, answer, reduction="none", pos_weight=torch.tensor(TOKEN_POSITIVE)
            )
            * (place > 0)
            * exact
        ).sum()
        / (place > 0).sum(),
    }
    has = gold.sum(1) > 0
    if has.any():
        right = sentences[has].masked_fill(gold[has] == 0, -1e4).logsumexp(1)
        losses["which"] = (sentences[has].logsumexp(1) - right).mean()
    pins = list(_pin_losses(items, sentences + ANY_SHARE * whole.unsqueeze(1), gold))
    if pins:
        losses["pin"] = torch.stack(pins).mean()
    return torch.stack([WEIGHTS_OF[name] * loss for name, loss in losses.items()]).sum()


def _pin_losses(items: Sequence[Item], scores: Tensor, gold: Tensor) -> Iterator[Tensor]:
    """Yield for each question with several windows how unlikely a right sentence is among the sentences of all."""
    rows: dict[int, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item.asked, []).append(row)
    for some in rows.values():
        right = gold[some] > 0
        if len(some) > 1 and right.any() and not any(items[row].denied for row in some):
            yield scores[some].logsumexp((0, 1)) - scores[some][right].logsumexp(0)


@torch.inference_mode()
def scores(model: Reader, items: Sequence[Item], batch: int = 48) -> list[tuple[np.ndarray[Any, Any], float]]:
    """Return for each item the logits of its sentences, and the logit that any of them answers."""
    model.eval()
    order = sorted(range(len(items)), key=lambda n: len(items[n].pair.ids))
    found: dict[int, tuple[np.ndarray[Any, Any], float]] = {}
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            _, sentences, whole, _, _ = model([items[n] for n in some])
        for row, n in enumerate(some):
            found[n] = sentences[row, : items[n].sentences].float().numpy(), float(whole[row])
    return [found[n] for n in range(len(items))]


def auroc(values: Sequence[float], positive: Sequence[bool]) -> float:
    """Return the probability that a positive has a higher value than a negative."""
    ranks = np.argsort(np.argsort(np.asarray(values))) + 1
    yes = np.asarray(positive, dtype=bool)
    many, few = yes.sum(), (~yes).sum()
    return float((ranks[yes].sum() - many * (many + 1) / 2) / max(many * few, 1))


def print_figures(model: Reader, tokenizer: Any, asked: dict[str, list[Question]]) -> None:
    """Print the figures of the reader on held-out questions."""
    for name, some in asked.items():
        chance = random.Random(5)
        examples = [window(question, chance, most=200) for question in some]
        results = scores(model, [Item(tokenizer, example) for example in examples])
        can = [bool(example.gold) for example in examples]
        pins = [
            int(z.argmax()) in example.gold for (z, _), example in zip(results, examples, strict=True) if example.gold
        ]
        line = f"  {name}: n {len(some)}, pins {np.mean(pins):.3f}"
        if not all(can):
            best = [float(z.max()) for z, _ in results]
            line += f", AUROC by sentence {auroc(best, can):.3f}, by passage {auroc([w for _, w in results], can):.3f}"
        print(line, flush=True)


def rate_at(share: float) -> float:
    """Return the factor of the learning rate after a share of the time: it rises, then falls to zero."""
    return min(1.0, (share + 1e-3) / WARMING) * max(0.0, 1.0 - share)


def save(model: Reader, path: Path) -> None:
    """Save all weights but the word embeddings, in bfloat16; the layers have the names that BERT gives them."""
    weights = {name.removeprefix("bert."): weight for name, weight in model.state_dict().items()}
    kept = {k: v.detach().to(torch.bfloat16).contiguous() for k, v in weights.items() if "word_embeddings" not in k}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v for k, v in kept.items() if "position_ids" not in k}, path)


def batches(known: Sequence[Question], tokenizer: Any, chance: random.Random) -> Iterator[list[Item]]:
    """Yield batches of similar lengths without end. Each turn has a share of each set, new windows and negatives."""
    sets: dict[int, list[Question]] = {}
    for question in known:
        sets.setdefault(_turns(question.group), []).append(question)
    shuffled = {turns: chance.sample(some, len(some)) for turns, some in sets.items()}
    for turn in count():
        asked = epoch([q for turns, some in shuffled.items() for q in some[turn % turns :: turns]], chance)
        print(f"turn {turn}: {len(asked)} questions, {sum(map(len, asked))} examples", flush=True)
        for n in range(0, len(asked), BATCH * SORTED):
            groups = [
                [Item(tokenizer, example, number) for example in examples]
                for number, examples in enumerate(asked[n : n + BATCH * SORTED])
            ]
            groups.sort(key=lambda items: max(len(item.pair.ids) for item in items))
            found: list[list[Item]] = [[]]
            for items in groups:
                if len(found[-1]) + len(items) > BATCH:
                    found.append([])
                found[-1] += items
            chance.shuffle(found)
            yield from found


def _turns(group: str) -> int:
    """Return the number of turns in which each question of a set is asked once: those like users' more often."""
    return next((turns for name, turns in TURNS.items() if group.startswith(name)), 3)


def optimizer_of(model: Reader, *, fresh: bool) -> torch.optim.Optimizer:
    """Return an optimizer of all weights but the embeddings; `fresh` parts learn faster than trained ones."""
    for parameter in model.bert.embeddings.parameters():
        parameter.requires_grad = False
    groups = [
        {
            "params": [p for n, p in model.named_parameters() if p.requires_grad and n.startswith(PARTS) == part],
            "weight_decay": 0.01,
            "scale": HEAD_RATE if part and fresh else 1,
        }
        for part in (False, True)
    ]
    return torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98), fused=True)


def step(model: Reader, optimizer: torch.optim.Optimizer, items: Sequence[Item], share: float) -> float:
    """Learn from a batch after a share of the time, and return its loss."""
    for group in optimizer.param_groups:
        group["lr"] = RATE * group["scale"] * rate_at(share)
    model.train()
    loss = loss_of(model, items)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def load_weights(model: Reader, path: Path) -> None:
    """Load the weights of an earlier training into the model; the word embeddings do not change."""
    weights = {k if k.startswith(PARTS) else f"bert.{k}": v.float() for k, v in load_file(path).items()}
    missing, unknown = model.load_state_dict(weights, strict=False)
    lost = [name for name in [*missing, *unknown] if "word_embeddings" not in name]
    if lost:
        raise ValueError(f"{path} does not match the weights of this reader: {', '.join(lost)}")


def split(sets: Path | None) -> tuple[list[Question], dict[str, list[Question]]]:
    """Return the questions to train on, and those that are held out, by set."""
    everything = [question for name in SETS for question in questions(name)] + list(claims())
    known = [question for question in everything if not held_out(question.name)]
    # Questions of ClapNQ are few, and people type such questions, so they are used twice.
    known += [question for question in known if question.group.startswith("clapnq")]
    unknown: dict[str, list[Question]] = {}
    for question in everything:
        if held_out(question.name):
            unknown.setdefault(question.group.split("/")[0], []).append(question)
    for question in (*own(sets), *manuals(sets), *cells(sets)) if sets else ():
        if withheld(question):
            unknown.setdefault(question.group.split("/")[0], []).append(question)
        else:
            known.append(question)
    if sets:
        known += [*shifts(sets), *selections(sets), *comments(sets), *policies(sets), *stories(sets)]
    return known, unknown


def train(out: Path, minutes: float, seed: int, sets: Path | None, start_from: Path | None) -> None:
    """Train for `minutes`, and save a checkpoint every ten minutes."""
    torch.manual_seed(seed)
    tokenizer = read_default().tokenizer
    known, unknown = split(sets)
    few = {name: random.Random(1).sample(some, min(300, len(some))) for name, some in unknown.items()}
    model = Reader()
    if start_from:
        load_weights(model, start_from)
    optimizer = optimizer_of(model, fresh=not start_from)
    start, paused, saved = time.monotonic(), 0.0, 0.0
    losses: list[float] = []
    for items in batches(known, tokenizer, random.Random(seed)):
        spent = time.monotonic() - start - paused
        if spent >= 60 * minutes:
            break
        losses.append(step(model, optimizer, items, spent / 60 / minutes))
        if len(losses) % 50 == 0:
            speed = len(losses) * BATCH / spent
            print(
                f"step {len(losses)}, {spent / 60:.1f} min, loss {np.mean(losses[-50:]):.3f}, {speed:.1f}/s", flush=True
            )
        if spent - saved > CHECKPOINT_SECONDS:
            saved, began = spent, time.monotonic()
            save(model, out.with_name(f"{out.stem}-{round(spent / 60)}{out.suffix}"))
            print_figures(model, tokenizer, few)
            paused += time.monotonic() - began
    save(model, out)
    print_figures(model, tokenizer, unknown)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--sets", type=Path, help="the folder of the sets that are not in ../shared/eval; without it they are not used"
    )
    parser.add_argument("--start", type=Path, help="weights from which the training continues")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(options.out, options.minutes, options.seed, options.sets, options.start)

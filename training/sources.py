"""Reads the public training pairs, whose labels people gave.

README.md has their licences. `--eval` names the folder of the public evaluation sets, and `--sets` the folder with the
files that README.md lists.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

SUPPORTED, CONTRADICTED, NOT_SAID, NOT_SUPPORTED = range(4)
"""The classes of a pair; the last one is contradicted or not said."""
LABELS = {
    "entailment": SUPPORTED, "contradiction": CONTRADICTED, "neutral": NOT_SAID,
    "SUPPORTS": SUPPORTED, "REFUTES": CONTRADICTED, "NOT ENOUGH INFO": NOT_SAID,
    "SUPPORT": SUPPORTED, "CONTRADICT": CONTRADICTED, "not_entailment": NOT_SUPPORTED,
}  # fmt: skip
SNLI_LABELS = {"0": SUPPORTED, "1": NOT_SAID, "2": CONTRADICTED}


OURS = "ours"
"""The kind of the claims that we wrote for training (`training.passages`)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A pair and its class; all pairs with the same `origin` are held out, or none of them."""

    premise: str
    claim: str
    label: int
    kind: str
    origin: str


def share(name: str, parts: int) -> int:
    """Return the part, from 0 to `parts` - 1, to which a name always belongs."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % parts


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file with one JSON object in each line."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def scifact_claims(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the claims with labelled rationales: those for training, and the quarter that is held out."""
    found = rows(folder / "scifact" / "rationales.jsonl")
    return [r for r in found if share(r["claim_id"], 4)], [r for r in found if not share(r["claim_id"], 4)]


def labelled(evaluation: Path, sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield pairs that people wrote or checked; larger sets are sampled for the mixture."""
    for amount, reader in (
        (7_000, fever(sets / "fever_pairs")),
        (1_200, fooled(sets / "fool_me_twice" / "dev.jsonl")),
        (1_400, fooled(sets / "fool_me_twice" / "test.jsonl")),
        (1_420, _vitaminc(sets / "fever_symmetric" / "dev.jsonl", "FEVER symmetric")),
        (1_420, _vitaminc(sets / "fever_symmetric" / "test.jsonl", "FEVER symmetric")),
        (5_000, _corrected(sets / "counterfactual")),
        (1_500, _snli(evaluation / "nli" / "snli_val.tsv")),
        (1_500, _columns(evaluation / "nli" / "conj15k.tsv", "Premise", "Hypothesis", "Label", "ConjNLI")),
        (1_200, _columns(evaluation / "nli" / "MED.tsv", "sentence1", "sentence2", "gold_label", "MED")),
        (700, _columns(evaluation / "nli" / "neg_mnli.txt", "Text", "Hypothesis", "gold_label", "negated MultiNLI")),
    ):
        found = list(reader)
        yield from chance.sample(found, min(amount, len(found)))


def untokenized(text: str) -> str:
    """Rejoin the tokens of a tokenizer to text as people write it."""
    for found, written in (("-LRB-", "("), ("-RRB-", ")"), ("``", '"'), ("''", '"'), ("-LSB-", "["), ("-RSB-", "]")):
        text = text.replace(found, written)
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([,.;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[$£€]) ", r"\1", text)
    text = re.sub(r" (n't|['’](?:s|re|ve|ll|d|m)\b)", r"\1", text)
    text = re.sub(r"(\w) - (\w)", r"\1-\2", text)
    return re.sub(r'" ([^"]*?) ?"', r'"\1"', text)


def fever(folder: Path) -> Iterator[Labelled]:
    """Yield FEVER's development claims with sentences that prove them or do not."""
    lines = [
        (folder / f"dev.{name}").read_text(encoding="utf-8").splitlines()
        for name in ("raw.input0", "raw.input1", "label")
    ]
    for premise, claim, label in zip(*lines, strict=True):
        yield Labelled(untokenized(premise), untokenized(claim), LABELS[label], "FEVER", premise)


def fooled(path: Path) -> Iterator[Labelled]:
    """Yield claims that people wrote to fool other people, with the sentences of the article that decide them."""
    for row in rows(path):
        premise = " ".join(" ".join(sentence["text"].split()) for sentence in row["gold_evidence"])
        yield Labelled(premise, row["text"].strip(), LABELS[row["label"]], "Fool Me Twice", row["wikipedia_page"])


def _vitaminc(path: Path, kind: str) -> Iterator[Labelled]:
    for row in rows(path):
        texts = untokenized(row["evidence"]), untokenized(row["claim"])
        yield Labelled(*texts, LABELS[row["label"]], kind, row.get("page") or row["id"])


def _snli(path: Path) -> Iterator[Labelled]:
    for row in _table(path):
        if row["label"] in SNLI_LABELS:
            yield Labelled(row["premise"], row["hypothesis"], SNLI_LABELS[row["label"]], "SNLI", row["premise"])


def _corrected(folder: Path) -> Iterator[Labelled]:
    """Yield pairs of SNLI of which people changed one text, so that the label changed, too."""
    for part in ("train", "dev", "test"):
        yield from _columns(folder / f"{part}.tsv", "sentence1", "sentence2", "gold_label", "corrected SNLI")


def _columns(path: Path, premise: str, claim: str, label: str, kind: str) -> Iterator[Labelled]:
    for row in _table(path):
        if row[label] in LABELS:
            yield Labelled(row[premise], row[claim], LABELS[row[label]], kind, row[premise])


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

"""Reads the training sets: documents that supply sentences, and pairs with human labels.

README.md has their licences. `--eval` names the folder of the public evaluation sets, and `--sets` the folder with the
files that README.md lists.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.wrappers import CONTRADICTED, NOT_SAID, NOT_SUPPORTED, SUPPORTED

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

LABELS = {
    "entailment": SUPPORTED, "contradiction": CONTRADICTED, "neutral": NOT_SAID,
    "SUPPORTS": SUPPORTED, "REFUTES": CONTRADICTED, "NOT ENOUGH INFO": NOT_SAID,
    "SUPPORT": SUPPORTED, "CONTRADICT": CONTRADICTED, "not_entailment": NOT_SUPPORTED,
}  # fmt: skip
SNLI_LABELS = {"0": SUPPORTED, "1": NOT_SAID, "2": CONTRADICTED}


OURS = "ours"
"""The kind of the claims that we wrote for training (`training.passages`)."""
HELD_OUT_ARTICLES = {"Doctor Who", "Climate change", "Global warming"}
"""Excluded articles of SelQA, because other texts of the same articles are for testing."""


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


def documents(folder: Path, sets: Path, excluded: set[str]) -> Iterator[tuple[str, str, str]]:
    """Yield documents whose licences allow training, except those of held-out claims: set, id and text."""
    yield from articles(sets)
    for name in ("squad_v2", "clapnq", "covidqa", "chunking", "scifact"):
        for row in rows(folder / name / "corpus.jsonl"):
            if name == "scifact" and row["id"] in excluded:
                continue
            text = untokenized(row["text"]) if name == "clapnq" else row["text"]
            yield name, row["id"], " ".join(text.split())


def articles(sets: Path) -> Iterator[tuple[str, str, str]]:
    """Yield paragraphs (SQuADShifts) and sections (SelQA) of Wikipedia: set, article and text."""
    for paragraph, article in shifted(sets):
        yield "squadshifts", article, " ".join(paragraph["context"].split())
    sections = {}
    for part in ("dev", "test"):
        for row in json.loads((sets / "selqa" / f"selqa-ass-{part}.json").read_text(encoding="utf-8")):
            if row["article"] not in HELD_OUT_ARTICLES:
                sections[row["article"], row["section"]] = " ".join(row["candidates"])
    for (article, _), text in sections.items():
        yield "selqa", article, " ".join(text.split())


def shifted(sets: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield paragraphs with their questions and their article (SQuADShifts, new Wikipedia)."""
    found = json.loads((sets / "squadshifts" / "new_wiki_v1.0.json").read_text(encoding="utf-8"))
    for article in found["data"]:
        for paragraph in article["paragraphs"]:
            yield paragraph, article["title"]


def shifted_questions(sets: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return texts by id, and questions in the format of the evaluation sets, with the answers that people gave."""
    texts, asked = {}, []
    for number, (paragraph, article) in enumerate(shifted(sets)):
        name = f"{article} {number}"
        texts[name] = paragraph["context"]
        for question in paragraph["qas"]:
            votes = Counter(answer["text"] for answer in question["answers"])
            answers = [
                {"text": answer["text"], "start": answer["answer_start"], "votes": votes[answer["text"]]}
                for answer in question["answers"]
            ]
            asked.append(
                {"question": question["question"].strip(), "doc_id": name, "answerable": True, "answers": answers}
            )
    return texts, asked


def wikipedia_splits(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield sentences of Wikipedia, each with the simpler sentences that people made from it (WikiSplit)."""
    for name in ("tune", "validation", "test"):
        for line in (folder / "wikisplit" / f"{name}.tsv").open(encoding="utf-8"):
            whole, parts = line.rstrip("\n").split("\t")
            yield untokenized(whole), [untokenized(part) for part in parts.split("<::::>")]


def scifact_claims(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the claims with labelled rationales: those for training, and the quarter that is held out."""
    found = rows(folder / "scifact" / "rationales.jsonl")
    return [r for r in found if share(r["claim_id"], 4)], [r for r in found if not share(r["claim_id"], 4)]


def excluded_documents(folder: Path, listed: Path) -> set[str]:
    """Return the documents of SciFact on which held-out claims are based, and those listed in a file."""
    return {row["doc_id"] for row in scifact_claims(folder)[1]} | set(listed.read_text(encoding="utf-8").split())


def labelled(evaluation: Path, sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield pairs that people wrote or checked; larger sets are sampled for the mixture."""
    for amount, reader in (
        (13_400, fever(sets / "fever_pairs")),
        (1_200, fooled(sets / "fool_me_twice" / "dev.jsonl")),
        (1_400, fooled(sets / "fool_me_twice" / "test.jsonl")),
        (14_000, _vitaminc(sets / "vitaminc_real" / "test.jsonl", "VitaminC")),
        (3_000, _vitaminc(sets / "vitaminc_synthetic" / "test.jsonl", "VitaminC synthetic")),
        (1_420, _vitaminc(sets / "fever_symmetric" / "dev.jsonl", "FEVER symmetric")),
        (1_420, _vitaminc(sets / "fever_symmetric" / "test.jsonl", "FEVER symmetric")),
        (1_000, _vitaminc(sets / "fever_adversarial" / "test.jsonl", "FEVER adversarial")),
        (3_000, _snli(evaluation / "nli" / "snli_val.tsv")),
        (1_500, _columns(evaluation / "nli" / "conj15k.tsv", "Premise", "Hypothesis", "Label", "ConjNLI")),
        (700, _columns(sets / "conj_dev.tsv", "Premise", "Hypothesis", "Label", "ConjNLI, by people")),
        (1_200, _columns(evaluation / "nli" / "MED.tsv", "sentence1", "sentence2", "gold_label", "MED")),
        (700, _columns(evaluation / "nli" / "neg_mnli.txt", "Text", "Hypothesis", "gold_label", "negated MultiNLI")),
        (700, _columns(sets / "neg_snli.txt", "Text", "Hypothesis", "gold_label", "negated SNLI")),
        (700, _breaking_nli(sets / "breaking_nli.jsonl")),
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


def _columns(path: Path, premise: str, claim: str, label: str, kind: str) -> Iterator[Labelled]:
    for row in _table(path):
        if row[label] in LABELS:
            yield Labelled(row[premise], row[claim], LABELS[row[label]], kind, row[premise])


def _breaking_nli(path: Path) -> Iterator[Labelled]:
    for row in rows(path):
        yield Labelled(row["sentence1"], row["sentence2"], LABELS[row["gold_label"]], "Breaking NLI", row["sentence1"])


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

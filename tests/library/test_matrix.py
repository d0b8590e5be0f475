"""A matrix agrees with asking each document alone, in every cell, and says why a cell is empty."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from index.errors import BatchError, DocumentNotFound, PinciteError, TooMany
from index.library.library import Library
from index.settings import Settings
from tests.libraries import filled_library
from tests.nightly import length
from tests.reference import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from index.records import Matrix
    from tests.conftest import Write

FILES = {
    "treaty.txt": "The king signed the treaty in the harbour. A whale swam by the bridge in the rain.",
    "oil.txt": "The price of oil fell in summer. A horse cost more than a bridge that year.",
    "School.txt": "The doctor wrote music for the school in the desert. The clock was made of silver.",
}
SIGNED, FELL = "Who signed the treaty?", "When did the price of oil fall?"
SEEDS = ROOT / "seeds"
MOST_QUESTIONS = 5


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """A library of these documents."""
    library.add([write(name, text) for name, text in FILES.items()])
    return library


def statuses(matrix: Matrix) -> dict[str, list[str]]:
    """Return the status of each cell by document."""
    return {row.document.name: [cell.status for cell in row.cells] for row in matrix}


def test_each_document_is_asked_each_question(filled: Library) -> None:
    """The rows are in the order of names, the cells in that of the questions; blank and repeated ones are left out.

    Cells agree with asking the document, in status and words; one that the question excludes does not mention it.
    """
    matrix = filled.matrix([SIGNED, " ", FELL, SIGNED])
    assert matrix.questions == (SIGNED, FELL)
    assert statuses(matrix) == {
        "oil.txt": ["abstained", "answered"],
        "School.txt": ["abstained", "abstained"],
        "treaty.txt": ["answered", "abstained"],
    }
    cell = matrix[2].cells[0]
    assert cell.citation is not None
    assert cell.citation.quote == "The king signed the treaty in the harbour."
    text = filled.document(matrix[2].document.id).text
    assert text[cell.citation.start : cell.citation.end] == cell.citation.quote
    questions = [
        SIGNED,
        FELL,
        "What swam by the bridge?",
        "What did a horse cost?",
        '"the king" treaty',
        "Who painted?",
    ]
    _check_agreement(filled, filled.matrix(questions))
    matrix = filled.matrix([f"{SIGNED} in:oil.txt"])
    assert all(cells == ["abstained"] for cells in statuses(matrix).values())


def _check_agreement(library: Library, matrix: Matrix) -> None:
    for row in matrix:
        for question, cell in zip(matrix.questions, row.cells, strict=True):
            answer = library.ask(question, documents=[row.document.id])
            assert cell.status == answer.status, question
            assert (cell.citation is None) == (answer.status == "abstained")
            if cell.citation is not None:
                assert cell.citation.quote in [citation.quote for citation in answer.citations]
                assert cell.citation.document.id == row.document.id


@pytest.mark.model
def test_cells_agree_with_asking_the_seeds(tmp_path: Path) -> None:
    """With the real encoder and reader, also where the answer is known: some of the samples, nightly all."""
    documents = sorted(SEEDS.glob("[01]*"))[:: length(5, 1)]
    names = {path.name for path in documents}
    lines = map(json.loads, (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    known = [line for line in lines if not line["answerable"] or line["document"] in names]
    known = known[:: len(known) // MOST_QUESTIONS]
    with Library.open(tmp_path / "library", Settings()) as library:
        library.add(documents)
        matrix = library.matrix([line["question"] for line in known])
        _check_agreement(library, matrix)
    rows = {row.document.source.rpartition("/")[2]: row for row in matrix}
    for column, line in enumerate(known):
        if line["answerable"]:
            cell = rows[line["document"]].cells[column]
            assert cell.status != "abstained", line["question"]


def test_silent_and_failed_cells_say_why(filled: Library) -> None:
    """The nearest words are given if the document speaks of the subject, as coverage judges; they have no number.

    The others are filled. Documents are chosen by any of their names; an unknown name is an error before anything.
    """
    (row,) = filled.matrix(
        ["Which treaty did Napoleon sign in Tilsit in 1807?", "Who is the queen?"], documents=["treaty.txt"]
    )
    near, far = row.cells
    assert near.status == far.status == "abstained"
    assert near.nearest is not None
    assert (near.nearest.quote, near.nearest.marker) == ("The king signed the treaty in the harbour.", 0)
    assert far.nearest is None
    covered = filled.coverage("Which treaty did Napoleon sign in Tilsit in 1807?", documents=["treaty.txt"])
    assert covered[0].hit is not None
    assert covered[0].hit.quote == near.nearest.quote
    identity = filled.find("oil.txt").id
    assert [row.document.id for row in filled.matrix([FELL], documents=["oil.txt", identity])] == [identity]
    assert len(filled.matrix([FELL], documents=[])) == 0
    with pytest.raises(DocumentNotFound):
        filled.matrix_rows([FELL], documents=["silver.txt"])
    rows = list(filled.matrix_rows(["x" * 5000, SIGNED], documents=["treaty.txt"], in_words=lambda error: error.hint))
    failed, answered = rows[0].cells
    assert (failed.status, answered.status) == ("failed", "answered")
    assert "PINCITE_MAX_QUESTION_CHARACTERS" in failed.error


def test_work_stops_between_two_cells_and_a_document_removed_meanwhile_fails_alone(filled: Library) -> None:
    """An error of `before_cell` leaves the matrix, also within a row; the cells of a removed document say so."""
    begun: list[int] = []

    def before_cell() -> None:
        begun.append(len(begun))
        if len(begun) == 4:
            raise PinciteError("Stop.", "")

    rows = filled.matrix_rows([SIGNED, FELL], before_cell=before_cell)
    next(rows)
    with pytest.raises(PinciteError, match="Stop"):
        next(rows)
    rows = filled.matrix_rows([SIGNED])
    next(rows)
    filled.remove("treaty.txt")
    assert [row.cells[0].status for row in rows] == ["abstained", "failed"]


def test_matrix_is_limited(tmp_path: Path) -> None:
    """The error states both numbers and the setting."""
    settings = Settings(passage_tokens=32, max_matrix_cells=5)
    with filled_library(tmp_path, FILES, settings) as library:
        with pytest.raises(
            TooMany, match=r"6 cells \(documents × questions: 3 × 2\) are too many: at most 5"
        ) as caught:
            library.matrix([SIGNED, FELL])
        assert "PINCITE_MAX_MATRIX_CELLS" in caught.value.hint
        assert len(library.matrix([SIGNED])) == 3
        with pytest.raises(BatchError, match="There is no question"):
            library.matrix([" "])

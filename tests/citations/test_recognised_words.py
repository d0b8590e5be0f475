"""No face calls recognised words those of the source: beside a verdict or a quote they are *as recognised*."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.citations.export import export
from index.cli.output import print_answer, print_check
from index.library.answer_files import DOWNLOADS, cell_words, matrix_table
from index.library.batches import statement_text
from index.page import batch_forms
from index.page.forms import check as check_view
from index.records import Answer, Check, Location, Matrix, MatrixCell, MatrixRow, Statement, remarks
from index.server.mcp import tools
from tests.citations.factories import abstention, answer, citation

if TYPE_CHECKING:
    from collections.abc import Callable

SCANNED = citation(location=Location(page="3", recognised=0.9))
TYPED = citation()
OF_SCAN, OF_TEXT = answer(SCANNED), answer(TYPED)


def check_of(source: Answer) -> Check:
    """Return the check of one sentence that the source of an answer has word for word."""
    return Check(source.statements, source.citations)


def contradicted(source: Answer) -> Answer:
    """Return the same answer, contradicted by its source."""
    return replace(
        source, statements=(Statement("It was red.", (1,), "contradicted", "It was *blue*."),), writer="model"
    )


FACES: dict[str, Callable[[Answer], str]] = {
    "batch": lambda source: statement_text(source.statements[0], source.citations),
    "text": lambda source: export(source, "text").partition("Sources")[0],
    "markdown": lambda source: export(source, "markdown").partition("[^1]:")[0],
    "mcp": lambda source: tools.check_text(check_of(source)).splitlines()[2],
    "name": lambda source: remarks.verdict_name(source.statements[0], source.citations),
    "matrix": lambda source: cell_words(MatrixCell("answered", source.citations[0], confidence=0.9)),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("change", [lambda source: source, contradicted], ids=["verbatim", "contradicted"])
def test_recognised_words_are_called_so(face: str, change: Callable[[Answer], Answer]) -> None:
    """Words that a file has as text are not."""
    assert "as recognised" in FACES[face](change(OF_SCAN))
    assert "recognised" not in FACES[face](change(OF_TEXT))


def test_command_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """In answers, in checks, and of the nearest words when there is no answer."""
    for source, said in ((OF_SCAN, True), (OF_TEXT, False)):
        print_answer(source)
        assert ("as recognised" in capsys.readouterr().out.splitlines()[0]) == said
        print_check(check_of(source))
        assert ("as recognised" in capsys.readouterr().out.splitlines()[0]) == said
    silent = abstention()
    near = replace(silent.hits[0], location=Location(page="3", recognised=0.2))
    print_answer(replace(silent, hits=(near,)))
    assert "with low confidence" in capsys.readouterr().out


def test_page_says_so() -> None:
    """In the cells of a matrix and in checks."""
    for source, said in ((SCANNED, True), (TYPED, False)):
        row = MatrixRow(source.document, (MatrixCell("answered", source, confidence=0.9),))
        assert ("(as recognised)" in batch_forms.matrix_rows(Matrix(("Who?",), (row,)), 0)) == said
        assert ("Word for word, as recognised" in check_view(check_of(answer(source)))) == said


@pytest.mark.parametrize("form", DOWNLOADS)
def test_files_of_matrices_say_so(form: Any) -> None:
    """Also those for programs, which have the confidence."""
    row = MatrixRow(SCANNED.document, (MatrixCell("answered", SCANNED, confidence=0.9),))
    data = matrix_table(Matrix(("Who?",), (row,)), form)
    assert b"recognised" in data or data[:2] == b"PK"

"""`pincite ask --format`, `--pack` and `pincite verify --pack`: what leaves the house can be checked elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

QUESTION = "Who signed the treaty?"
TEXT = "The king signed the treaty in winter.\n\nBread was dear.\n"


@pytest.fixture
def run(run: Run, write: Write) -> Run:
    """The program, with a document in its library."""
    run("add", write("treaty.txt", TEXT))
    return run


@pytest.mark.parametrize(
    ("form", "sign"),
    [("markdown", "[^1]: "), ("html", "<blockquote"), ("bibtex", "@"), ("ris", "TY  - "), ("apa", "References")],
)
def test_an_answer_in_a_form(run: Run, form: str, sign: str) -> None:
    """As people paste it."""
    assert sign in run("ask", QUESTION, "--format", form).out


@pytest.mark.parametrize("name", ["evidence.zip", "evidence.md"])
def test_a_pack_verifies_on_another_copy(run: Run, tmp_path: Path, write: Write, name: str) -> None:
    """Every quote is there; where the source has changed since, the quote is named that is not."""
    pack = tmp_path / name
    run("ask", QUESTION, "--pack", pack)
    other = ("--library", tmp_path / "other")
    assert run(*other, "add", write("treaty.txt", TEXT)).code == 0
    told = run(*other, "verify", "--pack", pack)
    assert (told.code, told.out) == (0, "Every quote of the pack is in this library's documents.\n")
    run(*other, "add", write("treaty.txt", TEXT.replace("king", "queen")))
    told = run(*other, "verify", "--pack", pack)
    assert told.code == 1
    assert "The king signed the treaty in winter." in told.out
    (finding, *_) = json.loads(run(*other, "verify", "--pack", pack, "--json").out)
    assert finding["quote"] == "The king signed the treaty in winter."


def test_what_is_no_pack_is_refused(run: Run, write: Write, tmp_path: Path) -> None:
    """With an error that says so; and a pack has to be called one of two ways."""
    told = run("verify", "--pack", write("no.zip", b"PK nonsense"))
    assert (told.code, "Traceback" in told.err) == (1, False)
    assert run("ask", QUESTION, "--pack", tmp_path / "evidence.pdf").code == 2

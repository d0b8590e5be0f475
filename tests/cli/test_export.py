"""`pincite ask --format` and `--pack`, and `pincite verify --pack`: exported answers and evidence packs."""

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
TEXTS = {"treaty.txt": TEXT}


@pytest.mark.parametrize(
    ("name", "marker"),
    [("markdown", "[^1]: "), ("html", "<blockquote"), ("bibtex", "@"), ("ris", "TY  - "), ("apa", "References")],
)
def test_ask_prints_the_chosen_export_format(texts: Run, name: str, marker: str) -> None:
    """`--format` prints the answer in that format."""
    assert marker in texts("ask", QUESTION, "--format", name).out


@pytest.mark.parametrize("name", ["evidence.zip", "evidence.md"])
def test_pack_is_verified_against_another_library(texts: Run, tmp_path: Path, write: Write, name: str) -> None:
    """Each quote is found in a copy of the source; if the source has changed, the missing quote is named."""
    pack = tmp_path / name
    texts("ask", QUESTION, "--pack", pack)
    other = ("--library", tmp_path / "other")
    assert texts(*other, "add", write("treaty.txt", TEXT)).code == 0
    outcome = texts(*other, "verify", "--pack", pack)
    assert (outcome.code, outcome.out) == (0, "Every quote of the pack is in this library's documents.\n")
    texts(*other, "add", write("treaty.txt", TEXT.replace("king", "queen")))
    outcome = texts(*other, "verify", "--pack", pack)
    assert outcome.code == 1
    assert "The king signed the treaty in winter." in outcome.out
    (finding, *_) = json.loads(texts(*other, "verify", "--pack", pack, "--json").out)
    assert finding["quote"] == "The king signed the treaty in winter."


def test_invalid_pack_is_refused(texts: Run, write: Write, tmp_path: Path) -> None:
    """A file that is not a pack is an error without a traceback; a pack's name has to end in .zip or .md."""
    outcome = texts("verify", "--pack", write("no.zip", b"PK nonsense"))
    assert (outcome.code, "Traceback" in outcome.err) == (1, False)
    assert texts("ask", QUESTION, "--pack", tmp_path / "evidence.pdf").code == 2

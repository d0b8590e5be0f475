"""`pincite verify --kept`: quotes that were kept on the page, and whose sources were edited, replaced or removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from index.library.library import Library
from index.settings import Settings
from tests.citations.kept_items import item, quote_of
from tests.cli.conftest import make_library
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

TEXT = "The king signed the treaty in winter.\n\nBread was dear.\n"
SIGNED = "The king signed the treaty in winter."


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A library of one document, from which a quote was kept; the file in which it was exported."""
    folder = make_library(tmp_path / "own", {"treaty.txt": TEXT})
    with Library.open(folder, Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        path = tmp_path / "kept.md"
        path.write_bytes(library.export_kept([item(quote_of(library.document("treaty.txt"), SIGNED))]))
    return path


@pytest.fixture
def run(run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program on that library."""
    monkeypatch.setenv("PINCITE_LIBRARY", str(kept.parent / "own" / "library"))
    return run


def test_edited_replaced_and_removed_sources_are_told(run: Run, kept: Path) -> None:
    """Exit code 1 if the library no longer holds the words; words that only moved are reported with exit code 0."""
    source = kept.parent / "own" / "sources" / "treaty.txt"
    outcome = run("verify", "--kept", kept)
    assert (outcome.code, outcome.out) == (0, "Every kept quote stands where it stood.\n")

    source.write_text(f"A preamble.\n\n{TEXT}")
    run("add", source)
    outcome = run("verify", "--kept", kept)
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "  moved: treaty.txt")

    source.write_text(TEXT.replace("king", "queen"))
    run("add", source)
    outcome = run("verify", "--kept", kept)
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "  changed: treaty.txt",
        f"    then: {SIGNED}",
        "    now:  The queen signed the treaty in winter.",
        "          treaty.txt, ¶ 1",
        "    The source has changed, and these words with it.",
    ]
    [finding] = json.loads(run("verify", "--kept", kept, "--json").out)
    assert finding["difference"][1:3] == [["then", "king"], ["now", "queen"]]  # a program need not compare texts

    source.write_text("A comet frightened the horses.\n")
    run("add", source)
    outcome = run("verify", "--kept", kept)
    assert outcome.code == 1
    assert "  gone: treaty.txt" in outcome.out

    run("remove", "treaty.txt")
    outcome = run("verify", "--kept", kept, "--json")
    assert outcome.code == 1
    gone = {"fault": "gone", "question": "Who?", "document": "treaty.txt", "quote": SIGNED}
    what = "No longer in your library."
    assert json.loads(outcome.out) == [{**gone, "what": what, "now": "", "place": "", "difference": []}]


def test_files_that_are_no_collection_are_refused(run: Run, kept: Path, write: Write) -> None:
    """An error without a traceback; a pack and a collection are not checked at once."""
    outcome = run("verify", "--kept", write("no.docx", b"PK nonsense"))
    assert (outcome.code, "Traceback" in outcome.err) == (1, False)
    assert "is not a collection of kept quotes" in outcome.err
    assert run("verify", "--kept", kept, "--pack", kept).code == 2

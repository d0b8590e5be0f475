"""Captions, settings and tables are found by line, but only their sentences are quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.answers.assembly import NOTHING_TO_QUOTE
from index.citations.export import export
from index.library.library import Library
from index.records import Span
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Write

CAPTIONS = """WEBVTT

00:01.000 --> 00:04.000 [3]
Welcome to the harbour.

00:04.500 --> 00:08.000 [3]
The king signed the treaty of Hull.

00:08.500 --> 00:09.500 [3]
<i>The queen kept a garden.</i>
"""
FILES = {
    "a.yaml": "king: treaty\n# The king signed the treaty of Hull.\ntreaty:\n  king: [harbour, hull]\n",
    "a.log": "2024-01-05 12:00:01 INFO king\n2024-01-05 12:00:02 INFO treaty\nThe king signed the treaty of Hull.\n",
    "a.py": "KING = treaty(king)\n\n# The king signed the treaty of Hull.\ndef treaty(king):\n    return king.treaty\n",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library that answers without a confidence threshold."""
    with Library.open(tmp_path / "library", Settings(passage_tokens=60, bar=0), encoder=FakeEncoder()) as library:
        yield library


def assert_only_sentences_are_quoted(library: Library, file: Path, *, noted: bool) -> None:
    """Add a file, ask for its sentence, and look at all quotations."""
    receipt = library.add(file)
    notes = [f"{file.suffix} (" in note.text and "no reader of its own" in note.text for note in receipt.notes]
    assert notes == [True] * noted
    answer = library.ask("Which king signed the treaty?")
    assert answer.status == "answered"
    assert all("signed the treaty" in citation.quote for citation in answer.citations[:1])
    pinned = [hit.quote for hit in library.search("king treaty") if hit.pin in hit.passage.sentences]
    for quote in [*(citation.quote for citation in answer.citations), *pinned]:
        assert not {"-->", "\\section", "usepackage", "image::", "INFO", "def ", "title ="} & set(quote.split()), quote
        assert "\n\n" not in quote, "a wrapped sentence must be whole and end with its paragraph"


@pytest.mark.parametrize("name", FILES)
def test_sentence_in_a_structured_file_is_quoted(library: Library, write: Write, name: str) -> None:
    """The markup and data around it are never quoted, even if they have the words of the question."""
    assert_only_sentences_are_quoted(library, write(name, FILES[name]), noted=True)


@pytest.mark.parametrize("name", ["table.txt", "settings.toml"])
def test_file_without_sentences_is_found_but_not_quoted(library: Library, write: Write, name: str) -> None:
    """The hit shows the whole passage, and no answer is given."""
    texts = {
        "table.txt": "king,treaty,harbour\nHenry,Hull,1\nJames,York,2\nJohn,Bath,3\nAnne,Ely,4\n",
        "settings.toml": '[king]\ntreaty = "harbour"\nking = 3\n',
    }
    library.add(write(name, texts[name]))
    result = library.search("king treaty harbour")
    (hit,) = result.hits
    assert hit.pin == Span(hit.passage.start, hit.passage.end)
    assert hit.runner_up is None
    assert library.ask("king treaty harbour").status == "abstained"
    assert library.coverage("king treaty harbour")[0].hit is not None
    assert len(library.search("king treaty harbour", explain=True)) == 1
    assert library.check("The king signed the treaty in the harbour.").statements


def test_timestamp_before_a_sentence_does_not_make_it_data(library: Library, write: Write) -> None:
    """Minutes, ship's logs and transcripts are prose with a time in front."""
    text = "10:00:00 The king signed the treaty of Hull.\n10:10:00 The queen kept a garden by the harbour.\n" * 3
    assert library.add([write("minutes.txt", text)]).notes == ()
    answer = library.ask("Who signed the treaty?")
    assert "The king signed the treaty of Hull." in answer.citations[0].quote


def test_abstention_without_a_quotable_sentence_says_so(library: Library, write: Write) -> None:
    """The reason is not the confidence threshold."""
    library.add([write("a.yaml", "king: treaty\nqueen: garden\nharbour: hull\n")])
    answer = library.ask("king treaty")
    assert (answer.status, answer.notes) == ("abstained", (NOTHING_TO_QUOTE,))
    assert "an answer is given" not in export(answer, "text")


def test_structured_file_is_found_by_its_type(library: Library, write: Write) -> None:
    """A text that is recognised as data keeps the type of its suffix."""
    library.add(
        [write("table.txt", "king,treaty,a\nHenry,Hull,1\nJames,York,2\nJohn,Bath,3\n"), write("b.srt", CAPTIONS)]
    )
    assert [hit.document.name for hit in library.search("king type:txt")] == ["table.txt"]
    assert [hit.document.name for hit in library.search("king type:srt")] == ["b.srt"]

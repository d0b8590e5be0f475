"""Of markup, captions and references, only sentences are quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.loading.test_structured import CAPTIONS, assert_only_sentences_are_quoted, library

if TYPE_CHECKING:
    from index.library.library import Library
    from tests.conftest import Write

__all__ = ["library"]
TEX = """\\documentclass{article}
\\usepackage{treaty}
\\section{The King and the Treaty}

The king signed the treaty while the rain of winter fell on the old town,
and on all who had come down to the harbour \\cite{treaty} to see it.

\\begin{equation} king = treaty \\end{equation}
"""
FILES = {
    "a.vtt": CAPTIONS,
    "a.srt": CAPTIONS.replace("WEBVTT\n\n", "").replace(" [3]", "").replace("00:0", "00:00:0"),
    "a.tex": TEX,
    "a.bib": "@misc{treaty,\n  title = {King Treaty Harbour},\n  note = {The king signed the treaty of Hull.},\n}\n",
    "a.ris": "TY  - JOUR\nTI  - King Treaty\nAB  - The king signed the treaty of Hull.\nER  - \n",
    "a.rst": ".. treaty:: king\n\n:king: treaty\n\nThe king signed the treaty of Hull.\n\n.. image:: king-treaty.png\n",
    "a.adoc": "[king,treaty]\n----\nking\n----\n\nThe king signed the treaty of Hull.\n\nimage::king-treaty.png[]\n",
}


@pytest.mark.parametrize("name", FILES)
def test_sentence_in_a_structured_file_is_quoted(library: Library, write: Write, name: str) -> None:
    """The markup and data around it are never quoted, even if they have the words of the question."""
    assert_only_sentences_are_quoted(library, write(name, FILES[name]), noted=False)


def test_wrapped_lines_among_markup_are_one_sentence(library: Library, write: Write) -> None:
    """Markup among prose does not keep its paragraphs split."""
    library.add(write("a.tex", TEX.replace("The king signed", "The bees danced. " * 9 + "The king signed")))
    assert "treaty" in library.ask("Which king signed the treaty?").citations[0].quote

"""Properties of every export form."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from index.citations.entries import QuoteContext, context_in, deep_link
from index.citations.export import FORMS, Form, cite, export
from index.errors import PinciteError
from index.records import DocumentInfo, Location
from tests.cases import cases
from tests.citations.factories import FILE, PAGE, QUOTE, TEXT, abstention, answer, citation, hit


@cases("form", FORMS)
@cases("info", [FILE, PAGE], ids=["file", "page"])
def test_every_form_gives_place_and_link(form: Form, info: DocumentInfo) -> None:
    """Page, heading and paragraph are in the text, and so is the link to the words."""
    cited = citation(info, location=Location("xxxix", "Soho", 7))
    for text in (cite(cited, form), export(answer(cited), form)):
        plain = text.replace("\\#", "#").replace("\\&", "&").replace("&amp;", "&")
        assert deep_link(cited) in plain or (form == "markdown" and "(cholera.pdf)" in plain)
        assert all(part in text for part in ("xxxix", "Soho", "7"))


def test_footnote_has_an_address_that_others_can_open_or_the_file() -> None:
    """An address of this machine alone, or the hash of a file, is of no use to a reader of the note."""
    public = export(answer(citation()), "markdown", site="https://files.example.org/")
    assert f"<https://files.example.org/d/{citation().document.id[:12]}/" in public
    for site in ("", "http://127.0.0.1:7860/", "http://localhost:7860/", "http://[::1]:7860/"):
        note = export(answer(citation()), "markdown", site=site)
        assert "(cholera.pdf)" in note
        assert not {citation().document.id, "localhost", "127.0.0.1", "::1"} & set(re.split(r"[<>/:#\s]+", note))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_accepts_an_answer_without_citations(form: Form) -> None:
    """Forms that list only sources are empty then. No form reveals the path of a file."""
    text = export(abstention(), form)
    assert ("hold no answer" in text) == (form not in ("bibtex", "ris", "csl"))
    assert "private" not in cite(citation(), form) + export(answer(citation()), form)


def test_unknown_form_is_an_error_that_lists_the_forms() -> None:
    """Answers and single citations have the same forms."""
    form: Any = "docx"
    with pytest.raises(PinciteError, match="Choose one of: text, markdown, html, bibtex"):
        export(abstention(), form)
    with pytest.raises(PinciteError, match="Choose one of"):
        cite(citation(), form)


def test_context_of_a_quote_comes_from_its_hit() -> None:
    """With context, a short quote is found at its place; a hit elsewhere gives no context."""
    context = context_in(citation(), [hit()])
    assert context.before + QUOTE.of(TEXT) + context.after == TEXT
    short = citation(PAGE, start=0, end=10, quote="Before it.")
    assert deep_link(short, context_in(short, [hit(PAGE)])).endswith("#:~:text=Before%20it%2E,-The%20pump%20in%20Broad")
    assert export(answer(short, hits=(hit(PAGE),)), "ris").count(",-The%20pump") == 1
    elsewhere = replace(citation(), start=1000, end=1039)
    assert context_in(elsewhere, [hit()]) == QuoteContext()
    assert context_in(citation(replace(FILE, id="other")), [hit()]) == QuoteContext()

"""What holds for every form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from index.citations.export import FORMS, Form, cite, export
from index.citations.links import QuoteContext, context_in, deep_link
from index.errors import PinciteError
from index.records import DocumentInfo, Location
from tests.cases import cases
from tests.citations.factories import FILE, PAGE, QUOTE, TEXT, abstention, answer, citation, hit


@cases("form", FORMS)
@cases("info", [FILE, PAGE], ids=["file", "page"])
def test_every_form_gives_place_and_link(form: Form, info: DocumentInfo) -> None:
    """Page, heading and paragraph; and whatever opens the words."""
    each = citation(info, location=Location("xxxix", "Soho", 7))
    for made in (cite(each, form), export(answer(each), form)):
        plain = made.replace("\\#", "#").replace("\\&", "&").replace("&amp;", "&")
        assert deep_link(each) in plain
        assert all(part in made for part in ("xxxix", "Soho", "7"))


@pytest.mark.parametrize("form", FORMS)
def test_no_form_tells_where_a_file_lies(form: Form) -> None:
    """Only what it is called."""
    assert "private" not in cite(citation(), form) + export(answer(citation()), form)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_takes_an_answer_without_citations(form: Form) -> None:
    """What lists sources alone has none to list."""
    made = export(abstention(), form)
    assert ("hold no answer" in made) == (form not in ("bibtex", "ris", "csl"))


def test_a_form_that_is_none_is_an_error_that_names_them() -> None:
    """For both functions."""
    form: Any = "docx"
    with pytest.raises(PinciteError, match="Choose one of: text, markdown, html, bibtex"):
        export(abstention(), form)
    with pytest.raises(PinciteError, match="Choose one of"):
        cite(citation(), form)


def test_a_passage_that_was_found_tells_what_stands_around_a_quote() -> None:
    """So a short quote is found at its place; a passage of another document, or beside it, tells nothing."""
    context = context_in(citation(), [hit()])
    assert context.before + QUOTE.of(TEXT) + context.after == TEXT
    short = citation(PAGE, start=0, end=10, quote="Before it.")
    assert deep_link(short, context_in(short, [hit(PAGE)])).endswith("#:~:text=Before%20it%2E,-The%20pump%20in%20Broad")
    assert export(answer(short, hits=(hit(PAGE),)), "ris").count(",-The%20pump") == 1
    elsewhere = replace(citation(), start=1000, end=1039)
    assert context_in(elsewhere, [hit()]) == QuoteContext()
    assert context_in(citation(replace(FILE, id="other")), [hit()]) == QuoteContext()

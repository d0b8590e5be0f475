"""References in the styles of the APA, the MLA and the Chicago manual."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from citeproc import CitationStylesStyle
from hypothesis import given, settings

from index.citations.entries import describe_citation
from index.citations.export import cite
from index.citations.references import STYLES, Style, references
from index.records import Location
from tests.citations.factories import FILE, PAGE, answers, citation
from tests.nightly import length

if TYPE_CHECKING:
    from index.records import Answer, DocumentInfo

ALL: tuple[Style, ...] = get_args(Style)
LINK = "https://example.org/cholera#:~:text=The%20pump%20in%20Broad%20Street%20was%20the%20cause%2E"


def made(info: DocumentInfo, style: Style, place: Location | None = None) -> str:
    """The reference of a document."""
    return references([describe_citation(citation(info, location=place or Location()))], style)[0]


@pytest.mark.parametrize(
    ("style", "reference"),
    [
        (
            "apa",
            f"Snow, J. (1855, March 2). On the Mode of Communication of Cholera (p. 39, Soho section, para. 1). {LINK}",
        ),
        (
            "mla",
            f"Snow, John. “On the Mode of Communication of Cholera.” 2 Mar. 1855, p. 39, sec. Soho, par. 1, {LINK}.",
        ),
        (
            "chicago",
            f"John Snow, “On the Mode of Communication of Cholera,” March 2, 1855, 39, sec. Soho, para. 1, {LINK}.",
        ),
    ],
)
def test_a_web_page(style: Style, reference: str) -> None:
    """Author, date, title, place and deep link, in the order and with the marks of each manual."""
    assert references([describe_citation(citation(PAGE))], style) == [reference]


@pytest.mark.parametrize(
    ("style", "reference"),
    [("apa", "cholera.pdf. (n.d.)."), ("mla", "cholera.pdf."), ("chicago", "cholera.pdf, n.d.")],
)
def test_a_file_of_which_nothing_is_known(style: Style, reference: str) -> None:
    """Its name stands where its author would, once."""
    assert made(replace(FILE, title="", author="", date=""), style) == reference


@pytest.mark.parametrize(
    ("author", "apa", "mla", "chicago"),
    [
        ("Anna Müller and Bo Lee", "Müller, A., & Lee, B. (", "Müller, Anna, and Bo Lee. ", "Anna Müller and Bo Lee, "),
        ("A. Ay, B. Bee, C. See", "Ay, A., Bee, B., & See, C. (", "Ay, A., et al. ", "A. Ay et al., "),
        ("Royal Commission", "Royal Commission. (", "Royal Commission. ", "Royal Commission, "),
        ("Ludwig van Beethoven", "van Beethoven, L. (", "van Beethoven, Ludwig. ", "Ludwig van Beethoven, "),
    ],
)
def test_authors(author: str, apa: str, mla: str, chicago: str) -> None:
    """One, two, more, and bodies."""
    for style, begins in zip(ALL, (apa, mla, chicago), strict=True):
        assert made(replace(FILE, author=author), style).startswith(begins)


@pytest.mark.parametrize(
    ("date", "apa", "mla", "chicago"),
    [("2020-12", "(2020, December)", "Dec. 2020", "December 2020"), ("2020", "(2020)", "2020", "2020")],
)
def test_dates_are_as_precise_as_stated(date: str, apa: str, mla: str, chicago: str) -> None:
    """A month or a day that is not stated is not made up."""
    for style, written in zip(ALL, (apa, mla, chicago), strict=True):
        assert written in made(replace(FILE, date=date), style)


def test_a_title_that_is_a_question_takes_no_full_stop() -> None:
    """The comma of a Chicago note stays, as that manual has it."""
    info = replace(PAGE, title="What is truth?", author="", date="")
    assert made(info, "apa").startswith("What is truth? (n.d.). https:")
    assert made(info, "mla").startswith("“What is truth?” https:")
    assert made(info, "chicago").startswith("“What is truth?,” n.d., https:")


@pytest.mark.parametrize("style", ALL)
def test_page_labels_and_titles_stay_as_they_are(style: Style) -> None:
    """No dash is exchanged and no letter made a capital: they are the document's words."""
    reference = made(replace(FILE, title="iPhone: a <i>guide</i> & more"), style, Location("A-1"))
    assert "iPhone: a <i>guide</i> & more" in reference
    assert "A-1" in reference


@pytest.mark.parametrize("style", ALL)
def test_the_link_to_a_file_follows_the_reference(style: Style) -> None:
    """The manuals have no place for it."""
    reference, link = cite(citation(), style).splitlines()
    assert "pincite" not in reference
    assert link.strip() == describe_citation(citation()).link


@pytest.mark.parametrize("style", ALL)
def test_our_styles_are_valid(style: Style) -> None:
    """By the schema of CSL, which the processor holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CitationStylesStyle(str(STYLES / f"{style}.csl"), validate=True)


@pytest.mark.parametrize("style", ALL)
@settings(max_examples=length(10, 40))
@given(each=answers())
def test_every_citation_has_one_line_with_its_title(style: Style, each: Answer) -> None:
    """Whatever a document holds: no reference is lost, parted or left without its title."""
    entries = list({entry.key: entry for entry in map(describe_citation, each.citations)}.values())
    lines = references(entries, style)
    assert len(lines) == len(entries)
    for line, entry in zip(lines, entries, strict=True):
        assert len(line.splitlines()) == 1
        assert entry.title.rstrip(".,!?:;") in line
        assert entry.link.rstrip(".") in line or not entry.address

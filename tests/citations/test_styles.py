"""References in the styles of APA, MLA and the Chicago manual."""

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
from tests.citations.factories import ARTICLE, DOI, FILE, PAGE, answers, citation
from tests.nightly import length

if TYPE_CHECKING:
    from index.records import Answer, DocumentInfo

STYLE_NAMES: tuple[Style, ...] = get_args(Style)
LINK = "https://example.org/cholera#:~:text=The%20pump%20in%20Broad%20Street%20was%20the%20cause%2E"


def reference_of(info: DocumentInfo, style: Style, location: Location | None = None) -> str:
    """Return the reference of a document."""
    return references([describe_citation(citation(info, location=location or Location()))], style)[0]


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
def test_web_page_reference_follows_each_manual(style: Style, reference: str) -> None:
    """Author, date, title, place and deep link have the order and punctuation of each manual."""
    assert references([describe_citation(citation(PAGE))], style) == [reference]


@pytest.mark.parametrize(
    ("style", "reference"),
    [("apa", "cholera.pdf. (n.d.)."), ("mla", "cholera.pdf."), ("chicago", "cholera.pdf, n.d.")],
)
def test_file_without_metadata_is_cited_by_its_name(style: Style, reference: str) -> None:
    """The file name is in the place of the author, once."""
    assert reference_of(replace(FILE, title="", author="", date=""), style) == reference


@pytest.mark.parametrize(
    ("author", "apa", "mla", "chicago"),
    [
        ("Anna Müller and Bo Lee", "Müller, A., & Lee, B. (", "Müller, Anna, and Bo Lee. ", "Anna Müller and Bo Lee, "),
        ("A. Ay, B. Bee, C. See", "Ay, A., Bee, B., & See, C. (", "Ay, A., et al. ", "A. Ay et al., "),
        ("Royal Commission", "Royal Commission. (", "Royal Commission. ", "Royal Commission, "),
        ("Ludwig van Beethoven", "van Beethoven, L. (", "van Beethoven, Ludwig. ", "Ludwig van Beethoven, "),
    ],
)
def test_authors_are_listed_as_each_manual_requires(author: str, apa: str, mla: str, chicago: str) -> None:
    """There may be one author, two, more, or an organisation."""
    for style, beginning in zip(STYLE_NAMES, (apa, mla, chicago), strict=True):
        assert reference_of(replace(FILE, author=author), style).startswith(beginning)


def test_dates_and_titles_are_as_in_the_source() -> None:
    """A missing month or day is not invented. A title that is a question has no full stop, but a Chicago note a comma.

    That manual requires it.
    """
    for date, forms in (
        ("2020-12", ("(2020, December)", "Dec. 2020", "December 2020")),
        ("2020", ("(2020)", "2020", "2020")),
    ):
        for style, written in zip(STYLE_NAMES, forms, strict=True):
            assert written in reference_of(replace(FILE, date=date), style)
    info = replace(PAGE, title="What is truth?", author="", date="")
    assert reference_of(info, "apa").startswith("What is truth? (n.d.). https:")
    assert reference_of(info, "mla").startswith("“What is truth?” https:")
    assert reference_of(info, "chicago").startswith("“What is truth?,” n.d., https:")


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_reference_ends_in_the_doi_or_the_link(style: Style) -> None:
    """All three manuals want the DOI as a link. They have no place for the link to a file, which follows.

    Page labels and titles are the document's words and are not changed; the style itself is valid CSL.
    """
    reference, link = cite(citation(), style).splitlines()
    assert "pincite" not in reference
    assert link.strip() == describe_citation(citation()).link
    reference, _ = cite(citation(ARTICLE), style).splitlines()
    assert reference.rstrip(".").endswith(f"https://doi.org/{DOI}")
    assert "doi.org" not in cite(citation(replace(PAGE, reading=ARTICLE.reading)), style)
    reference = reference_of(replace(FILE, title="iPhone: a <i>guide</i> & more"), style, Location("A-1"))
    assert "iPhone: a <i>guide</i> & more" in reference
    assert "A-1" in reference
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CitationStylesStyle(str(STYLES / f"{style}.csl"), validate=True)


@pytest.mark.parametrize("style", STYLE_NAMES)
@settings(max_examples=length(10, 40))
@given(exported=answers())
def test_every_citation_has_one_line_with_its_title(style: Style, exported: Answer) -> None:
    """No malicious text can remove a reference, split it, or hide its title."""
    entries = list({entry.key: entry for entry in map(describe_citation, exported.citations)}.values())
    lines = references(entries, style)
    assert len(lines) == len(entries)
    for line, entry in zip(lines, entries, strict=True):
        assert len(line.splitlines()) == 1
        assert entry.title.rstrip(".,!?:;") in line
        assert entry.link.rstrip(".") in line or not entry.address

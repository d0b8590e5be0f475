"""BibTeX, read back by bibtexparser and pylatexenc, which share no code with its writer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware
from hypothesis import given
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

from index.citations.entries import describe_citation
from index.citations.export import cite, export
from tests.citations.factories import ARTICLE, DOI, FILE, PAGE, answer, answers, citation, citations

if TYPE_CHECKING:
    from index.records import Answer, Citation

MACROS = {
    "textbraceleft": "{",
    "textbraceright": "}",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textbackslash": "\\",
}


def decoder() -> LatexNodes2Text:
    """Return a converter from LaTeX to text, with the commands that pylatexenc lacks or only approximates."""
    context = get_default_latex_context_db()
    context.add_context_category(
        "ours", prepend=True, macros=[MacroTextSpec(name, text) for name, text in MACROS.items()]
    )
    return LatexNodes2Text(latex_context=context, keep_comments=True, math_mode="verbatim", strict_latex_spaces=True)


def parse(text: str, *, decode: bool = True) -> list[dict[str, Any]]:
    """Return the entries as dictionaries, and fail if anything else is in the text."""
    stack = [LatexDecodingMiddleware(decoder=decoder())] if decode else []
    library = parse_string(text, append_middleware=stack)
    assert not library.failed_blocks
    assert not library.comments
    assert not library.strings
    assert not library.preambles
    return [
        {"type": entry.entry_type, "key": entry.key} | {field.key: field.value for field in entry.fields}
        for entry in library.entries
    ]


def test_file_becomes_a_misc_entry() -> None:
    """The entry has all that is known: title, author, date, file name, place and quote."""
    [entry] = parse(cite(citation(), "bibtex"))
    assert entry == {
        "type": "misc",
        "key": entry["key"],
        "title": "On the Mode of Communication of Cholera",
        "author": "Snow, John",
        "year": "1855",
        "date": "1855-03-02",
        "howpublished": "cholera.pdf",
        "note": f"p. 39, § Soho, ¶ 1: “The pump in Broad Street was the cause.” (pincite:{'5e' * 32}#11-50)",
    }


def test_web_page_becomes_an_online_entry_and_an_article_has_its_doi() -> None:
    """BibTeX takes the value of `url` literally. Biblatex links to the DOI by itself; plain BibTeX reads the year."""
    [entry] = parse(cite(citation(PAGE), "bibtex"), decode=False)
    assert entry["type"] == "online"
    assert entry["url"].startswith("https://example.org/cholera#:~:text=The%20pump")
    assert "howpublished" not in entry
    for date, year in (("2021-05", "2021"), ("2021", "2021")):
        [entry] = parse(cite(citation(replace(ARTICLE, date=date)), "bibtex"), decode=False)
        assert (entry["type"], entry["doi"], entry["year"], entry["date"]) == ("misc", DOI, year, date)


def test_unknown_fields_are_left_out_and_organisations_kept_in_braces() -> None:
    """Without braces, BibTeX would split the name at `and`. A quote that is cited twice is one entry."""
    [entry] = parse(cite(citation(replace(FILE, title="", author="", date="")), "bibtex"))
    assert set(entry) == {"type", "key", "title", "note"}
    text = cite(citation(replace(FILE, author="Department of Health and Social Care")), "bibtex")
    assert "author = {{Department of Health and Social Care}}," in text
    assert len(parse(export(answer(citation(), citation(marker=2)), "bibtex"))) == 1


@given(citations())
def test_document_cannot_break_out_of_its_entry(cited: Citation) -> None:
    """One entry is read back, and each field has its value."""
    entry, text = describe_citation(cited), cite(cited, "bibtex")
    [parsed] = parse(text)
    assert parsed["key"] == entry.key
    assert parsed["title"] == entry.title
    assert parsed["note"] == entry.note
    assert parsed.get("howpublished", entry.file) == (entry.file or entry.title)[: len(entry.file)]
    assert set(parsed) <= {"type", "key", "title", "author", "year", "date", "doi", "url", "howpublished", "note"}
    [raw] = parse(text, decode=False)
    assert raw.get("url", "") == (entry.link if entry.address else "")
    assert raw.get("doi", "") == entry.doi
    assert all(_balanced(line) for line in text.splitlines()[1:-1])


@given(answers())
def test_each_quote_has_one_entry(exported: Answer) -> None:
    """The number of entries is the number of distinct keys."""
    assert len(parse(export(exported, "bibtex"))) == len({describe_citation(cited).key for cited in exported.citations})


def _balanced(text: str) -> bool:
    """Return whether braces match as BibTeX counts them, without regard to a backslash."""
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0

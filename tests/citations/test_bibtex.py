"""BibTeX, read back by bibtexparser and pylatexenc, which share no code with what wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware
from hypothesis import given
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

from index.citations.entries import describe_citation
from index.citations.export import cite, export
from tests.citations.factories import FILE, PAGE, answer, answers, citation, citations

if TYPE_CHECKING:
    from index.records import Answer, Citation

MEANT = {
    "textbraceleft": "{",
    "textbraceright": "}",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textbackslash": "\\",
}


def decoder() -> LatexNodes2Text:
    """LaTeX to text; the commands that pylatexenc does not know, or renders by a look-alike, as LaTeX prints them."""
    context = get_default_latex_context_db()
    context.add_context_category(
        "ours", prepend=True, macros=[MacroTextSpec(name, text) for name, text in MEANT.items()]
    )
    return LatexNodes2Text(latex_context=context, keep_comments=True, math_mode="verbatim", strict_latex_spaces=True)


def read(text: str, *, decode: bool = True) -> list[dict[str, Any]]:
    """The entries as dictionaries; nothing may be left over."""
    stack = [LatexDecodingMiddleware(decoder=decoder())] if decode else []
    library = parse_string(text, append_middleware=stack)
    assert not library.failed_blocks
    assert not library.comments
    assert not library.strings
    assert not library.preambles
    return [{"type": e.entry_type, "key": e.key} | {f.key: f.value for f in e.fields} for e in library.entries]


def test_a_file_is_a_misc_with_its_name_place_and_quote() -> None:
    """All that is known of it."""
    [entry] = read(cite(citation(), "bibtex"))
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


def test_a_page_is_an_online_with_the_link() -> None:
    """In `url`, which is read as it stands."""
    [entry] = read(cite(citation(PAGE), "bibtex"), decode=False)
    assert entry["type"] == "online"
    assert entry["url"].startswith("https://example.org/cholera#:~:text=The%20pump")
    assert "howpublished" not in entry


def test_what_is_not_known_is_not_there() -> None:
    """No empty fields."""
    [entry] = read(cite(citation(replace(FILE, title="", author="", date="")), "bibtex"))
    assert set(entry) == {"type", "key", "title", "note"}


def test_a_body_keeps_its_name_whole() -> None:
    """Braces keep BibTeX from taking `and` for the border of two names."""
    made = cite(citation(replace(FILE, author="Department of Health and Social Care")), "bibtex")
    assert "author = {{Department of Health and Social Care}}," in made


def test_a_quote_that_is_cited_twice_is_one_entry() -> None:
    """Two entries of one key are an error."""
    assert len(read(export(answer(citation(), citation(marker=2)), "bibtex"))) == 1


@given(citations())
def test_no_document_breaks_out_of_its_entry(each: Citation) -> None:
    """One entry comes back, and every field says what it should."""
    entry, made = describe_citation(each), cite(each, "bibtex")
    [found] = read(made)
    assert found["key"] == entry.key
    assert found["title"] == entry.title
    assert found["note"] == entry.note
    assert found.get("howpublished", entry.file) == (entry.file or entry.title)[: len(entry.file)]
    assert set(found) <= {"type", "key", "title", "author", "year", "date", "url", "howpublished", "note"}
    [raw] = read(made, decode=False)
    assert raw.get("url", "") == (entry.link if entry.address else "")
    assert all(_balanced(line) for line in made.splitlines()[1:-1])


@given(answers())
def test_as_many_entries_as_quotes(each: Answer) -> None:
    """No more, no fewer."""
    assert len(read(export(each, "bibtex"))) == len({describe_citation(citation).key for citation in each.citations})


def _balanced(text: str) -> bool:
    """As BibTeX counts braces: without regard to a backslash."""
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0

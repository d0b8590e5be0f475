"""Exports answers and citations in the forms that people paste.

In every form, a citation has its location and a link to its words (see `entries`). No text
of a document becomes markup: `entries` makes it a single line, and the form escapes it. Hence a readable form shows
each run of white space in a quote as one space; `evidence.json` has the quote character for character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from index.citations import readable
from index.citations.entries import describe_citation
from index.citations.readable import make_outline
from index.citations.references import bibtex, csl, references, ris
from index.errors import PinciteError
from index.records import ExportForm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.citations.entries import Entry
    from index.citations.readable import Outline
    from index.citations.references import Style
    from index.records import Answer, Citation

Form = ExportForm
FORMS: tuple[Form, ...] = get_args(Form)
_HEADINGS: dict[Style, str] = {"apa": "References", "mla": "Works Cited", "chicago": "Notes"}
_CITED: dict[str, Callable[[Entry], str]] = {
    "text": readable.prose_citation,
    "markdown": readable.markdown_citation,
    "html": readable.html_citation,
}
_ANSWERED: dict[str, Callable[[Outline], str]] = {
    "text": readable.prose_answer,
    "markdown": readable.markdown_answer,
    "html": readable.html_answer,
}
_REFERENCE_FORMS: dict[str, Callable[[Sequence[Entry]], str]] = {"bibtex": bibtex, "ris": ris, "csl": csl}


def export(answer: Answer, form: Form, *, site: str = "") -> str:
    """Return the whole answer: question, statements and sources; in `bibtex`, `ris` and `csl` the sources alone.

    With `site`, the address of a server, citations of files link to their pages there; see `entries.deep_link`.
    Raises PinciteError if the form does not exist.
    """
    _check(form)
    outline = make_outline(answer, site=site)
    if form in _REFERENCE_FORMS:
        return _REFERENCE_FORMS[form](tuple({entry.key: entry for entry in outline.entries}.values()))
    if form in _ANSWERED:
        return _ANSWERED[form](outline)
    style = cast("Style", form)
    styled = zip(outline.entries, _styled(outline.entries, style), strict=True)
    return readable.numbered(
        outline, _HEADINGS[style], [f"[{entry.marker}] {reference}" for entry, reference in styled]
    )


def cite(citation: Citation, form: Form, *, site: str = "") -> str:
    """Return one citation, as `export` lists it among the sources. Raises PinciteError if the form does not exist."""
    _check(form)
    entry = describe_citation(citation, site=site)
    if form in _REFERENCE_FORMS:
        return _REFERENCE_FORMS[form]((entry,))
    if form in _CITED:
        return _CITED[form](entry)
    return _styled((entry,), cast("Style", form))[0] + "\n"


def _styled(entries: Sequence[Entry], style: Style) -> list[str]:
    """Return references. The styles have no place for the link to a file, so it follows on a line of its own."""
    unique = {entry.key: entry for entry in entries}
    styled = dict(zip(unique, references(tuple(unique.values()), style), strict=True))
    return [
        styled[entry.key] if entry.address else f"{styled[entry.key]}\n{readable.INDENT}{entry.link}"
        for entry in entries
    ]


def _check(form: str) -> None:
    if form not in FORMS:
        raise PinciteError(f"{form!r} is not an export form.", f"Choose one of: {', '.join(FORMS)}")

"""Citations as BibTeX, RIS and CSL-JSON, and as references in APA, MLA and Chicago style.

Braces and backslashes become commands, so that the braces around a field stay balanced whatever the field contains:
BibTeX counts braces without regard to a backslash before them.

RIS has no escape: a tag at the beginning of a line is a tag. Values have no line breaks, so none can begin a line.

Processors read `<i>`, `<b>` and a few more tags in a title as markup, and have no escape for them. An invisible word
joiner breaks everything that looks like such a tag.

The styles in `styles/` are ours: the published ones are made for books and journals, and leave out a file without an
author or print its title twice. A style says how a reference looks; the processor formats names, dates and lists.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.citations.entries import Entry, Name

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "#$%&_"},
    }
)
_LIGATURE = re.compile(r"(?<=-)(?=-)|(?<=`)(?=`)|(?<=')(?=')|(?<=[!?])(?=`)|(?<=,)(?=,)")
"""Matches between two characters that LaTeX would join: `--`, `` `` ``, `''`, `` ?` ``."""
WORD_JOINER = "\u2060"
_TAG = re.compile(r"<(?=[/a-z])", re.IGNORECASE)
Style = Literal["apa", "mla", "chicago"]
STYLES = Path(__file__).parent / "styles"
_CLOSED = ("?", "!")


def bibtex(entries: Sequence[Entry]) -> str:
    """Return a `.bib` file. It suits biblatex and plain BibTeX, which reads `year` and ignores `date`."""
    return "\n".join(map(_entry, entries))


def _entry(entry: Entry) -> str:
    fields = "".join(f"  {name} = {{{value}}},\n" for name, value in _bibtex_fields(entry) if value)
    return f"@{'online' if entry.address else 'misc'}{{{entry.key},\n{fields}}}\n"


def _bibtex_fields(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "title", _bibtex_text(entry.title)
    yield "author", " and ".join(map(_name, entry.names))
    if entry.issued:
        year, *rest = entry.issued
        yield "year", f"{year:04}"
        yield "date", "-".join([f"{year:04}", *(f"{part:02}" for part in rest)])
    # A link is percent-encoded and a DOI is checked, so they contain no brace or backslash; both are used as they are.
    yield "url", entry.link if entry.address else ""
    yield "doi", entry.doi
    yield "howpublished", _bibtex_text(entry.file) if entry.file != entry.title else ""
    yield "note", _bibtex_text(entry.note)


def _name(name: Name) -> str:
    """Return a person as `Family, Given`; any other name in braces of its own, which keep it whole."""
    return (
        f"{_bibtex_text(name.family)}, {_bibtex_text(name.given)}" if name.given else f"{{{_bibtex_text(name.family)}}}"
    )


def _bibtex_text(words: str) -> str:
    return _LIGATURE.sub("{}", words.translate(_ESCAPED))


def ris(entries: Sequence[Entry]) -> str:
    """Return a `.ris` file with a record for each citation."""
    return "\n".join(map(_record, entries))


def _record(entry: Entry) -> str:
    lines = "".join(f"{tag}  - {value}\n" for tag, value in _fields(entry) if value)
    return f"{lines}ER  - \n"


def _fields(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "TY", "ELEC" if entry.address else "GEN"
    yield "ID", entry.key
    yield "TI", entry.title
    for name in entry.names:
        yield "AU", name.sorted
    if entry.issued:
        year, *rest = entry.issued
        yield "PY", f"{year:04}"
        yield "DA", "/".join([f"{year:04}", *(f"{part:02}" for part in rest), *[""] * (3 - len(rest))])
    yield "SP", entry.location.page
    yield "SE", entry.location.heading
    yield "DO", entry.doi
    yield "UR", entry.link
    yield "N1", entry.note


def csl(entries: Sequence[Entry]) -> str:
    """Return a JSON list of items."""
    return json.dumps([csl_item(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"


def csl_item(entry: Entry) -> dict[str, Any]:
    """Return one citation, with its location and quote in `note`."""
    fields: dict[str, Any] = {
        "id": entry.key,
        "type": "webpage" if entry.address else "document",
        "title": _text(entry.title),
        "author": [
            {"family": _text(name.family), "given": _text(name.given)}
            if name.given
            else {"literal": _text(name.family)}
            for name in entry.names
        ],
        "issued": {"date-parts": [list(entry.issued)]} if entry.issued else None,
        "page": _text(entry.location.page),
        "section": _text(entry.location.heading),
        "DOI": _text(entry.doi),
        "URL": entry.link if entry.address else "",
        "note": _text(entry.note),
    }
    return {name: value for name, value in fields.items() if value}


def _text(words: str) -> str:
    return _TAG.sub(f"<{WORD_JOINER}", words)


def references(entries: Sequence[Entry], style: Style) -> list[str]:
    """Return a reference for each citation, in order, with its location and, for a web page, the deep link."""
    from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
    from citeproc.source.json import CiteProcJSON

    source = CiteProcJSON([_item(entry) for entry in entries])
    # A style holds the state of one run; it is loaded anew, since several threads may be at work.
    rules = CitationStylesStyle(str(STYLES / f"{style}.csl"), validate=False)
    bibliography = CitationStylesBibliography(rules, source, formatter.plain)
    for entry in entries:
        bibliography.register(Citation([CitationItem(entry.key)]))
    styled = [str(reference).replace(WORD_JOINER, "") for reference in bibliography.bibliography()]
    return [_with_one_stop(reference, entry.title) for reference, entry in zip(styled, entries, strict=True)]


def _item(entry: Entry) -> dict[str, object]:
    """Return the variables that our styles use."""
    item = csl_item(entry)
    place = {
        "number": item.get("page"),
        "section": item.get("section"),
        "archive_location": ", ".join(filter(None, (entry.location.place, entry.location.cell))),
        "chapter-number": None if entry.location.cell else entry.location.paragraph or None,
    }
    if entry.doi:
        item = {"URL": f"https://doi.org/{entry.doi}"} | item
    kept = {name: item[name] for name in ("id", "type", "title", "author", "issued", "URL") if name in item}
    return kept | {name: value for name, value in place.items() if value}


def _with_one_stop(reference: str, title: str) -> str:
    """Remove the full stop after a title that ends in a question mark; the processor adds one."""
    return reference.replace(f"{title}.", title, 1) if title.endswith(_CLOSED) else reference

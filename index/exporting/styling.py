"""Formats citations as references in APA, MLA and Chicago style, by a CSL processor.

The styles in `styles/` are ours: the published ones are made for books and journals, and leave out a file without an
author or print its title twice. A style says how a reference looks; the processor formats names, dates and lists.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from index.exporting import csl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.exporting.describing import Entry

Style = Literal["apa", "mla", "chicago"]
STYLES = Path(__file__).parent / "styles"
_CLOSED = ("?", "!")


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
    styled = [str(reference).replace(csl.WORD_JOINER, "") for reference in bibliography.bibliography()]
    return [_with_one_stop(reference, entry.title) for reference, entry in zip(styled, entries, strict=True)]


def _item(entry: Entry) -> dict[str, object]:
    """Return the variables that our styles use."""
    item = csl.item(entry)
    place = {
        "number": item.get("page"),
        "section": item.get("section"),
        "chapter-number": entry.location.paragraph or None,
    }
    kept = {name: item[name] for name in ("id", "type", "title", "author", "issued", "URL") if name in item}
    return kept | {name: value for name, value in place.items() if value}


def _with_one_stop(reference: str, title: str) -> str:
    """Remove the full stop after a title that ends in a question mark; the processor adds one."""
    return reference.replace(f"{title}.", title, 1) if title.endswith(_CLOSED) else reference

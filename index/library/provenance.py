"""Notes about provenance: a result that rests on imported text says that nobody here has read the original file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Answer, Check, CoverageReport, DocumentInfo, Found

_MOST_NAMES = 3
"""A note names up to three files, then counts the others."""
_MOST_CHARACTERS = 80
"""Of a file's name: an import may contain any name."""


def of_found(found: Found) -> Found:
    """Return the result of a search, with a note if a hit's document is only claimed."""
    hits = (hit for first in found.hits for hit in (first, *first.also))
    return replace(found, notes=(*found.notes, *_notes(hit.document for hit in hits)))


def of_answer(answer: Answer) -> Answer:
    """Return an answer, with a note if a cited document is only claimed; without citations, if one of the hits is."""
    shown = answer.citations or answer.hits
    more = "The confidence is about the imported text." if answer.citations else ""
    return replace(answer, notes=(*answer.notes, *_notes((reference.document for reference in shown), more)))


def of_check(check: Check) -> Check:
    """Return a check, with a note if a cited document is only claimed."""
    cited = (citation.document for citation in check.citations)
    return replace(check, notes=(*check.notes, *_notes(cited, "The verdicts are about the imported text.")))


def of_coverage(report: CoverageReport) -> CoverageReport:
    """Return a coverage report, with a note if a document that has a hit is only claimed."""
    documents = (row.document for row in report if row.hit)
    return replace(report, notes=(*report.notes, *_notes(documents)))


def _notes(documents: Iterable[DocumentInfo], more: str = "") -> tuple[str, ...]:
    claimed = {info.id: info for info in documents if info.claimed}
    if not claimed:
        return ()
    names = list(dict.fromkeys(map(_file_name, claimed.values())))
    rest = len(names) - _MOST_NAMES
    listed = [*names[:_MOST_NAMES], *([f"{rest} more"] if rest > 0 else [])]
    files = " and ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))
    originals, them = ("original file", "it") if len(names) == 1 else ("original files", "them")
    note = (
        f"An import brought the text of {files}, and nobody here has read the {originals}: add the {originals}, and "
        f"the text is compared with {them}."
    )
    return (f"{note} {more}".rstrip(),)


def _file_name(info: DocumentInfo) -> str:
    """Return the document's address, or the last part of its path: never a path of this machine."""
    from index.exporting.linking import web_address
    from index.loading.composing import one_line

    name = one_line(web_address(info.source) or PurePath(info.source).name or info.source)
    return name if len(name) <= _MOST_CHARACTERS else f"{name[: _MOST_CHARACTERS - 1]}…"
